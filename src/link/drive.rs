//! The driving right: who may run the engine, and how nobody's wish to have it run is lost.
//!
//! One atomic word, changed only by read-modify-writes:
//!
//! ```text
//!            start (found IDLE)                start (found RUNNING)
//!   IDLE ───────────────────────► RUNNING ───────────────────────────► RUNNING + DIRTY
//!    ▲                             │   ▲                                     │
//!    └──────── finish ─────────────┘   └───────────── finish (false) ────────┘
//! ```
//!
//! Why no wish is lost: a wish is published (a queue, a flag) before `start`. If `start` finds IDLE, the caller runs
//! the engine itself. If it finds RUNNING, it leaves DIRTY in the same operation, and the runner, which can only end
//! by a compare-and-swap RUNNING → IDLE, fails there and runs once more; both are operations on one word, so the runner
//! sees all that was published before. Nobody waits, so nothing can deadlock.

use super::sync::{AtomicU8, Ordering};

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
const DIRTY: u8 = 2;

/// The state of the driving right of one engine.
#[derive(Debug)]
pub(crate) struct Drive(AtomicU8);

impl Drive {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(IDLE))
    }

    /// Takes the right (true), or leaves word for whoever has it (false). Never blocks.
    pub(crate) fn start(&self) -> bool {
        let mut state = self.0.load(Ordering::Relaxed);
        loop {
            let next = if state == IDLE { RUNNING } else { RUNNING | DIRTY };
            match self.0.compare_exchange(state, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return state == IDLE,
                Err(now) => state = now,
            }
        }
    }

    /// Gives the right back (true), unless word was left meanwhile: then the runner runs once more (false).
    pub(crate) fn finish(&self) -> bool {
        if self.0.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return true;
        }
        // DIRTY is taken back by a swap, so that what was published before it is seen by the next run.
        self.0.swap(RUNNING, Ordering::AcqRel);
        false
    }

    /// Gives the right back though word was left. The caller sees to it that somebody else runs.
    pub(crate) fn abandon(&self) {
        self.0.swap(IDLE, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(threadwire_model)))]
mod tests {
    use super::Drive;

    #[test]
    fn the_runner_runs_again_for_each_word_left_while_it_ran() {
        let drive = Drive::new();
        assert!(drive.start());
        assert!(!drive.start() && !drive.start());
        assert!(!drive.finish());
        assert!(drive.finish());
        assert!(drive.start());
        drive.abandon();
        assert!(drive.start());
    }
}
