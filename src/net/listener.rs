//! Listening: one name may mean several addresses, and nothing but a close ends the accepting.

use super::address::{self, PeerAddress};
use super::socket::{Socket, Transport, family, open};
use super::unix::{self, Path};
use super::wait::{Interest, wait};
use super::waker::Waker;
use crate::{Error, Threads};
use rustix::io::Errno;
use rustix::net::{bind, listen, sockopt};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Connections that wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4096;
/// How long resolving the name of an address to listen on may take.
const RESOLVE: Duration = Duration::from_secs(20);
/// With port 0, how often a port is tried that must be free on all addresses of a name.
const PORT_TRIES: usize = 16;
/// How long accepting pauses when descriptors or memory are short: from, to.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// Sockets that listen on all addresses of one name.
#[derive(Debug)]
pub(crate) struct Listener {
    addresses: Vec<SocketAddr>,
    /// Guards the list alone: nothing is done with a socket under it. Empty after the close; the last who waits on the
    /// sockets closes them, and from then on the system refuses connections.
    sockets: Mutex<Arc<[Bound]>>,
    waker: Waker,
    closed: AtomicBool,
}

/// One socket that listens.
#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    /// The path goes before the socket closes: fields are dropped in their order.
    Unix(#[expect(dead_code, reason = "its drop removes the path")] Path, UnixListener),
}

/// A connection that does not block.
enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Listener {
    /// [`Listener::bind`] that also takes `unix:path`.
    ///
    /// # Errors
    /// Those of [`Listener::bind`].
    pub(crate) fn bind_any(threads: &Threads, address: &str) -> Result<Self, Error> {
        let Some(path) = unix::path(address) else { return Self::bind(threads, address) };
        let failed = |source| Error::Bind { address: address.to_owned(), source };
        let (socket, path) = unix::listen(path.as_ref()).map_err(failed)?;
        Self::over(Vec::new(), Arc::new([Bound::Unix(path, socket)])).map_err(failed)
    }

    /// Listens on `address`, `host:port`; port 0 has the system choose one, the same for all addresses of the name.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Resolve`] or [`Error::Bind`].
    pub(crate) fn bind(threads: &Threads, address: &str) -> Result<Self, Error> {
        let expected = "'host:port', such as localhost:8765 or [::]:50051";
        let wrong = || Error::Address { address: address.to_owned(), expected };
        let (host, port) = address::split(address).ok_or_else(wrong)?;
        let addresses = address::resolve(threads, host, port.ok_or_else(wrong)?, RESOLVE)?;
        let failed = |source| Error::Bind { address: address.to_owned(), source };
        let sockets = listen_on_all(&addresses).map_err(failed)?;
        let addresses = sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
        Self::over(addresses, sockets.into_iter().map(Bound::Tcp).collect()).map_err(failed)
    }

    fn over(addresses: Vec<SocketAddr>, sockets: Arc<[Bound]>) -> io::Result<Self> {
        Ok(Self { addresses, sockets: Mutex::new(sockets), waker: Waker::new()?, closed: AtomicBool::new(false) })
    }

    /// The addresses of TCP that are listened on.
    pub(crate) fn local_addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    fn sockets(&self) -> MutexGuard<'_, Arc<[Bound]>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// [`Listener::accept`] of one that also listens on Unix sockets. Of a peer that is reached by a network the system
    /// notices within `dead_peer_timeout` or so that it has gone.
    ///
    /// # Errors
    /// Those of [`Listener::accept`].
    pub(crate) fn accept_any(
        &self,
        dead_peer_timeout: Option<Duration>,
    ) -> Result<(Box<dyn Transport>, PeerAddress), Error> {
        Ok(match self.next()? {
            Accepted::Tcp(stream, peer) => {
                (Box::new(Socket::new(stream).noticing_death(dead_peer_timeout)), PeerAddress::Tcp(peer))
            }
            Accepted::Unix(stream) => (Box::new(Socket::new(stream)), PeerAddress::Unix),
        })
    }

    /// Waits for the next connection on TCP. It does not block and sends without delay.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Listener::close`]; [`Error::Io`] if listening itself has broken. Connections that fail
    /// before they are accepted are passed over, and a lack of descriptors or memory is waited out.
    pub(crate) fn accept(&self) -> Result<(TcpStream, SocketAddr), Error> {
        loop {
            if let Accepted::Tcp(stream, peer) = self.next()? {
                return Ok((stream, peer));
            }
        }
    }

    fn next(&self) -> Result<Accepted, Error> {
        let mut pause = Duration::ZERO;
        let sockets = Arc::clone(&self.sockets());
        loop {
            if self.closed.load(Ordering::Acquire) {
                return Err(Error::Closed { what: "server" });
            }
            if !pause.is_zero() {
                self.sleep(Some(Instant::now() + pause), &[])?;
            }
            match accept_one(&sockets) {
                Ok(Some(accepted)) => return Ok(accepted),
                Ok(None) => {
                    pause = Duration::ZERO;
                    self.sleep(None, &sockets)?;
                }
                Err(error) if is_shortage(&error) => {
                    if pause.is_zero() {
                        log::warn!(target: "threadwire::link", "accepting connections pauses: {error}");
                    }
                    pause = (pause * 2).clamp(PAUSE_FIRST, PAUSE_MOST);
                }
                Err(source) => return Err(Error::Io { operation: "accepting a connection", source }),
            }
        }
    }

    /// Ends the accepting, from any thread and for good: connections are refused from then on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let sockets = std::mem::replace(&mut *self.sockets(), Arc::new([]));
        drop(sockets);
        self.waker.wake();
    }

    fn sleep(&self, until: Option<Instant>, sockets: &[Bound]) -> Result<(), Error> {
        let readable = Interest { readable: true, writable: false };
        let mut entries = vec![(self.waker.as_fd(), readable)];
        entries.extend(sockets.iter().map(|socket| (socket.as_fd(), readable)));
        // The waker is not drained: it is only ever woken by the close, which stays.
        wait(&entries, until).map(|_| ()).map_err(|source| Error::Io { operation: "waiting for connections", source })
    }
}

