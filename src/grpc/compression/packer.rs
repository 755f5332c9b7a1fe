//! Messages on their way out: who says how they are compressed, and the doing of it.

use super::super::{Status, frame};
use super::codec::Codec;
use super::encoding::{Encoding, Encodings};
use crate::protobuf::Payload;
use bytes::Bytes;

/// What was said of the compression of a request or a response by whoever made it, and how it came.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::grpc) struct Compression {
    /// Instead of what the channel or server says.
    pub(in crate::grpc) encoding: Option<Encoding>,
    /// The message itself goes as it is.
    pub(in crate::grpc) plain: bool,
    /// The message came compressed.
    pub(in crate::grpc) came: bool,
}

impl Compression {
    /// Of a message that came.
    pub(in crate::grpc) fn came(compressed: bool) -> Self {
        Self { came: compressed, ..Self::default() }
    }
}

/// What holds for all messages of one half of a call.
#[derive(Debug, Clone, Copy)]
pub(in crate::grpc) struct Packing {
    /// The most bytes that a message may have.
    pub(in crate::grpc) limit: usize,
    /// If nothing else is said.
    pub(in crate::grpc) encoding: Encoding,
    /// What the peer reads.
    pub(in crate::grpc) accepted: Encodings,
}

impl Packing {
    /// How messages are sent whose maker says this.
    pub(in crate::grpc) fn packer(&self, said: Compression) -> Packer {
        let mut packer = Packer { limit: self.limit, encoding: Encoding::Identity, compresses: !said.plain };
        packer.set_encoding(said.encoding.unwrap_or(self.encoding), self.accepted);
        packer
    }
}

/// Turns messages into bytes behind their prefix.
#[derive(Debug, Clone, Copy)]
pub(in crate::grpc) struct Packer {
    limit: usize,
    encoding: Encoding,
    compresses: bool,
}

impl Packer {
    /// What the head of the half has to name.
    pub(in crate::grpc) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// One that the peer does not read is none.
    pub(in crate::grpc) fn set_encoding(&mut self, encoding: Encoding, accepted: Encodings) {
        self.encoding = if accepted.contains(encoding) { encoding } else { Encoding::Identity };
    }

    /// Whether the next messages are compressed, if there is an encoding.
    pub(in crate::grpc) fn set_compresses(&mut self, compresses: bool) {
        self.compresses = compresses;
    }

    /// The message behind its prefix; compressed if that makes it shorter.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED if it is too large as it is; INTERNAL if it is larger than any message may be.
    pub(in crate::grpc) fn pack<P: Payload>(&self, message: &P) -> Result<Bytes, Status> {
        let plain = frame::encode(message, self.limit)?;
        Ok(self.shorter(&plain).map_or(plain, Bytes::from))
    }

    /// [`Packer::pack`] into an empty buffer.
    ///
    /// # Errors
    /// Those of `pack`.
    pub(in crate::grpc) fn append<P: Payload>(&self, message: &P, buffer: &mut Vec<u8>) -> Result<(), Status> {
        frame::append(message, self.limit, buffer)?;
        if let Some(shorter) = self.shorter(buffer) {
            *buffer = shorter;
        }
        Ok(())
    }

    fn shorter(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let codec = Codec::of(self.encoding).filter(|_| self.compresses)?;
        frame::compressed(plain, codec.compress)
    }
}
