//! What interceptors are shown of a call, on either end. Of its messages in one direction: each encoded message passes here,
//! before it is compressed or after it was inflated. Without interceptors there is nothing here, and a message passes
//! as it is.

use super::compression::{Encoding, Packed, Packer};
use super::{Metadata, Status, frame};
use crate::protobuf::Payload;
use bytes::Bytes;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Sees one message after the other, may change it, and ends the call by an error.
pub(super) type Tap = Box<dyn FnMut(&mut Bytes) -> Result<(), Status> + Send>;
/// Sees the initial metadata of an answer once, and may change it.
pub(super) type HeadTap = Box<dyn FnOnce(&mut Metadata) + Send>;

/// The taps of one direction, in the order in which a message passes them. (The mutex is never locked: it makes what
/// holds the taps usable behind a shared reference from several threads, as it is without them.)
#[derive(Default)]
pub(super) struct Taps(Mutex<Vec<Tap>>);

impl Taps {
    fn list(&mut self) -> &mut Vec<Tap> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a direction that passes the interceptors in their order.
    pub(super) fn add_last(&mut self, tap: Tap) {
        self.list().push(tap);
    }

    /// For a direction that passes the interceptors in reverse.
    pub(super) fn add_first(&mut self, tap: Tap) {
        self.list().insert(0, tap);
    }

    /// Shows `message` to each; the first error ends it.
    fn pass(&mut self, message: &mut Bytes) -> Result<(), Status> {
        self.list().iter_mut().try_for_each(|tap| tap(message))
    }

    /// [`Packer::pack`] of what comes through.
    pub(super) fn pack<P: Payload>(&mut self, message: &P, packer: &Packer) -> Result<Bytes, Status> {
        if self.list().is_empty() {
            return packer.pack(message);
        }
        packer.pack(&self.through(message)?)
    }

    /// [`Packer::append`] of what comes through.
    pub(super) fn append<P: Payload>(&mut self, message: &P, packer: &Packer, to: &mut Vec<u8>) -> Result<(), Status> {
        if self.list().is_empty() {
            return packer.append(message, to);
        }
        packer.append(&self.through(message)?, to)
    }

    /// `message`, encoded, as it comes through.
    pub(super) fn through<P: Payload>(&mut self, message: &P) -> Result<Bytes, Status> {
        let encoded = message.to_wire_behind(0);
        let encoded = encoded.map_err(|error| Status::internal(error.to_string()).with_source(error))?;
        let mut encoded = Bytes::from(encoded);
        self.pass(&mut encoded)?;
        Ok(encoded)
    }

    /// A message that came, as it comes through: unpacked, if anyone wants to see it.
    pub(super) fn unpack(&mut self, message: Packed) -> Result<Packed, Status> {
        if self.list().is_empty() {
            return Ok(message);
        }
        let mut message = message.unpack()?;
        self.pass(&mut message)?;
        Ok(Packed::new(message, Encoding::Identity, usize::MAX))
    }

    /// [`frame::decode`] of what comes through.
    pub(super) fn decode<P: Payload>(&mut self, message: Packed) -> Result<P, Status> {
        frame::decode(self.unpack(message)?)
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps").finish_non_exhaustive()
    }
}

/// The taps of an answer's initial metadata, in the order in which it passes them.
#[derive(Default)]
pub(super) struct HeadTaps(Mutex<Vec<HeadTap>>);

impl HeadTaps {
    /// An answer passes the interceptors in reverse.
    pub(super) fn add_first(&mut self, tap: HeadTap) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).insert(0, tap);
    }

    /// Shows `metadata` to each, the first time that it is called.
    pub(super) fn pass(&mut self, metadata: &mut Metadata) {
        let taps = std::mem::take(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
        taps.into_iter().for_each(|tap| tap(metadata));
    }
}

impl fmt::Debug for HeadTaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadTaps").finish_non_exhaustive()
    }
}

/// A call that has succeeded, on its way back to its caller, as interceptors see it. (An interceptor cannot make it: it
/// answers for the other side with an error only.)
#[derive(Debug)]
pub struct Completed {
    trailers: Metadata,
}

impl Completed {
    pub(super) fn new(trailers: Metadata) -> Self {
        Self { trailers }
    }

    pub(super) fn into_trailers(self) -> Metadata {
        self.trailers
    }

    /// The trailing metadata.
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The trailing metadata, to be changed. (That of a call that fails is its status's.)
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }
}

#[cfg(test)]
mod tests {
    use super::{HeadTaps, Taps};
    use crate::grpc::compression::{Compression, Encoding, Encodings, Packed, Packer, Packing};
    use crate::grpc::{Code, Metadata, Status};
    use bytes::Bytes;

    fn packer(limit: usize) -> Packer {
        Packing { limit, encoding: Encoding::Identity, accepted: Encodings::all() }.packer(Compression::default())
    }

    fn packed(text: &'static str) -> Packed {
        Packed::new(text.into(), Encoding::Identity, 100)
    }

    #[test]
    fn a_message_passes_all_in_order_until_one_refuses() {
        let mut taps = Taps::default();
        let append = |letter: u8| {
            Box::new(move |message: &mut Bytes| {
                *message = [&message[..], &[letter]].concat().into();
                Ok(())
            })
        };
        taps.add_last(append(b'2'));
        taps.add_last(append(b'3'));
        taps.add_first(append(b'1'));
        assert_eq!(&taps.pack(&Bytes::from("a"), &packer(4)).unwrap()[..], b"\0\0\0\0\x04a123");
        assert_eq!(taps.pack(&Bytes::from("a"), &packer(3)).unwrap_err().code(), Code::ResourceExhausted);
        assert_eq!(taps.decode::<Bytes>(packed("a")).unwrap(), "a123");
        taps.add_last(Box::new(|_| Err(Status::permission_denied("no"))));
        taps.add_last(Box::new(|_| panic!("behind a refusal")));
        assert_eq!(taps.decode::<Bytes>(packed("a")).unwrap_err().code(), Code::PermissionDenied);
    }

    #[test]
    fn metadata_passes_once() {
        let mut taps = HeadTaps::default();
        taps.add_first(Box::new(|metadata| metadata.append("key", "outer").unwrap()));
        taps.add_first(Box::new(|metadata| metadata.append("key", "inner").unwrap()));
        let mut metadata = Metadata::new();
        taps.pass(&mut metadata);
        taps.pass(&mut metadata);
        assert_eq!(metadata.get_all("key").count(), 2);
        assert_eq!(metadata.get("key"), Some("inner"));
    }
}
