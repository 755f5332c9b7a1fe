//! Interceptors of a server: what stands around the handlers of all its methods.
//!
//! An interceptor runs on the thread of the call, outside all locks, and calls the next one, the last of them the
//! handler; so it sees the call before and after on its own stack. It sees every call whose request can be handed to
//! a handler: a unary call whose message has come, a streaming call from its head on, and calls of methods that are
//! not there. It does not see what is refused before: what is no call, an unreadable head, a request that does not
//! come whole, a call for which there is no thread. Each `run` returns once, whatever becomes of the call: panics end
//! at it, and when the call was ended from outside meanwhile, how it ended comes out of it.

use super::super::compression::{Compression, Packed};
use super::super::taps::{Completed, HeadTaps, Taps};
use super::super::{CallKind, Cancellation, Metadata, MethodDescriptor, Request, Response, Status};
use super::call::Call;
use super::service::Method;
use super::streaming::panicked;
use crate::net::PeerAddress;
use bytes::Bytes;
use http::Extensions;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// Stands around the handlers of a server: sees each call and its metadata, may change them, refuse the call, and
/// learns how it ended. [`ServerBuilder::intercept`](super::ServerBuilder::intercept) takes it; so it does a function
/// with the same parameters.
///
/// ```
/// use std::time::Instant;
/// use threadwire::grpc::{Completed, IncomingCall, Next, Server, Status};
///
/// fn authorise(call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
///     if call.metadata().get("authorization") != Some("Bearer secret") {
///         return Err(Status::unauthenticated("a token is needed"));
///     }
///     next.run(call)
/// }
///
/// fn time(call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
///     let begin = Instant::now();
///     let outcome = next.run(call);
///     let code = outcome.as_ref().map_or_else(Status::code, |_| threadwire::grpc::Code::Ok);
///     println!("{} for {}: {code} after {:?}", call.path(), call.peer(), begin.elapsed());
///     outcome
/// }
///
/// // The first is the outermost: refused calls are timed, too.
/// let server = Server::builder().intercept(time).intercept(authorise);
/// ```
pub trait ServerInterceptor: Send + Sync + 'static {
    /// Handles `call`, mostly by [`Next::run`], once; what that answers goes back to the one before.
    ///
    /// It may block as the handler may. A panic ends the call with INTERNAL.
    ///
    /// # Errors
    /// How the call fails: its client gets this status.
    fn intercept(&self, call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status>;
}

impl<F> ServerInterceptor for F
where
    F: Fn(&mut IncomingCall, Next<'_>) -> Result<Completed, Status> + Send + Sync + 'static,
{
    fn intercept(&self, call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
        self(call, next)
    }
}

impl<T: ServerInterceptor + ?Sized> ServerInterceptor for Arc<T> {
    fn intercept(&self, call: &mut IncomingCall, next: Next<'_>) -> Result<Completed, Status> {
        (**self).intercept(call, next)
    }
}

/// A server's interceptors, the outermost first.
pub(super) type Interceptors = Arc<[Box<dyn ServerInterceptor>]>;

/// A call on its way to the handler, as an interceptor sees it.
pub struct IncomingCall {
    method: MethodDescriptor,
    metadata: Metadata,
    deadline: Option<Instant>,
    peer: PeerAddress,
    cancellation: Cancellation,
    extensions: Extensions,
    compression: Compression,
    requests: Taps,
    answer: Answer,
}

/// What is to be done with what a handler sends.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) metadata: HeadTaps,
    pub(super) messages: Taps,
}

impl IncomingCall {
    /// The method. A path that this server does not know is as it came, and is [`CallKind::Bidirectional`].
    pub fn method(&self) -> &MethodDescriptor {
        &self.method
    }

    /// `/package.Service/Method`: the very text by which the handler was found.
    pub fn path(&self) -> &str {
        self.method.path()
    }

    /// Which side streams.
    pub fn kind(&self) -> CallKind {
        self.method.kind()
    }

    /// The metadata of the request.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata of the request, to be changed for what comes next.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// When the call must have ended, if its client said so.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Who calls.
    pub fn peer(&self) -> &PeerAddress {
        &self.peer
    }

    /// Whether the call was cancelled, and why.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// What the handler gets as [`Request::extensions`]: values of any type, such as who the caller is.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// What was put in by interceptors.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Has `look` see every request message that comes in, encoded and not compressed, in order. It may change it; an
    /// error ends the call. Of several interceptors', the outermost is the first to see it.
    pub fn on_request(&mut self, look: impl FnMut(&mut Bytes) -> Result<(), Status> + Send + 'static) {
        self.requests.add_last(Box::new(look));
    }

    /// Has `look` see every response message that goes out, encoded and not compressed, in order. It may change it;
    /// an error goes to the handler that sends. Of several interceptors', the outermost is the last to see it.
    pub fn on_response(&mut self, look: impl FnMut(&mut Bytes) -> Result<(), Status> + Send + 'static) {
        self.answer.messages.add_first(Box::new(look));
    }

