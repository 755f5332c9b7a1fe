//! What a .proto file declares of a message or an enum, as static data: names, numbers, types, labels.
//!
//! Owns the plain types; the values are emitted by `threadwire-build` and reached through [`Message::descriptor`] and
//! [`Enumeration::descriptor`] alone, so that a program which reads and prints neither JSON nor text links none of
//! them.
//!
//! [`Message::descriptor`]: super::Message::descriptor
//! [`Enumeration::descriptor`]: super::Enumeration::descriptor

use super::Message;
use super::registry::Registered;

/// A message as its .proto file declares it.
#[derive(Debug)]
#[non_exhaustive]
pub struct MessageDescriptor {
    /// The name with its package, such as `helloworld.HelloRequest`.
    pub full_name: &'static str,
    /// The fields, in the order of their numbers.
    pub fields: &'static [FieldDescriptor],
    /// The names of the oneofs; [`Label::Member`] has the index.
    pub oneofs: &'static [&'static str],
    /// The names that are reserved: the text form passes over fields of these names.
    pub reserved_names: &'static [&'static str],
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FieldDescriptor {
    /// The name in the .proto file, such as `first_name`.
    pub name: &'static str,
    /// The name in JSON: `firstName`, or what the option `json_name` says.
    pub json_name: &'static str,
    /// The number.
    pub number: u32,
    /// The type of a value.
    pub kind: Kind,
    /// How many values there are, and whether a missing one is told from the default.
    pub label: Label,
}

/// An extension as its .proto file declares it: a field of a message that is declared elsewhere (proto2).
///
/// `threadwire-build` emits one as a static of the extension's name, `OUTSIDE` for `extend X { … outside = 100; }`,
/// in the module of the package or of the message that it stands in. What it is for is in [`TypeRegistry`].
///
/// [`TypeRegistry`]: super::TypeRegistry
#[derive(Debug)]
#[non_exhaustive]
pub struct ExtensionDescriptor {
    /// The full name of the message that it extends.
    pub extendee: &'static str,
    /// Its own name with its package, and with the messages that it stands in.
    pub full_name: &'static str,
    /// The field that it is.
    pub field: FieldDescriptor,
    /// Reads its values, if they are messages.
    pub(super) codec: Option<Registered>,
}

/// An enum as its .proto file declares it.
#[derive(Debug)]
#[non_exhaustive]
pub struct EnumDescriptor {
    /// The name with its package.
    pub full_name: &'static str,
    /// Names and numbers as they are declared; of two names for one number the first one is printed.
    pub values: &'static [(&'static str, i32)],
    /// Whether numbers without a name are no values of it, as in proto2.
    pub is_closed: bool,
}

/// How a field is declared.
#[derive(Debug, Clone, Copy)]
pub enum Label {
    /// One value without presence: the default is as good as none.
    Singular,
    /// At most one value.
    Optional,
    /// Exactly one value (proto2).
    Required,
    /// A list, with a field of the wire for each value.
    Repeated,
    /// A list of numbers, all in one field of the wire.
    Packed,
    /// A map with keys of this type.
    Map(Kind),
    /// A member of the oneof with this index.
    Member(usize),
}

/// The type of a value. What lies within it is named by a function, so that messages may contain themselves.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the scalars are called as in .proto files")]
pub enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(fn() -> &'static EnumDescriptor),
    Message(fn() -> &'static MessageDescriptor),
    /// A message between tags instead of behind its length.
    Group(fn() -> &'static MessageDescriptor),
}

impl MessageDescriptor {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        full_name: &'static str,
        fields: &'static [FieldDescriptor],
        oneofs: &'static [&'static str],
        reserved_names: &'static [&'static str],
    ) -> Self {
        Self { full_name, fields, oneofs, reserved_names }
    }
}

impl FieldDescriptor {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, json_name: &'static str, number: u32, kind: Kind, label: Label) -> Self {
        Self { name, json_name, number, kind, label }
    }
}

impl ExtensionDescriptor {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(extendee: &'static str, full_name: &'static str, field: FieldDescriptor) -> Self {
        Self { extendee, full_name, field, codec: None }
    }

    /// The same with messages or groups as its values. What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<M: Message>(self) -> Self {
        Self { codec: Some(Registered::new::<M>()), ..self }
    }
}

impl EnumDescriptor {
    /// What generated code calls.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(full_name: &'static str, values: &'static [(&'static str, i32)], is_closed: bool) -> Self {
        Self { full_name, values, is_closed }
    }

    /// The number of a name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i32> {
        self.values.iter().find(|(other, _)| *other == name).map(|(_, number)| *number)
    }

    /// The first name of a number.
    #[must_use]
    pub fn name(&self, number: i32) -> Option<&'static str> {
        self.values.iter().find(|(_, other)| *other == number).map(|(name, _)| *name)
    }
}

impl Label {
    /// Whether there may be any number of values.
    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::Repeated | Self::Packed | Self::Map(_))
    }
}

impl Kind {
    /// The wire type outside a packed list: that of the opening tag.
    pub(super) fn wire_type(self) -> u32 {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => 1,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => 5,
            Self::String | Self::Bytes | Self::Message(_) => 2,
            Self::Group(_) => 3,
            Self::Int32 | Self::Int64 | Self::Uint32 | Self::Uint64 | Self::Sint32 | Self::Sint64 => 0,
            Self::Bool | Self::Enum(_) => 0,
        }
    }
}
