//! gRPC, WebSocket and Protocol Buffers on plain threads, without an async runtime.

// Generated code and the code of users name this crate alike: `::threadwire::…`.
extern crate self as threadwire;

pub mod error;
pub mod inspect;
pub mod limits;
pub mod net;
pub mod threads;

#[cfg(any(feature = "grpc", feature = "websocket"))]
pub(crate) mod link;

#[cfg(feature = "protobuf")]
pub mod protobuf;

#[cfg(feature = "grpc")]
pub(crate) mod http2;

#[cfg(feature = "grpc")]
pub mod grpc;

#[cfg(feature = "websocket")]
pub mod websocket;

pub use error::Error;
pub use limits::Limits;
pub use threads::Threads;
