//! Interceptors of a channel: what stands around its calls.
//!
//! An interceptor runs on the calling thread and calls the next one, the last of them the call itself. For a unary
//! call that returns with its end; for the others once the call has begun, since the end comes while the caller holds
//! the stream. What an interceptor asks to be told ([`OutgoingCall::on_end`]) it is told for all kinds alike, exactly
//! once, also when the call never begins, or is dropped (`watch`).

use super::super::taps::{Completed, Taps};
use super::super::{CallKind, Metadata, MethodDescriptor, Request, Response, Status};
use super::awaited::{Again, Awaited};
use super::watch::{Watch, no_response};
use super::whole::Whole;
use super::{Inner, RequestSink, ResponseStream};
use crate::net::Target;
use crate::protobuf::Payload;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Stands around the calls of a channel: sees each call and its metadata, may change them, refuse the call, and learns
/// how it ended. [`ChannelBuilder::intercept`](super::ChannelBuilder::intercept) takes it; so it does a function with
/// the same parameters.
///
/// ```
/// use std::time::Instant;
/// use threadwire::grpc::{Channel, Code, Invoked, Invoker, OutgoingCall, Status};
///
/// fn authorise(call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status> {
///     call.metadata_mut().insert("authorization", "Bearer secret")?;
///     invoker.invoke(call)
/// }
///
/// fn time(call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status> {
///     let (begin, path) = (Instant::now(), call.path().to_owned());
///     call.on_end(move |outcome| {
///         let code = outcome.as_ref().map_or_else(|status| status.code(), |_| Code::Ok);
///         println!("{path}: {code} after {:?}", begin.elapsed());
///     });
///     invoker.invoke(call)
/// }
///
/// // The first is the outermost.
/// let channel = Channel::builder("localhost:50051").intercept(time).intercept(authorise).connect_lazy()?;
/// # Ok::<(), threadwire::Error>(())
/// ```
pub trait ClientInterceptor: Send + Sync + 'static {
    /// Makes `call`, mostly by [`Invoker::invoke`], once; what that answers goes back to the one before.
    ///
    /// # Errors
    /// How the call fails: its caller gets this status.
    fn intercept(&self, call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status>;
}

