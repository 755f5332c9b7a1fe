//! Messages in the body of a stream (PROTOCOL-HTTP2.md, *Length-Prefixed-Message*): a flag, four bytes of length, the
//! message.
//!
//! The boundaries of DATA frames mean nothing here: a prefix may lie in several, several messages in one. What comes is
//! copied once: a piece is a slice of the buffer that it was read into, and would hold all of that, however short it
//! is. Memory grows with what has come, never with what a prefix says: at most to twice that.

use super::Status;
use super::compression::{Encoding, Expected, Packed};
use crate::protobuf::Payload;
use bytes::{Buf, Bytes};
use std::mem;

/// The flag and the length.
const PREFIX: usize = 5;

/// Encodes `message` behind its prefix. `limit` is the most bytes that it may have.
///
/// # Errors
/// RESOURCE_EXHAUSTED if it is larger; INTERNAL if it is larger than any message may be.
pub(super) fn encode<P: Payload>(message: &P, limit: usize) -> Result<Bytes, Status> {
    let encoded = message.to_wire_behind(PREFIX);
    let mut buffer = encoded.map_err(|error| Status::internal(error.to_string()).with_source(error))?;
    write_prefix(&mut buffer, limit)?;
    Ok(buffer.into())
}

/// Appends `message` behind its prefix. `limit` is the most bytes that it may have.
///
/// # Errors
/// Those of [`encode`]; nothing is appended then.
pub(super) fn append<P: Payload>(message: &P, limit: usize, buffer: &mut Vec<u8>) -> Result<(), Status> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; PREFIX]);
    let appended = message.to_wire(buffer).map_err(|error| Status::internal(error.to_string()).with_source(error));
    let appended = appended.and_then(|()| write_prefix(buffer.get_mut(start..).unwrap_or_default(), limit));
    if appended.is_err() {
        buffer.truncate(start);
    }
    appended
}

/// Writes the length of a message into the prefix that it lies behind.
fn write_prefix(message: &mut [u8], limit: usize) -> Result<(), Status> {
    let length = message.len().saturating_sub(PREFIX);
    let prefix = u32::try_from(length).ok().filter(|_| length <= limit).ok_or_else(|| {
        Status::resource_exhausted(format!("the message to be sent has {length} bytes, at most {limit} are allowed"))
    })?;
    if let Some(space) = message.get_mut(1..PREFIX) {
        space.copy_from_slice(&prefix.to_be_bytes());
    }
    Ok(())
}

/// The same message, made shorter by `compress`, which appends within the capacity that there is, and says whether that
/// was enough.
pub(super) fn compressed(plain: &[u8], compress: impl FnOnce(&[u8], &mut Vec<u8>) -> bool) -> Option<Vec<u8>> {
    let message = plain.get(PREFIX..).filter(|message| !message.is_empty())?;
    let mut buffer = Vec::with_capacity(plain.len() - 1);
    buffer.extend_from_slice(&[1, 0, 0, 0, 0]);
    if !compress(message, &mut buffer) {
        return None;
    }
    buffer.shrink_to_fit();
    let length = u32::try_from(buffer.len() - PREFIX).ok()?;
    buffer.get_mut(1..PREFIX)?.copy_from_slice(&length.to_be_bytes());
    Some(buffer)
}

/// Decodes one whole message, unpacked if it came compressed.
///
/// # Errors
/// INTERNAL: the bytes are not such a message; RESOURCE_EXHAUSTED: unpacked, it is larger than it may be.
pub(super) fn decode<P: Payload>(message: Packed) -> Result<P, Status> {
    let bytes = message.unpack()?;
    let length = bytes.len();
    P::from_wire(bytes).map_err(|error| {
        Status::internal(format!("cannot decode a {} of {length} bytes: {error}", P::name())).with_source(error)
    })
}

/// Cuts messages out of the pieces of a body.
#[derive(Debug)]
pub(super) struct Messages {
    limit: usize,
    compressed: Expected,
    gathered: Vec<u8>,
    /// How much of it was handed out.
    used: usize,
}

impl Messages {
    /// `limit` is the most bytes that a message may have, `compressed` what those are that are marked so.
    pub(super) fn new(limit: usize, compressed: Expected) -> Self {
        Self { limit, compressed, gathered: Vec::new(), used: 0 }
    }

