//! The opening handshake (RFC 6455 §4), both sides, without I/O and without a clock: bytes in, an outcome and bytes
//! out. What a server answers to requests that are no handshake is here too.

pub(super) mod client;
mod head;
mod origin;
mod refusal;
pub(super) mod server;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod server_tests;

pub use origin::Origins;
pub(super) use refusal::Refusal;

/// The version of the protocol (RFC 6455 §4.1).
const VERSION: &str = "13";
