//! What a call carries beside its messages, on the way back.

use super::compression::Compression;
use super::{Encoding, Metadata};

/// A response: a message, the initial metadata that comes before it and the trailing metadata that comes after it.
#[derive(Debug, Clone)]
pub struct Response<T> {
    message: T,
    metadata: Metadata,
    trailers: Metadata,
    compression: Compression,
}

impl<T> Response<T> {
    /// A response without metadata.
    pub fn new(message: T) -> Self {
        Self { message, metadata: Metadata::new(), trailers: Metadata::new(), compression: Compression::default() }
    }

    pub(super) fn received(message: T, metadata: Metadata, trailers: Metadata, compression: Compression) -> Self {
        Self { message, metadata, trailers, compression }
    }

    /// The message.
    pub fn message(&self) -> &T {
        &self.message
    }

    /// The message, to be changed.
    pub fn message_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message, taken out.
    pub fn into_message(self) -> T {
        self.message
    }

    /// The initial metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The initial metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The trailing metadata.
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    /// The trailing metadata, to be changed.
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }

    /// In a handler: the message is compressed with this encoding, if the client reads it, whatever the server's
    /// settings say; [`Encoding::Identity`]: with none.
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.compression.encoding = Some(encoding);
        self
    }

    /// In a handler: the message goes as it is, though the call may have an encoding.
    pub fn uncompressed(mut self) -> Self {
        self.compression.plain = true;
        self
    }

    /// On a client: whether the message came compressed.
    pub fn was_compressed(&self) -> bool {
        self.compression.came
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// The same with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { message, metadata, trailers, compression } = self;
        Response { message: change(message), metadata, trailers, compression }
    }

    pub(super) fn into_parts(self) -> (T, Metadata, Metadata) {
        (self.message, self.metadata, self.trailers)
    }
}

impl<T> From<T> for Response<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}
