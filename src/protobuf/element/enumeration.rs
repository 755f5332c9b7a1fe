//! Enums, open and closed.

use std::marker::PhantomData;

use super::{Element, Int32, Packable, Scalar, WireType};
use crate::protobuf::decode::Decoder;
use crate::protobuf::encode::{Encoder, Sizes};
use crate::protobuf::text::Text;
use crate::protobuf::{DecodeError, Enumeration};

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
    fn write(value: &T, encoder: &mut Encoder) {
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
    fn write(value: &T, encoder: &mut Encoder) {
        Enum::<T>::write(value, encoder);
    }

    fn print(value: &T, name: &'static str, text: &mut Text<'_>) {
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
