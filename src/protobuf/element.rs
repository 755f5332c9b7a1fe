//! One value of each type a field can have: how it is read, measured, written and printed.
//!
//! The types here are names without a value; generated code picks one for each field, so that `sint32` and `int32` are
//! told apart though both are an `i32`. The table is that of
//! <https://protobuf.dev/programming-guides/encoding/#structure>.

use std::marker::PhantomData;

use bytestring::ByteString;

use super::decode::Decoder;
use super::encode::{Encoder, Sizes, varint_len};
use super::missing::Missing;
use super::number;
use super::text::Text;
use super::{DecodeError, Enumeration, Message};

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
    fn write(value: &Self::Value, encoder: &mut Encoder<'_>);
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

/// A number of variable length: `$read` makes it from the 64 bits of the wire, `$write` the other way.
macro_rules! varint {
    ($($(#[$doc:meta])* $name:ident: $value:ty, $read:expr, $write:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Element for $name {
            type Value = $value;
            const WIRE_TYPE: WireType = WireType::Varint;

            #[inline]
            fn merge(value: &mut $value, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
                *value = $read(decoder.varint()?);
                Ok(())
            }

            #[inline]
            fn measure(value: &$value, sizes: &mut Sizes) {
                sizes.add(varint_len($write(*value)));
            }

            #[inline]
            fn write(value: &$value, encoder: &mut Encoder<'_>) {
                encoder.put(|writer| writer.write_varint($write(*value)));
            }

            fn print(value: &$value, name: &'static str, text: &mut Text<'_>) {
                text.line(name, value);
            }
        }

        impl Scalar for $name {
            #[inline]
            fn is_default(value: &$value) -> bool {
                *value == <$value>::default()
            }
        }

        impl Packable for $name {
            const FIXED_SIZE: Option<usize> = None;
        }
    )*};
}

// Narrowing takes the low bits, as the rules ask; widening an int32 extends the sign, so that a negative one takes ten
// bytes and can be read as an int64.
varint! {
    /// `int32`
    Int32: i32, |wire: u64| wire as i32, |value: i32| i64::from(value) as u64;
    /// `int64`
    Int64: i64, |wire: u64| wire as i64, |value: i64| value as u64;
    /// `uint32`
    Uint32: u32, |wire: u64| wire as u32, u64::from;
    /// `uint64`
    Uint64: u64, |wire: u64| wire, |value: u64| value;
    /// `sint32`
    Sint32: i32, |wire: u64| unzigzag(u64::from(wire as u32)) as i32,
        |value: i32| u64::from((value << 1 ^ value >> 31) as u32);
    /// `sint64`
    Sint64: i64, unzigzag, |value: i64| (value << 1 ^ value >> 63) as u64;
    /// `bool`
    Bool: bool, |wire: u64| wire != 0, u64::from;
}

/// 0, -1, 1, -2, … from 0, 1, 2, 3, …
fn unzigzag(wire: u64) -> i64 {
    (wire >> 1) as i64 ^ -((wire & 1) as i64)
}

/// A number of fixed length.
macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident: $value:ty, $wire_type:ident, $size:literal, $read:expr, $write:ident,
    $print:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Element for $name {
            type Value = $value;
            const WIRE_TYPE: WireType = WireType::$wire_type;

            #[inline]
            fn merge(value: &mut $value, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
                *value = $read(decoder)?;
                Ok(())
            }

            #[inline]
            fn measure(_value: &$value, sizes: &mut Sizes) {
                sizes.add($size);
            }

            #[inline]
            fn write(value: &$value, encoder: &mut Encoder<'_>) {
                encoder.put(|writer| writer.$write(*value));
            }

            fn print(value: &$value, name: &'static str, text: &mut Text<'_>) {
                text.line(name, &$print(*value));
            }
        }

        impl Scalar for $name {
            #[inline]
            fn is_default(value: &$value) -> bool {
                value.to_le_bytes() == [0; $size]
            }
        }

        impl Packable for $name {
            const FIXED_SIZE: Option<usize> = Some($size);
        }
    )*};
}

fixed! {
    /// `fixed32`
    Fixed32: u32, I32, 4, |d: &mut Decoder<'_>| d.fixed32(), write_fixed32, std::convert::identity;
    /// `fixed64`
    Fixed64: u64, I64, 8, |d: &mut Decoder<'_>| d.fixed64(), write_fixed64, std::convert::identity;
    /// `sfixed32`
    Sfixed32: i32, I32, 4, |d: &mut Decoder<'_>| d.fixed32().map(|bits| bits as i32), write_sfixed32,
        std::convert::identity;
    /// `sfixed64`
    Sfixed64: i64, I64, 8, |d: &mut Decoder<'_>| d.fixed64().map(|bits| bits as i64), write_sfixed64,
        std::convert::identity;
    /// `float`
    Float: f32, I32, 4, |d: &mut Decoder<'_>| d.fixed32().map(f32::from_bits), write_float, number::float;
    /// `double`
    Double: f64, I64, 8, |d: &mut Decoder<'_>| d.fixed64().map(f64::from_bits), write_double, number::double;
}

