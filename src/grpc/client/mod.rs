//! The client: a channel to one target, and the four kinds of calls over it.
//!
//! - `connector`: one connection, made when it is needed and made again when it is lost, by an `attempt`, and not more
//!   often than `backoff` says;
//! - `call`: a call's head, its sending; `reply`: what comes back; `streaming`: the halves of streaming calls;
//! - `intercept`: what stands around a channel's calls, `watch`: what that sees of their answers;
//! - `terms`: what ends a call before its answer; `retry`: whether one that has failed is made again; `whole` and `start`:
//!   streaming calls with one request, and with a stream of them, as long as they may be; `awaited`: what comes back of
//!   both.
//!
//! The calling thread does the work: it sends, and while it waits it reads for the connection, perhaps for calls of
//! other threads, too (`Driver`). While no thread calls, the attendant thread of the process's clients answers for the
//! connection.

mod attempt;
mod awaited;
mod backoff;
mod call;
mod connector;
mod intercept;
mod reply;
mod retry;
mod start;
mod streaming;
mod terms;
mod watch;
mod whole;

pub use backoff::Backoff;
pub use connector::ChannelState;
pub use intercept::{ClientInterceptor, Invoked, Invoker, OutgoingCall};
pub use streaming::{PendingResponse, RequestSink, ResponseStream};

use super::compression::{Encodings, Packer, Packing};
use super::{Encoding, MethodDescriptor, Request, Response, Status};
use crate::http2::Outbound;
use crate::net::{Local, Observer, Target};
use crate::protobuf::Payload;
use crate::threads::Known;
use crate::{Error, Limits, Threads, net};
use awaited::{Again, Awaited};
use bytes::Bytes;
use call::{Heads, Opening};
use connector::{Connector, Plan};
use intercept::Interceptors;
use reply::Reply;
use retry::{Failed, Retries};
use start::{Start, Unsent};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use terms::Terms;
use whole::Whole;

/// What gRPC's keepalive document allows a client at most; its servers take less for an attack.
const LEAST_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// A connection to a server, used from any thread; clones share it. It is made again when it was lost.
///
/// A call is made on the calling thread: it sends, and while it waits for its answer it may read for calls of other
/// threads, too ([`ChannelBuilder::driver`]). While nobody calls, one background thread looks after all channels of the
/// process.
///
/// In a process that was forked from the one that made it, every call fails with FAILED_PRECONDITION, and nothing that
/// is done there touches the connection, which is the parent's.
///
/// ```no_run
/// # #[cfg(feature = "program")] // which compiles the .proto file
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # mod proto { threadwire::include_proto!("helloworld"); }
/// use proto::{GreeterClient, HelloRequest};
/// use threadwire::grpc::Channel;
///
/// let client = GreeterClient::new(Channel::connect("http://localhost:50051")?);
/// let reply = client.say_hello(HelloRequest { name: "World".into(), ..Default::default() })?;
/// println!("{}", reply.message().message);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "program"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Channel {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    heads: Heads,
    timeout: Option<Duration>,
    wait_for_ready: bool,
    encoding: Encoding,
    limits: Limits,
    interceptors: Interceptors,
}

impl Channel {
    /// Connects to `http://host:port` (or `host:port`), or to a Unix socket by `unix:path`, with all settings as they are by default.
    ///
    /// # Errors
    /// See [`ChannelBuilder::connect`].
    pub fn connect(target: &str) -> Result<Self, Error> {
        Self::builder(target).connect()
    }

    /// The settings of a channel to `http://host:port`, `host:port` or `unix:path`.
    pub fn builder(target: &str) -> ChannelBuilder {
        ChannelBuilder {
            target: target.to_owned(),
            local: None,
            timeout: None,
            wait_for_ready: false,
            encoding: Encoding::default(),
            limits: Limits::default(),
            threads: Threads::default(),
            driver: Driver::default(),
            backoff: Backoff::default(),
            observer: None,
            interceptors: Vec::new(),
        }
    }

    /// How it stands with its server now. It may be otherwise a moment later.
    pub fn state(&self) -> ChannelState {
        self.inner.connector.state()
    }

