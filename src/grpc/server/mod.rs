//! The server: accepts connections, reads each on a thread of its own, and runs handlers of fast methods there, all
//! others on other threads.
//!
//! - `head`: whether a request is a call; `service`: paths and handlers, `intercept`: what stands around them; `call`:
//!   one call and its answer, `leaving`: answers that their client takes slowly;
//! - `connection`: a connection and its reader thread, `table`: its calls; `dispatch`: where handlers of unary calls
//!   run, `pool`: their threads; `streaming`: calls with a thread of their own;
//! - `builder`, `handle`: settings before, and the end; `in_process`: a server for this process alone.

mod builder;
mod call;
mod connection;
mod dispatch;
mod handle;
mod head;
mod in_process;
mod intercept;
mod leaving;
mod pool;
mod service;
mod streaming;
mod table;

pub use builder::ServerBuilder;
pub use dispatch::Dispatch;
pub use handle::{ServerHandle, ShutdownReport};
pub use in_process::InProcess;
pub use intercept::{IncomingCall, Next, ServerInterceptor};
pub use service::ServiceDefinition;
pub use streaming::{RequestStream, ResponseSink};

use super::quota::{Quota, Share};
use super::{Encoding, Status};
use crate::http2::{self, Settings};
use crate::link::{Attendant, Farewells, Io};
use crate::net::{Listener, Observer, PeerAddress, Peers, Transport};
use crate::threads::{Place, Process, Registry};
use crate::{Error, Limits, Threads};
use connection::Served;
use pool::Pool;
use service::{Router, Streaming};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use streaming::StreamingCall;

/// SETTINGS, then GOAWAY(NO_ERROR, 0) that says why in words (RFC 9113 §6.8), for a connection that is one too many:
/// its client may try again.
const FULL: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x1c\x07\0\0\0\0\0\0\0\0\0\0\0\0\0too many connections";

/// A server that listens, and serves once [`Server::serve`] or [`Server::spawn`] is called.
///
/// ```no_run
/// # #[cfg(feature = "program")] // which compiles the .proto file
/// # fn main() -> Result<(), threadwire::Error> {
/// # mod proto { threadwire::include_proto!("helloworld"); }
/// use proto::{Greeter, GreeterServer, HelloReply, HelloRequest};
/// use threadwire::grpc::{Request, Response, Server, Status};
///
/// struct MyGreeter;
///
/// impl Greeter for MyGreeter {
///     fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
///         let message = format!("Hello, {}!", request.message().name);
///         Ok(HelloReply { message, ..Default::default() }.into())
///     }
/// }
///
/// Server::builder().workers(10).add_service(GreeterServer::new(MyGreeter)).bind("[::]:50051")?.serve()
/// # }
/// # #[cfg(not(feature = "program"))]
/// # fn main() {}
/// ```
pub struct Server {
    core: Arc<Core>,
}

struct Core {
    process: Process,
    /// None: connections come from this process alone.
    listener: Option<Listener>,
    limits: Limits,
    settings: Settings,
    threads: Threads,
    observer: Option<Arc<dyn Observer>>,
    router: Router,
    pool: Arc<Pool>,
    dispatch: Dispatch,
    /// Of responses whose handler says nothing else.
    encoding: Encoding,
    attendant: Arc<Attendant>,
    farewells: Farewells,
    numbers: AtomicU64,
    connections: Registry<Stage>,
    peers: Arc<Peers>,
    /// Calls that wait for more than their connection's thread.
    calls: Arc<Quota>,
    /// Bytes of requests that are not whole yet.
    unfinished: Arc<Quota>,
    /// The threads of streaming calls, each with its method's path.
    streams: Registry<Arc<str>>,
    /// Calls that were open when their connection was cut off.
    cut_calls: AtomicUsize,
}

/// What a connection's thread is at.
enum Stage {
    Starting,
    Serving(Weak<Served>),
}

impl Server {
    /// The settings of a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The addresses of TCP that it listens on.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.core.local_addresses()
    }

    /// Serves, and does not return but for a failure.
    ///
    /// # Errors
    /// [`Error::Io`] if listening itself breaks; [`Error::OtherProcess`] in a process that was forked from the one that
    /// made it.
    pub fn serve(self) -> Result<(), Error> {
        self.core.is_ours()?;
        self.core.accept_all()
    }

    /// [`Server::serve`] on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Thread`]; [`Error::OtherProcess`] in a process that was forked from the one that made it.
    pub fn spawn(self) -> Result<ServerHandle, Error> {
        self.core.is_ours()?;
        let core = Arc::clone(&self.core);
        let accepting = self.core.threads.spawn("grpc-accept", move || {
            let accepting = core.accept_all();
            accepting.inspect_err(|error| log::error!(target: "threadwire::grpc", "no more connections: {error}"))
        })?;
        Ok(ServerHandle::new(self.core, Some(accepting)))
    }
}

