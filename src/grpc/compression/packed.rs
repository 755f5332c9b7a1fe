//! Messages as they came: they are unpacked where they are wanted.

use super::super::Status;
use super::codec::{Codec, Wrong};
use super::encoding::{ACCEPTED, Encoding};
use bytes::Bytes;

/// What a message of the peer's half is that is marked as compressed.
#[derive(Debug)]
pub(in crate::grpc) enum Expected {
    /// With this encoding; `identity`: it may not be there.
    Known(Encoding),
    /// With one that is not compiled in: what the call ends with if such a message comes. (Before one has come, nothing
    /// is wrong.)
    Unknown(Status),
}

impl Expected {
    /// Of the half whose head names this.
    pub(in crate::grpc) fn named(encoding: Result<Encoding, &http::HeaderValue>) -> Self {
        encoding.map_or_else(
            |name| {
                let name = name.as_bytes().escape_ascii();
                let text = format!("messages came compressed with '{name}', expected one of {ACCEPTED}");
                Self::Unknown(Status::internal(text))
            },
            Self::Known,
        )
    }

    /// The encoding of a message that is marked as compressed.
    ///
    /// # Errors
    /// INTERNAL: there is none, or it is not known.
    pub(in crate::grpc) fn of_compressed(&self) -> Result<Encoding, Status> {
        match self {
            Self::Known(encoding) if *encoding != Encoding::Identity => Ok(*encoding),
            Self::Known(_) => {
                Err(Status::internal("a message is marked as compressed, but the call has no grpc-encoding"))
            }
            Self::Unknown(status) => Err(status.clone()),
        }
    }
}

/// A whole message as it came.
#[derive(Debug)]
pub(in crate::grpc) struct Packed {
    bytes: Bytes,
    encoding: Encoding,
    limit: usize,
}

impl Packed {
    /// `bytes` that are compressed with `encoding`, and may be `limit` when they are not.
    pub(in crate::grpc) fn new(bytes: Bytes, encoding: Encoding, limit: usize) -> Self {
        Self { bytes, encoding, limit }
    }

    pub(in crate::grpc) fn is_compressed(&self) -> bool {
        self.encoding != Encoding::Identity
    }

    /// How many bytes it has as it lies here.
    pub(in crate::grpc) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message itself.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED if it is larger than it may be; INTERNAL if the bytes are not what their encoding makes.
    pub(in crate::grpc) fn unpack(self) -> Result<Bytes, Status> {
        let Some(codec) = Codec::of(self.encoding) else { return Ok(self.bytes) };
        let message = (codec.decompress)(&self.bytes, self.limit);
        message.map(Bytes::from).map_err(|wrong| self.status(wrong))
    }

    fn status(&self, wrong: Wrong) -> Status {
        let (length, name) = (self.bytes.len(), self.encoding.name());
        match wrong {
            Wrong::TooLarge => Status::resource_exhausted(format!(
                "a message of {length} bytes of {name} is larger than {} bytes, which are the most allowed",
                self.limit
            )),
            Wrong::Broken(what) => {
                Status::internal(format!("a message of {length} bytes cannot be decompressed with {name}: {what}"))
            }
        }
    }
}
