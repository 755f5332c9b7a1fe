//! HTTP/2 (RFC 9113) as an engine of the Link: the `h2` crate, driven by threads. It knows nothing of gRPC.
//!
//! - `io`: the Link's Io behind the traits that h2 reads and writes through;
//! - `opening`: what a connection begins with, so that a wrong peer is told apart from a bad one;
//! - `heads`, `flood`, `watch`: frames are counted on the bytes, since h2 hides some, and what comes too often ends the
//!   connection; `open`: which streams a served connection has, and that it leaves when it has none for long;
//!   `upkeep`: what it does as time passes;
//! - `engine`: one connection of either side; `server` and `client`: its making and what it hands out;
//! - `stream`: the two halves of a stream, blocking, with deadlines; `intake`: what was received and not taken;
//!   `outflow`: short messages that gather and leave together; `failure`: why a stream or connection ended; `departures` and `early`: which streams of a client have not left, and
//!   which the server has ended while they are sent on; `turns`: whose turn it is to open one.
//!
//! h2 has one waker slot a direction, so each half of a stream is `&mut` exclusive; only the sending half of a stream
//! that is served has two users, the handler and the connection's reader, who share the slot (`stream::Half`). Whoever
//! uses a handle of h2 calls `Link::pump` afterwards (the types of `stream` do), so that what the use made necessary is
//! done and whom it woke runs.

mod client;
mod departures;
mod early;
mod engine;
mod failure;
mod flood;
mod heads;
mod intake;
mod io;
mod open;
mod opening;
mod outflow;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod turns;
mod upkeep;
mod watch;

pub(crate) use client::{Pending, Requests, connect};
pub(crate) use engine::Settings;
pub(crate) use failure::{Failure, reason};
pub(crate) use opening::Progress;
pub(crate) use server::{Accept, Incoming, Respond, accept};
pub(crate) use stream::{CancelOnDrop, Inbound, Outbound, Rest};
