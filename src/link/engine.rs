//! What the Link drives: a protocol that never blocks.

use super::cork::Cork;
use super::io::SharedIo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;
use std::time::Instant;

/// A protocol's state for one connection. Only the thread with the driving right calls it.
pub(crate) trait Engine: Send + 'static {
    /// Does all that can be done now: takes input from the [`Parts::io`] it was made with, decodes it, and gathers
    /// output there. It never blocks and never runs user code. It looks at the Io's failure even when it takes no
    /// input.
    ///
    /// Threads that wait for what came of it are woken through wakers made from their `Parker`s.
    fn step(&mut self, now: Instant) -> Step;

    /// When `step` wants to be called even if nothing happens.
    fn deadline(&self) -> Option<Instant>;

    /// The connection has been closed, after `Finished` or otherwise; wakes all that still wait.
    fn closed(&mut self);
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The connection goes on.
    Open,
    /// The protocol is over: what was gathered is still sent, then the connection ends in order.
    Finished,
}

/// What an engine shares with its Link.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The bytes.
    pub(crate) io: SharedIo,
    /// Where parkers wait to be woken.
    pub(crate) cork: Arc<Cork>,
    /// The engine's own wish to be run again.
    pub(crate) wish: Arc<Wish>,
}

/// The wish that the engine be run, made by a use of one of its handles (or by the engine itself). Whoever used the
/// handle calls `Link::pump` afterwards; a step ends only when no wish is left.
#[derive(Debug, Default)]
pub(crate) struct Wish(AtomicBool);

impl Wish {
    pub(crate) fn make(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn take(&self) {
        self.0.swap(false, Ordering::AcqRel);
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Wake for Wish {
    fn wake(self: Arc<Self>) {
        self.make();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.make();
    }
}
