//! Messages whose types were written with plain quick-protobuf, or emitted by pb-rs itself. quick-protobuf's traits are
//! in the public face only here.

use std::any::type_name;

use bytes::Bytes;
use quick_protobuf::{BytesReader, MessageRead, MessageWrite, Writer};

use super::{Payload, PayloadError};

/// A message of plain quick-protobuf 0.8 as the request or response of a call.
///
/// **Only for peers that you trust.** Its bytes are read by the code that pb-rs emitted, with quick-protobuf's reader,
/// and nothing that threadwire promises of decoding holds for them:
///
/// - 15 bytes are enough to keep the thread busy for ever (`0a 01 10 00 1a f3 ff ff ff ff ff ff ff ff 01`).
/// - Messages may nest without limit: 19 kB of them overflow the stack, which ends the process.
/// - Packed lists of fixed numbers are read by casting pointers: in a debug build a misaligned one ends the process.
/// - Lengths above 2³² wrap, field number 0 and tags above 32 bits are taken.
/// - Unknown fields are dropped, unknown values of enums become the default, a message that comes twice is replaced
///   instead of merged, a list that comes packed where it is declared otherwise is lost (and the other way round).
///
/// Compile the .proto file with `threadwire-build` instead wherever you can; this is for code that is there already.
/// Only types that own what they hold will do (pb-rs's option `dont_use_cow`).
///
/// ```
/// # #[cfg(feature = "grpc")]
/// # mod example {
/// use quick_protobuf::{BytesReader, MessageRead, MessageWrite, Result, Writer, WriterBackend};
/// use threadwire::grpc::{Request, Response, ServiceDefinition};
/// use threadwire::protobuf::compat::Foreign;
///
/// #[derive(Debug, Default)]
/// struct Name {
///     name: String,
/// }
/// # impl<'a> MessageRead<'a> for Name {
/// #     fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
/// #         let mut message = Self::default();
/// #         while !r.is_eof() {
/// #             match r.next_tag(bytes)? {
/// #                 10 => message.name = r.read_string(bytes)?.to_owned(),
/// #                 tag => r.read_unknown(bytes, tag)?,
/// #             }
/// #         }
/// #         Ok(message)
/// #     }
/// # }
/// # impl MessageWrite for Name {
/// #     fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
/// #         w.write_with_tag(10, |w| w.write_string(&self.name))
/// #     }
/// # }
/// // impl MessageRead and MessageWrite for Name, as pb-rs emits them
///
/// # pub fn main() {
/// let service = ServiceDefinition::new("example.Greeter").unary("Greet", |request: Request<Foreign<Name>>| {
///     let Foreign(Name { name }) = request.into_message();
///     Ok(Response::from(Foreign(Name { name: format!("Hello, {name}!") })))
/// });
/// # assert_eq!(service.name(), "example.Greeter");
/// # }
/// # }
/// # #[cfg(feature = "grpc")]
/// # example::main();
/// ```
///
/// A client calls with `grpc::Channel::unary` and its like. Services that `threadwire-build`
/// emits take such a type too, if the builder is told so: `extern_path(".example.Name", "crate::ForeignName")` with
/// `type ForeignName = Foreign<Name>`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Foreign<T>(pub T);

impl<T> From<T> for Foreign<T> {
    fn from(message: T) -> Self {
        Self(message)
    }
}

impl<T: for<'a> MessageRead<'a> + MessageWrite> Payload for Foreign<T> {
    fn name() -> &'static str {
        type_name::<T>()
    }

    fn from_wire(bytes: Bytes) -> Result<Self, PayloadError> {
        Ok(Self(T::from_reader(&mut BytesReader::from_bytes(&bytes), &bytes)?))
    }

    fn to_wire(&self, buffer: &mut Vec<u8>) -> Result<(), PayloadError> {
        buffer.reserve(self.0.get_size());
        Ok(self.0.write_message(&mut Writer::new(buffer))?)
    }
}
