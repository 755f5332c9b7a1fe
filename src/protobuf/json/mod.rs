//! Messages as JSON: <https://protobuf.dev/programming-guides/json/>.
//!
//! Owns the mapping; what a message's fields are it knows by descriptors. [`Message::to_json`] and
//! [`Message::from_json`] are the short way; [`Printer`] and [`Parser`] have what can be chosen.
//!
//! ```
//! # #[cfg(feature = "program")] // which compiles this file
//! # mod example {
//! mod proto {
//!     threadwire::include_proto!("person");
//! }
//! use proto::Person;
//! use threadwire::protobuf::{Message, json};
//!
//! # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let person = Person::from_json(r#"{ "name": "John Doe", "id": "1.23e2" }"#)?;
//! assert_eq!(person.id, 123);
//! assert_eq!(person.to_json()?, r#"{"name":"John Doe","id":123}"#);
//!
//! let all = json::Printer::new().always_print(true).print(&person)?;
//! assert_eq!(all, r#"{"name":"John Doe","id":123,"email":""}"#);
//!
//! let error = Person::from_json("{\n  \"id\": true\n}").unwrap_err();
//! assert_eq!(error.to_string(), "id at 2:9: expected a whole number of 32 bits, got true");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "program")]
//! # example::main().unwrap();
//! ```
//!
//! A message is printed by way of its bytes, and parsed by way of them: `print` walks over what the encoder wrote,
//! `parse` writes what the decoder reads, so that no code is generated for JSON. Unknown fields are not shown, but for
//! the extensions that are in the [`TypeRegistry`]: behind the known fields, as `"[package.name]"`.
//!
//! # What is read
//!
//! Fields by their JSON names and by those of the .proto file, extensions in the registry as `"[package.name]"`;
//! numbers and strings for numbers of all kinds, whole ones as `1e2` and `1.0` too; enums by name and number; `null`
//! for a field that is not set; bytes in both alphabets of base64, padded or not. A name that comes twice is an error,
//! as are two members of a oneof, a number out of its type's range, half a surrogate pair, and a missing required
//! field.
//!
//! # Well-known types
//!
//! `Timestamp`, `Duration`, `FieldMask`, `Struct`, `Value`, `ListValue`, `NullValue` and the wrappers of
//! `google.protobuf` have their own forms, whatever Rust types were generated for them. `Any` is shown as what is in
//! it, if that is in the [`TypeRegistry`], and is an error otherwise.

mod base64;
mod error;
mod lexer;
mod number;
mod output;
mod parse;
mod parse_special;
mod print;
mod print_special;
mod time;

pub use error::{PrintError, PrintErrorKind};

use super::{Message, ParseError, TypeRegistry};

/// How messages are printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Printer<'t> {
    types: Option<&'t TypeRegistry>,
    always_print: bool,
    proto_names: bool,
    enum_numbers: bool,
    pretty: bool,
}

impl<'t> Printer<'t> {
    /// The defaults: as [`Message::to_json`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The types that may lie in an `Any`, and the extensions that are shown.
    #[must_use]
    pub fn types(mut self, types: &'t TypeRegistry) -> Self {
        self.types = Some(types);
        self
    }

    /// Whether fields without presence, lists and maps are printed though they have their default value.
    #[must_use]
    pub fn always_print(mut self, always: bool) -> Self {
        self.always_print = always;
        self
    }

    /// Whether fields are called as in the .proto file, `first_name` instead of `firstName`.
    #[must_use]
    pub fn proto_names(mut self, keep: bool) -> Self {
        self.proto_names = keep;
        self
    }

    /// Whether values of enums are printed as numbers.
    #[must_use]
    pub fn enum_numbers(mut self, numbers: bool) -> Self {
        self.enum_numbers = numbers;
        self
    }

    /// Whether each field has a line of its own, indented by two spaces a level; else all is one line without spaces.
    #[must_use]
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }

    /// Prints a message.
    ///
    /// # Errors
    ///
    /// When it has no JSON form: a `Timestamp` or `Duration` out of its range, a `Value` that is not set or not a
    /// finite number, an `Any` of a type that is not in the registry, messages that lie too deep within each other.
    pub fn print<M: Message>(&self, message: &M) -> Result<String, PrintError> {
        print::print(self, message)
    }
}

/// How messages are parsed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parser<'t> {
    types: Option<&'t TypeRegistry>,
    ignore_unknown_fields: bool,
}

impl<'t> Parser<'t> {
    /// The defaults: as [`Message::from_json`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The types that may lie in an `Any`, and the extensions that are known.
    #[must_use]
    pub fn types(mut self, types: &'t TypeRegistry) -> Self {
        self.types = Some(types);
        self
    }

    /// Whether fields that the message does not have, and names that an enum does not have, are passed over; by default
    /// they are errors.
    #[must_use]
    pub fn ignore_unknown_fields(mut self, ignore: bool) -> Self {
        self.ignore_unknown_fields = ignore;
        self
    }

    /// Parses a message.
    ///
    /// # Errors
    ///
    /// When `json` is not such a message; the error names the field, the line and the column.
    pub fn parse<M: Message>(&self, json: &str) -> Result<M, ParseError> {
        parse::parse(*self, json)
    }
}
