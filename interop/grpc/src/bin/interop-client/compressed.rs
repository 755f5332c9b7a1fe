//! Compression, chosen for each message, in both directions (interop-test-descriptions.md, *client_compressed_unary*
//! and those behind it). The cases begin with a request that is not compressed as it says; one whose name ends in
//! `_noprobe` does not, for servers that do not look.

use crate::cases::{
    Case, Failure, LARGE_REQUEST, LARGE_RESPONSE, Outcome, Peer, are_zeros, has_zeros, nothing, refused, same, sized,
};
use threadwire::grpc::{Code, Encoding, Request};
use threadwire_interop_grpc::proto::{
    BoolValue, ResponseParameters, SimpleRequest, StreamingInputCallRequest, StreamingOutputCallRequest,
};
use threadwire_interop_grpc::zeros;

pub(crate) const CASES: &[Case] = &[
    ("client_compressed_unary", client_compressed_unary),
    ("client_compressed_unary_noprobe", client_compressed_unary_noprobe),
    ("server_compressed_unary", server_compressed_unary),
    ("client_compressed_streaming", client_compressed_streaming),
    ("client_compressed_streaming_noprobe", client_compressed_streaming_noprobe),
    ("server_compressed_streaming", server_compressed_streaming),
];

/// Bytes of the payloads of `client_compressed_streaming`: the first compressed, the second not.
const REQUESTS: [usize; 2] = [27_182, 45_904];
const ALL_REQUESTS: i32 = 73_086;
/// The same of `server_compressed_streaming`.
const RESPONSES: [i32; 2] = [31_415, 92_653];
const COMPRESSED: [bool; 2] = [true, false];

fn client_compressed_unary(peer: &Peer) -> Outcome {
    let probe = Request::new(saying(true)?).uncompressed();
    refused(peer.client.unary_call(probe), Code::InvalidArgument)?;
    client_compressed_unary_noprobe(peer)
}

fn client_compressed_unary_noprobe(peer: &Peer) -> Outcome {
    for compressed in COMPRESSED {
        let request = Request::new(saying(compressed)?).with_encoding(Encoding::Gzip);
        let request = if compressed { request } else { request.uncompressed() };
        has_zeros(peer.client.unary_call(request)?.message(), LARGE_RESPONSE)?;
    }
    Ok(())
}

fn server_compressed_unary(peer: &Peer) -> Outcome {
    for compressed in COMPRESSED {
        let request = SimpleRequest { response_compressed: flag(compressed), ..sized(LARGE_REQUEST, LARGE_RESPONSE)? };
        let response = peer.client.unary_call(request)?;
        same("the response is compressed", response.was_compressed(), compressed)?;
        has_zeros(response.message(), LARGE_RESPONSE)?;
    }
    Ok(())
}

fn client_compressed_streaming(peer: &Peer) -> Outcome {
    let (mut requests, response) = peer.client.streaming_input_call(nothing())?;
    requests.send(part(REQUESTS[0], true))?;
    // The server may have ended the call already, and all of it.
    drop(requests.finish());
    refused(response.receive(), Code::InvalidArgument)?;
    client_compressed_streaming_noprobe(peer)
}

fn client_compressed_streaming_noprobe(peer: &Peer) -> Outcome {
    let (mut requests, response) = peer.client.streaming_input_call(nothing().with_encoding(Encoding::Gzip))?;
    for (size, compressed) in REQUESTS.into_iter().zip(COMPRESSED) {
        requests.set_compressed(compressed);
        requests.send(part(size, compressed))?;
    }
    requests.finish()?;
    same("aggregated_payload_size", response.receive()?.message().aggregated_payload_size, ALL_REQUESTS)
}

fn server_compressed_streaming(peer: &Peer) -> Outcome {
    let parameters =
        |(size, compressed)| ResponseParameters { size, compressed: flag(compressed), ..Default::default() };
    let response_parameters = RESPONSES.into_iter().zip(COMPRESSED).map(parameters).collect();
    let request = StreamingOutputCallRequest { response_parameters, ..Default::default() };
    let mut responses = peer.client.streaming_output_call(request)?;
    for (size, compressed) in RESPONSES.into_iter().zip(COMPRESSED) {
        let response = responses.receive()?.ok_or("expected two responses, came fewer")?;
        same("the response is compressed", responses.was_compressed(), compressed)?;
        are_zeros(response.payload.as_ref(), usize::try_from(size)?)?;
    }
    same("one response more", responses.receive()?.is_some(), false)
}

/// A large request that says of itself whether it is compressed.
fn saying(compressed: bool) -> Result<SimpleRequest, Failure> {
    Ok(SimpleRequest { expect_compressed: flag(compressed), ..sized(LARGE_REQUEST, LARGE_RESPONSE)? })
}

/// The same of a stream.
fn part(size: usize, compressed: bool) -> StreamingInputCallRequest {
    StreamingInputCallRequest { payload: Some(zeros(size)), expect_compressed: flag(compressed), ..Default::default() }
}

fn flag(value: bool) -> Option<BoolValue> {
    Some(BoolValue { value, ..Default::default() })
}