impl Core {
    /// # Errors
    /// [`Error::OtherProcess`].
    fn is_ours(&self) -> Result<(), Error> {
        if self.process.is_this() { Ok(()) } else { Err(Error::OtherProcess { what: "server" }) }
    }

    fn accept_all(self: &Arc<Self>) -> Result<(), Error> {
        let Some(listener) = &self.listener else { return Ok(()) };
        loop {
            match listener.accept_any(self.limits.dead_peer_timeout) {
                Ok((transport, peer)) => self.admit(transport, peer),
                Err(Error::Closed { .. }) => return Ok(()),
                Err(error) => {
                    listener.close();
                    return Err(error);
                }
            }
        }
    }

    fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listener.as_ref().map(Listener::local_addresses).unwrap_or_default()
    }

    /// Gives one connection its thread, or a GOAWAY.
    fn admit(self: &Arc<Self>, transport: Box<dyn Transport>, peer: PeerAddress) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let io = Io::new(transport, self.limits.outbox_bytes, self.limits.write_timeout)
            .observed_by(self.observer.clone(), number);
        let share = match &peer {
            PeerAddress::Tcp(peer) => self.peers.enter(*peer).map(Some),
            _ => Some(None),
        };
        let places = share.zip(self.connections.enter(self.limits.connections, Stage::Starting));
        let Some((share, place)) = places else {
            return self.farewells.say(io, FULL);
        };
        let core = Arc::clone(self);
        let work = format!("grpc-{number}");
        let body = move |io: Io, place: &Place<Stage>| {
            core.read(io, peer, place);
            drop(share);
        };
        if let Err((error, io)) = self.connections.spawn(&self.threads, &work, place, io, body) {
            log::debug!(target: "threadwire::grpc", "a connection is refused: {error}");
            self.farewells.say(io, FULL);
        }
    }

    /// A connection's thread.
    fn read(self: &Arc<Self>, io: Io, peer: PeerAddress, place: &Place<Stage>) {
        let accept = match http2::accept(io, &self.attendant, &self.settings, head::HTTP1_ANSWER) {
            Ok(accept) => accept,
            Err(error) => {
                log::debug!(target: "threadwire::grpc", "a connection is cut off: {error}");
                return;
            }
        };
        let served = Served::new(self, accept, peer);
        if place.change(Stage::Serving(Arc::downgrade(&served))) {
            served.drain();
        }
        served.serve();
    }

    /// Starts the thread of a streaming call, which has `share` of those of its connection, or refuses the call.
    fn start_streaming(self: &Arc<Self>, mut call: StreamingCall, handler: Streaming, share: Share) {
        let Some(place) = self.streams.enter(self.limits.streaming_calls, Arc::clone(&call.method.path)) else {
            return call.call.refuse(Status::resource_exhausted("too many streaming calls").into());
        };
        call.inbound.keep();
        let core = Arc::clone(self);
        let body = move |call, _: &Place<_>| {
            handler(call, &core.limits);
            drop(share);
        };
        if let Err((error, call)) = self.streams.spawn(&self.threads, "stream", place, call, body) {
            log::warn!(target: "threadwire::grpc", "a streaming call is refused: {error}");
            call.call.refuse(Status::resource_exhausted("there is no thread to run the call").into());
        }
    }

    /// Ends every connection once its calls are over, and every thread that has nothing to do.
    /// Answers how many connections there were.
    fn drain(&self) -> usize {
        if let Some(listener) = &self.listener {
            listener.close();
        }
        let open = self.connections.stop();
        self.live().iter().for_each(|served| served.drain());
        self.pool.retire();
        self.attendant.release();
        open
    }

    fn live(&self) -> Vec<Arc<Served>> {
        self.connections.collect(|stage| match stage {
            Stage::Starting => None,
            Stage::Serving(served) => served.upgrade(),
        })
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.attendant.release();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("core", &self.core).finish()
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("listener", &self.listener)
            .field("router", &self.router)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