    /// Takes the next piece of the body.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.gathered.drain(..self.used);
        self.used = 0;
        self.gathered.extend_from_slice(piece);
    }

    /// The next message, if it has come whole.
    ///
    /// # Errors
    /// INTERNAL for a flag that may not be there, or an encoding that is not known; RESOURCE_EXHAUSTED for a length above the limit. Nothing can be read
    /// behind it.
    pub(super) fn next(&mut self) -> Result<Option<Packed>, Status> {
        let held = self.gathered.get(self.used..).unwrap_or_default();
        let Some((flag, rest)) = held.split_first() else { return Ok(None) };
        let encoding = match flag {
            0 => Encoding::Identity,
            1 => self.compressed.of_compressed()?,
            other => return Err(Status::internal(format!("a message begins with flag {other}, expected 0 or 1"))),
        };
        let Some((length, _)) = rest.split_first_chunk() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.limit {
            let text = format!("a message of {length} bytes was sent, at most {} are allowed", self.limit);
            return Err(Status::resource_exhausted(text));
        }
        let bytes = self.take(length);
        Ok(bytes.map(|bytes| Packed::new(bytes, encoding, self.limit)))
    }

    /// The message of this length that is the next, if it has come whole.
    fn take(&mut self, length: usize) -> Option<Bytes> {
        let rest = self.gathered.get(self.used + PREFIX..)?;
        let message = rest.get(..length)?;
        // What is less is copied: the message, or what stands behind it.
        if self.used > 0 || length < rest.len() - length {
            let message = Bytes::copy_from_slice(message);
            self.used += PREFIX + length;
            return Some(message);
        }
        let behind = self.gathered.split_off(PREFIX + length);
        let mut message = Bytes::from(mem::replace(&mut self.gathered, behind));
        message.advance(PREFIX);
        Some(message)
    }

    /// How many bytes wait here.
    pub(super) fn buffered(&self) -> usize {
        self.gathered.len() - self.used
    }

    /// To be asked at the end of the body.
    ///
    /// # Errors
    /// INTERNAL if it ends within a message.
    pub(super) fn end(&self) -> Result<(), Status> {
        match self.buffered() {
            0 => Ok(()),
            left => Err(Status::internal(format!("the stream ended within a message, after {left} bytes of it"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Messages;
    use crate::grpc::Code;
    use crate::grpc::compression::{Encoding, Expected};
    use bytes::Bytes;

    fn up_to(limit: usize) -> Messages {
        Messages::new(limit, Expected::Known(Encoding::Identity))
    }

    fn prefixed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], &length[..], message].concat()
    }

    /// All messages of a body that comes in these pieces.
    fn read(pieces: &[&[u8]]) -> Vec<Bytes> {
        let mut messages = up_to(100);
        let mut found = Vec::new();
        for piece in pieces {
            messages.push(piece);
            while let Some(message) = messages.next().unwrap() {
                found.push(message.unpack().unwrap());
            }
        }
        messages.end().unwrap();
        found
    }

    #[test]
    fn boundaries_of_pieces_mean_nothing() {
        let sent: [&[u8]; 4] = [b"one", b"", b"three", &[7; 100]];
        let body: Vec<u8> = sent.iter().flat_map(|message| prefixed(message)).collect();
        assert_eq!(read(&[&body]), sent);
        for split in 0..=body.len() {
            let (first, second) = body.split_at(split);
            assert_eq!(read(&[first, &[], second]), sent, "{split}");
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(read(&bytes), sent);
        assert_eq!(read(&body.chunks(7).collect::<Vec<_>>()), sent);
    }

    #[test]
    fn memory_is_twice_what_has_come_at_most() {
        let body = prefixed(&[7; 100_000]);
        for size in [1, 900, 16_384] {
            let mut messages = up_to(1 << 20);
            let mut came = 0;
            for piece in body.chunks(size) {
                assert!(messages.next().unwrap().is_none());
                messages.push(piece);
                came += piece.len();
                let held = messages.gathered.capacity();
                assert!(held <= 2 * came.max(8), "{held} for {came}");
            }
            assert_eq!(messages.next().unwrap().unwrap().unpack().unwrap(), body[5..]);
            assert_eq!(messages.buffered(), 0);
        }
    }

    #[test]
    fn what_breaks_the_rules_is_told() {
        let error = |body: &[u8]| {
            let mut messages = up_to(100);
            messages.push(body);
            messages.next().unwrap_err().code()
        };
        assert_eq!(error(&[1, 0, 0, 0, 0]), Code::Internal);
        assert_eq!(error(&[2]), Code::Internal);
        assert_eq!(error(&[0, 0, 0, 0, 101]), Code::ResourceExhausted);
        assert_eq!(error(&[0, 255, 255, 255, 255]), Code::ResourceExhausted);
    }

    #[test]
    fn an_end_within_a_message_is_an_error() {
        let body = prefixed(b"abc");
        for length in 1..body.len() {
            let mut messages = up_to(100);
            messages.push(&body[..length]);
            assert!(messages.next().unwrap().is_none());
            assert_eq!(messages.end().unwrap_err().code(), Code::Internal, "{length}");
        }
    }
}