/// `string`
#[derive(Debug)]
pub struct Str;

impl Element for Str {
    type Value = String;
    const WIRE_TYPE: WireType = WireType::Len;

    #[inline]
    fn merge(value: &mut String, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let string = decoder.string()?;
        if value.capacity() == 0 {
            // Cheaper than to let it grow.
            *value = string.to_owned();
        } else {
            string.clone_into(value);
        }
        Ok(())
    }

    #[inline]
    fn measure(value: &String, sizes: &mut Sizes) {
        sizes.add_prefixed(value.len());
    }

    #[inline]
    fn write(value: &String, encoder: &mut Encoder<'_>) {
        encoder.put(|writer| writer.write_string(value));
    }

    fn print(value: &String, name: &'static str, text: &mut Text<'_>) {
        text.quoted(name, value.as_bytes(), true);
    }
}

impl Scalar for Str {
    #[inline]
    fn is_default(value: &String) -> bool {
        value.is_empty()
    }
}

/// `bytes`
#[derive(Debug)]
pub struct Bytes;

impl Element for Bytes {
    type Value = Vec<u8>;
    const WIRE_TYPE: WireType = WireType::Len;

    #[inline]
    fn merge(value: &mut Vec<u8>, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let payload = decoder.payload()?;
        if value.capacity() == 0 {
            *value = payload.to_owned();
        } else {
            payload.clone_into(value);
        }
        Ok(())
    }

    #[inline]
    fn measure(value: &Vec<u8>, sizes: &mut Sizes) {
        sizes.add_prefixed(value.len());
    }

    #[inline]
    fn write(value: &Vec<u8>, encoder: &mut Encoder<'_>) {
        encoder.put(|writer| writer.write_bytes(value));
    }

    fn print(value: &Vec<u8>, name: &'static str, text: &mut Text<'_>) {
        text.quoted(name, value, false);
    }
}

impl Scalar for Bytes {
    #[inline]
    fn is_default(value: &Vec<u8>) -> bool {
        value.is_empty()
    }
}

/// `string` in a buffer that is shared.
#[derive(Debug)]
pub struct SharedStr;

impl Element for SharedStr {
    type Value = ByteString;
    const WIRE_TYPE: WireType = WireType::Len;

    #[inline]
    fn merge(value: &mut ByteString, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *value = decoder.shared_string()?;
        Ok(())
    }

    #[inline]
    fn measure(value: &ByteString, sizes: &mut Sizes) {
        sizes.add_prefixed(value.len());
    }

    #[inline]
    fn write(value: &ByteString, encoder: &mut Encoder<'_>) {
        encoder.put(|writer| writer.write_string(value));
    }

    fn print(value: &ByteString, name: &'static str, text: &mut Text) {
        text.quoted(name, value.as_bytes(), true);
    }
}

impl Scalar for SharedStr {
    #[inline]
    fn is_default(value: &ByteString) -> bool {
        value.is_empty()
    }
}

/// `bytes` in a buffer that is shared.
#[derive(Debug)]
pub struct SharedBytes;

impl Element for SharedBytes {
    type Value = bytes::Bytes;
    const WIRE_TYPE: WireType = WireType::Len;

    #[inline]
    fn merge(value: &mut bytes::Bytes, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *value = decoder.shared_payload()?;
        Ok(())
    }

    #[inline]
    fn measure(value: &bytes::Bytes, sizes: &mut Sizes) {
        sizes.add_prefixed(value.len());
    }

    #[inline]
    fn write(value: &bytes::Bytes, encoder: &mut Encoder<'_>) {
        encoder.put(|writer| writer.write_bytes(value));
    }

    fn print(value: &bytes::Bytes, name: &'static str, text: &mut Text) {
        text.quoted(name, value, false);
    }
}

impl Scalar for SharedBytes {
    #[inline]
    fn is_default(value: &bytes::Bytes) -> bool {
        value.is_empty()
    }
}

/// An enum that keeps the numbers it does not name.
#[derive(Debug)]
pub struct Enum<T>(PhantomData<T>);

impl<T: Enumeration> Element for Enum<T> {
    type Value = T;
    const WIRE_TYPE: WireType = WireType::Varint;

    #[inline]
    fn merge(value: &mut T, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *value = T::from(decoder.varint()? as i32);
        Ok(())
    }

    #[inline]
    fn measure(value: &T, sizes: &mut Sizes) {
        Int32::measure(&(*value).into(), sizes);
    }