impl<F> ClientInterceptor for F
where
    F: Fn(&mut OutgoingCall, Invoker<'_>) -> Result<Invoked, Status> + Send + Sync + 'static,
{
    fn intercept(&self, call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status> {
        self(call, invoker)
    }
}

impl<T: ClientInterceptor + ?Sized> ClientInterceptor for Arc<T> {
    fn intercept(&self, call: &mut OutgoingCall, invoker: Invoker<'_>) -> Result<Invoked, Status> {
        (**self).intercept(call, invoker)
    }
}

/// The interceptors of a channel, the outermost first.
pub(super) struct Interceptors {
    list: Vec<Arc<dyn ClientInterceptor>>,
    target: String,
}

impl Interceptors {
    pub(super) fn new(list: Vec<Arc<dyn ClientInterceptor>>, target: &Target) -> Self {
        Self { list, target: target.authority.clone() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// A call that is about to be made, as an interceptor sees it.
pub struct OutgoingCall {
    method: MethodDescriptor,
    target: String,
    metadata: Metadata,
    deadline: Option<Instant>,
    requests: Taps,
    watch: Watch,
}

impl OutgoingCall {
    /// The method.
    pub fn method(&self) -> &MethodDescriptor {
        &self.method
    }

    /// `/package.Service/Method`, as it is sent.
    pub fn path(&self) -> &str {
        self.method.path()
    }

    /// Which side streams.
    pub fn kind(&self) -> CallKind {
        self.method.kind()
    }

    /// `host:port`, whom the channel calls.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The metadata of the request.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata of the request, to be changed before it is sent.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// When the call must have ended, if its caller or the channel says so.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Has the call end by then.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Has `look` see every request message that goes out, encoded and not compressed, in order. It may change it; an
    /// error goes to the caller that sends. Of several interceptors', the outermost is the first to see it.
    pub fn on_request(&mut self, look: impl FnMut(&mut Bytes) -> Result<(), Status> + Send + 'static) {
        self.requests.add_last(Box::new(look));
    }

    /// Has `look` see every response message that comes in, encoded and not compressed, in order. It may change it; an
    /// error ends the call. Of several interceptors', the outermost is the last to see it.
    pub fn on_response(&mut self, look: impl FnMut(&mut Bytes) -> Result<(), Status> + Send + 'static) {
        self.watch.messages.add_first(Box::new(look));
    }

    /// Has `change` see the initial metadata of the response, if there is a response, before the caller does. Of
    /// several interceptors', the outermost is the last to see it.
    pub fn on_response_metadata(&mut self, change: impl FnOnce(&mut Metadata) + Send + 'static) {
        self.watch.head.add_first(Box::new(change));
    }

    /// Has `tell` see how the call ended, exactly once, on whatever thread notices it: after its last response, with
    /// an error, or CANCELLED when the caller drops it before. It may change what the caller gets. Of several
    /// interceptors', the outermost is the last to see it.
    pub fn on_end(&mut self, tell: impl FnOnce(&mut Result<Completed, Status>) + Send + 'static) {
        self.watch.ends.add_first(Box::new(tell));
    }
}

impl fmt::Debug for OutgoingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingCall")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("metadata", &self.metadata)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A call that has been made: a unary one has succeeded, another has begun. ([`Invoker::invoke`] makes it: an
/// interceptor cannot answer instead of the server, except with an error.)
#[derive(Debug)]
pub struct Invoked(());

type Innermost<'i> = Box<dyn FnOnce(&mut OutgoingCall) -> Result<(), Status> + 'i>;

/// The interceptors that come next, and the call behind them.
pub struct Invoker<'i> {
    rest: &'i [Arc<dyn ClientInterceptor>],
    make: Innermost<'i>,
}

impl Invoker<'_> {
    /// Makes the call: waits for its end if it is unary, else until it has begun.
    ///
    /// # Errors
    /// How the call failed.
    pub fn invoke(self, call: &mut OutgoingCall) -> Result<Invoked, Status> {
        let Self { rest, make } = self;
        match rest.split_first() {
            Some((first, rest)) => first.intercept(call, Invoker { rest, make }),
            None => make(call).map(Invoked),
        }
    }
}

impl fmt::Debug for Invoker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoker").field("interceptors", &self.rest.len()).finish_non_exhaustive()
    }
}

impl Inner {
    /// A unary call within the channel's interceptors.
    pub(super) fn intercepted_unary<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: Request<I>,
    ) -> Result<Response<O>, Status> {
        self.intercepted(method, request, |call, request| {
            let mut watch = std::mem::take(&mut call.watch);
            let mut requests = std::mem::take(&mut call.requests);
            let request = request.try_map(|message| requests.through(&message));
            watch.answer(request.and_then(|request| self.unary::<Bytes, Bytes>(method, &request)))
        })
    }

    /// A call with a stream of responses within the channel's interceptors.
    pub(super) fn intercepted_download<I: Payload, O: Payload>(
        self: &Arc<Self>,
        method: &MethodDescriptor,
        request: Request<I>,
    ) -> Result<ResponseStream<O>, Status> {
        self.intercepted(method, request, |call, request| {
            let mut watch = Box::new(std::mem::take(&mut call.watch));
            let mut requests = std::mem::take(&mut call.requests);
            let request = request.try_map(|message| requests.through(&message));
            let begun = request.and_then(|request| Whole::send::<Bytes>(self, method, request));
            let (reply, whole) = watch.begun(begun)?;
            Ok(ResponseStream::new(Awaited::new(reply, Again::Whole(whole))).watched(watch))
        })
    }

    /// A call with a stream of requests within the channel's interceptors.
    pub(super) fn intercepted_sink<I: Payload>(
        self: &Arc<Self>,
        method: &MethodDescriptor,
        request: Request<()>,
    ) -> Result<(RequestSink<I>, Awaited, Box<Watch>), Status> {
        self.intercepted(method, request, |call, request| {
            let mut watch = Box::new(std::mem::take(&mut call.watch));
            let (sink, reply) = watch.begun(self.open_sink(method, request))?;
            Ok((sink.tapped(std::mem::take(&mut call.requests)), reply, watch))
        })
    }

    fn intercepted<T, M>(
        &self,
        method: &MethodDescriptor,
        request: Request<M>,
        make: impl FnOnce(&mut OutgoingCall, Request<M>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut call = OutgoingCall {
            method: method.clone(),
            target: self.interceptors.target.clone(),
            metadata: request.metadata().clone(),
            deadline: request.deadline_from_now(self.timeout),
            requests: Taps::default(),
            watch: Watch::default(),
        };
        let mut made = None;
        let innermost = |call: &mut OutgoingCall| {
            let mut request = request;
            request.metadata_mut().clone_from(&call.metadata);
            let request = match call.deadline {
                Some(deadline) => request.with_deadline(deadline),
                None => request,
            };
            made = Some(make(call, request)?);
            Ok(())
        };
        let invoker = Invoker { rest: &self.interceptors.list, make: Box::new(innermost) };
        if let Err(status) = invoker.invoke(&mut call) {
            // Of a call that was not made, all are told now; of one that was, they have been.
            return Err(call.watch.ends.tell(Err(status)).err().unwrap_or_else(no_response));
        }
        made.ok_or_else(|| Status::internal("an interceptor has answered for another call"))
    }
}
