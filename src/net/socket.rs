//! One stream of bytes that never blocks: what a connection is driven over.
//!
//! [`Transport`] is the seam between the threads and whatever carries the bytes: TCP, Unix sockets, a socket pair in
//! tests, later TLS. It knows nothing of protocols.

use super::dead_peers;
use super::wait::Interest;
use rustix::net::{AddressFamily, SendFlags, Shutdown, SocketFlags, SocketType, socket_with};
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// A stream that never blocks, with a descriptor to wait on.
///
/// `read` and `write` answer [`ErrorKind::WouldBlock`] when nothing can be done now; `read` answers `Ok(0)` at the end
/// of the input. A layer that keeps bytes or needs the other direction to go on (TLS) says so by
/// [`Transport::holds_input`] and [`Transport::interest`].
pub(crate) trait Transport: Send + fmt::Debug {
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

    /// The descriptor to wait on, kept open as long as the answer lives: a thread sleeps on it while no lock is held
    /// and others read and write.
    fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync>;
}

/// A stream socket that does not block and that programs started later do not inherit.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(family, SocketType::STREAM, flags, None)?)
}

/// A stream socket that does not block and that programs started later do not inherit. (Here a socket cannot be made so:
/// it becomes so right afterwards.)
#[cfg(target_vendor = "apple")]
pub(super) fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::empty(), None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

pub(super) fn family(address: SocketAddr) -> AddressFamily {
    if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET }
}

/// `send` without a signal: a peer that has gone must be an error here, not the death of a host program in which
/// SIGPIPE still has its default.
fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::retry_on_intr(|| rustix::net::send(fd, bytes, NO_SIGNAL))?)
}

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
/// Here it is a setting of the socket.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

#[cfg(target_vendor = "apple")]
fn take_signals_off(socket: impl AsFd) {
    // It fails for what is no socket, and for one whose peer has gone already.
    let _ = rustix::net::sockopt::set_socket_nosigpipe(socket, true);
}

fn receive(mut stream: impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// A socket of the system, TCP or Unix. It must have been set to non-blocking.
#[derive(Debug)]
pub(crate) struct Socket<S>(Arc<S>);

impl<S: AsFd> Socket<S> {
    /// Takes over `socket`, which does not block.
    pub(crate) fn new(socket: S) -> Self {
        #[cfg(target_vendor = "apple")]
        take_signals_off(&socket);
        Self(Arc::new(socket))
    }

    /// Has the system notice, within `timeout` or so, that its peer has gone; without one it does as it likes.
    pub(crate) fn noticing_death(self, timeout: Option<Duration>) -> Self {
        if let Some(timeout) = timeout {
            dead_peers::notice(&*self.0, timeout);
        }
        self
    }
}

impl<S> Transport for Socket<S>
where
    S: AsFd + Send + Sync + fmt::Debug + 'static,
    for<'a> &'a S: Read,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(&*self.0, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        send(self.0.as_fd(), bytes)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&*self.0, Shutdown::Write)?)
    }

    fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
        Arc::clone(&self.0) as Arc<dyn AsFd + Send + Sync>
    }
}
