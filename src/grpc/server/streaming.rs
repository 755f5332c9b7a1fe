//! Streaming calls as their handlers see them: the requests, the responses, both blocking. Each call has a thread of
//! its own.

use super::super::body::Body;
use super::super::compression::{Compression, Encoding, Expected, Packed, Packer};
use super::super::quota::Share;
use super::super::taps::{Completed, Taps};
use super::super::{Metadata, Request, Status};
use super::call::Call;
use super::intercept::{self, Answer};
use super::service::Method;
use crate::Limits;
use crate::http2::{Inbound, Outbound};
use crate::net::PeerAddress;
use crate::protobuf::Payload;
use crate::threads::discard;
use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The requests of a streaming call, in a handler. Iterate over it, or call [`RequestStream::receive`].
///
/// After an error, and after the last request, it gives nothing more.
pub struct RequestStream<T> {
    body: Body,
    taps: Taps,
    was_compressed: bool,
    kind: PhantomData<fn() -> T>,
}

impl<T: Payload> RequestStream<T> {
    /// Waits for the next request; none after the last.
    ///
    /// # Errors
    /// How the call ended otherwise: CANCELLED by the client, DEADLINE_EXCEEDED, UNAVAILABLE when the connection is
    /// lost, INTERNAL or RESOURCE_EXHAUSTED for what cannot be a request.
    pub fn receive(&mut self) -> Result<Option<T>, Status> {
        self.message(None)
    }

    /// [`RequestStream::receive`] that waits for at most `timeout`; afterwards it can be called again.
    ///
    /// # Errors
    /// Those of `receive`; DEADLINE_EXCEEDED after `timeout`.
    pub fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<T>, Status> {
        self.message(Instant::now().checked_add(timeout))
    }

    fn message(&mut self, until: Option<Instant>) -> Result<Option<T>, Status> {
        let message = self.body.message(until)?;
        self.was_compressed = message.as_ref().is_some_and(Packed::is_compressed);
        let decoded = message.map(|message| self.taps.decode(message)).transpose();
        decoded.inspect_err(|_| self.body.give_up())
    }

    /// Whether the request that [`RequestStream::receive`] gave last came compressed.
    pub fn was_compressed(&self) -> bool {
        self.was_compressed
    }

    /// The request of a call that has one.
    pub(super) fn only(request: Request<Self>) -> Result<Request<T>, Status> {
        let mut came = false;
        let request = request.try_map(|mut stream| {
            let first = stream.receive()?.ok_or_else(|| Status::unimplemented("expected one request, got none"))?;
            came = stream.was_compressed;
            match stream.body.message(None)? {
                None => Ok(first),
                Some(_) => Err(Status::unimplemented("expected one request, got more")),
            }
        })?;
        Ok(request.with_compression(Compression::came(came)))
    }
}

impl<T: Payload> Iterator for RequestStream<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        self.receive().transpose()
    }
}

impl<T: Payload> FusedIterator for RequestStream<T> {}

impl<T> fmt::Debug for RequestStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestStream").finish_non_exhaustive()
    }
}

/// Where a handler of a streaming call puts its responses. The call ends when the handler returns.
pub struct ResponseSink<T> {
    call: Arc<Call>,
    outbound: Option<Outbound>,
    metadata: Metadata,
    trailers: Metadata,
    answer: Answer,
    packer: Packer,
    /// The memory for the next message.
    body: Vec<u8>,
    kind: PhantomData<fn(T)>,
}

impl<T: Payload> ResponseSink<T> {
    /// Sends a response; waits as long as the client's window is full. One that comes after a pause leaves at once;
    /// of many short ones, those that come in quick succession leave together, within microseconds.
    ///
    /// # Errors
    /// CANCELLED when the client has given the call up, DEADLINE_EXCEEDED, UNAVAILABLE when the connection is lost,
    /// RESOURCE_EXHAUSTED if the response is too large.
    pub fn send(&mut self, response: T) -> Result<(), Status> {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        self.answer.messages.append(&response, &self.packer, &mut body)?;
        let deadline = self.call.deadline;
        let sent = self.opened()?.send_soon(&mut body, deadline);
        self.body = body;
        sent.map_err(|failure| self.call.failed(&failure))
    }

    /// Sends the initial metadata now, before the first response.
    ///
    /// # Errors
    /// Those of [`ResponseSink::send`].
    pub fn send_metadata(&mut self) -> Result<(), Status> {
        self.opened()?.pump();
        Ok(())
    }

    fn opened(&mut self) -> Result<&mut Outbound, Status> {
        match &mut self.outbound {
            Some(outbound) => Ok(outbound),
            closed => {
                self.answer.metadata.pass(&mut self.metadata);
                Ok(closed.insert(self.call.open(&self.metadata, self.packer.encoding())?))
            }
        }
    }
}

