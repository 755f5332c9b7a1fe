//! What JSON and text know besides a message's own descriptor: the types that may lie in a `google.protobuf.Any`, and
//! extensions.

use std::collections::BTreeMap;
use std::fmt;

use super::descriptor::{ExtensionDescriptor, MessageDescriptor};
use super::encode::Unknown;
use super::message::encode_with;
use super::text::Text;
use super::{DecodeError, DecodeErrorKind, Message, well_known};

/// The types that may lie in a `google.protobuf.Any`, and extensions, by their full names.
///
/// ```
/// use threadwire::protobuf::well_known::{Any, Duration};
/// use threadwire::protobuf::{TypeRegistry, text};
///
/// let mut types = TypeRegistry::new();
/// types.add::<Duration>();
/// let source = "[type.googleapis.com/google.protobuf.Duration] { seconds: 5 }";
/// let any = text::Parser::new().types(&types).parse::<Any>(source)?;
/// assert_eq!(any.value, [8, 5]);
/// # Ok::<(), threadwire::protobuf::ParseError>(())
/// ```
///
/// Extensions (proto2) are no members of the Rust types: their values lie among the unknown fields of a message. The
/// text form and JSON show and read those that are here, as `[package.name]`. One that is not here stays an unknown
/// field, and so does a value that is none of the extension's type.
///
/// ```
/// # #[cfg(feature = "program")] // which compiles such files
/// # mod example {
/// mod proto {
///     // message Extendable { optional int32 known = 1; extensions 100 to 199; }
///     // extend Extendable { optional int32 outside = 100; }
///     threadwire::include_proto!("threadwire.legacy");
/// }
/// use proto::Extendable;
/// use threadwire::protobuf::{Message, TypeRegistry, text};
///
/// # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut types = TypeRegistry::new();
/// types.add_extension(&proto::OUTSIDE);
///
/// let source = "known: 1\n[threadwire.legacy.outside]: 2\n";
/// let message: Extendable = text::Parser::new().types(&types).parse(source)?;
/// assert_eq!(message.encode_to_vec()?, [8, 1, 0xa0, 6, 2]);
/// assert_eq!(text::Printer::new().types(&types).print(&message), source);
/// # Ok(())
/// # }
/// # }
/// # #[cfg(feature = "program")]
/// # example::main().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct TypeRegistry {
    types: BTreeMap<&'static str, Registered>,
    extensions: BTreeMap<&'static str, &'static ExtensionDescriptor>,
    /// The same by the full name of the message and their numbers in it.
    by_number: BTreeMap<(&'static str, u32), &'static ExtensionDescriptor>,
}

/// What is asked of a type that is known by its name alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registered {
    pub(super) descriptor: fn() -> &'static MessageDescriptor,
    /// Decodes a message and encodes it again, as this crate writes it.
    pub(super) encode: fn(&[u8], Unknown) -> Result<Vec<u8>, DecodeError>,
    /// Decodes a message and prints its fields.
    pub(super) print: fn(&[u8], &mut Text<'_>) -> Result<(), DecodeError>,
}

impl Registered {
    pub(super) const fn new<M: Message>() -> Self {
        Self { descriptor: M::descriptor, encode: encode::<M>, print: print::<M> }
    }
}

impl TypeRegistry {
    /// One without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One with the messages of [`well_known`] that may be met in an `Any`.
    #[must_use]
    pub fn well_known() -> Self {
        let mut types = Self::new();
        types.add::<well_known::Any>().add::<well_known::Empty>();
        types.add::<well_known::Timestamp>().add::<well_known::Duration>().add::<well_known::FieldMask>();
        types.add::<well_known::Struct>().add::<well_known::Value>().add::<well_known::ListValue>();
        types.add::<well_known::DoubleValue>().add::<well_known::FloatValue>();
        types.add::<well_known::Int64Value>().add::<well_known::UInt64Value>();
        types.add::<well_known::Int32Value>().add::<well_known::UInt32Value>();
        types.add::<well_known::BoolValue>().add::<well_known::StringValue>().add::<well_known::BytesValue>();
        types
    }

    /// Adds a type under its full name.
    pub fn add<M: Message>(&mut self) -> &mut Self {
        self.types.insert(M::FULL_NAME, Registered::new::<M>());
        self
    }

    /// Adds an extension, under its full name and under its number in the message that it extends.
    pub fn add_extension(&mut self, extension: &'static ExtensionDescriptor) -> &mut Self {
        self.extensions.insert(extension.full_name, extension);
        self.by_number.insert((extension.extendee, extension.field.number), extension);
        self
    }

    /// The extension of a message by its full name.
    pub(super) fn extension(&self, extendee: &str, name: &str) -> Option<&'static ExtensionDescriptor> {
        self.extensions.get(name).copied().filter(|extension| extension.extendee == extendee)
    }

    /// The extension of a message by its number.
    pub(super) fn extension_by_number(
        &self,
        extendee: &'static str,
        number: u32,
    ) -> Option<&'static ExtensionDescriptor> {
        self.by_number.get(&(extendee, number)).copied()
    }

    /// Whether it has any extension.
    pub(super) fn has_extensions(&self) -> bool {
        !self.extensions.is_empty()
    }

    /// The type that a URL names behind its last slash, such as `type.googleapis.com/google.protobuf.Empty`.
    pub(super) fn get(&self, url: &str) -> Option<Registered> {
        let (_, name) = url.rsplit_once('/')?;
        self.types.get(name).copied()
    }
}

impl fmt::Debug for TypeRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.types.keys()).entries(self.extensions.keys()).finish()
    }
}

fn encode<M: Message>(bytes: &[u8], unknown: Unknown) -> Result<Vec<u8>, DecodeError> {
    let message = M::decode(bytes)?;
    // What has been decoded lacks nothing; it can only be too large.
    let too_large = |_| DecodeError::new(0, DecodeErrorKind::TooLarge { size: message.encoded_len() });
    encode_with(&message, unknown).map_err(too_large)
}

fn print<M: Message>(bytes: &[u8], text: &mut Text<'_>) -> Result<(), DecodeError> {
    let message = M::decode(bytes)?;
    text.fields(&message);
    Ok(())
}
