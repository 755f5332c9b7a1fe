//! gRPC over HTTP/2, server and client, on plain threads.
//!
//! ```text
//!   HTTP/2 streams ─► server: head (is it a call?) ─► body: frame (messages) ─► pool or a thread ─► handler
//!                     client: Channel ─► head, messages ─► response: messages, trailers ─► Status
//! ```
//! - `code`, `content_type`, `status`, `metadata`, `timeout`, `frame`, `mapping`: the rules of the wire, without I/O;
//!   only `mapping` asks the clock, whether a deadline has passed.
//! - `compression`: messages made shorter, and the limits of what comes of them.
//! - `request`, `response`, `method`, `cancellation`, `canceller`: what handlers and callers hold. `body`: receiving
//!   messages; `taps`: showing them to interceptors.
//! - `server`, `client`: the two ends. [`details`]: messages that say more about an error.
//!
//! Services and messages are generated from .proto files by `threadwire-build`.

mod body;
mod cancellation;
mod canceller;
mod client;
mod code;
mod compression;
mod content_type;
pub mod details;
mod frame;
mod mapping;
mod metadata;
mod method;
mod quota;
mod request;
mod response;
mod server;
mod status;
mod taps;
mod timeout;

pub use cancellation::{CancelCause, Cancellation};
pub use canceller::Canceller;
pub use client::{
    Backoff, Channel, ChannelBuilder, ChannelState, ClientInterceptor, Driver, Invoked, Invoker, OutgoingCall,
    PendingResponse, RequestSink, ResponseStream,
};
pub use code::Code;
pub use compression::Encoding;
pub use metadata::{InvalidMetadata, Metadata, MetadataValue};
pub use method::{CallKind, InvalidMethod, MethodDescriptor};
pub use request::Request;
pub use response::Response;
pub use server::{
    Dispatch, InProcess, IncomingCall, Next, RequestStream, ResponseSink, Server, ServerBuilder, ServerHandle,
    ServerInterceptor, ServiceDefinition, ShutdownReport,
};
pub use status::{Origin, Status};
pub use taps::Completed;

pub use crate::protobuf::Payload;
