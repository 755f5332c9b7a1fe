//! Sockets and waiting, with no protocol in them: addresses, listening, connecting, one socket's bytes, waiting for
//! several descriptors at once, and being woken out of that.

#![cfg_attr(
    not(all(feature = "grpc", feature = "websocket")),
    allow(dead_code, unused_imports, reason = "each protocol uses its own part")
)]

mod address;
mod connect;
mod dead_peers;
mod listener;
mod local;
pub(crate) mod observer;
mod peers;
pub(crate) mod socket;
mod unix;
pub(crate) mod wait;
pub(crate) mod waker;

pub use address::PeerAddress;
pub(crate) use address::{Target, parse_target};
pub(crate) use connect::connect;
pub(crate) use listener::Listener;
pub(crate) use local::Local;
pub use observer::{Direction, Observer};
pub(crate) use peers::Peers;
pub(crate) use socket::{Socket, Transport};
pub(crate) use wait::Interest;
