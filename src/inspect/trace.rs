//! The inspector behind the observer of servers and channels: an [`Inspector`] for each connection, and its lines
//! to a closure.
//!
//! Two locks. The table's guards which connections there are and is held for a look-up. A connection's own guards
//! its inspector and is held while its lines are handed on, so that they keep their order; the two directions of a
//! connection are moved by one thread at a time, so nobody waits for it. The table's is never taken while a
//! connection's is held.

use super::{Inspector, Protocol, Record};
use crate::net::{Direction, Observer};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One line of a trace. Its `Display` is `#1 → ` (connection number, direction) and the record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Line<'a> {
    /// The connection's number.
    pub connection: u64,
    /// Which way the bytes went.
    pub direction: Direction,
    /// When the last of them passed.
    pub at: Instant,
    /// What was seen.
    pub record: &'a Record,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} {}", self.connection, self.direction, self.record)
    }
}

/// An [`Observer`] that reads the frames of every connection and hands each line to a closure.
///
/// ```
/// use threadwire::inspect::Trace;
/// let trace = Trace::new(|line| eprintln!("{line}"));
/// ```
pub struct Trace<F> {
    each: F,
    connections: Mutex<HashMap<u64, Arc<Mutex<Watched>>>>,
}

/// A connection and when its last bytes passed.
struct Watched {
    inspector: Inspector,
    last: Instant,
}

impl<F: Fn(&Line<'_>) + Send + Sync> Trace<F> {
    /// Calls `each` with each line, on the thread that moved the bytes: it must be quick and must not call back into
    /// the connection.
    pub fn new(each: F) -> Self {
        Self { each, connections: Mutex::default() }
    }

    fn watched(&self, connection: u64, at: Instant) -> Arc<Mutex<Watched>> {
        let new = || Arc::new(Mutex::new(Watched { inspector: Inspector::new(Protocol::Detect), last: at }));
        lock(&self.connections).entry(connection).or_insert_with(new).clone()
    }
}

impl<F: Fn(&Line<'_>) + Send + Sync> Observer for Trace<F> {
    fn bytes(&self, connection: u64, direction: Direction, at: Instant, bytes: &[u8]) {
        let watched = self.watched(connection, at);
        let mut watched = lock(&watched);
        watched.last = at;
        for record in watched.inspector.push(direction, bytes) {
            (self.each)(&Line { connection, direction, at, record: &record });
        }
    }

    fn closed(&self, connection: u64) {
        let Some(watched) = lock(&self.connections).remove(&connection) else { return };
        let mut watched = lock(&watched);
        let at = watched.last;
        for direction in [Direction::Received, Direction::Sent] {
            if let Some(record) = watched.inspector.end(direction) {
                (self.each)(&Line { connection, direction, at, record: &record });
            }
        }
    }
}

impl<F> fmt::Debug for Trace<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("connections", &lock(&self.connections).len()).finish_non_exhaustive()
    }
}

/// A closure that panicked leaves an inspector in order, at worst a line short.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
