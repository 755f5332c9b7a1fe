//! Addresses: reading them, resolving names under a deadline, and what a peer is called.

use super::connect::connect;
use super::local::Local;
use super::socket::{Socket, Transport};
use super::unix;
use crate::{Error, Threads};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerAddress {
    /// A TCP connection from this address.
    Tcp(SocketAddr),
    /// A Unix socket; those have no useful address.
    Unix,
    /// Another part of this process.
    InProcess,
    /// Another kind of stream.
    Unknown,
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
            Self::InProcess => f.write_str("in-process"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What is to be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    way: Way,
    /// `host:port` as it goes on the wire, an IPv6 address in brackets.
    pub(crate) authority: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Tcp {
        /// A name or an IP address, without brackets.
        host: String,
        port: u16,
    },
    Unix(PathBuf),
    Local(Local),
}

/// Reads the target of a gRPC channel: `http://host:port`, `host:port`, or `unix:path`.
///
/// # Errors
/// [`Error::Address`].
pub(crate) fn parse_target(text: &str) -> Result<Target, Error> {
    let wrong = |expected| Error::Address { address: text.to_owned(), expected };
    if let Some(path) = unix::path(text) {
        return Ok(Target { way: Way::Unix(path.into()), authority: "localhost".to_owned() });
    }
    if text.starts_with("https://") {
        return Err(wrong("'http://host:port': TLS is not supported yet"));
    }
    let rest = text.strip_prefix("http://").unwrap_or(text);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let expected = "'http://host:port', such as http://localhost:50051";
    let (host, port) = split(rest).ok_or_else(|| wrong(expected))?;
    Ok(Target::new(host, port.or_else(|| text.starts_with("http://").then_some(80)).ok_or_else(|| wrong(expected))?))
}

impl Target {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Self { way: Way::Tcp { host: host.to_owned(), port }, authority }
    }

    /// What listens within this process.
    pub(crate) fn local(local: Local) -> Self {
        Self { way: Way::Local(local), authority: "in-process".to_owned() }
    }

    /// Connects, within `timeout`. Of a peer that is reached by a network the system notices within `dead_peer_timeout`
    /// or so that it has gone; without one it does as it likes.
    ///
    /// # Errors
    /// [`Error::Resolve`], [`Error::Connect`] or [`Error::TimedOut`].
    pub(crate) fn connect(
        &self,
        threads: &Threads,
        timeout: Duration,
        dead_peer_timeout: Option<Duration>,
    ) -> Result<Box<dyn Transport>, Error> {
        match &self.way {
            Way::Tcp { host, port } => {
                let (stream, _) = connect(threads, host, *port, timeout)?;
                Ok(Box::new(Socket::new(stream).noticing_death(dead_peer_timeout)))
            }
            Way::Unix(path) => {
                let failed = |source| Error::Connect { address: format!("unix:{}", path.display()), source };
                Ok(Box::new(Socket::new(unix::connect(path).map_err(failed)?)))
            }
            Way::Local(local) => {
                let failed = |source| Error::Connect { address: self.authority.clone(), source };
                local.connect().map_err(failed)
            }
        }
    }
}

/// Splits `host[:port]` or `[v6][:port]`. None: it is neither.
pub(crate) fn split(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => match text.find(':') {
            Some(colon) => text.split_at_checked(colon)?,
            None => (text, ""),
        },
    };
    let port = match rest.strip_prefix(':') {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None if rest.is_empty() => None,
        None => return None,
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@[]\\%".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then_some((host, port))
}

/// Resolves `host`. The system's resolver cannot be given a time limit, so a name is resolved on a thread that is left
/// behind when it takes too long.
///
/// # Errors
/// [`Error::Resolve`], [`Error::TimedOut`] or [`Error::Thread`].
pub(crate) fn resolve(threads: &Threads, host: &str, port: u16, timeout: Duration) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (send, receive) = mpsc::sync_channel(1);
    let name = host.to_owned();
    let begin = Instant::now();
    threads.spawn("resolve", move || {
        // Nobody listens any more when it took too long.
        let _ = send.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    })?;
    let failed = |source| Error::Resolve { host: host.to_owned(), source };
    match receive.recv_timeout(timeout) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(io::Error::other("it has no address"))),
        Ok(Ok(addresses)) => Ok(without_repetition(addresses)),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(Error::TimedOut { operation: format!("resolving {host}"), after: begin.elapsed() }),
    }
}

fn without_repetition(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut kept: Vec<SocketAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{Target, Way, parse_target, resolve, split};
    use crate::Threads;
    use std::time::Duration;

    #[test]
    fn hosts_and_ports_are_split() {
        assert_eq!(split("localhost:80"), Some(("localhost", Some(80))));
        assert_eq!(split("a.example"), Some(("a.example", None)));
        assert_eq!(split("[::1]:50051"), Some(("::1", Some(50051))));
        assert_eq!(split("[::]"), Some(("::", None)));
        for wrong in
            ["", ":80", "::1", "a:b", "a:70000", "a:+1", "[::1", "[x]:1", "[::1]80", "a b:1", "a/b:1", "u@h:1", "a:"]
        {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn targets_are_read() {
        let target = |text| parse_target(text).unwrap();
        assert_eq!(target("http://localhost:50051"), Target::new("localhost", 50051));
        assert_eq!(target("http://[::1]:5/"), Target::new("::1", 5));
        assert_eq!(target("http://[::1]:5/").authority, "[::1]:5");
        assert_eq!(target("http://a"), Target::new("a", 80));
        assert_eq!(target("a:1").authority, "a:1");
        for unix in ["unix:/run/a socket", "unix:///run/a socket"] {
            let expected = Target { way: Way::Unix("/run/a socket".into()), authority: "localhost".into() };
            assert_eq!(target(unix), expected);
        }
        let error = |text| parse_target(text).unwrap_err().to_string();
        assert!(error("https://a:1").contains("TLS"));
        assert!(error("a").contains("http://host:port"));
        assert!(error("http://a:1/path").contains("'http://a:1/path'"));
    }

    #[test]
    fn names_are_resolved() {
        let addresses = resolve(&Threads::new(), "localhost", 7, Duration::from_secs(20)).unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 7));
        assert_eq!(resolve(&Threads::new(), "127.0.0.1", 1, Duration::ZERO).unwrap().len(), 1);
    }
}