impl<T> ResponseSink<T> {
    /// The initial metadata; what is changed after the first response is not sent.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// The trailing metadata of a call that succeeds. (That of one that fails is its status's.)
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.trailers
    }

    /// Has the responses compressed with this encoding, if the client reads it, whatever the server's settings say;
    /// [`Encoding::Identity`]: with none. It has no effect after the first response.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        if self.outbound.is_none() {
            self.packer.set_encoding(encoding, self.call.packing.accepted);
        }
    }

    /// Whether the responses that are sent from now on are compressed, if the call has an encoding. (By default they
    /// are.)
    pub fn set_compressed(&mut self, compressed: bool) {
        self.packer.set_compresses(compressed);
    }

    /// Does what the maker of the only response says.
    pub(super) fn set_compression(&mut self, said: Compression) {
        self.packer = self.call.packing.packer(said);
    }

    /// Runs the interceptors of `method` and `handler` behind them.
    fn around<I>(
        &mut self,
        call: &Call,
        method: &Method,
        request: Request<RequestStream<I>>,
        handler: impl FnOnce(Request<RequestStream<I>>, &mut Self) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let (mut requests, incoming) = intercept::incoming(method, request);
        let completed = intercept::around(method, call, incoming, |incoming| {
            requests.taps = incoming.take_requests();
            self.answer = incoming.take_answer();
            handler(incoming.request(requests), self)?;
            self.flush()?;
            Ok(Completed::new(std::mem::take(&mut self.trailers)))
        });
        self.trailers = completed?.into_trailers();
        Ok(())
    }

    /// Waits until all that was sent has been taken by the connection.
    ///
    /// # Errors
    /// It will not be: how the call has ended.
    fn flush(&mut self) -> Result<(), Status> {
        let flushed = self.outbound.as_mut().map_or(Ok(()), |outbound| outbound.flush(self.call.deadline));
        flushed.map_err(|failure| self.call.failed(&failure))
    }

    fn finish(mut self, outcome: Result<(), Status>) {
        let flushed = self.flush();
        let outcome = outcome.and(flushed);
        if self.outbound.is_none() && outcome.is_ok() {
            self.answer.metadata.pass(&mut self.metadata);
        }
        let outcome = outcome.as_ref().map(|()| &self.trailers);
        self.call.finish(self.outbound, &self.metadata, outcome);
    }
}

impl<T> fmt::Debug for ResponseSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseSink").field("call", &self.call).finish_non_exhaustive()
    }
}

/// A streaming call on its thread, before its handler.
#[derive(Debug)]
pub(super) struct StreamingCall {
    pub(super) call: Arc<Call>,
    pub(super) inbound: Inbound,
    pub(super) compressed: Expected,
    pub(super) metadata: Metadata,
    pub(super) peer: PeerAddress,
    pub(super) method: Arc<Method>,
    pub(super) unfinished: Share,
    pub(super) place: Share,
}

impl StreamingCall {
    /// Runs the handler and ends the call.
    pub(super) fn serve<I, O: Payload>(
        self,
        limits: &Limits,
        handler: impl FnOnce(Request<RequestStream<I>>, &mut ResponseSink<O>) -> Result<(), Status>,
    ) {
        let Self { call, inbound, compressed, metadata, peer, method, unfinished, place } = self;
        let body = Body::new(inbound, limits.receive_message_bytes, compressed, call.deadline);
        let body = body.of_request(&call.cancellation, unfinished);
        let requests = RequestStream { body, taps: Taps::default(), was_compressed: false, kind: PhantomData };
        let cancellation = call.cancellation.clone();
        let request = Request::received(requests, metadata, call.deadline, peer, cancellation, Compression::default());
        let packer = call.packing.packer(Compression::default());
        let mut sink = ResponseSink {
            call: Arc::clone(&call),
            outbound: None,
            metadata: Metadata::new(),
            trailers: Metadata::new(),
            answer: Answer::default(),
            packer,
            body: Vec::new(),
            kind: PhantomData,
        };
        let outcome = if method.interceptors.is_empty() {
            let outcome = catch_unwind(AssertUnwindSafe(|| handler(request, &mut sink)));
            outcome.unwrap_or_else(|payload| Err(panicked(&method.path, payload)))
        } else {
            sink.around(&call, &method, request, handler)
        };
        drop(place);
        sink.finish(outcome);
    }
}

/// The status of a call whose handler panicked with `payload`.
pub(super) fn panicked(path: &str, payload: Box<dyn Any + Send>) -> Status {
    discard(payload);
    log::error!(target: "threadwire::grpc", "the handler of {path} panicked");
    Status::internal("the handler panicked")
}
