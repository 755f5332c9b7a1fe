//! The fields of a message that its .proto file does not name, as they came.

use std::fmt;

/// Unknown fields, kept in the order of arrival and written again behind the known ones, byte for byte.
///
/// Every generated message has one, hidden; write `..Default::default()` when you build a message.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UnknownFields {
    // Whole fields with their tags: what arrives in n bytes takes n bytes.
    bytes: Vec<u8>,
}

impl UnknownFields {
    /// The fields as they are on the wire, tags included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.bytes = Vec::new();
    }

    pub(super) fn push(&mut self, field: &[u8]) {
        self.bytes.extend_from_slice(field);
    }

    /// A field of this number with a varint that is written already.
    pub(super) fn push_value(&mut self, number: u32, varint: &[u8]) {
        let mut tag = u64::from(number) << 3;
        while tag >= 0x80 {
            self.bytes.push(tag as u8 | 0x80);
            tag >>= 7;
        }
        self.bytes.push(tag as u8);
        self.bytes.extend_from_slice(varint);
    }
}

impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownFields({} bytes)", self.bytes.len())
    }
}
