//! What the two programs have in common: the generated services, flags, payloads and the names in metadata.
//!
//! The cases are those of the gRPC project's interop-test-descriptions.md, and so are all names and numbers.

pub mod flags;
pub mod proto;

use proto::{Payload, PayloadType};

/// Comes back in the initial metadata.
pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// Comes back in the trailing metadata.
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";
/// The largest message that either side takes: `very_large_request` has 10 MiB.
pub const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// A payload of so many zero bytes.
pub fn zeros(size: usize) -> Payload {
    Payload { r#type: PayloadType::Compressable, body: vec![0; size], ..Default::default() }
}
