//! The traits that generated messages and enums implement.
//!
//! A message's own code is two functions, one to read a field and one to visit all fields; everything public is built
//! from these two here, so that size, bytes and text cannot disagree.

use std::fmt::Debug;

use bytes::Bytes;

use super::decode::Decoder;
use super::descriptor::{EnumDescriptor, MessageDescriptor};
use super::encode::{Encoder, Sizes, Unknown};
#[cfg(feature = "json")]
use super::json;
use super::missing::Missing;
use super::text;
use super::visit::Visitor;
use super::{DecodeError, EncodeError, MESSAGE_SIZE_LIMIT, ParseError};

/// A message of a .proto file. Generated code implements it; only call it.
pub trait Message: Default + Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The name with its package, such as `helloworld.HelloRequest`.
    const FULL_NAME: &'static str;

    /// Whether it, or a message within it, has required fields (proto2).
    #[doc(hidden)]
    const HAS_REQUIRED: bool = false;

    /// What the .proto file declares of it: names, types, labels.
    fn descriptor() -> &'static MessageDescriptor;

    /// Reads the value of one field whose tag has been read; a tag that is not known goes to `Decoder::unknown`.
    #[doc(hidden)]
    fn merge_field(&mut self, tag: u32, decoder: &mut Decoder<'_>) -> Result<(), DecodeError>;

    /// Shows every field, in the order of the field numbers, and then the unknown ones.
    #[doc(hidden)]
    fn visit(&self, visitor: &mut impl Visitor);

    /// The size of the encoded message in bytes.
    fn encoded_len(&self) -> usize {
        let mut sizes = Sizes::default();
        self.visit(&mut sizes);
        sizes.total()
    }

    /// Encodes the message.
    ///
    /// # Errors
    ///
    /// When it would be larger than [`MESSAGE_SIZE_LIMIT`](super::MESSAGE_SIZE_LIMIT), or lacks a required field.
    fn encode_to_vec(&self) -> Result<Vec<u8>, EncodeError> {
        self.encode_behind(0)
    }

    /// Appends the encoded message to `buffer`.
    ///
    /// # Errors
    ///
    /// When it would be larger than [`MESSAGE_SIZE_LIMIT`](super::MESSAGE_SIZE_LIMIT), or lacks a required field;
    /// nothing is appended then.
    fn encode(&self, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        let sizes = sizes(self, Sizes::default())?;
        let mut encoder = Encoder::new(std::mem::take(buffer), sizes);
        self.visit(&mut encoder);
        *buffer = encoder.into_buffer();
        Ok(())
    }

    /// Encodes the message behind `head` zeros, in a buffer that has room for just that.
    #[doc(hidden)]
    fn encode_behind(&self, head: usize) -> Result<Vec<u8>, EncodeError> {
        let sizes = sizes(self, Sizes::default())?;
        let mut buffer = Vec::with_capacity(head + sizes.total());
        buffer.resize(head, 0);
        let mut encoder = Encoder::new(buffer, sizes);
        self.visit(&mut encoder);
        Ok(encoder.into_buffer())
    }

    /// Decodes a message.
    ///
    /// # Errors
    ///
    /// When `bytes` are not such a message, or lack a required field; the error names the byte and the field.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut message = Self::default();
        message.merge(bytes)?;
        Ok(message)
    }

    /// Decodes a message whose strings and bytes lie in `bytes` itself, without a copy, if its type can hold them so
    /// (`threadwire_build::Builder::shared`); else as [`decode`](Self::decode). The message keeps the whole buffer
    /// alive.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    fn decode_shared(bytes: &Bytes) -> Result<Self, DecodeError> {
        let mut message = Self::default();
        merge(&mut message, Decoder::sharing(bytes)?)?;
        Ok(message)
    }

    /// Decodes on top of what is here: scalars are replaced, messages merged, lists extended.
    ///
    /// # Errors
    ///
    /// When `bytes` are not such a message; what came before the offending byte has been merged then. When a required
    /// field is missing afterwards.
    fn merge(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        merge(self, Decoder::new(bytes)?)
    }

    /// The text form, a field a line, as Python's `print(message)` shows it; maps are in the order of their keys.
    /// Unknown fields are not shown.
    fn to_text(&self) -> String {
        text::Printer::new().print(self)
    }

    /// Parses the text form; [`text::Parser`](super::text::Parser) has what can be chosen.
    ///
    /// # Errors
    ///
    /// When `text` is not such a message; the error names the field, the line and the column.
    fn from_text(text: &str) -> Result<Self, ParseError> {
        text::Parser::new().parse(text)
    }

    /// The message as JSON; [`json::Printer`](super::json::Printer) has what can be chosen.
    ///
    /// # Errors
    ///
    /// When it has no JSON form, such as a `Timestamp` out of its range.
    #[cfg(feature = "json")]
    fn to_json(&self) -> Result<String, json::PrintError> {
        json::Printer::new().print(self)
    }

    /// Parses JSON; [`json::Parser`](super::json::Parser) has what can be chosen.
    ///
    /// # Errors
    ///
    /// When `json` is not such a message; the error names the field, the line and the column.
    #[cfg(feature = "json")]
    fn from_json(json: &str) -> Result<Self, ParseError> {
        json::Parser::new().parse(json)
    }
}

/// Encodes a message; `unknown` holds for the messages in it too.
pub(super) fn encode_with<M: Message>(message: &M, unknown: Unknown) -> Result<Vec<u8>, EncodeError> {
    let sizes = sizes(message, Sizes::new(unknown))?;
    let mut encoder = Encoder::new(Vec::new(), sizes);
    message.visit(&mut encoder);
    Ok(encoder.into_buffer())
}

#[inline]
fn merge<M: Message>(message: &mut M, mut decoder: Decoder<'_>) -> Result<(), DecodeError> {
    decoder.merge_all(message)?;
    Missing::of(message).map_or(Ok(()), |path| Err(decoder.missing(path)))
}
#[inline]
fn sizes<M: Message>(message: &M, mut sizes: Sizes) -> Result<Sizes, EncodeError> {
    message.visit(&mut sizes);
    if sizes.total() > MESSAGE_SIZE_LIMIT {
        return Err(EncodeError::too_large(M::FULL_NAME, sizes.total()));
    }
    if let Some(path) = Missing::of(message) {
        return Err(EncodeError::missing(M::FULL_NAME, &path));
    }
    Ok(sizes)
}

/// An enum of a .proto file. Generated code implements it.
///
/// Numbers that the .proto file does not name are kept: decoding and encoding again changes nothing.
pub trait Enumeration: Copy + Debug + Default + PartialEq + From<i32> + Into<i32> + Send + Sync + 'static {
    /// The name as the .proto file has it, such as `PHONE_TYPE_HOME`; `None` for a number it does not name.
    fn name(self) -> Option<&'static str>;

    /// What the .proto file declares of it.
    fn descriptor() -> &'static EnumDescriptor;
}
