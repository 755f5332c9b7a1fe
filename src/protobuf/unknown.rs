//! The fields of a message that its .proto file does not name, as they came.

use std::fmt;

/// Unknown fields, kept in the order of arrival and written again behind the known ones, byte for byte.
///
/// Every generated message has one, hidden; write `..Default::default()` when you build a message.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UnknownFields {
    // Whole fields with their tags: what arrives in n bytes takes n bytes. Most messages have none, and then it is one
    // pointer wide.
    #[expect(clippy::box_collection, reason = "one pointer instead of three words in every message")]
    bytes: Option<Box<Vec<u8>>>,
}

impl UnknownFields {
    /// The fields as they are on the wire, tags included.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref().map_or(&[], |bytes| bytes.as_slice())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_none()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.bytes = None;
    }

    pub(super) fn push(&mut self, field: &[u8]) {
        self.bytes.get_or_insert_default().extend_from_slice(field);
    }

    /// A field of this number with a varint that is written already.
    pub(super) fn push_value(&mut self, number: u32, varint: &[u8]) {
        let bytes = self.bytes.get_or_insert_default();
        let mut tag = u64::from(number) << 3;
        while tag >= 0x80 {
            bytes.push(tag as u8 | 0x80);
            tag >>= 7;
        }
        bytes.push(tag as u8);
        bytes.extend_from_slice(varint);
    }
}

impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownFields({} bytes)", self.as_bytes().len())
    }
}
