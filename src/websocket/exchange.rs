//! The handshake's bytes over an Io: the calling thread sends, waits and reads until an outcome or the deadline, before
//! the connection has an engine. How the bytes are understood is `handshake`'s.

use crate::link::{Filled, Io};
use crate::net::wait;
use std::io;
use std::time::Instant;

/// Why there was no outcome.
#[derive(Debug)]
pub(super) enum Cut {
    /// The deadline has come.
    TimedOut,
    /// The peer has gone, or the socket has failed.
    Io(io::Error),
}

impl From<io::Error> for Cut {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Sends what `io` has gathered, and reads until `look` finds an outcome in all that has come, of which it uses a part;
/// the rest is handed back. `look` learns whether the input has ended.
pub(super) fn exchange<T>(
    io: &mut Io,
    deadline: Instant,
    mut look: impl FnMut(&[u8], bool) -> Option<(T, usize)>,
) -> Result<(T, Vec<u8>), Cut> {
    let mut came = Vec::new();
    loop {
        io.send(Instant::now());
        let filled = io.fill()?;
        came.extend_from_slice(io.input());
        io.consume(io.input().len());
        if filled == Filled::Nothing {
            sleep(io, deadline)?;
            continue;
        }
        if let Some((outcome, used)) = look(&came, filled == Filled::End) {
            let rest = came.split_off(used.min(came.len()));
            return Ok((outcome, rest));
        }
        if filled == Filled::End {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if Instant::now() >= deadline {
            return Err(Cut::TimedOut);
        }
    }
}

fn sleep(io: &mut Io, deadline: Instant) -> Result<(), Cut> {
    io.rest();
    let descriptor = io.descriptor().filter(|_| !io.is_lost());
    let Some(descriptor) = descriptor else { return Err(io::Error::from(io::ErrorKind::NotConnected).into()) };
    let found = wait::wait(&[((*descriptor).as_fd(), io.interest())], Some(deadline))?;
    let readiness = found.into_iter().next().unwrap_or_default();
    if !readiness.any() && Instant::now() >= deadline {
        return Err(Cut::TimedOut);
    }
    io.note(readiness);
    Ok(())
}
