//! Waking threads that wait for a connection, but only after the engine has been let go.
//!
//! An engine learns while it runs (and h2 under its own lock) whose answer has come. A thread woken right there would
//! at once run into the driving right. So wakers only put their [`Parker`] on a list, the [`Cork`], which is emptied by
//! whoever drove, after the engine was let go, or by whoever used a handle of the engine, after that use.
//!
//! Why no wake-up is lost: a parker is put on the list before the list is emptied by the same thread, or it was taken
//! by another thread that is emptying it; [`Parker::clear`] comes before each look for what is waited for, so that a
//! wake after the look is kept in the parker's word (or in the thread's own park token) and ends the next sleep.

use super::sync::{self, AtomicU8, Ordering, Thread, lock};
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::time::Instant;

const NOTIFIED: u8 = 1;
const READER: u8 = 2;

/// One thread's wait on one connection: asleep either in `park`, or, as the reader, in `poll` behind the bell.
#[derive(Debug)]
pub(crate) struct Parker {
    state: AtomicU8,
    /// None: whoever reads.
    thread: Option<Thread>,
    cork: Arc<Cork>,
}

impl Parker {
    pub(crate) fn new(cork: &Arc<Cork>) -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(0), thread: Some(sync::current()), cork: Arc::clone(cork) })
    }

    /// Wakes whichever thread reads for the connection.
    pub(super) fn of_reader(cork: &Arc<Cork>) -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(READER), thread: None, cork: Arc::clone(cork) })
    }

    /// Forgets earlier wakes; what is waited for is looked at after this.
    pub(crate) fn clear(&self) {
        self.state.fetch_and(!NOTIFIED, Ordering::AcqRel);
    }

    /// From now on this thread sleeps in `poll`, and is woken by the bell.
    pub(super) fn set_reader(&self, reader: bool) {
        if reader {
            self.state.fetch_or(READER, Ordering::AcqRel);
        } else {
            self.state.fetch_and(!READER, Ordering::AcqRel);
        }
    }

    /// Whether this thread has the reader role. Others give it; the thread itself gives it up, or lends it, and then
    /// the attendant may take it.
    pub(super) fn is_reader(&self) -> bool {
        self.state.load(Ordering::Acquire) & READER != 0
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    /// Whether there was a wake since the last [`Parker::clear`]. Asked by the reader before it sleeps: a wake that
    /// came before it was the reader has not rung the bell.
    pub(super) fn is_notified(&self) -> bool {
        // A read-modify-write, so that it is ordered among the others on this word.
        self.state.fetch_or(0, Ordering::AcqRel) & NOTIFIED != 0
    }

    /// Wakes the thread out of `park`: it has been handed the reader role.
    pub(super) fn unpark_for_role(&self) {
        self.state.fetch_or(NOTIFIED, Ordering::AcqRel);
        self.unpark();
    }

    /// Sleeps in `park` until somebody wakes this thread or `deadline` has come. May end early.
    pub(super) fn park(&self, deadline: Option<Instant>) {
        if self.is_notified() {
            return;
        }
        match deadline {
            None => sync::park(),
            Some(deadline) => sync::park_timeout(deadline.saturating_duration_since(Instant::now())),
        }
    }

    /// Wakes the thread at once. True: it is the reader, and the bell must be rung instead.
    pub(super) fn notify(&self) -> bool {
        let reader = self.state.fetch_or(NOTIFIED, Ordering::AcqRel) & READER != 0;
        if !reader {
            self.unpark();
        }
        reader
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(NOTIFIED, Ordering::AcqRel) & NOTIFIED == 0 {
            self.cork.push(Arc::clone(self));
        }
    }
}

/// The threads to be woken once the engine has been let go.
#[derive(Debug, Default)]
pub(crate) struct Cork {
    // Guards the list alone; a leaf in the order of locks, held for a push or a take.
    waiting: Mutex<Vec<Arc<Parker>>>,
    some: AtomicBool,
}

impl Cork {
    fn push(&self, parker: Arc<Parker>) {
        let mut waiting = lock(&self.waiting);
        waiting.push(parker);
        self.some.store(true, Ordering::Release);
    }

    /// Wakes all on the list. True: the reader is among them, and the bell must be rung.
    #[must_use]
    pub(super) fn release(&self) -> bool {
        if !self.some.load(Ordering::Acquire) {
            return false;
        }
        let parkers = {
            let mut waiting = lock(&self.waiting);
            self.some.store(false, Ordering::Release);
            mem::take(&mut *waiting)
        };
        // Not `any`: every one of them is to be woken.
        parkers.iter().fold(false, |reader, parker| parker.notify() | reader)
    }
}
