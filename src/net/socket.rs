//! One stream of bytes that never blocks: what a connection is driven over.
//!
//! [`Transport`] is the seam between the threads and whatever carries the bytes: TCP, Unix sockets, a socket pair in
//! tests, later TLS. It knows nothing of protocols.

use super::wait::Interest;
use rustix::net::SendFlags;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// A stream that never blocks, with a descriptor to wait on.
///
/// `read` and `write` answer [`ErrorKind::WouldBlock`] when nothing can be done now; `read` answers `Ok(0)` at the end
/// of the input. A layer that keeps bytes or needs the other direction to go on (TLS) says so by
/// [`Transport::holds_input`] and [`Transport::interest`].
pub trait Transport: Send + fmt::Debug {
    /// Reads some bytes into `buffer`.
    ///
    /// # Errors
    /// `WouldBlock` when there are none now; any other ends the connection.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes some of `bytes` and answers how many.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room now; any other ends the connection.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends what the layer itself has kept back of earlier writes.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room now; any other ends the connection.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Says the end of our output to the peer (after all that was written).
    ///
    /// # Errors
    /// `WouldBlock` when there is no room now; any other means that the peer is gone.
    fn shutdown_write(&mut self) -> io::Result<()>;

    /// What the layer itself must wait for, beside what its user wants to read or write.
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    /// Whether a `read` would give bytes although the descriptor shows none.
    fn holds_input(&self) -> bool {
        false
    }

    /// The descriptor to wait on.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

/// `send` with MSG_NOSIGNAL: a peer that has gone must be an error here, not the death of a host program in which
/// SIGPIPE still has its default.
fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::retry_on_intr(|| rustix::net::send(fd, bytes, SendFlags::NOSIGNAL))?)
}

fn receive(mut stream: impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl Transport for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(self, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send(AsFd::as_fd(self), bytes)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        AsFd::as_fd(self)
    }
}

impl Transport for UnixStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(self, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send(AsFd::as_fd(self), bytes)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        AsFd::as_fd(self)
    }
}

/// Any other stream that does not block, has a descriptor, and ends its output by being closed.
///
/// The stream must have been set to non-blocking by its owner.
#[derive(Debug)]
pub struct AnyStream<S>(pub S);

impl<S: Read + Write + AsFd + Send + fmt::Debug> Transport for AnyStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(&mut self.0, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
