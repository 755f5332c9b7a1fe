//! `grpc.testing.TestService`. `CacheableUnaryCall` is not served: it is for calls by GET, which no server has any
//! more.

use std::process;
use std::time::Duration;
use threadwire::grpc::{
    Cancellation, Code, Encoding, InvalidMetadata, Metadata, Request, RequestStream, Response, ResponseSink, Status,
};
use threadwire_interop_grpc::proto::{
    BoolValue, EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
    TestService,
};
use threadwire_interop_grpc::{ECHO_INITIAL, ECHO_TRAILING, zeros};

/// No case asks for as much; a request must not be able to make this process allocate what it likes.
const RESPONSE_BYTES: usize = 64 * 1024 * 1024;
/// The requests that `HalfDuplexCall` keeps.
const KEPT_REQUESTS: usize = 1_000;

/// The service.
pub(crate) struct Testing {
    id: String,
}

impl Default for Testing {
    fn default() -> Self {
        Self { id: format!("threadwire-{}", process::id()) }
    }
}

/// What goes back of a call's metadata.
struct Echo {
    initial: Metadata,
    trailing: Metadata,
}

impl Echo {
    fn of(metadata: &Metadata) -> Result<Self, InvalidMetadata> {
        let (mut initial, mut trailing) = (Metadata::new(), Metadata::new());
        metadata.get_all(ECHO_INITIAL).try_for_each(|value| initial.append(ECHO_INITIAL, value))?;
        let binary = metadata.get_all_bin(ECHO_TRAILING);
        binary.cloned().try_for_each(|value| trailing.append_bin(ECHO_TRAILING, value))?;
        Ok(Self { initial, trailing })
    }
}

/// A streaming call, beside its requests.
struct Duplex<'r> {
    peer: String,
    cancellation: Cancellation,
    responses: &'r mut ResponseSink<StreamingOutputCallResponse>,
}

impl<'r> Duplex<'r> {
    fn new<T>(
        request: &Request<T>,
        responses: &'r mut ResponseSink<StreamingOutputCallResponse>,
    ) -> Result<Self, Status> {
        let Echo { initial, trailing } = Echo::of(request.metadata())?;
        *responses.metadata_mut() = initial;
        *responses.trailers_mut() = trailing;
        // Each response says whether it is compressed.
        responses.set_encoding(Encoding::Gzip);
        Ok(Self { peer: request.peer().to_string(), cancellation: request.cancellation().clone(), responses })
    }

    /// Sends what one request asks for.
    fn answer(&mut self, request: &StreamingOutputCallRequest) -> Result<(), Status> {
        end_as_asked(request.response_status.as_ref())
            .map_err(|status| status.with_metadata(self.responses.trailers_mut().clone()))?;
        request.response_parameters.iter().try_for_each(|parameters| self.send(parameters))
    }

    fn send(&mut self, parameters: &ResponseParameters) -> Result<(), Status> {
        let wait = Duration::from_micros(u64::try_from(parameters.interval_us).unwrap_or(0));
        if self.cancellation.wait_timeout(wait).is_some() {
            return Err(Status::cancelled("nobody waits for the other responses"));
        }
        let peer_socket_address = if parameters.fill_peer_socket_address { self.peer.clone() } else { String::new() };
        let payload = Some(payload(parameters.size)?);
        self.responses.set_compressed(is_set(parameters.compressed.as_ref()));
        self.responses.send(StreamingOutputCallResponse { payload, peer_socket_address, ..Default::default() })
    }
}

impl TestService for Testing {
    fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty::default().into())
    }

    fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let Echo { initial, trailing } = Echo::of(request.metadata())?;
        came_as_said(request.message().expect_compressed.as_ref(), request.was_compressed())?;
        let request = request.message();
        end_as_asked(request.response_status.as_ref()).map_err(|status| status.with_metadata(trailing.clone()))?;
        let server_id = if request.fill_server_id { self.id.clone() } else { String::new() };
        let message =
            SimpleResponse { payload: Some(payload(request.response_size)?), server_id, ..Default::default() };
        let is_compressed = is_set(request.response_compressed.as_ref());
        let encoding = if is_compressed { Encoding::Gzip } else { Encoding::Identity };
        let mut response = Response::new(message).with_encoding(encoding);
        *response.metadata_mut() = initial;
        *response.trailers_mut() = trailing;
        Ok(response)
    }

    fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
        responses: &mut ResponseSink<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        Duplex::new(&request, responses)?.answer(request.message())
    }

    fn streaming_input_call(
        &self,
        requests: Request<RequestStream<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = requests.into_message();
        let mut size = 0;
        while let Some(request) = requests.receive()? {
            came_as_said(request.expect_compressed.as_ref(), requests.was_compressed())?;
            size += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size =
            i32::try_from(size).map_err(|_| Status::out_of_range("more bytes than an int32 can count"))?;
        Ok(StreamingInputCallResponse { aggregated_payload_size, ..Default::default() }.into())
    }

    fn full_duplex_call(
        &self,
        requests: Request<RequestStream<StreamingOutputCallRequest>>,
        responses: &mut ResponseSink<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        let mut duplex = Duplex::new(&requests, responses)?;
        for request in requests.into_message() {
            duplex.answer(&request?)?;
        }
        Ok(())
    }

    fn half_duplex_call(
        &self,
        requests: Request<RequestStream<StreamingOutputCallRequest>>,
        responses: &mut ResponseSink<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        let mut duplex = Duplex::new(&requests, responses)?;
        let mut kept = Vec::new();
        for request in requests.into_message() {
            // What was sent with it is not needed any more.
            kept.push(StreamingOutputCallRequest { payload: None, ..request? });
            if kept.len() > KEPT_REQUESTS {
                return Err(Status::resource_exhausted(format!("expected at most {KEPT_REQUESTS} requests")));
            }
        }
        kept.iter().try_for_each(|request| duplex.answer(request))
    }
}

/// Fails as the request says.
fn end_as_asked(status: Option<&EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message, .. }) if *code != 0 => Err(Status::new(Code::from(*code), message.clone())),
        _ => Ok(()),
    }
}

/// Refuses a request that says of itself that it is compressed and is not, or the other way round.
fn came_as_said(said: Option<&BoolValue>, was_compressed: bool) -> Result<(), Status> {
    match said {
        Some(said) if said.value != was_compressed => Err(Status::invalid_argument(format!(
            "expect_compressed is {}, but compressed is {was_compressed}",
            said.value
        ))),
        _ => Ok(()),
    }
}

fn is_set(flag: Option<&BoolValue>) -> bool {
    flag.is_some_and(|flag| flag.value)
}

fn payload(size: i32) -> Result<Payload, Status> {
    let size = usize::try_from(size).map_err(|_| Status::invalid_argument(format!("a payload of {size} bytes")))?;
    if size > RESPONSE_BYTES {
        return Err(Status::resource_exhausted(format!("expected at most {RESPONSE_BYTES} bytes, got {size}")));
    }
    Ok(zeros(size))
}
