//! How a running handler learns that nobody waits for its answer any more.

use super::mapping::has_passed;
use crate::http2::Failure;
use crate::link::lock;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Why a call was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelCause {
    /// The client gave the call up.
    Peer,
    /// The deadline of the call has passed.
    Deadline,
    /// The connection was lost.
    ConnectionLost,
    /// The server was shut down, and the grace was over.
    Shutdown,
}

impl fmt::Display for CancelCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "the client gave the call up",
            Self::Deadline => "the deadline of the call has passed",
            Self::ConnectionLost => "the connection was lost",
            Self::Shutdown => "the server was shut down",
        })
    }
}

/// Says whether a call was cancelled. Cheap to clone, usable from any thread.
#[derive(Clone, Default)]
pub struct Cancellation(Arc<Shared>);

#[derive(Default)]
struct Shared {
    // Guards the cause alone; held for a look or a store.
    cause: Mutex<Option<CancelCause>>,
    changed: Condvar,
}

impl Cancellation {
    /// Whether the call was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cause().is_some()
    }

    /// Why the call was cancelled, if it was.
    pub fn cause(&self) -> Option<CancelCause> {
        *lock(&self.0.cause)
    }

    /// Sleeps until the call is cancelled, or for `timeout`; for handlers that wait anyway.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<CancelCause> {
        let Some(until) = Instant::now().checked_add(timeout) else { return self.wait_timeout(timeout / 2) };
        let mut cause = lock(&self.0.cause);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if cause.is_some() || left.is_zero() {
                return *cause;
            }
            cause = self.0.changed.wait_timeout(cause, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What a handler's own operation has met is the cause, too. (Of a lost connection its reader knows whether this
    /// side cut it off; h2 says NO_ERROR then.)
    pub(super) fn learn(&self, failure: &Failure, deadline: Option<Instant>) {
        match failure {
            Failure::TimedOut | Failure::Reset { .. } if has_passed(deadline) => self.cancel(CancelCause::Deadline),
            Failure::Reset { code: 1.., .. } => self.cancel(CancelCause::Peer),
            _ => {}
        }
    }

    /// The first cause stays.
    pub(super) fn cancel(&self, cause: CancelCause) {
        lock(&self.0.cause).get_or_insert(cause);
        self.0.changed.notify_all();
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancellation").field(&self.cause()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{CancelCause, Cancellation};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn a_wait_ends_with_the_first_cause() {
        let cancellation = Cancellation::default();
        assert_eq!(cancellation.wait_timeout(Duration::from_millis(1)), None);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| cancellation.wait_timeout(Duration::MAX));
            cancellation.cancel(CancelCause::Deadline);
            assert_eq!(waiting.join().unwrap(), Some(CancelCause::Deadline));
        });
        cancellation.cancel(CancelCause::Peer);
        assert_eq!(cancellation.cause(), Some(CancelCause::Deadline));
    }
}
