//! Streams that go to their end.

use crate::cases::{Case, Failure, Outcome, Peer, are_zeros, nothing, same};
use threadwire_interop_grpc::proto::{
    ResponseParameters, StreamingInputCallRequest, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use threadwire_interop_grpc::zeros;

pub(crate) const CASES: &[Case] = &[
    ("client_streaming", client_streaming),
    ("server_streaming", server_streaming),
    ("ping_pong", ping_pong),
    ("empty_stream", empty_stream),
];

/// Bytes of the requests' payloads, and of the responses'.
pub(crate) const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
pub(crate) const RESPONSES: [usize; 4] = [31_415, 9, 2_653, 58_979];
const ALL_REQUESTS: i32 = 74_922;

fn client_streaming(peer: &Peer) -> Outcome {
    let (mut requests, response) = peer.client.streaming_input_call(nothing())?;
    for size in REQUESTS {
        requests.send(StreamingInputCallRequest { payload: Some(zeros(size)), ..Default::default() })?;
    }
    requests.finish()?;
    same("aggregated_payload_size", response.receive()?.message().aggregated_payload_size, ALL_REQUESTS)
}

fn server_streaming(peer: &Peer) -> Outcome {
    let response_parameters = RESPONSES.iter().map(|size| parameters(*size)).collect::<Result<_, _>>()?;
    let request = StreamingOutputCallRequest { response_parameters, ..Default::default() };
    let responses = peer.client.streaming_output_call(request)?;
    let mut count = 0;
    for (response, size) in responses.zip(RESPONSES.map(Some).into_iter().chain([None])) {
        are_zeros(response?.payload.as_ref(), size.ok_or("expected four responses, came more")?)?;
        count += 1;
    }
    same("responses", count, RESPONSES.len())
}

fn ping_pong(peer: &Peer) -> Outcome {
    let (mut requests, mut responses) = peer.client.full_duplex_call(nothing())?;
    for (request, response) in REQUESTS.into_iter().zip(RESPONSES) {
        requests.send(ask(request, response)?)?;
        let reply = responses.receive()?.ok_or("the server ended the stream before its time")?;
        are_zeros(reply.payload.as_ref(), response)?;
    }
    requests.finish()?;
    ended(responses.receive()?)
}

fn empty_stream(peer: &Peer) -> Outcome {
    let (requests, mut responses) = peer.client.full_duplex_call(nothing())?;
    requests.finish()?;
    ended(responses.receive()?)
}

/// A request of a stream that asks for one response.
pub(crate) fn ask(request: usize, response: usize) -> Result<StreamingOutputCallRequest, Failure> {
    let response_parameters = vec![parameters(response)?];
    Ok(StreamingOutputCallRequest { response_parameters, payload: Some(zeros(request)), ..Default::default() })
}

fn parameters(size: usize) -> Result<ResponseParameters, Failure> {
    Ok(ResponseParameters { size: i32::try_from(size)?, ..Default::default() })
}

fn ended(response: Option<StreamingOutputCallResponse>) -> Outcome {
    same("one response more", response.is_some(), false)
}
