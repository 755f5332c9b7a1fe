//! One value of each type a field can have: how it is read, measured, written and printed.
//!
//! The types here are names without a value; generated code picks one for each field, so that `sint32` and `int32` are
//! told apart though both are an `i32`. The table is that of
//! <https://protobuf.dev/programming-guides/encoding/#structure>.

mod delimited;
mod enumeration;
mod message;
mod numeric;

use super::DecodeError;
use super::decode::Decoder;
use super::encode::{Encoder, Sizes};
use super::missing::Missing;
use super::text::Text;

pub use delimited::{Bytes, SharedBytes, SharedStr, Str};
pub use enumeration::{Closed, Enum};
pub use message::{Boxed, Group, Nested};
pub use numeric::{
    Bool, Double, Fixed32, Fixed64, Float, Int32, Int64, Sfixed32, Sfixed64, Sint32, Sint64, Uint32, Uint64,
};

/// How a value is delimited on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    /// A number of variable length.
    Varint = 0,
    /// Eight bytes.
    I64 = 1,
    /// A length and as many bytes.
    Len = 2,
    /// What lies between a tag that begins a group and one that ends it.
    Group = 3,
    /// Four bytes.
    I32 = 5,
}

impl WireType {
    /// Whether two bytes of input are enough for a value of any size.
    pub(super) fn is_weightless(self) -> bool {
        matches!(self, Self::Len | Self::Group)
    }
}

/// A value that a field can hold.
pub trait Element {
    /// The Rust type.
    type Value: Default;
    /// Its wire type outside a packed list.
    const WIRE_TYPE: WireType;
    /// What a new value takes of the heap, besides its own size.
    const HEAP_SIZE: usize = 0;
    /// Whether the value that comes next can be kept: a closed enum has no place for other numbers than its own.
    fn accepts(_decoder: &Decoder<'_>) -> bool {
        true
    }
    /// Reads a value: a message is merged, everything else replaced.
    fn merge(value: &mut Self::Value, decoder: &mut Decoder<'_>) -> Result<(), DecodeError>;
    /// Adds the size of the value without its tag.
    fn measure(value: &Self::Value, sizes: &mut Sizes);
    /// Writes the value without its tag.
    fn write(value: &Self::Value, encoder: &mut Encoder);
    /// Prints the value under its field's name.
    fn print(value: &Self::Value, name: &'static str, text: &mut Text<'_>);
    /// Looks for required fields that are missing in it.
    fn check(_value: &Self::Value, _missing: &mut Missing) {}
}

/// A value that may lack presence: it is then not written if it is the default.
pub trait Scalar: Element {
    /// Whether the value is the default, to the bit: -0.0 is not 0.0.
    fn is_default(value: &Self::Value) -> bool;
}

/// A value that may stand in a packed list: any number.
pub trait Packable: Scalar {
    /// The bytes of each value, if they are as many for all.
    const FIXED_SIZE: Option<usize>;
}
