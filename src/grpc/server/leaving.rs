//! Answers that their client's window does not take whole: the rest waits here, bounded in bytes and in time, and the
//! connection's reader hands it on. h2 itself would keep it without bound, for as long as the connection lives.

use super::call::tell;
use crate::http2::{Rest, reason};
use crate::net::wait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// The bytes of one connection's answers that its client does not take, and the most that there may be.
#[derive(Debug)]
pub(super) struct Untaken {
    bytes: AtomicUsize,
    most: usize,
}

impl Untaken {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), most })
    }

    /// Whether an answer of `size` bytes may be added. One alone may always.
    pub(super) fn has_room(&self, size: usize) -> bool {
        let bytes = self.bytes.load(Ordering::Relaxed);
        bytes == 0 || bytes.saturating_add(size) <= self.most
    }
}

/// One answer that has not left whole. It counts until it is dropped.
#[derive(Debug)]
pub(super) struct Leaving {
    rest: Rest,
    counted: usize,
    untaken: Arc<Untaken>,
    /// When the client last took some of it.
    since: Instant,
}

impl Leaving {
    pub(super) fn new(rest: Rest, untaken: &Arc<Untaken>) -> Self {
        let counted = rest.len();
        untaken.bytes.fetch_add(counted, Ordering::Relaxed);
        Self { rest, counted, untaken: Arc::clone(untaken), since: Instant::now() }
    }

    /// Hands on what the client takes now; `waker` is woken when it takes more. After `deadline`, or when the client
    /// has taken nothing for as long as `patience`, the stream is reset. Answers when that will be; nothing once all is
    /// over.
    pub(super) fn push(
        &mut self,
        waker: &Waker,
        now: Instant,
        deadline: Option<Instant>,
        patience: Duration,
    ) -> Option<Instant> {
        let before = self.rest.len();
        if let Poll::Ready(sent) = self.rest.push(waker) {
            tell(sent);
            return None;
        }
        if self.rest.len() < before {
            self.since = now;
        }
        let until = [Some(wait::deadline(self.since, patience)), deadline].into_iter().flatten().min();
        let until = until.filter(|until| now < *until);
        if until.is_none() {
            self.rest.reset(reason::CANCEL);
        }
        until
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.untaken.bytes.fetch_sub(self.counted, Ordering::Relaxed);
    }
}
