//! The message layer: [`Message`], decoding, encoding, unknown fields, the text form, JSON, and the well-known types
//! ([`well_known`]). What a call can carry is a [`Payload`], as every message is.
//!
//! Owns the rules of the Protocol Buffers encoding (<https://protobuf.dev/programming-guides/encoding/>) as far as
//! they do not depend on one message; what does is generated from the .proto file by `threadwire-build` and calls the
//! pieces in [`runtime`]. Knows nothing of gRPC. quick-protobuf is named only here: its `Writer` writes, and of its
//! `BytesReader` only the reads of one varint and of one fixed number are used, each on an exact slice, because the
//! rest of that reader is not safe on bytes from a peer. ([`compat`] hands other people's messages to all of it.)
//!
//! # From a .proto file to bytes
//!
//! A build script compiles the file:
//!
//! ```text
//! threadwire_build::Builder::new().include("proto").compile(&["proto/person.proto"])?;
//! ```
//!
//! and the program includes what was generated, by package or, without a package, by the file's stem:
//!
//! ```
//! # #[cfg(feature = "program")] // which compiles this file
//! # mod example {
//! mod proto {
//!     threadwire::include_proto!("person");
//! }
//! use proto::Person;
//! use threadwire::protobuf::Message;
//!
//! # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let person = Person { name: "John Doe".into(), id: 123, ..Default::default() };
//! let bytes = person.encode_to_vec()?;
//! assert_eq!(Person::decode(&bytes)?, person);
//! assert_eq!(person.to_text(), "name: \"John Doe\"\nid: 123\n");
//!
//! let error = Person::decode(&bytes[..6]).unwrap_err();
//! assert_eq!(error.to_string(), "name at byte 0x2: needs 8 bytes, 4 left");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "program")]
//! # example::main().unwrap();
//! ```
//!
//! # What decoding promises
//!
//! - No input makes it panic, hang or use memory out of proportion: every length is checked before it is used, messages
//!   nest at most [`RECURSION_LIMIT`] deep, [`MEMORY_PER_BYTE`] and [`UNKNOWN_FIELD_LIMIT`] bound the rest.
//! - Fields it does not know, and known fields with another wire type, are kept and written again, byte for byte.
//! - A field that comes twice is merged as the rules say: the last scalar wins, messages merge, lists grow.
//!
//! [`text`] and, with the feature `json`, `json` are read by way of the same bytes: they are written in the wire format
//! as the message's [descriptor](MessageDescriptor) tells, and decoded.

pub mod compat;
mod decode;
mod descriptor;
mod element;
mod encode;
mod error;
mod extension;
#[cfg(feature = "json")]
pub mod json;
mod message;
mod missing;
mod number;
mod parse_error;
mod path;
mod payload;
mod records;
mod registry;
mod scalar;
mod shared_string;
mod special;
pub mod text;
mod transcode;
mod unknown;
mod visit;
pub mod well_known;

/// Bytes in a buffer that they share, as messages of `threadwire_build::Builder::shared` hold them.
pub use bytes::Bytes;
pub use descriptor::{EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind};
pub use message::{Enumeration, Message};
pub use parse_error::{ParseError, ParseErrorKind};
pub use payload::{Payload, PayloadError};
pub use registry::TypeRegistry;
pub use shared_string::SharedString;
pub use unknown::UnknownFields;

/// How many messages may lie within each other below the outermost one, as in the other implementations.
pub const RECURSION_LIMIT: u32 = 100;

/// How many unknown fields one decode keeps in all its messages.
pub const UNKNOWN_FIELD_LIMIT: u32 = 1 << 20;

/// How many bytes of memory list elements, map entries and boxed messages may take for each byte that is decoded.
///
/// Two bytes of input are enough for an element that is a structure of any size. Ordinary messages take two to thirty
/// bytes a byte; one decode has [`MEMORY_ALLOWANCE`] besides, which is for those that do not.
pub const MEMORY_PER_BYTE: usize = 64;

/// How many bytes of memory one decode may take beyond [`MEMORY_PER_BYTE`].
pub const MEMORY_ALLOWANCE: usize = 64 << 20;

/// The largest encoded message, by the rules of Protocol Buffers: 2 GiB - 1.
pub const MESSAGE_SIZE_LIMIT: usize = i32::MAX as usize;

/// What generated code calls; not for use by hand, and free to change.
#[doc(hidden)]
pub mod runtime {
    pub use super::decode::Decoder;
    pub use super::descriptor::{EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
    pub use super::element::{
        Bool, Boxed, Bytes, Closed, Double, Element, Enum, Fixed32, Fixed64, Float, Group, Int32, Int64, Nested,
        Packable, Scalar, Sfixed32, Sfixed64, SharedBytes, SharedStr, Sint32, Sint64, Str, Uint32, Uint64,
    };
    pub use super::visit::Visitor;
}

/// Includes what `threadwire-build` generated for a package, or for a file without one by its stem; or all packages at
/// once, by the name of the builder's `include_file`.
///
/// ```text
/// mod proto {
///     threadwire::include_proto!("helloworld");
/// }
/// ```
#[macro_export]
macro_rules! include_proto {
    ($package:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $package, ".rs"));
    };
}
