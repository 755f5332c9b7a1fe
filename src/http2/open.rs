//! Which streams of a served connection are open, and when one that has had none for long is to leave.

use crate::net::wait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The streams of one connection that somebody still answers.
#[derive(Debug)]
pub(super) struct Open {
    begin: Instant,
    handles: AtomicUsize,
    /// Nanoseconds from `begin` to when the last handle went. Stored before it is counted out, so that who sees none
    /// left sees since when.
    left: AtomicU64,
}

impl Open {
    pub(super) fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self { begin: now, handles: AtomicUsize::new(0), left: AtomicU64::new(0) })
    }

    /// A handle of a new stream.
    pub(super) fn enter(self: &Arc<Self>) -> Opened {
        self.handles.fetch_add(1, Ordering::Relaxed);
        Opened(Arc::clone(self))
    }

    pub(super) fn has_streams(&self) -> bool {
        self.handles.load(Ordering::Acquire) > 0
    }

    /// Since when there is no stream, if there is none.
    fn unused_since(&self) -> Option<Instant> {
        (!self.has_streams()).then(|| self.begin + Duration::from_nanos(self.left.load(Ordering::Relaxed)))
    }
}

/// One of those who answer a stream; the stream is open until all of them are dropped.
#[derive(Debug)]
pub(super) struct Opened(Arc<Open>);

impl Clone for Opened {
    fn clone(&self) -> Self {
        self.0.enter()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.left.store(now, Ordering::Relaxed);
        self.0.handles.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is to be done with a connection that nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unused {
    /// Nothing: it is used, or has not been unused for long enough.
    Stay,
    /// It takes no new streams from now on, and its peer is told.
    Drain,
    /// Its peer has had the time to go.
    Leave,
}

/// Watches over the use of one connection; without a timeout it never leaves.
#[derive(Debug)]
pub(super) struct Idle {
    open: Arc<Open>,
    timeout: Option<Duration>,
    /// How long it may take to leave.
    close_timeout: Duration,
    look_by: Option<Instant>,
    draining: bool,
}

impl Idle {
    pub(super) fn new(open: &Arc<Open>, timeout: Option<Duration>, close_timeout: Duration) -> Self {
        Self { open: Arc::clone(open), timeout, close_timeout, look_by: None, draining: false }
    }

    /// When to look at the latest. (Nobody says when the last stream has ended: the connection may sleep then.)
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look_by
    }

    pub(super) fn look(&mut self, now: Instant) -> Unused {
        let Some(timeout) = self.timeout else { return Unused::Stay };
        let patience = if self.draining { self.close_timeout } else { timeout };
        if now < *self.look_by.get_or_insert(wait::deadline(now, patience)) {
            return Unused::Stay;
        }
        let due = wait::deadline(self.open.unused_since().unwrap_or(now), patience);
        if now < due {
            self.look_by = Some(due);
            return Unused::Stay;
        }
        self.look_by = Some(wait::deadline(now, self.close_timeout));
        if std::mem::replace(&mut self.draining, true) { Unused::Leave } else { Unused::Drain }
    }
}

#[cfg(test)]
mod tests {
    use super::{Idle, Open, Unused};
    use std::time::{Duration, Instant};

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_connection_leaves_when_it_has_had_no_stream_for_long() {
        let begin = Instant::now();
        let open = Open::new(begin);
        let mut idle = Idle::new(&open, Some(10 * MINUTE), MINUTE);
        let mut opened = Some(open.enter());
        let mut other = opened.clone();
        for minute in 0..100 {
            assert_eq!(idle.look(begin + minute * MINUTE), Unused::Stay, "{minute}");
            assert!(idle.deadline().unwrap() > begin + minute * MINUTE);
        }
        drop(opened.take());
        assert_eq!(idle.look(idle.deadline().unwrap()), Unused::Stay);
        drop(other.take());
        // Both have gone at once, as the clock has it.
        let now = idle.deadline().unwrap();
        assert_eq!(idle.look(now), Unused::Drain);
        assert_eq!(idle.deadline(), Some(now + MINUTE));
        assert_eq!(idle.look(now + MINUTE / 2), Unused::Stay);
        // A last stream that was on its way is waited for.
        opened = Some(open.enter());
        assert_eq!(idle.look(now + MINUTE), Unused::Stay);
        drop(opened);
        assert_eq!(idle.look(now + 2 * MINUTE), Unused::Leave);
    }

    #[test]
    fn it_is_counted_from_the_end_of_the_last_stream() {
        let begin = Instant::now();
        let open = Open::new(begin);
        let mut idle = Idle::new(&open, Some(10 * MINUTE), MINUTE);
        assert_eq!(idle.look(begin), Unused::Stay);
        let opened = open.enter();
        std::thread::sleep(Duration::from_millis(2));
        drop(opened);
        assert_eq!(idle.look(begin + 10 * MINUTE), Unused::Stay);
        let due = idle.deadline().unwrap();
        assert!(due >= begin + 10 * MINUTE + Duration::from_millis(2), "{:?}", due - begin);
        assert_eq!(idle.look(due), Unused::Drain);
    }

    #[test]
    fn without_a_timeout_it_stays() {
        let begin = Instant::now();
        let mut idle = Idle::new(&Open::new(begin), None, MINUTE);
        assert_eq!(idle.look(begin), Unused::Stay);
        assert_eq!(idle.look(begin + 1_000_000 * MINUTE), Unused::Stay);
        assert_eq!(idle.deadline(), None);
    }
}
