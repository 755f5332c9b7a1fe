//! The well-known types, which every implementation of Protocol Buffers has: messages of the package
//! `google.protobuf`, and what turns them into types of Rust and back.
//!
//! | file | types here | conversions |
//! | --- | --- | --- |
//! | google/protobuf/any.proto | [`Any`] | [`pack`](Any::pack), [`unpack`](Any::unpack), [`is`](Any::is) |
//! | …/timestamp.proto | [`Timestamp`] | [`SystemTime`](std::time::SystemTime) |
//! | …/duration.proto | [`Duration`] | [`std::time::Duration`] |
//! | …/empty.proto | [`Empty`] | `()` |
//! | …/field_mask.proto | [`FieldMask`] | a list of paths, one string of them, the form of JSON |
//! | …/struct.proto | [`Struct`], [`Value`], [`ListValue`], [`NullValue`] | numbers, strings, lists, maps |
//! | …/wrappers.proto | [`DoubleValue`] to [`BytesValue`] | their scalars |
//! | …/source_context.proto, type.proto, api.proto | [`SourceContext`], [`Type`], [`Field`], [`Enum`], [`EnumValue`], [`Option`], [`Syntax`], [`Api`], [`Method`], [`Mixin`] | |
//!
//! `threadwire-build` names these types where a .proto file imports those files, so that messages of different crates
//! share one `Timestamp`. The rules of each are in the comments of its .proto file
//! (<https://protobuf.dev/reference/protobuf/google.protobuf/>).
//!
//! The messages are generated code that is checked in (`generated`), so that who compiles no .proto file does not
//! compile the generator either. CONTRIBUTING.md has the command that writes it anew.
//!
//! ```
//! use std::time::SystemTime;
//! use threadwire::protobuf::well_known::{Any, Timestamp, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let born = Timestamp::try_from(SystemTime::UNIX_EPOCH)?;
//! let packed = Any::pack(&born)?;
//! assert_eq!(packed.type_url, "type.googleapis.com/google.protobuf.Timestamp");
//! assert_eq!(packed.unpack::<Timestamp>()?, born);
//!
//! let list = Value::from(vec![1.5, 2.0]);
//! assert_eq!(list.as_list().and_then(|values| values[1].as_f64()), Some(2.0));
//! # Ok(())
//! # }
//! ```

mod any;
mod duration;
mod error;
mod field_mask;
#[rustfmt::skip]
mod generated;
mod timestamp;
mod values;
mod wrappers;

pub use any::UnpackError;
pub use error::TimeError;
pub use field_mask::FieldMaskError;
pub use generated::*;
