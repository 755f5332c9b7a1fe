//! Against a server that is scripted frame by frame (the gRPC project's negative-http2-interop-test-descriptions.md):
//! what HTTP/2 lets a server do must end the call rightly. What the server sees of it, it checks itself.

use crate::cases::{Case, LARGE_REQUEST, LARGE_RESPONSE, Outcome, Peer, large_call, refused, sized};
use crate::many::all_at_once;
use std::thread;
use std::time::Duration;
use threadwire::grpc::Code;

pub(crate) const CASES: &[Case] = &[
    ("goaway", goaway),
    ("rst_after_header", is_reset),
    ("rst_during_data", is_reset),
    ("rst_after_data", is_reset),
    ("ping", is_answered),
    ("max_streams", max_streams),
    ("data_frame_padding", is_answered),
    ("no_df_padding_sanity_test", is_answered),
];

/// In which the GOAWAY behind the first answer arrives, as in all implementations of the case.
const AFTER_THE_FIRST: Duration = Duration::from_secs(1);
const CALLS_AT_ONCE: usize = 10;

/// The server ends the connection after the first call; the second one goes to another.
fn goaway(peer: &Peer) -> Outcome {
    large_call(&peer.client)?;
    thread::sleep(AFTER_THE_FIRST);
    large_call(&peer.client)
}

/// The server resets the stream with NO_ERROR before it has said how the call ended.
fn is_reset(peer: &Peer) -> Outcome {
    let request = sized(LARGE_REQUEST, LARGE_RESPONSE)?;
    refused(peer.client.unary_call(request), Code::Internal).map(drop)
}

fn is_answered(peer: &Peer) -> Outcome {
    large_call(&peer.client)
}

/// The server allows one stream at a time, which the client knows after its first call.
fn max_streams(peer: &Peer) -> Outcome {
    large_call(&peer.client)?;
    all_at_once(peer, CALLS_AT_ONCE)
}
