//! The settings of a server.

use super::super::Encoding;
use super::super::quota::Quota;
use super::pool::Pool;
use super::service::{Fallback, Router, ServiceDefinition};
use super::{Core, Dispatch, InProcess, RequestStream, ResponseSink, Server, ServerInterceptor};
use crate::grpc::{Request, Status};
use crate::http2::Settings;
use crate::link::{Attendant, Farewells};
use crate::net::{Listener, Observer, Peers};
use crate::threads::{Process, Registry};
use crate::{Error, Limits, Threads};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// The threads that run unary handlers, as in the classic example.
const WORKERS: usize = 10;

/// The settings of a server; ends in [`ServerBuilder::bind`].
pub struct ServerBuilder {
    workers: usize,
    dispatch: Dispatch,
    limits: Limits,
    threads: Threads,
    observer: Option<Arc<dyn Observer>>,
    encoding: Encoding,
    services: Vec<ServiceDefinition>,
    fallback: Option<Fallback>,
    interceptors: Vec<Box<dyn ServerInterceptor>>,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            workers: WORKERS,
            dispatch: Dispatch::default(),
            limits: Limits::default(),
            threads: Threads::default(),
            observer: None,
            encoding: Encoding::default(),
            services: Vec::new(),
            fallback: None,
            interceptors: Vec::new(),
        }
    }
}

impl ServerBuilder {
    /// How many handlers of unary calls run at once in the pool, each on a thread; by default 10. The others wait, at
    /// most [`Limits::queued_calls`] of them. (Which handlers run in the pool is for [`ServerBuilder::dispatch`] to
    /// say.)
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// Where handlers of unary calls run; by default [`Dispatch::Adaptive`].
    pub fn dispatch(mut self, dispatch: Dispatch) -> Self {
        self.dispatch = dispatch;
        self
    }

    /// The bounds of each connection and call, and of their number.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How threads are started.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Sees the bytes of all connections.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Compresses the responses of calls whose client reads this encoding, if their handler says nothing else; by
    /// default none is compressed. Requests are read in whatever encoding is compiled in.
    pub fn compress(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Serves this service, too. Of two with the same name, the later one is served.
    pub fn add_service(mut self, service: impl Into<ServiceDefinition>) -> Self {
        self.services.push(service.into());
        self
    }

    /// Serves the methods that no service has: `handler` gets the path and the call, of whatever kind it is, as a
    /// stream of encoded messages each way. Enough for a proxy, or for services that are found at run time. Without,
    /// such calls are UNIMPLEMENTED.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use threadwire::grpc::{Request, RequestStream, ResponseSink, Server};
    ///
    /// let echo = |path: &str, requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
    ///     println!("{} calls {path}", requests.peer());
    ///     requests.into_message().try_for_each(|message| responses.send(message?))
    /// };
    /// let server = Server::builder().fallback(echo);
    /// ```
    pub fn fallback(
        mut self,
        handler: impl Fn(&str, Request<RequestStream<Bytes>>, &mut ResponseSink<Bytes>) -> Result<(), Status>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.fallback = Some(Arc::new(handler));
        self
    }

    /// Puts an interceptor around all handlers, inside those that were put there before.
    pub fn intercept(mut self, interceptor: impl ServerInterceptor) -> Self {
        self.interceptors.push(Box::new(interceptor));
        self
    }

    /// Listens on `address`, `host:port`, on all addresses that the host resolves to; `[::]` takes IPv4, too. Port 0
    /// has the system choose one. Connections that come before the server serves wait.
    ///
    /// `unix:path` listens on a Unix socket. A path that nobody listens on any more is taken over; the server's end
    /// removes it. Who may connect is for the path's folder to say; [`Limits::connections_per_peer`] does not count.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Resolve`] or [`Error::Bind`]; [`Error::Io`] if there is no descriptor left.
    pub fn bind(self, address: &str) -> Result<Server, Error> {
        let listener = Listener::bind_any(&self.threads, address)?;
        Ok(Server { core: self.core(Some(listener))? })
    }

    /// Starts a server that this process alone can reach, without a port: for tests of services and their clients. It
    /// has all rules and bounds of a server on TCP, but those that are for addresses.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no descriptor left.
    pub fn in_process(self) -> Result<InProcess, Error> {
        Ok(InProcess::new(self.core(None)?))
    }

    fn core(self, listener: Option<Listener>) -> Result<Arc<Core>, Error> {
        let attendant = Attendant::that_stays(&self.threads)
            .map_err(|source| Error::Io { operation: "making a descriptor to be woken by", source })?;
        Ok(Arc::new(Core {
            process: Process::this(),
            listener,
            router: Router::new(self.services, self.fallback, self.interceptors.into()),
            pool: Pool::new(self.workers, &self.threads, &self.limits),
            dispatch: self.dispatch,
            encoding: self.encoding,
            farewells: Farewells::new(&attendant, self.limits.close_timeout),
            attendant,
            numbers: AtomicU64::new(1),
            settings: Settings::new(&self.limits),
            connections: Registry::new(),
            peers: Peers::new(self.limits.connections_per_peer),
            calls: Quota::new(self.limits.concurrent_calls, "concurrent calls on this server"),
            unfinished: Quota::new(
                self.limits.server_unfinished_message_bytes,
                "bytes of unfinished requests on this server",
            ),
            streams: Registry::new(),
            cut_calls: AtomicUsize::new(0),
            limits: self.limits,
            threads: self.threads,
            observer: self.observer,
        }))
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("workers", &self.workers)
            .field("dispatch", &self.dispatch)
            .field("limits", &self.limits)
            .field("threads", &self.threads)
            .field("encoding", &self.encoding)
            .field("services", &self.services)
            .field("interceptors", &self.interceptors.len())
            .finish_non_exhaustive()
    }
}
