//! The bell: how the one thread that sleeps for a connection is woken, and not woken when it is awake anyway.
//!
//! One atomic word, changed only by read-modify-writes:
//!
//! - the sleeper *swaps* AWAKE in, looks for work, then compares-and-swaps AWAKE → SLEEPING (or ATTENDED, when it is
//!   the attendant, which sleeps on a waker of its own), and only then sleeps in `poll`;
//! - a ringer publishes its work, swaps NOTIFIED in, and writes the waker only if it saw the sleeper asleep.
//!
//! Why no ring is lost: the ringer's swap comes before or after the sleeper's compare-and-swap in the order of this one
//! word. Before: the compare-and-swap fails, since the word is NOTIFIED, and the sleeper looks again; its next swap
//! reads the ringer's, so that it sees the published work. After: the ringer saw SLEEPING and wrote the waker, which
//! stays readable until the sleeper drains it. A late write makes one needless wake-up, never a lost one.

use super::sync::{AtomicU8, Ordering};

const AWAKE: u8 = 0;
const NOTIFIED: u8 = 1;
const SLEEPING: u8 = 2;
const ATTENDED: u8 = 3;

/// Whose waker ends a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleeper {
    /// The thread that holds the reader role of this connection alone.
    Reader,
    /// The attendant, which sleeps for many connections at once.
    Attendant,
}

/// The state of one connection's bell.
#[derive(Debug)]
pub(crate) struct Bell(AtomicU8);

impl Bell {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(AWAKE))
    }

    /// Publishes that there is work. Answers who must be woken by the caller, if anybody sleeps.
    #[must_use]
    pub(crate) fn ring(&self) -> Option<Sleeper> {
        match self.0.swap(NOTIFIED, Ordering::AcqRel) {
            SLEEPING => Some(Sleeper::Reader),
            ATTENDED => Some(Sleeper::Attendant),
            _ => None,
        }
    }

    /// The sleeper is awake and is going to look for work. True if somebody rang since it last looked.
    pub(crate) fn awake(&self) -> bool {
        self.0.swap(AWAKE, Ordering::AcqRel) == NOTIFIED
    }

    /// Whether the thread that holds the reader role sleeps, or is about to.
    #[cfg(all(test, not(threadwire_model)))]
    pub(crate) fn reader_sleeps(&self) -> bool {
        self.0.load(Ordering::Acquire) == SLEEPING
    }

    /// The sleeper found no work. True: it may sleep. False: somebody rang, look again.
    pub(crate) fn sleep(&self, sleeper: Sleeper) -> bool {
        let asleep = match sleeper {
            Sleeper::Reader => SLEEPING,
            Sleeper::Attendant => ATTENDED,
        };
        self.0.compare_exchange(AWAKE, asleep, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(all(test, not(threadwire_model)))]
mod tests {
    use super::{Bell, Sleeper};

    #[test]
    fn only_a_sleeper_is_woken() {
        let bell = Bell::new();
        assert_eq!(bell.ring(), None);
        assert!(!bell.sleep(Sleeper::Reader));
        assert!(bell.awake());
        assert!(bell.sleep(Sleeper::Reader));
        assert_eq!(bell.ring(), Some(Sleeper::Reader));
        assert_eq!(bell.ring(), None);
        assert!(bell.awake() && !bell.awake());
        assert!(bell.sleep(Sleeper::Attendant));
        assert_eq!(bell.ring(), Some(Sleeper::Attendant));
    }
}
