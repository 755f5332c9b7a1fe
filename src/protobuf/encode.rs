//! Encoding in two walks: the first measures and remembers the length of every part that has a length prefix, the
//! second writes. Each message is measured once, so the work is linear however deep messages nest.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;

use quick_protobuf::{Writer, WriterBackend};

use super::UnknownFields;
use super::element::{Element, Packable, WireType};
use super::visit::Visitor;

/// The wire type of the tag that ends a group.
const GROUP_END: u64 = 4;

/// The bytes of a varint: one for each seven bits.
#[inline]
pub(super) fn varint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros();
    (bits as usize * 9 + 64) / 64
}

#[inline]
fn tag(number: u32, wire_type: WireType) -> u64 {
    u64::from(number) << 3 | wire_type as u64
}

/// The field in which `Unknown::Marked` puts unknown fields: a number that no file can declare.
#[cfg(feature = "json")]
pub(super) const MARK: u32 = 19_000;

/// What becomes of unknown fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Unknown {
    /// They are written behind the known ones, as they came.
    #[default]
    Kept,
    /// They are left out.
    #[cfg(feature = "json")]
    Left,
    /// They are written together as the field `MARK`, so that they are told from known fields of the same numbers.
    #[cfg(feature = "json")]
    Marked,
}

/// The first walk: adds up sizes.
#[derive(Debug, Default)]
pub struct Sizes {
    total: usize,
    // The length of each length-prefixed part, in the order in which the parts begin.
    parts: Vec<usize>,
    unknown: Unknown,
}

impl Sizes {
    pub(super) fn new(unknown: Unknown) -> Self {
        Self { unknown, ..Self::default() }
    }

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
        self.total += varint_len(len as u64) + len;
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
        self.total += varint_len(tag(number, wire_type));
    }
}

impl Visitor for Sizes {
    #[inline]
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
        match self.unknown {
            Unknown::Kept => self.total += fields.as_bytes().len(),
            #[cfg(feature = "json")]
            Unknown::Marked if !fields.is_empty() => {
                self.tag(MARK, WireType::Len);
                self.part(|sizes| sizes.add(fields.as_bytes().len()));
            }
            #[cfg(feature = "json")]
            Unknown::Left | Unknown::Marked => {}
        }
    }
}

/// The second walk: writes. It must see the same message as the first, which it does because both borrow it.
#[derive(Debug)]
pub struct Encoder {
    // Has room for all that the first walk has measured.
    buffer: Vec<u8>,
    parts: std::vec::IntoIter<usize>,
    unknown: Unknown,
}

impl Encoder {
    /// Writes behind what is in `buffer`.
    #[inline]
    pub(super) fn new(mut buffer: Vec<u8>, sizes: Sizes) -> Self {
        let Sizes { total, parts, unknown } = sizes;
        if buffer.capacity() - buffer.len() < total {
            buffer.reserve(total);
        }
        Self { buffer, parts: parts.into_iter(), unknown }
    }

    #[inline]
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Writes with quick-protobuf's writer; into memory, which has room for all that was measured.
    #[inline]
    pub(super) fn put(&mut self, write: impl FnOnce(&mut Writer<Output<'_>>) -> quick_protobuf::Result<()>) {
        // It is never an error; dropping one, which has a heap, would take longer than writing a number.
        let written = ManuallyDrop::new(write(&mut Writer::new(Output(self))));
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

    #[inline]
    fn write_byte(&mut self, byte: u8) {
        debug_assert!(self.buffer.len() < self.buffer.capacity(), "more is written than was measured");
        // Says that nothing has to grow.
        if self.buffer.len() < self.buffer.capacity() {
            self.buffer.push(byte);
        }
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let room = self.buffer.capacity() - self.buffer.len();
        debug_assert!(bytes.len() <= room, "more is written than was measured");
        if bytes.len() <= room {
            self.buffer.extend_from_slice(bytes);
        }
    }
}

impl Visitor for Encoder {
    #[inline]
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
        // They are whole, tags included.
        match self.unknown {
            Unknown::Kept => self.write(fields.as_bytes()),
            #[cfg(feature = "json")]
            Unknown::Marked if !fields.is_empty() => {
                self.tag(MARK, WireType::Len);
                self.part(|encoder| encoder.write(fields.as_bytes()));
            }
            #[cfg(feature = "json")]
            Unknown::Left | Unknown::Marked => {}
        }
    }
}

/// Where quick-protobuf's writer writes to. Its own backend for a `Vec` grows it, which costs a test a byte.
pub(super) struct Output<'e>(&'e mut Encoder);

impl WriterBackend for Output<'_> {
    #[inline]
    fn pb_write_u8(&mut self, value: u8) -> quick_protobuf::Result<()> {
        self.0.write_byte(value);
        Ok(())
    }

    #[inline]
    fn pb_write_u32(&mut self, value: u32) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_i32(&mut self, value: i32) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_f32(&mut self, value: f32) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_u64(&mut self, value: u64) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_i64(&mut self, value: i64) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_f64(&mut self, value: f64) -> quick_protobuf::Result<()> {
        self.0.write(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    fn pb_write_all(&mut self, bytes: &[u8]) -> quick_protobuf::Result<()> {
        self.0.write(bytes);
        Ok(())
    }
}
