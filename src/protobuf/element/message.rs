//! Messages: behind a length, between the tags of a group, on the heap.

use std::marker::PhantomData;

use super::{Element, WireType};
use crate::protobuf::decode::Decoder;
use crate::protobuf::encode::{Encoder, Sizes};
use crate::protobuf::missing::Missing;
use crate::protobuf::text::Text;
use crate::protobuf::{DecodeError, Message};

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
    fn write(value: &M, encoder: &mut Encoder) {
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
    fn write(value: &Box<E::Value>, encoder: &mut Encoder) {
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
    fn write(value: &M, encoder: &mut Encoder) {
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
