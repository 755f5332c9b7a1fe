//! The types that may lie in a `google.protobuf.Any`, for JSON and text, which show what is in it.

use std::collections::BTreeMap;
use std::fmt;

use super::descriptor::MessageDescriptor;
use super::message::encode_known;
use super::text::Text;
use super::{DecodeError, DecodeErrorKind, Message};

/// The types that may lie in a `google.protobuf.Any`, by their full names.
///
/// ```text
/// let mut types = TypeRegistry::new();
/// types.add::<Person>().add::<Duration>();
/// let json = json::Printer::new().types(&types).print(&message)?;
/// ```
#[derive(Clone, Default)]
pub struct TypeRegistry {
    types: BTreeMap<&'static str, Registered>,
}

/// What is asked of a type that is known by its name alone.
#[derive(Clone, Copy)]
pub(super) struct Registered {
    pub(super) descriptor: fn() -> &'static MessageDescriptor,
    /// Decodes a message and encodes it again without unknown fields, as this crate writes it.
    pub(super) known: fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
    /// Decodes a message and prints its fields.
    pub(super) print: fn(&[u8], &mut Text<'_>) -> Result<(), DecodeError>,
}

impl TypeRegistry {
    /// One without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type under its full name.
    pub fn add<M: Message>(&mut self) -> &mut Self {
        self.types.insert(M::FULL_NAME, Registered { descriptor: M::descriptor, known: known::<M>, print: print::<M> });
        self
    }

    /// The type that a URL names behind its last slash, such as `type.googleapis.com/google.protobuf.Empty`.
    pub(super) fn get(&self, url: &str) -> Option<Registered> {
        let (_, name) = url.rsplit_once('/')?;
        self.types.get(name).copied()
    }
}

impl fmt::Debug for TypeRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.types.keys()).finish()
    }
}

fn known<M: Message>(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let message = M::decode(bytes)?;
    // What has been decoded lacks nothing; it can only be too large.
    let too_large = |_| DecodeError::new(0, DecodeErrorKind::TooLarge { size: message.encoded_len() });
    encode_known(&message).map_err(too_large)
}

fn print<M: Message>(bytes: &[u8], text: &mut Text<'_>) -> Result<(), DecodeError> {
    let message = M::decode(bytes)?;
    text.fields(&message);
    Ok(())
}
