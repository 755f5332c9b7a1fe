//! WebSocket (RFC 6455), server and client, on plain threads.
//!
//! ```text
//!   bytes ─► handshake (a request head) ─► protocol (frames, messages) ─► engine ⇄ shared queues ⇄ Connection, Sender
//! ```
//! - `handshake`, [`protocol`]: the rules, without I/O and clock. `exchange`: the handshake over a socket.
//! - `engine`: the protocol as an engine of the Link, `upkeep`: what it does as time passes. `shared`: the queues
//!   between it and the handles. `inner`: the operations that wait. `connection`: the handles.
//! - `server`: one thread a connection; `client`.
//!
//! Every connection has an inbox and an outbox, both bounded in bytes ([`crate::Limits`]): when the inbox is full,
//! reading stops, and the peer's sending with it; when the outbox is full, sending waits, and reads meanwhile. Messages
//! of one sender stay in order.
//!
//! # Close codes
//! | what happens | code |
//! | --- | --- |
//! | a server's handler returns `Ok`, a client's connection is dropped | 1000 |
//! | the server shuts down, [`crate::Limits::idle_timeout`] is over | 1001 |
//! | the peer breaks the protocol | 1002 |
//! | the peer's text is not UTF-8 | 1007 |
//! | the peer's message has too many fragments or takes too long, it sends too many control frames | 1008 |
//! | the peer's message is too big | 1009 |
//! | the handler fails or panics, the peer does not answer Ping ([`crate::Limits::keepalive_interval`]) | 1011 |

mod client;
mod close;
mod connection;
mod engine;
mod error;
mod exchange;
mod handshake;
mod inner;
mod message;
pub mod protocol;
mod server;
mod shared;
mod upkeep;

pub use client::{Client, connect};
pub use close::{CloseCode, CloseFrame};
pub use connection::{Connection, Receiver, Sender};
pub use error::Error;
pub use handshake::Origins;
pub use message::Message;
pub use server::{HandlerResult, Server, ServerBuilder, ServerHandle, ShutdownReport};
