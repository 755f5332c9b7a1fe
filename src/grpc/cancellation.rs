//! How a running handler learns that nobody waits for its answer any more.

use super::mapping::has_passed;
use crate::http2::Failure;
use crate::link::{Alarm, lock};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
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

/// Says whether a call was cancelled. Cheap to clone, usable from any thread. By default it never says so.
#[derive(Clone, Default)]
pub struct Cancellation(Option<Arc<Shared>>);

#[derive(Default)]
struct Shared {
    // Held for a look or a store; nobody is woken under it.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    cause: Option<CancelCause>,
    /// Rings when there is a cause; made for the first who asks.
    alarm: Option<Arc<Alarm>>,
}

impl Cancellation {
    /// One of a call that may be cancelled.
    pub(super) fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether the call was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cause().is_some()
    }

    /// Why the call was cancelled, if it was.
    pub fn cause(&self) -> Option<CancelCause> {
        self.0.as_ref().and_then(|shared| lock(&shared.state).cause)
    }

    /// Sleeps until the call is cancelled, or for `timeout`; for handlers that wait anyway.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<CancelCause> {
        let Some(until) = Instant::now().checked_add(timeout) else { return self.wait_timeout(timeout / 2) };
        let Some(shared) = &self.0 else {
            thread::sleep(timeout);
            return None;
        };
        let mut state = lock(&shared.state);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.cause.is_some() || left.is_zero() {
                return state.cause;
            }
            state = shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What rings when the call is cancelled; none if it never is.
    pub(super) fn alarm(&self) -> Option<Arc<Alarm>> {
        let mut state = lock(&self.0.as_ref()?.state);
        let alarm = Arc::clone(state.alarm.get_or_insert_default());
        if state.cause.is_some() {
            drop(state);
            alarm.ring();
        }
        Some(alarm)
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
        let Some(shared) = &self.0 else { return };
        let alarm = {
            let mut state = lock(&shared.state);
            state.cause.get_or_insert(cause);
            state.alarm.clone()
        };
        shared.changed.notify_all();
        if let Some(alarm) = alarm {
            alarm.ring();
        }
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
        let cancellation = Cancellation::new();
        assert_eq!(cancellation.wait_timeout(Duration::from_millis(1)), None);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| cancellation.wait_timeout(Duration::MAX));
            cancellation.cancel(CancelCause::Deadline);
            assert_eq!(waiting.join().unwrap(), Some(CancelCause::Deadline));
        });
        cancellation.cancel(CancelCause::Peer);
        assert_eq!(cancellation.cause(), Some(CancelCause::Deadline));
    }

    #[test]
    fn its_alarm_rings_whenever_it_was_asked_for() {
        let cancellation = Cancellation::new();
        let before = cancellation.alarm().unwrap();
        assert!(!before.is_rung());
        cancellation.cancel(CancelCause::Peer);
        assert!(before.is_rung() && cancellation.alarm().unwrap().is_rung());
        let late = Cancellation::new();
        late.cancel(CancelCause::Peer);
        assert!(late.alarm().unwrap().is_rung());
    }

    #[test]
    fn the_default_is_never_cancelled() {
        let never = Cancellation::default();
        never.cancel(CancelCause::Peer);
        assert!(!never.is_cancelled() && never.alarm().is_none());
        assert_eq!(never.wait_timeout(Duration::from_millis(1)), None);
    }
}
