//! The orderly end of connections that never got an engine of their own: their answer is sent, and the Link ends them.

use super::{Attendant, Engine, Io, Link, Step};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many connections are told at once; one more is closed without a word.
const MOST: usize = 64;

/// An engine that has nothing to do any more.
#[derive(Debug)]
struct Farewell {
    /// One of the places; free when the socket has been closed.
    place: Option<Arc<()>>,
}

impl Engine for Farewell {
    fn step(&mut self, _now: Instant) -> Step {
        Step::Finished
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn closed(&mut self) {
        self.place = None;
    }
}

/// Sends last words, and leaves the end of the connection to the attendant.
#[derive(Debug)]
pub(crate) struct Farewells {
    attendant: Arc<Attendant>,
    close_timeout: Duration,
    /// Counted by its clones.
    places: Arc<()>,
}

impl Farewells {
    pub(crate) fn new(attendant: &Arc<Attendant>, close_timeout: Duration) -> Self {
        Self { attendant: Arc::clone(attendant), close_timeout, places: Arc::new(()) }
    }

    /// Sends `answer` and ends the connection; without a thread that sees to its end, it is closed at once. Never
    /// blocks.
    pub(crate) fn say(&self, io: Io, answer: &[u8]) {
        if Arc::strong_count(&self.places) > MOST {
            return;
        }
        if let Some(link) = begin(io, &self.attendant, self.close_timeout, answer, Some(Arc::clone(&self.places))) {
            link.kick();
            // Without a thread nobody would ever end it; nobody holds it then, and its descriptors go with it.
            link.entrust();
        }
    }
}

/// Sends `answer` and ends the connection, on the calling thread.
pub(crate) fn farewell(io: Io, attendant: &Arc<Attendant>, close_timeout: Duration, answer: &[u8]) {
    if let Some(link) = begin(io, attendant, close_timeout, answer, None) {
        link.drive_to_close(None);
    }
}

fn begin(
    mut io: Io,
    attendant: &Arc<Attendant>,
    close_timeout: Duration,
    answer: &[u8],
    place: Option<Arc<()>>,
) -> Option<Arc<Link<Farewell>>> {
    // A peer that is gone already is not told; one for which there is no descriptor is cut off. An observer that panics
    // ends the connection alone: this may be the accepting thread.
    catch_unwind(AssertUnwindSafe(|| io.gather(answer, Instant::now))).ok()?.ok()?;
    Link::new(io, attendant, close_timeout, |_| Farewell { place }).ok()
}
