//! Compression of messages (gRPC's compression.md; PROTOCOL-HTTP2.md, *Message-Encoding*): each message by itself, with
//! the encoding that the head of its half of the call names, or not at all.
//!
//! - `encoding`: the encodings there are, and what heads say of them; `packer`: messages on their way out, `packed`:
//!   messages as they came;
//! - `codec`: from bytes to bytes; `deflate` (with the feature `gzip`), `zstd` (with the feature `zstd`).
//!
//! What is inflated is bounded while it comes out: memory grows with what is there, never with what a head of the
//! compressed bytes says. It is done on the thread of the handler or caller that wants the message, and nothing that it
//! takes is kept from one message to the next: making a new state costs 3 µs, and 5,000 calls that wait hold none.

mod codec;
#[cfg(feature = "gzip")]
mod deflate;
mod encoding;
mod packed;
mod packer;
#[cfg(test)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

pub use encoding::Encoding;
pub(super) use encoding::{ACCEPTED, Encodings, GRPC_ACCEPT_ENCODING, of_peer};
pub(super) use packed::{Expected, Packed};
pub(super) use packer::{Compression, Packer, Packing};
