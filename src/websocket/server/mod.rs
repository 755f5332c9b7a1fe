//! The server: accepts connections, and serves each on a thread of its own.

mod builder;
mod converse;
mod handle;
mod stage;

pub use builder::ServerBuilder;
pub use handle::{ServerHandle, ShutdownReport};

use super::engine::encoded_bytes;
use super::handshake::Refusal;
use super::handshake::server::Rules;
use super::{Connection, Error};
use crate::link::{Attendant, Farewells, Io};
use crate::net::{Listener, Observer, Peers, Socket};
use crate::threads::{Place, Process, Registry};
use crate::{Limits, Threads};
use stage::Stage;
use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a handler returns: `Err` closes the connection with 1011.
pub type HandlerResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A server that listens and has not begun to serve.
///
/// ```no_run
/// use threadwire::websocket::{Connection, Server};
/// Server::bind("localhost:8765")?.serve(|mut socket: Connection| {
///     while let Some(message) = socket.receive()? {
///         socket.send(message)?;
///     }
///     Ok(())
/// })?;
/// # Ok::<(), threadwire::websocket::Error>(())
/// ```
pub struct Server {
    /// Goes to who accepts, so that nothing listens any more when that has ended, whatever handlers still run.
    listener: Listener,
    core: Arc<Core>,
}

/// What the accepting thread, the connections' threads and the handle share.
pub(super) struct Core {
    process: Process,
    limits: Limits,
    threads: Threads,
    rules: Rules,
    observer: Option<Arc<dyn Observer>>,
    attendant: Arc<Attendant>,
    numbers: AtomicU64,
    registry: Registry<Stage>,
    peers: Arc<Peers>,
    farewells: Farewells,
}

impl Server {
    /// Listens on `address`, `host:port`, with all settings as they are by default. `localhost` means all its
    /// addresses; port 0 has the system choose one.
    ///
    /// # Errors
    /// [`Error::Local`]: what is wrong with the address, or what the system says.
    pub fn bind(address: &str) -> Result<Self, Error> {
        Self::builder().bind(address)
    }

    /// The settings of a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The addresses it listens on.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listener.local_addresses()
    }

    /// Serves every connection with `handler`, each on its own thread, and does not return but for a failure.
    ///
    /// When the handler returns, the connection is closed: with 1000 after `Ok`, with 1011 after `Err` or a panic.
    ///
    /// # Errors
    /// [`Error::Local`] if listening itself breaks, and in a process that was forked from the one that made the server
    /// ([`crate::Error::OtherProcess`]).
    pub fn serve<H>(self, handler: H) -> Result<(), Error>
    where
        H: Fn(Connection) -> HandlerResult + Send + Sync + 'static,
    {
        self.core.is_ours()?;
        self.core.accept_all(&self.listener, &Arc::new(handler))
    }

    /// [`Server::serve`] on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Local`] if there is no thread, and as [`Server::serve`] does after a fork.
    pub fn spawn<H>(self, handler: H) -> Result<ServerHandle, Error>
    where
        H: Fn(Connection) -> HandlerResult + Send + Sync + 'static,
    {
        self.core.is_ours()?;
        let (core, listener) = (Arc::clone(&self.core), Arc::new(self.listener));
        let stopping = Arc::downgrade(&listener);
        let body = move || {
            let accepting = core.accept_all(&listener, &Arc::new(handler));
            accepting.inspect_err(|error| log::error!(target: "threadwire::websocket", "no more connections: {error}"))
        };
        let accepting = self.core.threads.spawn("ws-accept", body)?;
        Ok(ServerHandle::new(self.core, stopping, accepting))
    }
}

impl Core {
    /// # Errors
    /// [`crate::Error::OtherProcess`].
    fn is_ours(&self) -> Result<(), crate::Error> {
        if self.process.is_this() { Ok(()) } else { Err(crate::Error::OtherProcess { what: "server" }) }
    }

    fn accept_all<H>(self: &Arc<Self>, listener: &Listener, handler: &Arc<H>) -> Result<(), Error>
    where
        H: Fn(Connection) -> HandlerResult + Send + Sync + 'static,
    {
        loop {
            match listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer, handler),
                Err(crate::Error::Closed { .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives one accepted connection its thread, or a 503.
    fn admit<H>(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, handler: &Arc<H>)
    where
        H: Fn(Connection) -> HandlerResult + Send + Sync + 'static,
    {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let socket = Socket::new(stream).noticing_death(self.limits.dead_peer_timeout);
        let io = Io::new(Box::new(socket), encoded_bytes(&self.limits), self.limits.write_timeout)
            .observed_by(self.observer.clone(), number);
        let stage = io.descriptor().map(|descriptor| Stage::handshake(peer, &descriptor));
        let share = self.peers.enter(peer);
        let places = share.zip(stage.and_then(|stage| self.registry.enter(self.limits.connections, stage)));
        let Some((share, place)) = places else {
            return self.farewells.say(io, &Refusal::Full.answer());
        };
        let (core, handler) = (Arc::clone(self), Arc::clone(handler));
        let body = move |io, place: &Place<Stage>| {
            core.converse(io, peer, place, &*handler);
            drop(share);
        };
        if let Err((error, io)) = self.registry.spawn(&self.threads, &format!("ws-{number}"), place, io, body) {
            log::debug!(target: "threadwire::websocket", "a connection is refused: {error}");
            self.farewells.say(io, &Refusal::Full.answer());
        }
    }
}

impl Core {
    /// What all connections are at.
    fn stages(&self) -> Vec<Stage> {
        self.registry.collect(|stage| Some(stage.clone()))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).field("core", &self.core).finish()
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("limits", &self.limits).finish_non_exhaustive()
    }
}
