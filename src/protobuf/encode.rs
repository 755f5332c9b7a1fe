//! Encoding in two walks: the first measures and remembers the length of every part that has a length prefix, the
//! second writes. Each message is measured once, so the work is linear however deep messages nest.

use std::collections::BTreeMap;

use bytes::{BufMut, BytesMut};
use quick_protobuf::sizeofs::{sizeof_len, sizeof_varint};
use quick_protobuf::{Writer, WriterBackend};

use super::UnknownFields;
use super::element::{Element, Packable, WireType};
use super::visit::Visitor;

/// The wire type of the tag that ends a group.
const GROUP_END: u64 = 4;

fn tag(number: u32, wire_type: WireType) -> u64 {
    u64::from(number) << 3 | wire_type as u64
}

/// The first walk: adds up sizes.
#[derive(Debug, Default)]
pub struct Sizes {
    total: usize,
    // The length of each length-prefixed part, in the order in which the parts begin.
    parts: Vec<usize>,
}

impl Sizes {
    pub(super) fn total(&self) -> usize {
        self.total
    }

    #[inline]
    pub(super) fn add(&mut self, bytes: usize) {
        self.total += bytes;
    }

    /// Adds a part of known length with its prefix.
    #[inline]
    pub(super) fn add_prefixed(&mut self, len: usize) {
        self.total += sizeof_len(len);
    }

    /// Adds a part that `measure` measures, with its prefix, and remembers the length for the second walk.
    pub(super) fn part(&mut self, measure: impl FnOnce(&mut Self)) {
        let slot = self.parts.len();
        self.parts.push(0);
        let before = std::mem::take(&mut self.total);
        measure(self);
        let len = std::mem::replace(&mut self.total, before);
        if let Some(part) = self.parts.get_mut(slot) {
            *part = len;
        }
        self.add_prefixed(len);
    }

    #[inline]
    fn tag(&mut self, number: u32, wire_type: WireType) {
        self.total += sizeof_varint(tag(number, wire_type));
    }
}

impl Visitor for Sizes {
    fn field<E: Element>(&mut self, number: u32, _name: &'static str, value: &E::Value) {
        self.tag(number, E::WIRE_TYPE);
        E::measure(value, self);
        if E::WIRE_TYPE == WireType::Group {
            // The tag that ends it.
            self.tag(number, E::WIRE_TYPE);
        }
    }

    fn packed<E: Packable>(&mut self, number: u32, _name: &'static str, values: &[E::Value]) {
        if !values.is_empty() {
            self.tag(number, WireType::Len);
            self.part(|sizes| values.iter().for_each(|value| E::measure(value, sizes)));
        }
    }

    fn map<K: Element, V: Element>(
        &mut self,
        number: u32,
        _name: &'static str,
        entries: &BTreeMap<K::Value, V::Value>,
    ) {
        for (key, value) in entries {
            self.tag(number, WireType::Len);
            self.part(|sizes| {
                sizes.field::<K>(1, "key", key);
                sizes.field::<V>(2, "value", value);
            });
        }
    }

    fn unknown(&mut self, fields: &UnknownFields) {
        self.total += fields.as_bytes().len();
    }
}

/// The second walk: writes. It must see the same message as the first, which it does because both borrow it.
pub struct Encoder<'b> {
    writer: Writer<Output<'b>>,
    parts: std::vec::IntoIter<usize>,
}

impl std::fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl<'b> Encoder<'b> {
    pub(super) fn new(buffer: &'b mut BytesMut, sizes: Sizes) -> Self {
        Self { writer: Writer::new(Output(buffer)), parts: sizes.parts.into_iter() }
    }

    /// Writes with quick-protobuf's writer; into memory, which takes everything.
    pub(super) fn put(&mut self, write: impl FnOnce(&mut Writer<Output<'b>>) -> quick_protobuf::Result<()>) {
        let written = write(&mut self.writer);
        debug_assert!(written.is_ok(), "writing into memory failed: {written:?}");
    }

    /// Writes a part that the first walk has measured, with its prefix.
    pub(super) fn part(&mut self, write: impl FnOnce(&mut Self)) {
        let len = self.parts.next().unwrap_or_default();
        self.put(|writer| writer.write_varint(len as u64));
        write(self);
    }

    #[inline]
    fn tag(&mut self, number: u32, wire_type: WireType) {
        self.put(|writer| writer.write_varint(tag(number, wire_type)));
    }
}

impl Visitor for Encoder<'_> {
    fn field<E: Element>(&mut self, number: u32, _name: &'static str, value: &E::Value) {
        self.tag(number, E::WIRE_TYPE);
        E::write(value, self);
        if E::WIRE_TYPE == WireType::Group {
            self.put(|writer| writer.write_varint(u64::from(number) << 3 | GROUP_END));
        }
    }

    fn packed<E: Packable>(&mut self, number: u32, _name: &'static str, values: &[E::Value]) {
        if !values.is_empty() {
            self.tag(number, WireType::Len);
            self.part(|encoder| values.iter().for_each(|value| E::write(value, encoder)));
        }
    }

    fn map<K: Element, V: Element>(
        &mut self,
        number: u32,
        _name: &'static str,
        entries: &BTreeMap<K::Value, V::Value>,
    ) {
        for (key, value) in entries {
            self.tag(number, WireType::Len);
            self.part(|encoder| {
                encoder.field::<K>(1, "key", key);
                encoder.field::<V>(2, "value", value);
            });
        }
    }

    fn unknown(&mut self, fields: &UnknownFields) {
        self.put(|writer| {
            // The fields are whole, tags included: no prefix.
            fields.as_bytes().iter().try_for_each(|byte| writer.write_u8(*byte))
        });
    }
}

/// Where quick-protobuf's writer writes to. Its own backend for `Vec` goes through `std::io::Write`.
pub(super) struct Output<'b>(&'b mut BytesMut);

impl WriterBackend for Output<'_> {
    #[inline]
    fn pb_write_u8(&mut self, value: u8) -> quick_protobuf::Result<()> {
        self.0.put_u8(value);
        Ok(())
    }

    #[inline]
    fn pb_write_u32(&mut self, value: u32) -> quick_protobuf::Result<()> {
        self.0.put_u32_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_i32(&mut self, value: i32) -> quick_protobuf::Result<()> {
        self.0.put_i32_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_f32(&mut self, value: f32) -> quick_protobuf::Result<()> {
        self.0.put_f32_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_u64(&mut self, value: u64) -> quick_protobuf::Result<()> {
        self.0.put_u64_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_i64(&mut self, value: i64) -> quick_protobuf::Result<()> {
        self.0.put_i64_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_f64(&mut self, value: f64) -> quick_protobuf::Result<()> {
        self.0.put_f64_le(value);
        Ok(())
    }

    #[inline]
    fn pb_write_all(&mut self, bytes: &[u8]) -> quick_protobuf::Result<()> {
        self.0.put_slice(bytes);
        Ok(())
    }
}