    /// Has `change` see the initial metadata of the response just before it is sent: before the first message, or at
    /// the end of a call that succeeds without one. Of several interceptors', the outermost is the last to see it.
    pub fn on_response_metadata(&mut self, change: impl FnOnce(&mut Metadata) + Send + 'static) {
        self.answer.metadata.add_first(Box::new(change));
    }

    /// The request as the handler gets it, and what is to be done with the messages.
    pub(super) fn request<T>(&mut self, message: T) -> Request<T> {
        let (metadata, peer, cancellation) = (self.metadata.clone(), self.peer.clone(), self.cancellation.clone());
        Request::received(message, metadata, self.deadline, peer, cancellation, self.compression)
            .with_extensions(std::mem::take(&mut self.extensions))
    }

    pub(super) fn take_requests(&mut self) -> Taps {
        std::mem::take(&mut self.requests)
    }

    pub(super) fn take_answer(&mut self) -> Answer {
        std::mem::take(&mut self.answer)
    }
}

impl fmt::Debug for IncomingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingCall")
            .field("method", &self.method)
            .field("metadata", &self.metadata)
            .field("deadline", &self.deadline)
            .field("peer", &self.peer)
            .field("cancellation", &self.cancellation)
            .finish_non_exhaustive()
    }
}

type Innermost<'n> = Box<dyn FnOnce(&mut IncomingCall) -> Result<Completed, Status> + 'n>;

/// The interceptors that come next, and the handler behind them.
pub struct Next<'n> {
    rest: &'n [Box<dyn ServerInterceptor>],
    handler: Innermost<'n>,
}

impl Next<'_> {
    /// Has the call handled, and waits for its end.
    ///
    /// # Errors
    /// How the call failed: what the handler, or an interceptor, says; INTERNAL if it panicked; DEADLINE_EXCEEDED,
    /// CANCELLED or UNAVAILABLE if the call was over before it returned (what it said is the source of that status).
    pub fn run(self, call: &mut IncomingCall) -> Result<Completed, Status> {
        let Self { rest, handler } = self;
        let outcome = catch_unwind(AssertUnwindSafe(|| match rest.split_first() {
            Some((first, rest)) => first.intercept(call, Next { rest, handler }),
            None => handler(call),
        }));
        outcome.unwrap_or_else(|payload| Err(panicked(call.path(), payload)))
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("interceptors", &self.rest.len()).finish_non_exhaustive()
    }
}

/// Runs the interceptors of `method`, and `handler` behind them, unless the call is over.
pub(super) fn around(
    method: &Method,
    call: &Call,
    mut incoming: IncomingCall,
    handler: impl FnOnce(&mut IncomingCall) -> Result<Completed, Status>,
) -> Result<Completed, Status> {
    let handler = |incoming: &mut IncomingCall| {
        if let Some(why) = call.ended_from_outside() {
            return Err(why);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| handler(incoming)));
        let outcome = outcome.unwrap_or_else(|payload| Err(panicked(incoming.path(), payload)));
        match (call.ended_from_outside(), outcome) {
            (None, outcome) => outcome,
            (Some(why), Ok(_)) => Err(why),
            (Some(why), Err(said)) => Err(why.with_source(said)),
        }
    };
    Next { rest: &method.interceptors, handler: Box::new(handler) }.run(&mut incoming)
}

/// [`around`] the handler of a unary call.
pub(super) fn around_unary(
    method: &Method,
    call: &Call,
    request: Request<Packed>,
    handler: impl FnOnce(Request<Packed>, &mut Taps) -> Result<Response<Bytes>, Status>,
) -> Result<Response<Bytes>, Status> {
    let (message, incoming) = incoming(method, request);
    let mut answered = None;
    let completed = around(method, call, incoming, |incoming| {
        let message = incoming.take_requests().unpack(message)?;
        let mut answer = incoming.take_answer();
        let response = handler(incoming.request(message), &mut answer.messages)?;
        let said = response.compression();
        let (body, mut metadata, trailers) = response.into_parts();
        answer.metadata.pass(&mut metadata);
        answered = Some((body, metadata, said));
        Ok(Completed::new(trailers))
    })?;
    let (body, metadata, said) =
        answered.ok_or_else(|| Status::internal("an interceptor has answered for another call"))?;
    Ok(Response::received(body, metadata, completed.into_trailers(), said))
}

/// A request as interceptors see it, and its message.
pub(super) fn incoming<T>(method: &Method, request: Request<T>) -> (T, IncomingCall) {
    let deadline = request.deadline();
    let (peer, cancellation, compression) =
        (request.peer().clone(), request.cancellation().clone(), request.compression());
    let (message, metadata) = request.into_parts();
    let incoming = IncomingCall {
        method: method.descriptor.clone(),
        metadata,
        deadline,
        peer,
        cancellation,
        extensions: Extensions::new(),
        compression,
        requests: Taps::default(),
        answer: Answer::default(),
    };
    (message, incoming)
}
