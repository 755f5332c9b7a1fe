//! What the cases have in common: the channel under test, large calls, comparing.

use crate::options::Options;
use std::fmt::Debug;
use std::time::Duration;
use threadwire::Limits;
use threadwire::grpc::{Channel, Code, Request, Status};
use threadwire_interop_grpc::proto::{Payload, SimpleRequest, SimpleResponse, TestServiceClient};
use threadwire_interop_grpc::{MESSAGE_BYTES, zeros};

/// Why a case failed.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Outcome = Result<(), Failure>;
/// A case: its name, and what it does.
pub(crate) type Case = (&'static str, fn(&Peer) -> Outcome);

/// Of `large_unary`, and of all cases that make such calls.
pub(crate) const LARGE_REQUEST: usize = 271_828;
pub(crate) const LARGE_RESPONSE: usize = 314_159;
/// A call that does not end at all fails its case instead of holding the run.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server under test.
pub(crate) struct Peer {
    pub(crate) options: Options,
    pub(crate) channel: Channel,
    pub(crate) client: TestServiceClient,
}

impl Peer {
    pub(crate) fn new(options: Options) -> Result<Self, Failure> {
        let channel = channel(&options.target)?;
        Ok(Self { options, client: TestServiceClient::new(channel.clone()), channel })
    }
}

/// One more channel to a server.
pub(crate) fn channel(target: &str) -> Result<Channel, Failure> {
    let mut limits = Limits::default();
    limits.receive_message_bytes = MESSAGE_BYTES;
    Ok(Channel::builder(target).timeout(PATIENCE).limits(limits).connect_lazy()?)
}

/// A call that asks for a payload of `response` bytes, and has one of `request` bytes.
pub(crate) fn sized(request: usize, response: usize) -> Result<SimpleRequest, Failure> {
    Ok(SimpleRequest { response_size: i32::try_from(response)?, payload: Some(zeros(request)), ..Default::default() })
}

/// A whole unary call with payloads of these sizes.
pub(crate) fn sized_call(client: &TestServiceClient, request: usize, response: usize) -> Outcome {
    let reply = client.unary_call(sized(request, response)?)?.into_message();
    has_zeros(&reply, response)
}

/// The call of `large_unary`.
pub(crate) fn large_call(client: &TestServiceClient) -> Outcome {
    sized_call(client, LARGE_REQUEST, LARGE_RESPONSE)
}

pub(crate) fn has_zeros(reply: &SimpleResponse, size: usize) -> Outcome {
    are_zeros(reply.payload.as_ref(), size)
}

/// Fails unless it is a payload of so many zeros.
pub(crate) fn are_zeros(payload: Option<&Payload>, size: usize) -> Outcome {
    let body = payload.map_or(&[][..], |payload| &payload.body);
    same("bytes of the payload", body.len(), size)?;
    same("all of them are zero", body.iter().all(|byte| *byte == 0), true)
}

/// Fails unless what came is what was expected.
pub(crate) fn same<A: PartialEq<B> + Debug, B: Debug>(what: &str, came: A, expected: B) -> Outcome {
    if came == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {}, came {}", short(&expected), short(&came)).into())
}

fn short(value: &impl Debug) -> String {
    format!("{value:?}").chars().take(200).collect()
}

/// The status of a call that must end with `code`.
pub(crate) fn refused<T>(outcome: Result<T, Status>, code: Code) -> Result<Status, Failure> {
    match outcome {
        Ok(_) => Err(format!("expected {code}, the call succeeded").into()),
        Err(status) if status.code() == code => Ok(status),
        Err(status) => Err(format!("expected {code}, came {status}").into()),
    }
}

/// The request that begins a stream.
pub(crate) fn nothing() -> Request<()> {
    Request::new(())
}
