//! The settings of a server.

use super::super::handshake::server::Rules;
use super::super::{Error, Origins};
use super::{Core, Server};
use crate::link::{Attendant, Farewells};
use crate::net::{Listener, Observer, Peers};
use crate::threads::{Process, Registry};
use crate::{Limits, Threads};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The settings of a server; ends in [`ServerBuilder::bind`].
///
/// ```
/// use threadwire::websocket::{Origins, Server};
/// let server = Server::builder().origins(Origins::Any).subprotocols(["chat"]).bind("localhost:0")?;
/// assert!(server.local_addresses()[0].port() != 0);
/// # Ok::<(), threadwire::websocket::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ServerBuilder {
    limits: Limits,
    threads: Threads,
    rules: Rules,
    observer: Option<Arc<dyn Observer>>,
}

impl ServerBuilder {
    /// The bounds of each connection, and of their number.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How threads are started.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Which pages may connect; by default, those of the same host.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.rules.origins = origins;
        self
    }

    /// The subprotocols that are spoken, the preferred ones first. A connection gets the first that its client offers,
    /// or none.
    pub fn subprotocols<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.rules.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sees the bytes of all connections.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Listens on `address`, `host:port`. See [`Server::bind`].
    ///
    /// # Errors
    /// [`Error::Local`]: what is wrong with the address, or what the system says.
    pub fn bind(self, address: &str) -> Result<Server, Error> {
        let listener = Listener::bind(&self.threads, address)?;
        let attendant = Attendant::new(&self.threads)
            .map_err(|source| crate::Error::Io { operation: "making a descriptor to be woken by", source })?;
        Ok(Server {
            listener,
            core: Arc::new(Core {
                process: Process::this(),
                threads: self.threads,
                rules: self.rules,
                observer: self.observer,
                farewells: Farewells::new(&attendant, self.limits.close_timeout),
                attendant,
                numbers: AtomicU64::new(1),
                registry: Registry::new(),
                peers: Peers::new(self.limits.connections_per_peer),
                limits: self.limits,
            }),
        })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("limits", &self.limits)
            .field("threads", &self.threads)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
