//! gRPC, WebSocket and Protocol Buffers on plain threads, without an async runtime.
//!
//! # In scope
//! - gRPC over HTTP/2, server and client (`grpc`), with services and messages generated from .proto files by
//!   `threadwire-build`, without `protoc`.
//! - WebSocket, server and client (`websocket`).
//! - Protocol Buffers messages: bounded decoding, unknown fields, the text form (`protobuf`), JSON (`json`).
//! - Seeing what passes: one line a frame ([`inspect`]), from any connection's bytes ([`net::Observer`]).
//!
//! Every call blocks the thread it is made on, for no longer than the deadline that it is given, if it is given one.
//! From other threads, servers are ended by their handles, WebSockets by their `Sender`s, and gRPC calls that have a
//! `RequestSink` by dropping it. In a process that was forked from the one that made them, servers, channels and
//! WebSockets say so in an error, and do nothing.
//!
//! # Out of scope
//! An executor, `async fn`, io_uring; QUIC and HTTP/3; serving ordinary HTTP.
//!
//! # A tour
//! Bytes come in by [`net`], one socket at a time; the private room `link` drives a protocol's engine on each, with
//! whatever thread has work for it. For gRPC the engine is h2 (private room `http2`), above it `grpc` cuts messages
//! out of DATA frames, `protobuf` decodes them, and the method that the path names gets them. For WebSocket the
//! engine is `websocket`'s protocol, and the connection's handler gets the messages. ARCHITECTURE.md in the
//! repository has the map, the threads, the locks and the reason for each dependency.
//!
//! What a peer can cause is bounded by [`Limits`]; how threads are started is set by [`Threads`]; local failures
//! are [`Error`]s, the outcome of a call is a `grpc::Status`.
//!
//! # Features
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `protobuf` | by `grpc` | `protobuf` |
//! | `json` | yes | messages as JSON, in `protobuf`; needs nothing else |
//! | `grpc` | yes | `grpc`; compiles h2 |
//! | `gzip`, `zstd` | yes | messages of `grpc` compressed with gzip and deflate, with zstd |
//! | `websocket` | yes | `websocket`; compiles tungstenite |
//! | `program` | yes | the program `threadwire`, a .proto compiler, an argument parser; off for embedding |
//!
//! Features add, they never change what is there.

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
