//! Connecting: all addresses of a name, one after the other, under one deadline.

use super::address;
use super::socket::{family, open};
use super::wait::{Interest, deadline, wait};
use crate::{Error, Threads};
use rustix::io::Errno;
use rustix::net::{connect as start_connect, sockopt};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Connects to `host`, a name or an IP address. The stream does not block and sends without delay.
///
/// # Errors
/// [`Error::Resolve`]; [`Error::Connect`] with what the last address said; [`Error::TimedOut`] when all of it has taken
/// `timeout`.
pub(crate) fn connect(
    threads: &Threads,
    host: &str,
    port: u16,
    timeout: Duration,
) -> Result<(TcpStream, SocketAddr), Error> {
    let begin = Instant::now();
    let deadline = deadline(begin, timeout);
    let name = address::Target::new(host, port).authority;
    let mut last = io::Error::other("it has no address");
    for address in address::resolve(threads, host, port, timeout)? {
        match connect_one(address, deadline) {
            Ok(stream) => return Ok((stream, address)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut && Instant::now() >= deadline => {
                return Err(Error::TimedOut { operation: format!("connecting to {name}"), after: begin.elapsed() });
            }
            Err(error) => last = error,
        }
    }
    Err(Error::Connect { address: name, source: last })
}

fn connect_one(address: SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
    let socket = open(family(address))?;
    match start_connect(&socket, &address) {
        // EINTR of a connect that does not block: it goes on by itself, as with EINPROGRESS.
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let writable = Interest { readable: false, writable: true };
    let found = wait(&[(socket.as_fd(), writable)], Some(deadline))?;
    if !found.iter().any(|readiness| readiness.any()) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    sockopt::socket_error(&socket)??;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::connect;
    use crate::{Error, Threads};
    use std::net::TcpListener;
    use std::time::Duration;

    #[test]
    fn a_name_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stream, address) = connect(&Threads::new(), "localhost", port, Duration::from_secs(20)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(listener.accept().unwrap().1, stream.local_addr().unwrap());
    }

    #[test]
    fn a_refusal_names_the_target() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = connect(&Threads::new(), "127.0.0.1", port, Duration::from_secs(20)).unwrap_err();
        assert!(matches!(error, Error::Connect { .. }));
        assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
    }

    #[test]
    fn no_time_is_no_connection() {
        // A listener whose backlog is full answers no more.
        let listener =
            rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&listener, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let address = TcpListener::from(listener);
        let port = address.local_addr().unwrap().port();
        let mut held = Vec::new();
        let error = loop {
            match connect(&Threads::new(), "127.0.0.1", port, Duration::from_millis(50)) {
                Ok((stream, _)) => held.push(stream),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    }
}
