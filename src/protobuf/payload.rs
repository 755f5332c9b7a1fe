//! [`Payload`]: what a call can carry. The seam between calls, which know bytes, and messages.
//!
//! A call needs two things of a type: to be made of the bytes of one message, and to become them. Every [`Message`]
//! does both; so do bytes as they are ([`Bytes`]), messages of plain quick-protobuf ([`compat::Foreign`]), and whatever
//! else implements this trait.
//!
//! [`compat::Foreign`]: super::compat::Foreign

use std::error::Error;

use bytes::Bytes;

use super::Message;

/// A type that gRPC calls can carry as request or response. All messages are, and [`Bytes`]: the encoded message as
/// it is, for calls that pass messages on without a look at them.
///
/// Implement it to carry messages of another crate, in a type of your own around them:
///
/// ```
/// use bytes::Bytes;
/// use threadwire::protobuf::{Payload, PayloadError};
///
/// /// A text, as the message `google.protobuf.StringValue`, for texts of up to 127 bytes.
/// struct Short(String);
///
/// impl Payload for Short {
///     fn name() -> &'static str {
///         "Short"
///     }
///
///     fn from_wire(bytes: Bytes) -> Result<Self, PayloadError> {
///         match bytes.as_ref() {
///             [] => Ok(Short(String::new())),
///             [0x0a, length, text @ ..] if usize::from(*length) == text.len() => Ok(Short(std::str::from_utf8(text)?.into())),
///             _ => Err("not a short text".into()),
///         }
///     }
///
///     fn to_wire(&self, buffer: &mut Vec<u8>) -> Result<(), PayloadError> {
///         let length = u8::try_from(self.0.len()).ok().filter(|length| *length < 128).ok_or("not a short text")?;
///         buffer.extend_from_slice(&[0x0a, length]);
///         buffer.extend_from_slice(self.0.as_bytes());
///         Ok(())
///     }
/// }
/// ```
pub trait Payload: Sized {
    /// The name of the type, for people.
    fn name() -> &'static str;

    /// Reads the encoded message. The bytes come from a peer.
    ///
    /// # Errors
    ///
    /// When they are no such message; the call ends with INTERNAL then.
    fn from_wire(bytes: Bytes) -> Result<Self, PayloadError>;

    /// Appends the encoded message.
    ///
    /// # Errors
    ///
    /// When there is none; the call ends with INTERNAL then.
    fn to_wire(&self, buffer: &mut Vec<u8>) -> Result<(), PayloadError>;

    /// The encoded message behind `head` zeros.
    #[doc(hidden)]
    fn to_wire_behind(&self, head: usize) -> Result<Vec<u8>, PayloadError> {
        let mut buffer = vec![0; head];
        self.to_wire(&mut buffer)?;
        Ok(buffer)
    }
}

/// What is wrong with a payload.
pub type PayloadError = Box<dyn Error + Send + Sync>;

impl<M: Message> Payload for M {
    fn name() -> &'static str {
        M::FULL_NAME
    }

    fn from_wire(bytes: Bytes) -> Result<Self, PayloadError> {
        Ok(M::decode_shared(&bytes)?)
    }

    fn to_wire(&self, buffer: &mut Vec<u8>) -> Result<(), PayloadError> {
        Ok(self.encode(buffer)?)
    }

    fn to_wire_behind(&self, head: usize) -> Result<Vec<u8>, PayloadError> {
        Ok(self.encode_behind(head)?)
    }
}

impl Payload for Bytes {
    fn name() -> &'static str {
        "Bytes"
    }

    fn from_wire(bytes: Bytes) -> Result<Self, PayloadError> {
        Ok(bytes)
    }

    fn to_wire(&self, buffer: &mut Vec<u8>) -> Result<(), PayloadError> {
        buffer.extend_from_slice(self);
        Ok(())
    }

    fn to_wire_behind(&self, head: usize) -> Result<Vec<u8>, PayloadError> {
        let mut buffer = Vec::with_capacity(head + self.len());
        buffer.resize(head, 0);
        buffer.extend_from_slice(self);
        Ok(buffer)
    }
}
