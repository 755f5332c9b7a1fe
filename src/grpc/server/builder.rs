//! The settings of a server.

use super::super::Encoding;
use super::super::quota::Quota;
use super::pool::Pool;
use super::service::{Router, ServiceDefinition};
use super::{Core, Dispatch, Server};
use crate::http2::Settings;
use crate::link::{Attendant, Farewells};
use crate::net::{Listener, Observer, Peers};
use crate::threads::{Process, Registry};
use crate::{Error, Limits, Threads};
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
    router: Router,
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
            router: Router::default(),
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
        self.router.add(service.into());
        self
    }

    /// Listens on `address`, `host:port`, on all addresses that the host resolves to; `[::]` takes IPv4, too. Port 0
    /// has the system choose one. Connections that come before the server serves wait.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Resolve`] or [`Error::Bind`]; [`Error::Io`] if there is no descriptor left.
    pub fn bind(self, address: &str) -> Result<Server, Error> {
        let listener = Listener::bind(&self.threads, address)?;
        let attendant = Attendant::that_stays(&self.threads)
            .map_err(|source| Error::Io { operation: "making a descriptor to be woken by", source })?;
        Ok(Server {
            core: Arc::new(Core {
                process: Process::this(),
                listener,
                router: self.router,
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
            }),
        })
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
            .field("router", &self.router)
            .finish_non_exhaustive()
    }
}
