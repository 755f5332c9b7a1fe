//! Numbers, of variable length and of fixed length.

use super::{Element, Packable, Scalar, WireType};
use crate::protobuf::DecodeError;
use crate::protobuf::decode::Decoder;
use crate::protobuf::encode::{Encoder, Sizes, varint_len};
use crate::protobuf::number;
use crate::protobuf::text::Text;

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
            fn write(value: &$value, encoder: &mut Encoder) {
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
            fn write(value: &$value, encoder: &mut Encoder) {
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
