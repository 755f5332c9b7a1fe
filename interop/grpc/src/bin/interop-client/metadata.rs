//! Metadata comes back, of a unary call and of a stream.

use crate::cases::{Case, LARGE_REQUEST, LARGE_RESPONSE, Outcome, Peer, nothing, same, sized};
use crate::streams::ask;
use threadwire::grpc::{InvalidMetadata, Metadata, Request};
use threadwire_interop_grpc::{ECHO_INITIAL, ECHO_TRAILING};

pub(crate) const CASES: &[Case] = &[("custom_metadata", custom_metadata)];

const INITIAL: &str = "test_initial_metadata_value";
const TRAILING: [u8; 3] = [0xab; 3];

fn custom_metadata(peer: &Peer) -> Outcome {
    let response = peer.client.unary_call(with_metadata(Request::new(sized(LARGE_REQUEST, LARGE_RESPONSE)?))?)?;
    came_back(response.metadata(), response.trailers())?;

    let (mut requests, mut responses) = peer.client.full_duplex_call(with_metadata(nothing())?)?;
    requests.send(ask(LARGE_REQUEST, LARGE_RESPONSE)?)?;
    requests.finish()?;
    let initial = responses.metadata()?.clone();
    let rest = responses.by_ref().collect::<Result<Vec<_>, _>>()?;
    same("responses", rest.len(), 1)?;
    came_back(&initial, responses.trailers().ok_or("the stream has no trailers")?)
}

fn with_metadata<T>(mut request: Request<T>) -> Result<Request<T>, InvalidMetadata> {
    request.metadata_mut().append(ECHO_INITIAL, INITIAL)?;
    request.metadata_mut().append_bin(ECHO_TRAILING, TRAILING.to_vec())?;
    Ok(request)
}

fn came_back(initial: &Metadata, trailing: &Metadata) -> Outcome {
    same(ECHO_INITIAL, initial.get_all(ECHO_INITIAL).collect::<Vec<_>>(), [INITIAL])?;
    same(ECHO_TRAILING, trailing.get_all_bin(ECHO_TRAILING).collect::<Vec<_>>(), [&TRAILING[..]])
}
