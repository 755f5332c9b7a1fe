//! Plain calls with one request and one response.

use crate::cases::{Case, Outcome, Peer, large_call, same, sized_call};
use threadwire_interop_grpc::proto::Empty;

pub(crate) const CASES: &[Case] =
    &[("empty_unary", empty_unary), ("large_unary", large_unary), ("very_large_request", very_large_request)];

fn empty_unary(peer: &Peer) -> Outcome {
    same("the response", peer.client.empty_call(Empty::default())?.into_message(), Empty::default())
}

fn large_unary(peer: &Peer) -> Outcome {
    large_call(&peer.client)
}

/// 10 MiB, as grpc-java has it: more than any server takes that is not told to.
fn very_large_request(peer: &Peer) -> Outcome {
    sized_call(&peer.client, 10 * 1024 * 1024, 10)
}
