//! The text form of a message, printed and parsed: <https://protobuf.dev/reference/protobuf/textformat-spec/>.
//!
//! Owns the grammar; what a message's fields are it knows by descriptors and visitors. [`Message::to_text`] and
//! [`Message::from_text`] are the short way; [`Printer`] and [`Parser`] have what can be chosen.
//!
//! ```
//! # #[cfg(feature = "program")] // which compiles this file
//! # mod example {
//! mod proto {
//!     threadwire::include_proto!("person");
//! }
//! use proto::Person;
//! use threadwire::protobuf::{Message, text};
//!
//! # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let person = Person::from_text("name: 'John ' \"Doe\"; id: 0x7b # and so on")?;
//! assert_eq!(person.to_text(), "name: \"John Doe\"\nid: 123\n");
//!
//! let parser = text::Parser::new().ignore_unknown_fields(true);
//! assert_eq!(parser.parse::<Person>("id: 1 other { a: [1, 2] }")?.id, 1);
//!
//! let error = Person::from_text("id: true").unwrap_err();
//! assert_eq!(error.to_string(), "id at 1:5: expected a whole number of 32 bits, got true");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "program")]
//! # example::main().unwrap();
//! ```
//!
//! # What is read
//!
//! All of the specification: comments, adjacent strings, every escape, numbers in decimal, octal and hexadecimal, lists
//! in brackets, messages in braces or angle brackets, `,` and `;` behind fields, enums by name and number, groups by
//! the name of their type, an `Any` as `[type.googleapis.com/x.Y] { … }` if its type is in the registry, and extensions
//! as `[x.y]` if they are there. A field that comes twice and is no list is an error, as are two members of a oneof and
//! a missing required field. Fields by number and other extensions are not known; [`Parser::ignore_unknown_fields`]
//! passes over them.
//!
//! # What is printed
//!
//! What Python's `print(message)` shows, but for maps, which come in the order of their keys, for an `Any`, which is
//! shown as its type if that is in the registry, and for extensions, which are shown behind the known fields, in the
//! order of their numbers, if they are in the registry.

mod lexer;
mod parse;
mod parse_bracketed;
mod print;

pub(super) use print::Text;

use super::{Message, ParseError, TypeRegistry};

/// How messages are printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Printer<'t> {
    types: Option<&'t TypeRegistry>,
    unknown_fields: bool,
}

impl<'t> Printer<'t> {
    /// The defaults: as [`Message::to_text`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows what is in an `Any`, if its type is one of these, and the extensions that are.
    #[must_use]
    pub fn types(mut self, types: &'t TypeRegistry) -> Self {
        self.types = Some(types);
        self
    }

    /// Whether fields are shown that the .proto file does not name, by their numbers; they are not by default, and
    /// could not be parsed again.
    #[must_use]
    pub fn unknown_fields(mut self, show: bool) -> Self {
        self.unknown_fields = show;
        self
    }

    /// Prints a message, a field a line.
    #[must_use]
    pub fn print<M: Message>(&self, message: &M) -> String {
        let mut text = Text::new(self.types, self.unknown_fields);
        text.fields(message);
        text.into_string()
    }
}

/// How messages are parsed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parser<'t> {
    types: Option<&'t TypeRegistry>,
    ignore_unknown_fields: bool,
}

impl<'t> Parser<'t> {
    /// The defaults: as [`Message::from_text`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The types that may be written out in an `Any`, and extensions.
    #[must_use]
    pub fn types(mut self, types: &'t TypeRegistry) -> Self {
        self.types = Some(types);
        self
    }

    /// Whether fields that the message does not have, fields by number and extensions that are not in the registry are
    /// passed over; by default they are errors.
    #[must_use]
    pub fn ignore_unknown_fields(mut self, ignore: bool) -> Self {
        self.ignore_unknown_fields = ignore;
        self
    }

    /// Parses a message.
    ///
    /// # Errors
    ///
    /// When `text` is not such a message; the error names the field, the line and the column.
    pub fn parse<M: Message>(&self, text: &str) -> Result<M, ParseError> {
        parse::parse(*self, text)
    }
}