    /// A call with one request and one response. Generated clients call it.
    ///
    /// # Errors
    /// The status with which the call ended, unless it is OK.
    pub fn unary<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: Request<I>,
    ) -> Result<Response<O>, Status> {
        if !self.inner.interceptors.is_empty() {
            return self.inner.intercepted_unary(method, request);
        }
        self.inner.unary(method, &request)
    }

    /// A call with one request and a stream of responses. Generated clients call it.
    ///
    /// # Errors
    /// The request could not be sent.
    pub fn server_streaming<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: Request<I>,
    ) -> Result<ResponseStream<O>, Status> {
        if !self.inner.interceptors.is_empty() {
            return self.inner.intercepted_download(method, request);
        }
        let (reply, whole) = Whole::send(&self.inner, method, request)?;
        Ok(ResponseStream::new(Awaited::new(reply, Again::Whole(whole))))
    }

    /// A call with a stream of requests and one response. Generated clients call it.
    ///
    /// # Errors
    /// The call could not be begun.
    pub fn client_streaming<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: Request<()>,
    ) -> Result<(RequestSink<I>, PendingResponse<O>), Status> {
        if !self.inner.interceptors.is_empty() {
            let (sink, reply, watch) = self.inner.intercepted_sink(method, request)?;
            return Ok((sink, PendingResponse::new(reply).watched(watch)));
        }
        let (sink, reply) = self.inner.open_sink(method, request)?;
        Ok((sink, PendingResponse::new(reply)))
    }

    /// A call with a stream of requests and a stream of responses. Generated clients call it.
    ///
    /// # Errors
    /// The call could not be begun.
    pub fn bidirectional<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: Request<()>,
    ) -> Result<(RequestSink<I>, ResponseStream<O>), Status> {
        if !self.inner.interceptors.is_empty() {
            let (sink, reply, watch) = self.inner.intercepted_sink(method, request)?;
            return Ok((sink, ResponseStream::new(reply).watched(watch)));
        }
        let (sink, reply) = self.inner.open_sink(method, request)?;
        Ok((sink, ResponseStream::new(reply)))
    }
}

impl Inner {
    fn terms<T>(&self, request: &Request<T>) -> Terms {
        Terms::of(request, self.timeout, self.wait_for_ready)
    }

    fn unary<I: Payload, O: Payload>(
        &self,
        method: &MethodDescriptor,
        request: &Request<I>,
    ) -> Result<Response<O>, Status> {
        let terms = self.terms(request);
        let mut retries = Retries::default();
        loop {
            match self.answered(method, request, &terms, &mut retries) {
                Ok(reply) => return reply.only(),
                Err(failed) => retries.after(failed)?,
            }
        }
    }

    fn packer<T>(&self, request: &Request<T>) -> Packer {
        let limit = self.limits.send_message_bytes;
        // What the server reads is not known before it answers.
        Packing { limit, encoding: self.encoding, accepted: Encodings::all() }.packer(request.compression())
    }

    /// Makes a call with one request, and waits for the head of its answer.
    fn answered<I: Payload>(
        &self,
        method: &MethodDescriptor,
        request: &Request<I>,
        terms: &Terms,
        retries: &mut Retries,
    ) -> Result<Reply, Failed> {
        let packer = self.packer(request);
        let body = packer.pack(request.message())?;
        let (path, metadata, encoding) = (method.path(), request.metadata(), packer.encoding());
        let opening = Opening { path, metadata, encoding, terms, streams: false };
        let mut reply = self.send_whole(opening, body, retries)?;
        // In another process it would not have been sent.
        let _known = Known::from_now();
        reply.head(None)?;
        Ok(reply)
    }

    fn send_whole(&self, opening: Opening<'_>, body: Bytes, retries: &mut Retries) -> Result<Reply, Failed> {
        let opened = call::open(&self.connector, &self.heads, opening, retries)?;
        opened.send_whole(body, self.limits.receive_message_bytes)
    }

    fn open_halves(&self, opening: Opening<'_>, retries: &mut Retries) -> Result<(Outbound, Reply), Status> {
        let opened = call::open(&self.connector, &self.heads, opening, retries)?;
        Ok(opened.halves(self.limits.receive_message_bytes))
    }