fn accept_one(sockets: &[Bound]) -> io::Result<Option<Accepted>> {
    for socket in sockets {
        match accept_from(socket) {
            Ok(accepted) => return Ok(Some(accepted)),
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn accept_from(socket: &Bound) -> io::Result<Accepted> {
    match socket {
        Bound::Tcp(socket) => {
            let (stream, peer) = socket.accept()?;
            stream.set_nonblocking(true)?;
            // A peer that has gone already makes this fail on some systems; reading will tell.
            let _ = stream.set_nodelay(true);
            Ok(Accepted::Tcp(stream, peer))
        }
        Bound::Unix(_, socket) => {
            let (stream, _) = socket.accept()?;
            stream.set_nonblocking(true)?;
            Ok(Accepted::Unix(stream))
        }
    }
}

impl AsFd for Bound {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(_, socket) => socket.as_fd(),
        }
    }
}

/// Nothing to accept, or one connection that was lost before: the next may be there.
fn is_passing(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED | Errno::PROTO | Errno::PERM))
        || matches!(errno, Some(Errno::NETDOWN | Errno::NETUNREACH | Errno::HOSTDOWN | Errno::HOSTUNREACH))
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

fn listen_on_all(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut tries = 0;
    loop {
        match listen_once(addresses) {
            Err(error) if chooses_port(addresses) && error.kind() == io::ErrorKind::AddrInUse && tries < PORT_TRIES => {
                tries += 1;
            }
            result => return result,
        }
    }
}

fn chooses_port(addresses: &[SocketAddr]) -> bool {
    addresses.len() > 1 && addresses.iter().all(|address| address.port() == 0)
}

