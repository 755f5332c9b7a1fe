//! The orderly end of connections that never got an engine: their answer is sent, and the Link ends them.

use crate::link::{Attendant, Engine, Io, Link, Step};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An engine that has nothing to do any more.
#[derive(Debug)]
struct Farewell<T> {
    /// Dropped when the socket has been closed.
    kept: Option<T>,
}

impl<T: Send + 'static> Engine for Farewell<T> {
    fn step(&mut self, _now: Instant) -> Step {
        Step::Finished
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn closed(&mut self) {
        self.kept = None;
    }
}

/// Sends `answer` and ends the connection, on the calling thread.
pub(super) fn farewell(io: Io, attendant: &Arc<Attendant>, close_timeout: Duration, answer: &[u8]) {
    if let Some(link) = begin(io, attendant, close_timeout, answer, ()) {
        link.drive_to_close(None);
    }
}

/// Sends `answer` and leaves the end of the connection to the attendant. `kept` is dropped when it is over.
pub(super) fn farewell_later<T: Send + 'static>(
    io: Io,
    attendant: &Arc<Attendant>,
    close_timeout: Duration,
    answer: &[u8],
    kept: T,
) {
    if let Some(link) = begin(io, attendant, close_timeout, answer, kept) {
        link.kick();
        link.entrust();
    }
}

fn begin<T: Send + 'static>(
    mut io: Io,
    attendant: &Arc<Attendant>,
    close_timeout: Duration,
    answer: &[u8],
    kept: T,
) -> Option<Arc<Link<Farewell<T>>>> {
    // A peer that is gone already is not told; one for which there is no descriptor is cut off.
    io.gather(answer, Instant::now).ok()?;
    Link::new(io, attendant, close_timeout, |_| Farewell { kept: Some(kept) }).ok()
}
