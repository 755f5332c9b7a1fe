//! Calls that the client ends: by cancelling, or by their deadline.

use crate::cases::{Case, Outcome, Peer, are_zeros, nothing, refused};
use crate::streams::{REQUESTS, RESPONSES, ask};
use std::time::Duration;
use threadwire::grpc::{Code, Status};
use threadwire_interop_grpc::proto::{Empty, StreamingOutputCallRequest};
use threadwire_interop_grpc::zeros;

pub(crate) const CASES: &[Case] = &[
    ("cancel_after_begin", cancel_after_begin),
    ("cancel_after_first_response", cancel_after_first_response),
    ("timeout_on_sleeping_server", timeout_on_sleeping_server),
];

fn cancel_after_begin(peer: &Peer) -> Outcome {
    let (requests, response) = peer.client.streaming_input_call(nothing())?;
    // A sink that is dropped before its end cancels the call.
    drop(requests);
    refused(response.receive(), Code::Cancelled).map(drop)
}

fn cancel_after_first_response(peer: &Peer) -> Outcome {
    let (mut requests, mut responses) = peer.client.full_duplex_call(nothing())?;
    requests.send(ask(REQUESTS[0], RESPONSES[0])?)?;
    let first = responses.receive()?.ok_or("the server ended the stream before its time")?;
    are_zeros(first.payload.as_ref(), RESPONSES[0])?;
    drop(requests);
    refused(responses.receive(), Code::Cancelled).map(drop)
}

fn timeout_on_sleeping_server(peer: &Peer) -> Outcome {
    // What is measured is the call, not the connecting.
    peer.client.empty_call(Empty::default())?;
    refused(half_call(peer), Code::DeadlineExceeded).map(drop)
}

/// A call that gets no answer, since the server waits for more requests. Each step may meet the deadline.
fn half_call(peer: &Peer) -> Result<(), Status> {
    let (mut requests, mut responses) =
        peer.client.full_duplex_call(nothing().with_timeout(Duration::from_millis(1)))?;
    requests.send(StreamingOutputCallRequest { payload: Some(zeros(REQUESTS[0])), ..Default::default() })?;
    responses.receive().map(drop)
}
