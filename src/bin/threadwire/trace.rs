//! Seeing every frame: the library's inspector behind an observer, its lines on stderr or kept.

use crate::output;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use threadwire::inspect::{self, Line};
use threadwire::net::{Direction, Observer};

/// How long a client waits for the orderly end of its connection, so that it is seen too.
const END: Duration = Duration::from_secs(1);

type Each = Box<dyn Fn(&Line<'_>) + Send + Sync>;

/// The lines of one client's or one server's connections.
pub(crate) struct Trace {
    lines: inspect::Trace<Each>,
    kept: Arc<Mutex<Vec<String>>>,
    /// Whether a connection has been closed.
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Trace {
    /// Lines go to stderr as the bytes pass, behind `label`.
    pub(crate) fn on_stderr(label: &'static str) -> Arc<Self> {
        Self::new(Arc::default(), Box::new(move |line| output::error_line(format_args!("{label}{line}"))))
    }

    /// Lines are kept for [`Trace::take`].
    pub(crate) fn keep() -> Arc<Self> {
        let kept: Arc<Mutex<Vec<String>>> = Arc::default();
        let each = Arc::clone(&kept);
        Self::new(kept, Box::new(move |line| lock(&each).push(line.to_string())))
    }

    fn new(kept: Arc<Mutex<Vec<String>>>, each: Each) -> Arc<Self> {
        let lines = inspect::Trace::new(each);
        Arc::new(Self { lines, kept, closed: Mutex::default(), changed: Condvar::new() })
    }

    /// The kept lines of a client, once its connection has ended, or has had a second for that.
    pub(crate) fn take(&self) -> Vec<String> {
        self.wait_for_end();
        std::mem::take(&mut *lock(&self.kept))
    }

    /// Waits until the connection of a client has ended, for a second at most.
    pub(crate) fn wait_for_end(&self) {
        let closed = lock(&self.closed);
        let _ = self.changed.wait_timeout_while(closed, END, |closed| !*closed);
    }
}

impl Observer for Trace {
    fn bytes(&self, connection: u64, direction: Direction, at: Instant, bytes: &[u8]) {
        self.lines.bytes(connection, direction, at, bytes);
    }

    fn closed(&self, connection: u64) {
        self.lines.closed(connection);
        *lock(&self.closed) = true;
        self.changed.notify_all();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.fmt(f)
    }
}

/// Behind both locks are values that are whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