    #[inline]
    fn write(value: &T, encoder: &mut Encoder<'_>) {
        Int32::write(&(*value).into(), encoder);
    }

    fn print(value: &T, name: &'static str, text: &mut Text<'_>) {
        match value.name() {
            Some(value) => text.line(name, &value),
            None => Int32::print(&(*value).into(), name, text),
        }
    }
}

impl<T: Enumeration> Scalar for Enum<T> {
    #[inline]
    fn is_default(value: &T) -> bool {
        (*value).into() == 0
    }
}

impl<T: Enumeration> Packable for Enum<T> {
    const FIXED_SIZE: Option<usize> = None;
}

/// An enum of a proto2 file: to the decoder, other numbers than its own are unknown fields.
#[derive(Debug)]
pub struct Closed<T>(PhantomData<T>);

impl<T: Enumeration> Element for Closed<T> {
    type Value = T;
    const WIRE_TYPE: WireType = WireType::Varint;

    fn accepts(decoder: &Decoder<'_>) -> bool {
        // A number that cannot be read is an error, which reading it tells.
        decoder.next_varint().is_none_or(|number| T::from(number as i32).name().is_some())
    }

    #[inline]
    fn merge(value: &mut T, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Enum::<T>::merge(value, decoder)
    }

    #[inline]
    fn measure(value: &T, sizes: &mut Sizes) {
        Enum::<T>::measure(value, sizes);
    }

    #[inline]
    fn write(value: &T, encoder: &mut Encoder<'_>) {
        Enum::<T>::write(value, encoder);
    }

    fn print(value: &T, name: &'static str, text: &mut Text) {
        Enum::<T>::print(value, name, text);
    }
}

impl<T: Enumeration> Scalar for Closed<T> {
    #[inline]
    fn is_default(value: &T) -> bool {
        Enum::<T>::is_default(value)
    }
}

impl<T: Enumeration> Packable for Closed<T> {
    const FIXED_SIZE: Option<usize> = None;
}

/// A message.
#[derive(Debug)]
pub struct Nested<M>(PhantomData<M>);

impl<M: Message> Element for Nested<M> {
    type Value = M;
    const WIRE_TYPE: WireType = WireType::Len;

    #[inline]
    fn merge(value: &mut M, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        decoder.nested(value)
    }

    #[inline]
    fn measure(value: &M, sizes: &mut Sizes) {
        sizes.part(|sizes| value.visit(sizes));
    }

    #[inline]
    fn write(value: &M, encoder: &mut Encoder<'_>) {
        encoder.part(|encoder| value.visit(encoder));
    }

    fn print(value: &M, name: &'static str, text: &mut Text<'_>) {
        text.block(name, |text| text.fields(value));
    }

    fn check(value: &M, missing: &mut Missing) {
        missing.look(value);
    }
}

/// A value on the heap: of a message that can contain itself.
#[derive(Debug)]
pub struct Boxed<E>(PhantomData<E>);

impl<E: Element> Element for Boxed<E> {
    type Value = Box<E::Value>;
    const WIRE_TYPE: WireType = E::WIRE_TYPE;
    const HEAP_SIZE: usize = size_of::<E::Value>();

    #[inline]
    fn merge(value: &mut Box<E::Value>, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        E::merge(value, decoder)
    }

    #[inline]
    fn measure(value: &Box<E::Value>, sizes: &mut Sizes) {
        E::measure(value, sizes);
    }

    #[inline]
    fn write(value: &Box<E::Value>, encoder: &mut Encoder<'_>) {
        E::write(value, encoder);
    }

    fn print(value: &Box<E::Value>, name: &'static str, text: &mut Text<'_>) {
        E::print(value, name, text);
    }

    fn check(value: &Box<E::Value>, missing: &mut Missing) {
        E::check(value, missing);
    }
}

/// A message between the tags of a group.
#[derive(Debug)]
pub struct Group<M>(PhantomData<M>);

impl<M: Message> Element for Group<M> {
    type Value = M;
    const WIRE_TYPE: WireType = WireType::Group;

    #[inline]
    fn merge(value: &mut M, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
        decoder.group(value)
    }

    #[inline]
    fn measure(value: &M, sizes: &mut Sizes) {
        value.visit(sizes);
    }

    #[inline]
    fn write(value: &M, encoder: &mut Encoder<'_>) {
        value.visit(encoder);
    }

    fn print(value: &M, _name: &'static str, text: &mut Text<'_>) {
        // The name of the message, from which that of the field is made.
        let name = M::FULL_NAME.rsplit('.').next().unwrap_or_default();
        text.block(name, |text| text.fields(value));
    }

    fn check(value: &M, missing: &mut Missing) {
        missing.look(value);
    }
}
