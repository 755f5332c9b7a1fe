//! Connections within a process: a pair of sockets, one of which the listener takes. No port, no name, and yet a
//! stream like any other, with its bounds and its ends.

use super::Transport;
use super::socket::Socket;
use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Takes one end of a pair, or says why not.
type Take = dyn Fn(Box<dyn Transport>) -> io::Result<()> + Send + Sync;

/// A way to what listens within this process.
#[derive(Clone)]
pub(crate) struct Local(Arc<Take>);

impl Local {
    /// `take` gets the listener's end of each connection, on the thread of who connects.
    pub(crate) fn new(take: impl Fn(Box<dyn Transport>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Connects. Never blocks.
    ///
    /// # Errors
    /// The listener takes no connection, or there are no descriptors.
    pub(super) fn connect(&self) -> io::Result<Box<dyn Transport>> {
        let (here, there) = UnixStream::pair()?;
        here.set_nonblocking(true)?;
        there.set_nonblocking(true)?;
        (self.0)(Box::new(Socket::new(there)))?;
        Ok(Box::new(Socket::new(here)))
    }
}

impl PartialEq for Local {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Local {}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Local;
    use std::io::{Error, ErrorKind};
    use std::sync::{Arc, Mutex};

    #[test]
    fn both_ends_belong_together() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&taken);
        let local = Local::new(move |end| {
            keep.lock().unwrap().push(end);
            Ok(())
        });
        let mut here = local.connect().unwrap();
        let mut there = taken.lock().unwrap().pop().unwrap();
        assert_eq!(here.write(b"word").unwrap(), 4);
        let mut buffer = [0; 8];
        assert_eq!(there.read(&mut buffer).unwrap(), 4);
        assert_eq!(there.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(there);
        assert_eq!(here.read(&mut buffer).unwrap(), 0);
    }

    #[test]
    fn a_refusal_is_the_caller_s() {
        let local = Local::new(|_| Err(Error::from(ErrorKind::ConnectionRefused)));
        assert_eq!(local.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}