    fn open_sink<I: Payload>(
        self: &Arc<Self>,
        method: &MethodDescriptor,
        request: Request<()>,
    ) -> Result<(RequestSink<I>, Awaited), Status> {
        let (terms, packer) = (self.terms(&request), self.packer(&request));
        let ((), metadata) = request.into_parts();
        let call = Unsent { method: method.clone(), metadata, encoding: packer.encoding(), terms: terms.clone() };
        let (outbound, reply, start) = Start::open(self, call)?;
        let sink = RequestSink::new(outbound, Arc::clone(&start), packer, terms);
        Ok((sink, Awaited::new(reply, Again::Start(start))))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("connector", &self.inner.connector).finish_non_exhaustive()
    }
}

/// Who reads for a channel's connection while calls wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Driver {
    /// A thread that waits for its answer; the others are woken when theirs have come. It is the fastest, and a caller
    /// may spend some of its time on reading for others.
    #[default]
    Caller,
    /// A background thread (that of all idle connections, `attend`): callers only wait.
    Background,
}

/// The settings of a channel; ends in [`ChannelBuilder::connect`] or [`ChannelBuilder::connect_lazy`].
#[derive(Clone)]
pub struct ChannelBuilder {
    target: String,
    /// Of a server in this process; then there is no target.
    local: Option<Local>,
    timeout: Option<Duration>,
    wait_for_ready: bool,
    encoding: Encoding,
    limits: Limits,
    threads: Threads,
    driver: Driver,
    backoff: Backoff,
    observer: Option<Arc<dyn Observer>>,
    interceptors: Vec<Arc<dyn ClientInterceptor>>,
}

impl ChannelBuilder {
    /// The settings of a channel to a server in this process.
    pub(in crate::grpc) fn local(local: Local) -> Self {
        Self { local: Some(local), ..Channel::builder("in-process") }
    }

    /// How long a call may take that says nothing of its own; by default as long as it likes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether calls that say nothing of their own wait for a server that cannot be connected to, until their deadline,
    /// rather than fail with UNAVAILABLE; by default not. See [`Request::with_wait_for_ready`].
    pub fn wait_for_ready(mut self, wait_for_ready: bool) -> Self {
        self.wait_for_ready = wait_for_ready;
        self
    }

    /// Compresses the requests of calls that say nothing of their own ([`Request::with_encoding`]); by default none is
    /// compressed. A server that does not know the encoding answers UNIMPLEMENTED. Responses are read in whatever
    /// encoding is compiled in, of which the server is told.
    pub fn compress(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The bounds of the connection and its calls; [`Limits::connect_timeout`] is among them.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How threads are started.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Who reads for the connection; by default [`Driver::Caller`].
    pub fn driver(mut self, driver: Driver) -> Self {
        self.driver = driver;
        self
    }

    /// How long to wait between attempts to connect.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sees the bytes of all connections.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Puts an interceptor around all calls, inside those that were put there before.
    pub fn intercept(mut self, interceptor: impl ClientInterceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Makes the channel and its first connection.
    ///
    /// # Errors
    /// [`Error::Address`]; [`Error::Resolve`], [`Error::Connect`] or [`Error::TimedOut`] when there is no server, or
    /// none that speaks HTTP/2.
    pub fn connect(self) -> Result<Channel, Error> {
        let channel = self.connect_lazy()?;
        channel.inner.connector.connect()?;
        Ok(channel)
    }

    /// Makes the channel; the first call connects.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn connect_lazy(mut self) -> Result<Channel, Error> {
        let interval = &mut self.limits.keepalive_interval;
        *interval = interval.map(|interval| interval.max(LEAST_KEEPALIVE_INTERVAL));
        let target =
            self.local.take().map_or_else(|| net::parse_target(&self.target), |local| Ok(Target::local(local)))?;
        let heads = Heads::new(&target)?;
        let interceptors = Interceptors::new(std::mem::take(&mut self.interceptors), &target);
        let Self { timeout, wait_for_ready, encoding, limits, threads, driver, observer, backoff, .. } = self;
        let connector = Connector::new(Plan { target, limits: limits.clone(), threads, driver, observer, backoff });
        let inner = Inner { connector, heads, timeout, wait_for_ready, encoding, limits, interceptors };
        Ok(Channel { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder")
            .field("target", &self.target)
            .field("timeout", &self.timeout)
            .field("encoding", &self.encoding)
            .field("limits", &self.limits)
            .field("threads", &self.threads)
            .field("driver", &self.driver)
            .field("interceptors", &self.interceptors.len())
            .finish_non_exhaustive()
    }
}
