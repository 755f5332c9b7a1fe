//! Compiles .proto files for threadwire: messages with their codec, and the traits, servers and clients of services.
//!
//! Call it from a build script; nothing else needs to be installed:
//!
//! ```no_run
//! # fn main() -> Result<(), threadwire_build::Error> {
//! threadwire_build::Builder::new().include("proto").compile(&["proto/helloworld.proto"])?;
//! # Ok(())
//! # }
//! ```
//!
//! and include what it wrote with `threadwire::include_proto!("helloworld")`.
//!
//! # What becomes of a .proto file
//!
//! | .proto | Rust |
//! |---|---|
//! | a package | one file `package.rs`; a file without a package becomes `stem.rs` |
//! | `message Person` | `struct Person`, which implements `threadwire::protobuf::Message` |
//! | a message or enum within `Person` | the same within a module `person` |
//! | `enum Kind { KIND_UNKNOWN = 0; … }` | `enum Kind { Unknown, …, Unrecognized(i32) }` |
//! | `string name = 1` | `name: String`; not written while empty |
//! | `optional string name = 1`, a message | `name: Option<String>`; boxed where messages contain themselves |
//! | `repeated`, `map` | `Vec`, `BTreeMap` |
//! | `oneof contact` | `contact: Option<person::Contact>`, an enum |
//! | `service Greeter` | `trait Greeter`, `GreeterServer`, `GreeterClient` |
//!
//! Types of other packages are reached by relative paths, so include the files in modules that nest as the packages
//! do: `mod google { pub mod protobuf { threadwire::include_proto!("google.protobuf"); } }`.
//!
//! # How
//!
//! `front` has the files read by protox; `read` turns the descriptors into the plain data of `model` and refuses what
//! is not supported; `normal` writes that data as one plain .proto file which pb-rs reads rightly; `types` cuts the
//! types out of what pb-rs makes of it; `cycles` finds what must be boxed; `emit` names the types, writes the codec and
//! the services.
//!
//! # proto2
//!
//! - A `required` field is an `Option`, like one that is `optional`; a message that lacks it is neither encoded nor
//!   decoded.
//! - A field with a default `[default = 7]` has a method `name_or_default` besides.
//! - A group is a message of its own.
//! - Enums are closed: a number that the file does not name is kept among the unknown fields.
//! - Extensions are not part of the message's type: their values are kept among the unknown fields.
//!
//! Editions are refused, since protox does not read them.

mod builder;
mod cycles;
mod emit;
mod error;
mod front;
mod model;
mod names;
mod normal;
mod read;
mod required;
mod resolver;
mod types;

pub use builder::{Builder, Generated};
pub use error::Error;