fn listen_once(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut sockets: Vec<TcpListener> = Vec::with_capacity(addresses.len());
    let mut missing = None;
    for address in addresses {
        let mut address = *address;
        if let Some(first) = sockets.first()
            && address.port() == 0
        {
            address.set_port(first.local_addr()?.port());
        }
        match listen_on(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) if is_missing_family(&error) => match fallback(address) {
                Some(instead) => {
                    log::warn!(target: "threadwire::link", "this host has no IPv6; listening on {instead} instead of {address}");
                    sockets.push(listen_on(instead)?);
                }
                None => missing = Some(error),
            },
            Err(error) => return Err(error),
        }
    }
    match (sockets.is_empty(), missing) {
        (true, Some(error)) => Err(error),
        _ => Ok(sockets),
    }
}

/// The address family, or this address of it, is not on this host.
fn is_missing_family(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

fn fallback(address: SocketAddr) -> Option<SocketAddr> {
    (address.ip() == Ipv6Addr::UNSPECIFIED).then(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(family(address))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if let SocketAddr::V6(v6) = address {
        // The unspecified address takes IPv4, too, whatever the host's default.
        sockopt::set_ipv6_v6only(&socket, !v6.ip().is_unspecified())?;
    }
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

#[cfg(test)]
mod tests {
    use super::{Listener, is_passing, is_shortage};
    use crate::{Error, Threads};
    use rustix::io::Errno;
    use std::net::TcpStream;

    /// Linux hands out a connection that was reset before; other systems say so in this way.
    #[test]
    fn one_connection_that_is_lost_ends_nothing_and_a_shortage_is_waited_out() {
        let passing = [Errno::CONNABORTED, Errno::INTR, Errno::PROTO, Errno::PERM];
        let shortage = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        assert!(passing.iter().all(|errno| is_passing(&(*errno).into()) && !is_shortage(&(*errno).into())));
        assert!(shortage.iter().all(|errno| is_shortage(&(*errno).into()) && !is_passing(&(*errno).into())));
        assert!(!is_passing(&Errno::BADF.into()) && !is_shortage(&Errno::BADF.into()));
    }

    #[test]
    fn all_addresses_of_a_name_share_one_port_and_accept() {
        let listener = Listener::bind(&Threads::new(), "localhost:0").unwrap();
        let addresses = listener.local_addresses();
        assert!(!addresses.is_empty());
        for address in &addresses {
            assert_eq!(address.port(), addresses[0].port());
            let client = TcpStream::connect(address).unwrap();
            let (_, peer) = listener.accept().unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        }
    }

    #[test]
    fn the_unspecified_address_takes_ipv4() {
        let listener = Listener::bind(&Threads::new(), "[::]:0").unwrap();
        let client = TcpStream::connect(("127.0.0.1", listener.local_addresses()[0].port())).unwrap();
        assert_eq!(listener.accept().unwrap().1.port(), client.local_addr().unwrap().port());
    }

    #[test]
    fn a_close_ends_the_accepting_for_good() {
        let listener = Listener::bind(&Threads::new(), "127.0.0.1:0").unwrap();
        std::thread::scope(|scope| {
            let accepting = scope.spawn(|| listener.accept());
            listener.close();
            assert!(matches!(accepting.join().unwrap(), Err(Error::Closed { .. })));
        });
        assert!(matches!(listener.accept(), Err(Error::Closed { .. })));
        // The port is free, although the listener is still there.
        assert!(TcpStream::connect(listener.local_addresses()[0]).is_err());
    }

    #[test]
    fn what_cannot_be_listened_on_is_said() {
        let taken = Listener::bind(&Threads::new(), "127.0.0.1:0").unwrap();
        let address = taken.local_addresses()[0].to_string();
        let error = Listener::bind(&Threads::new(), &address).unwrap_err();
        assert!(error.to_string().contains(&address), "{error}");
        assert!(matches!(Listener::bind(&Threads::new(), "8765"), Err(Error::Address { .. })));
    }
}
