//! The wrappers and their scalars, and [`Empty`] and `()` (google/protobuf/wrappers.proto, empty.proto).
//!
//! A wrapper is a scalar with presence, from before proto3 had `optional`: `Option<Int32Value>` is an `Option<i32>`.

use super::{
    BoolValue, BytesValue, DoubleValue, Empty, FloatValue, Int32Value, Int64Value, StringValue, UInt32Value,
    UInt64Value,
};

macro_rules! wrappers {
    ($($wrapper:ident: $scalar:ty;)*) => {$(
        impl From<$scalar> for $wrapper {
            fn from(value: $scalar) -> Self {
                Self { value, ..Self::default() }
            }
        }

        impl From<$wrapper> for $scalar {
            fn from(wrapper: $wrapper) -> Self {
                wrapper.value
            }
        }
    )*};
}

wrappers! {
    BoolValue: bool;
    BytesValue: Vec<u8>;
    DoubleValue: f64;
    FloatValue: f32;
    Int32Value: i32;
    Int64Value: i64;
    StringValue: String;
    UInt32Value: u32;
    UInt64Value: u64;
}

impl From<&str> for StringValue {
    fn from(value: &str) -> Self {
        String::from(value).into()
    }
}

impl From<&[u8]> for BytesValue {
    fn from(value: &[u8]) -> Self {
        Vec::from(value).into()
    }
}

impl From<()> for Empty {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<Empty> for () {
    fn from(_: Empty) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protobuf::Message;
    use std::fmt::Debug;

    #[track_caller]
    fn there_and_back<S: Clone + PartialEq + Debug + From<W>, W: Message + From<S>>(scalar: S, bytes: &[u8]) {
        let wrapper = W::from(scalar.clone());
        assert_eq!(wrapper.encode_to_vec().unwrap(), bytes);
        assert_eq!(S::from(W::decode(bytes).unwrap()), scalar);
    }

    #[test]
    fn wrappers_are_their_scalars() {
        there_and_back::<bool, BoolValue>(true, &[8, 1]);
        there_and_back::<bool, BoolValue>(false, &[]);
        there_and_back::<Vec<u8>, BytesValue>(vec![0xff], &[10, 1, 0xff]);
        there_and_back::<f64, DoubleValue>(1.0, &[9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        there_and_back::<f32, FloatValue>(1.0, &[13, 0, 0, 0x80, 0x3f]);
        there_and_back::<i32, Int32Value>(-1, &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        there_and_back::<i64, Int64Value>(150, &[8, 0x96, 1]);
        there_and_back::<String, StringValue>("é".into(), &[10, 2, 0xc3, 0xa9]);
        there_and_back::<u32, UInt32Value>(u32::MAX, &[8, 255, 255, 255, 255, 15]);
        there_and_back::<u64, UInt64Value>(u64::MAX, &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        there_and_back::<(), Empty>((), &[]);
    }

    #[test]
    fn borrowed_scalars() {
        assert_eq!(StringValue::from("a"), StringValue::from(String::from("a")));
        assert_eq!(BytesValue::from(&[1, 2][..]), BytesValue::from(vec![1, 2]));
    }
}
