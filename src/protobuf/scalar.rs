//! Numbers as the bits that the wire has of them, by the type of the field.
//!
//! Owns the ranges; `element` does the same for values whose Rust type is known.

use super::descriptor::Kind;

/// The bits of a whole number, if it is in the range of its type.
pub(super) fn bits(kind: Kind, value: i128) -> Option<u64> {
    match kind {
        // A negative int32 is extended to 64 bits.
        Kind::Int32 | Kind::Enum(_) => i32::try_from(value).ok().map(|value| i64::from(value) as u64),
        Kind::Int64 | Kind::Sfixed64 => i64::try_from(value).ok().map(|value| value as u64),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(value).ok().map(u64::from),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(value).ok(),
        Kind::Sint32 => i32::try_from(value).ok().map(|value| zigzag(i64::from(value))),
        Kind::Sint64 => i64::try_from(value).ok().map(zigzag),
        Kind::Sfixed32 => i32::try_from(value).ok().map(|value| u64::from(value as u32)),
        Kind::Bool => u64::try_from(value).ok().filter(|value| *value <= 1),
        Kind::Double | Kind::Float | Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Group(_) => None,
    }
}

/// The whole number that the bits stand for; of a `float` or `double` it would be none.
pub(super) fn integer(kind: Kind, bits: u64) -> i128 {
    match kind {
        Kind::Int32 | Kind::Sfixed32 | Kind::Enum(_) => i128::from(bits as i32),
        Kind::Int64 | Kind::Sfixed64 => i128::from(bits as i64),
        Kind::Uint32 | Kind::Fixed32 => i128::from(bits as u32),
        Kind::Sint32 => i128::from(unzigzag(u64::from(bits as u32)) as i32),
        Kind::Sint64 => i128::from(unzigzag(bits)),
        _ => i128::from(bits),
    }
}

/// How an error calls the type of a value.
pub(super) fn called(kind: Kind) -> String {
    let name = match kind {
        Kind::Double | Kind::Float => "a number",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "a whole number of 32 bits",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "a whole number of 64 bits",
        Kind::Uint32 | Kind::Fixed32 => "a whole number of 32 bits without sign",
        Kind::Uint64 | Kind::Fixed64 => "a whole number of 64 bits without sign",
        Kind::Bool => "true or false",
        Kind::String => "a string",
        Kind::Bytes => "a string of bytes",
        Kind::Enum(descriptor) => return format!("a value of {}", descriptor().full_name),
        Kind::Message(descriptor) | Kind::Group(descriptor) => return format!("a {}", descriptor().full_name),
    };
    name.to_owned()
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

fn unzigzag(bits: u64) -> i64 {
    (bits >> 1) as i64 ^ -((bits & 1) as i64)
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use super::{bits, integer};
    use crate::protobuf::descriptor::Kind;

    #[test]
    fn there_and_back_within_the_range_only() {
        let ranges = [
            (Kind::Int32, i128::from(i32::MIN), i128::from(i32::MAX)),
            (Kind::Sint32, i128::from(i32::MIN), i128::from(i32::MAX)),
            (Kind::Sfixed32, i128::from(i32::MIN), i128::from(i32::MAX)),
            (Kind::Int64, i128::from(i64::MIN), i128::from(i64::MAX)),
            (Kind::Sint64, i128::from(i64::MIN), i128::from(i64::MAX)),
            (Kind::Sfixed64, i128::from(i64::MIN), i128::from(i64::MAX)),
            (Kind::Uint32, 0, i128::from(u32::MAX)),
            (Kind::Fixed32, 0, i128::from(u32::MAX)),
            (Kind::Uint64, 0, i128::from(u64::MAX)),
            (Kind::Fixed64, 0, i128::from(u64::MAX)),
            (Kind::Bool, 0, 1),
        ];
        for (kind, min, max) in ranges {
            for value in [min, min / 2, 0, 1, max / 2, max] {
                assert_eq!(integer(kind, bits(kind, value).unwrap()), value, "{kind:?}");
            }
            assert_eq!(bits(kind, min - 1), None, "{kind:?}");
            assert_eq!(bits(kind, max + 1), None, "{kind:?}");
        }
        assert_eq!(bits(Kind::Int32, -1), Some(u64::MAX), "a negative int32 takes ten bytes");
        assert_eq!(bits(Kind::Sint32, -1), Some(1));
        assert_eq!(bits(Kind::Sfixed32, -1), Some(u64::from(u32::MAX)));
    }
}
