//! The client: connects, shakes hands, and gives the same [`Connection`] that a server's handler gets.

use super::engine::encoded_bytes;
use super::exchange::{Cut, exchange};
use super::handshake::client::{ClientHandshake, Established, Target, is_free, is_subprotocol};
use super::inner::{Inner, Settled};
use super::protocol::{Protocol, Role};
use super::{Connection, Error};
use crate::link::{Attendant, Io};
use crate::net::{Observer, PeerAddress, Socket, wait};
use crate::{Limits, Threads, net};
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Version};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Connects to `ws://host:port/path` with all settings as they are by default.
///
/// # Errors
/// See [`Client::connect`].
pub fn connect(url: &str) -> Result<Connection, Error> {
    Client::new().connect(url)
}

/// The settings of client connections. All of a process share one attendant thread (for each setting of threads), which
/// runs only while there are connections that no other thread waits on.
///
/// ```no_run
/// use threadwire::websocket::Client;
/// let client = Client::new().header("authorization", "Bearer …")?.subprotocols(["chat"])?;
/// let socket = client.connect("ws://localhost:8765/room/1")?;
/// # Ok::<(), threadwire::websocket::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Client {
    headers: HeaderMap,
    subprotocols: Vec<String>,
    timeout: Option<Duration>,
    limits: Limits,
    threads: Threads,
    observer: Option<Arc<dyn Observer>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    connections: AtomicU64,
}

impl Client {
    /// All settings as they are by default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header to the request.
    ///
    /// # Errors
    /// [`Error::Header`] if it is none, or belongs to the handshake.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
        match parsed {
            (Ok(parsed), Ok(value)) if is_free(&parsed) => {
                self.headers.append(parsed, value);
                Ok(self)
            }
            _ => Err(Error::Header { name: name.to_owned() }),
        }
    }

    /// Offers subprotocols, the preferred ones first.
    ///
    /// # Errors
    /// [`Error::Header`] if one cannot be a subprotocol's name.
    pub fn subprotocols<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        self.subprotocols = names.into_iter().map(Into::into).collect();
        match self.subprotocols.iter().find(|name| !is_subprotocol(name)) {
            Some(wrong) => Err(Error::Header { name: format!("Sec-WebSocket-Protocol: {wrong}") }),
            None => Ok(self),
        }
    }

    /// How long connecting may take, name and handshake included. By default [`Limits::connect_timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The bounds of each connection.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How threads are started.
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self.shared = Arc::default();
        self
    }

    /// Sees the bytes of all connections.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Connects to `ws://host:port/path`.
    ///
    /// # Errors
    /// [`Error::Local`] for the address, the network and the deadline; [`Error::Refused`] and [`Error::Handshake`] for
    /// what the server answered; [`Error::TlsMissing`] for `wss://`.
    pub fn connect(&self, url: &str) -> Result<Connection, Error> {
        let target = Target::parse(url)?;
        let begin = Instant::now();
        let timeout = self.timeout.unwrap_or(self.limits.connect_timeout);
        let (stream, peer) = net::connect(&self.threads, &target.host, target.port, timeout)?;
        let deadline =
            wait::deadline(begin, timeout).min(wait::deadline(Instant::now(), self.limits.handshake_timeout));
        let number = self.shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let socket = Socket::new(stream).noticing_death(self.limits.dead_peer_timeout);
        let mut io = Io::new(Box::new(socket), encoded_bytes(&self.limits), self.limits.write_timeout)
            .observed_by(self.observer.clone(), number);
        let (established, rest) = self.shake_hands(&mut io, &target, deadline).map_err(|cut| match cut {
            Failed::Answer(error) => error,
            Failed::Cut(Cut::TimedOut) => {
                let operation = format!("the WebSocket handshake with {}", target.authority);
                crate::Error::TimedOut { operation, after: begin.elapsed() }.into()
            }
            Failed::Cut(Cut::Io(source)) => crate::Error::Io { operation: "the WebSocket handshake", source }.into(),
        })?;
        let settled = Settled {
            request: self.request(&target),
            response: Some(established.response),
            subprotocol: established.subprotocol,
            peer: PeerAddress::Tcp(peer),
        };
        let protocol = Protocol::new(Role::Client, &self.limits);
        let attendant = Attendant::of_clients(&self.threads).map_err(no_descriptor)?;
        let inner = Inner::open(io, &attendant, protocol, &rest, &self.limits, settled).map_err(no_descriptor)?;
        inner.begin();
        Ok(Connection::new(inner, true))
    }

    fn shake_hands(&self, io: &mut Io, target: &Target, deadline: Instant) -> Result<(Established, Vec<u8>), Failed> {
        let key = ClientHandshake::random_key();
        let most = self.limits.request_head_bytes;
        let mut handshake = ClientHandshake::new(target, &self.headers, &self.subprotocols, &key, most);
        let sent = io.gather(handshake.request(), Instant::now);
        sent.map_err(|error| Failed::Cut(Cut::Io(error)))?;
        let (outcome, rest) = exchange(io, deadline, |bytes, ended| match handshake.receive(bytes, ended) {
            Ok(None) => None,
            Ok(Some(established)) => {
                let used = established.head_bytes;
                Some((Ok(established), used))
            }
            Err(error) => Some((Err(error), 0)),
        })
        .map_err(Failed::Cut)?;
        Ok((outcome.map_err(Failed::Answer)?, rest))
    }

    fn request(&self, target: &Target) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = Method::GET;
        *request.version_mut() = Version::HTTP_11;
        // Both come from a URL that was parsed.
        if let Ok(uri) = target.path.parse() {
            *request.uri_mut() = uri;
        }
        *request.headers_mut() = self.headers.clone();
        if let Ok(host) = HeaderValue::from_str(&target.authority) {
            request.headers_mut().insert(HOST, host);
        }
        request
    }
}

enum Failed {
    Cut(Cut),
    Answer(Error),
}

fn no_descriptor(source: std::io::Error) -> Error {
    crate::Error::Io { operation: "making a descriptor to be woken by", source }.into()
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            // Header values may be secrets.
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("subprotocols", &self.subprotocols)
            .field("timeout", &self.timeout)
            .field("limits", &self.limits)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
