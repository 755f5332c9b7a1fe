//! Reading a message from bytes that may be anything.
//!
//! The decoder stands in one exact slice, the message being read. A nested message is a slice of that slice, taken
//! after its length was compared, as a 64-bit number, with what is left. From quick-protobuf's reader come only the
//! reads of one varint (of 64 bits) and of one fixed number, each on the rest of the slice: those check every byte, and
//! not everything else which that reader offers does.
//!
//! An error ends the whole decode, so nothing is put back on that way.
//!
//! What generated code calls is in `fields`.
//!
//! The stack is bounded by the recursion limit and by the size of a frame, so no message may lie in a frame that reads
//! what is within it: values are made in place by `set`, `push` and `fresh`, each of which is done before the reading
//! begins.

mod fields;

use std::str::Utf8Error;

use bytes::Bytes;
use quick_protobuf::BytesReader;

use super::error::Segment;
use super::{
    DecodeError, DecodeErrorKind, MEMORY_ALLOWANCE, MEMORY_PER_BYTE, MESSAGE_SIZE_LIMIT, Message, RECURSION_LIMIT,
    SharedString, UNKNOWN_FIELD_LIMIT,
};

/// Reads the fields of one message and of those within it.
#[derive(Debug)]
pub struct Decoder<'a> {
    // The buffer that values may share, if there is one.
    source: Option<&'a Bytes>,
    // The message being read, and where in it the next byte lies.
    bytes: &'a [u8],
    position: usize,
    // Where `bytes` begins in the outermost message, for errors.
    base: usize,
    // Where the tag of the field being read begins in `bytes`: unknown fields are copied from there.
    tag_position: usize,
    // How much is left of the limits.
    depth_left: u32,
    unknown_left: u32,
    memory_left: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MESSAGE_SIZE_LIMIT {
            return Err(DecodeError::new(0, DecodeErrorKind::TooLarge { size: bytes.len() }));
        }
        Ok(Self {
            source: None,
            bytes,
            position: 0,
            base: 0,
            tag_position: 0,
            depth_left: RECURSION_LIMIT,
            unknown_left: UNKNOWN_FIELD_LIMIT,
            memory_left: bytes.len().saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_ALLOWANCE),
        })
    }

    /// Values that can share a buffer share this one.
    pub(super) fn sharing(source: &'a Bytes) -> Result<Self, DecodeError> {
        Ok(Self { source: Some(source), ..Self::new(source)? })
    }

    /// Reads all fields of the slice into `message`.
    pub(super) fn merge_all<M: Message>(&mut self, message: &mut M) -> Result<(), DecodeError> {
        while self.position < self.bytes.len() {
            let tag = self.tag()?;
            message.merge_field(tag, self)?;
        }
        Ok(())
    }

    /// The number that comes next, which stays there; none if there is no whole one.
    #[inline]
    pub(super) fn next_varint(&self) -> Option<u64> {
        let rest = self.rest();
        BytesReader::from_bytes(rest).read_varint64(rest).ok()
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.bytes.get(self.position) {
            // Most have one byte.
            Some(byte) if *byte < 0x80 => {
                self.position += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let rest = self.rest();
        let mut reader = BytesReader::from_bytes(rest);
        match reader.read_varint64(rest) {
            Ok(value) => {
                self.position += rest.len() - reader.len();
                Ok(value)
            }
            Err(quick_protobuf::Error::Varint) => Err(self.error(DecodeErrorKind::Varint)),
            Err(_) => Err(self.truncated(rest.len() as u64 + 1)),
        }
    }

    #[inline]
    pub(super) fn fixed32(&mut self) -> Result<u32, DecodeError> {
        let rest = self.rest();
        let value = BytesReader::from_bytes(rest).read_fixed32(rest).map_err(|_| self.truncated(4))?;
        self.position += 4;
        Ok(value)
    }

    #[inline]
    pub(super) fn fixed64(&mut self) -> Result<u64, DecodeError> {
        let rest = self.rest();
        let value = BytesReader::from_bytes(rest).read_fixed64(rest).map_err(|_| self.truncated(8))?;
        self.position += 8;
        Ok(value)
    }

    /// The bytes behind a length prefix.
    #[inline]
    pub(super) fn payload(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.position;
        let len = self.varint()?;
        let rest = self.rest();
        // Compared as 64 bits: on a small host the length need not fit into a usize.
        let payload = usize::try_from(len).ok().and_then(|len| rest.get(..len)).ok_or_else(|| self.truncated(len))?;
        // As with tags: upb and C++ refuse that too.
        if self.position - start > 5 {
            return Err(DecodeError::new(self.base + start, DecodeErrorKind::LengthTooLong { length: payload.len() }));
        }
        self.position += payload.len();
        Ok(payload)
    }

    /// The bytes behind a length prefix, in the buffer they lie in if it can be shared. Always inlined, as measured: a
    /// call costs 15 ns a string, since what it returns goes through memory.
    #[inline(always)]
    pub(super) fn shared_payload(&mut self) -> Result<Bytes, DecodeError> {
        let payload = self.payload()?;
        Ok(match self.source {
            Some(source) => source.slice_ref(payload),
            None => Bytes::copy_from_slice(payload),
        })
    }

    /// The string behind a length prefix, in the buffer it lies in if that can be shared and pays.
    #[inline(always)]
    pub(super) fn shared_string(&mut self) -> Result<SharedString, DecodeError> {
        let payload = self.payload()?;
        let string = match self.source {
            Some(source) => SharedString::within(source, payload),
            None => std::str::from_utf8(payload).map(SharedString::from),
        };
        string.map_err(|error| self.not_utf8(payload.len(), error))
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<&'a str, DecodeError> {
        let payload = self.payload()?;
        std::str::from_utf8(payload).map_err(|error| self.not_utf8(payload.len(), error))
    }

    /// The `len` bytes that have just been read are no string.
    #[cold]
    fn not_utf8(&self, len: usize, error: Utf8Error) -> DecodeError {
        DecodeError::new(self.base + self.position - len + error.valid_up_to(), DecodeErrorKind::Utf8)
    }

    /// A message behind a length prefix.
    pub(super) fn nested<M: Message>(&mut self, message: &mut M) -> Result<(), DecodeError> {
        self.descend()?;
        let outer = self.enter()?;
        self.merge_all(message)?;
        self.leave(outer);
        self.depth_left += 1;
        Ok(())
    }

    /// A message between the tags of a group, of which the first has been read.
    pub(super) fn group<M: Message>(&mut self, message: &mut M) -> Result<(), DecodeError> {
        let number = self.bytes.get(self.tag_position..self.position).map_or(0, number_of);
        self.descend()?;
        loop {
            let tag = self.tag()?;
            if tag == number << 3 | 4 {
                break;
            }
            message.merge_field(tag, self)?;
        }
        self.depth_left += 1;
        Ok(())
    }

    /// The next tag, with a field number and wire type that exist.
    #[inline]
    fn tag(&mut self) -> Result<u32, DecodeError> {
        self.tag_position = self.position;
        match self.bytes.get(self.position) {
            // Most have one byte: a number from 1 to 15, and a wire type.
            Some(byte) if (8..0x80).contains(byte) && byte & 7 <= 5 => {
                self.position += 1;
                Ok(u32::from(*byte))
            }
            _ => self.long_tag(),
        }
    }

    #[inline(never)]
    fn long_tag(&mut self) -> Result<u32, DecodeError> {
        let tag = self.varint()?;
        let kind = match u32::try_from(tag) {
            // Nor may it be written in more bytes than 32 bits ever need; the other implementations refuse that too.
            _ if self.position - self.tag_position > 5 => DecodeErrorKind::TagTooLarge { tag },
            Err(_) => DecodeErrorKind::TagTooLarge { tag },
            Ok(tag) if tag >> 3 == 0 => DecodeErrorKind::FieldZero,
            Ok(tag) if tag & 7 > 5 => DecodeErrorKind::WireType { wire_type: (tag & 7) as u8 },
            Ok(tag) => return Ok(tag),
        };
        Err(DecodeError::new(self.base + self.tag_position, kind))
    }

    /// Steps over the value of an unknown field.
    fn skip(&mut self, tag: u32) -> Result<(), DecodeError> {
        self.count_unknown()?;
        self.step_over(tag)
    }

    fn count_unknown(&mut self) -> Result<(), DecodeError> {
        self.unknown_left =
            self.unknown_left.checked_sub(1).ok_or_else(|| self.error(DecodeErrorKind::TooManyUnknownFields))?;
        Ok(())
    }

    fn step_over(&mut self, tag: u32) -> Result<(), DecodeError> {
        match tag & 7 {
            0 => self.varint().map(drop),
            1 => self.fixed64().map(drop),
            2 => self.payload().map(drop),
            3 => self.skip_group(tag >> 3),
            5 => self.fixed32().map(drop),
            _ => Err(DecodeError::new(self.base + self.tag_position, DecodeErrorKind::GroupEnd { number: tag >> 3 })),
        }
    }

    fn skip_group(&mut self, number: u32) -> Result<(), DecodeError> {
        self.descend()?;
        loop {
            let tag = self.tag()?;
            if tag == number << 3 | 4 {
                break;
            }
            self.skip(tag)?;
        }
        self.depth_left += 1;
        Ok(())
    }

    /// Goes into the part behind a length prefix; returns what `leave` needs to come back.
    #[inline]
    fn enter(&mut self) -> Result<(&'a [u8], usize), DecodeError> {
        let part = self.payload()?;
        let outer = (std::mem::replace(&mut self.bytes, part), self.position);
        self.base += self.position - part.len();
        self.position = 0;
        Ok(outer)
    }

    #[inline]
    fn leave(&mut self, (bytes, position): (&'a [u8], usize)) {
        self.base -= position - self.bytes.len();
        self.bytes = bytes;
        self.position = position;
    }

    #[inline]
    fn descend(&mut self) -> Result<(), DecodeError> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or_else(|| self.error(DecodeErrorKind::TooDeep))?;
        Ok(())
    }

    /// Takes memory that is not yet allocated from what is left.
    fn charge(&mut self, size: usize) -> Result<(), DecodeError> {
        self.memory_left =
            self.memory_left.checked_sub(size).ok_or_else(|| self.error(DecodeErrorKind::TooMuchMemory))?;
        Ok(())
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// A required field is missing, at the end.
    #[cold]
    pub(super) fn missing(&self, path: Vec<Segment>) -> DecodeError {
        DecodeError::missing(self.base + self.bytes.len(), path)
    }

    #[cold]
    fn truncated(&self, needed: u64) -> DecodeError {
        self.error(DecodeErrorKind::Truncated { needed, left: self.rest().len() })
    }

    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(self.base + self.position, kind)
    }
}

/// The field number of a tag.
fn number_of(tag: &[u8]) -> u32 {
    BytesReader::from_bytes(tag).read_varint64(tag).map_or(0, |tag| (tag >> 3) as u32)
}
