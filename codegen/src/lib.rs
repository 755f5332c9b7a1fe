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
//! | `bytes data = 1` | `data: Vec<u8>` |
//! | `group Part = 1` (proto2) | `part: Option<Part>`, a message |
//! | `service Greeter` | `trait Greeter`, `GreeterServer`, `GreeterClient` |
//!
//! # Several packages
//!
//! Types of other packages are reached by relative paths, so the files must lie in modules that nest as the packages
//! do. [`Builder::include_file`] writes a file that does just that; then one line includes them all:
//!
//! ```no_run
//! # fn main() -> Result<(), threadwire_build::Error> {
//! threadwire_build::Builder::new()
//!     .include("proto")
//!     .include_file("all.rs")
//!     .compile(&["proto/shop/orders.proto", "proto/shop/stock.proto"])?;
//! # Ok(())
//! # }
//! ```
//!
//! `mod proto { threadwire::include_proto!("all"); }` then has `proto::shop::orders::Order`, and so on.
//!
//! # Types that are there already
//!
//! The well-known types of `google/protobuf/*.proto` (`Timestamp`, `Duration`, `Any`, `Struct`, …) are not emitted:
//! they are those of `threadwire::protobuf::well_known`, the same for every crate, with conversions. (The descriptors
//! of `descriptor.proto` are no well-known types.) [`Builder::extern_path`] names types of other crates in the same
//! way.
//!
//! # Without copies
//!
//! [`Builder::shared`] makes messages whose strings and bytes are parts of the buffer that they were received in:
//! `threadwire::protobuf::{SharedString, Bytes}` in place of `String` and `Vec<u8>`. A handler's requests are decoded so.
//!
//! # Descriptors
//!
//! [`Builder::descriptor_set`] writes the descriptors of all files and of what they import, as `protoc
//! --include_imports --descriptor_set_out` does; `include_bytes!(concat!(env!("OUT_DIR"), "/name"))` has them in the
//! program.
//!
//! # Without a build script
//!
//! Some build systems run none. Then write the files among the sources, with a program of your own that is run by hand
//! when a .proto file has changed, and check them in:
//!
//! ```no_run
//! # fn main() -> Result<(), threadwire_build::Error> {
//! threadwire_build::Builder::new()
//!     .include("proto")
//!     .out_dir("src/proto")
//!     .include_file("mod.rs")
//!     .compile(&["proto/shop/orders.proto"])?;
//! # Ok(())
//! # }
//! ```
//!
//! `mod proto;` in the crate's root brings them in; the crate itself depends on threadwire alone. (rustfmt leaves
//! `#[rustfmt::skip] mod proto;` as it was written.) threadwire's well-known types come into being this way. A test
//! that calls [`Builder::generate`] and compares shows whether the files are fresh.
//!
//! # When something is wrong
//!
//! [`Error`] is shown by a build script as a compiler would: a line for each thing that is wrong, with
//! `file:line:column`. Cargo runs the script again when a file that was read changes, imported ones too, or one is
//! added to an include directory (as far as that lies in the package, and what is written does not lie in it).
//!
//! # How
//!
//! `front` has the files read by protox; `rules` refuses what protoc does and protox does not; `read` turns the
//! descriptors into the plain data of `model`; `normal` writes that data as one plain .proto file which pb-rs reads
//! rightly; `types` cuts the types out of what pb-rs makes of it; `externs` knows what is there already; `cycles` finds
//! what must be boxed; `emit` names the types, writes the codec and the services.
//!
//! # proto2
//!
//! - A `required` field is an `Option`, like one that is `optional`; a message that lacks it is neither encoded nor
//!   decoded.
//! - A field with a default `[default = 7]` has a method `name_or_default` besides.
//! - A group is a message of its own.
//! - Enums are closed: a number that the file does not name is kept among the unknown fields.
//! - Extensions are not part of the message's type: their values are kept among the unknown fields. Each has a static
//!   with its name (`pub static OUTSIDE`) for the registry of the text form and JSON, but for those of message sets.
//!
//! Editions are refused, since protox does not read them. It follows `import public` for one step only: import the
//! other file, too.
//!
//! # Long chains
//!
//! Where dozens of messages each hold the next, rustc may say "overflow evaluating the requirement": then the crate
//! needs `#![recursion_limit = "256"]`, as rustc suggests.

mod builder;
mod complaint;
mod cycles;
mod descriptors;
mod emit;
mod error;
mod extensions;
mod externs;
mod front;
mod model;
mod names;
mod normal;
mod number;
mod places;
mod read;
mod required;
mod resolver;
mod rewrite;
mod rules;
mod types;
mod watch;

pub use builder::{Builder, Generated};
pub use error::Error;
