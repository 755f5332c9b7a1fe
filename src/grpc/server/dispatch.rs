//! Where handlers of unary calls run: on the connection's own thread, which saves two wake-ups a call, or in the pool,
//! where a slow one holds nobody up. By default each method shows by its own speed which it is.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Faster than this is fast.
const FAST: Duration = Duration::from_micros(100);
/// How many calls in a row must have been fast before a method runs on the connection's thread.
const PROOF: u32 = 32;
/// How often that number is doubled at most.
const MOST_BACK_OFF: u32 = 6;
/// An overrun after so many fast calls on the connection's thread takes one doubling back instead: it may be the
/// machine's, which is busy, and has kept the thread from its processor.
const SELDOM: u32 = 256;
/// So many fast calls on the connection's thread take one doubling back.
const FORGIVEN_AFTER: u32 = 4_096;
/// What a slow call adds to a method's debt, of which every fast one takes 1 off; and how much is too much. (A thread
/// that loses its processor for a moment looks slow, too.)
const SLOW_COSTS: u32 = 16;
const MOST_DEBT: u32 = 64;

/// Where handlers of unary calls run. (Each streaming call has a thread of its own.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dispatch {
    /// A method runs in the pool until it has shown that it is fast (32 calls in a row under 100 µs), then on the
    /// thread of its connection. If one call lasts for 2 to 3 ms there, that connection's other calls are served by
    /// other threads meanwhile, and the method goes back to the pool, as it does when too many of its calls take more
    /// than 100 µs. The number of fast calls that it must show then doubles, unless many were fast before.
    #[default]
    Adaptive,
    /// On the thread of its connection, always: for handlers that never wait. One that does is no danger to other
    /// calls (see `Adaptive`), but those of its own connection wait 2 ms for it.
    Inline,
    /// In the pool, always: no more than [`workers`](super::ServerBuilder::workers) handlers run at once.
    Pool,
}

/// How fast a method has been. Its figures are exact enough, not exact: threads that note calls at the same time may
/// lose one.
#[derive(Debug, Default)]
pub(super) struct Pace {
    inline: AtomicBool,
    fast: AtomicU32,
    debt: AtomicU32,
    back_off: AtomicU32,
}

impl Pace {
    /// Whether the method is to run on the thread of its connection.
    pub(super) fn is_inline(&self, dispatch: Dispatch) -> bool {
        match dispatch {
            Dispatch::Adaptive => self.inline.load(Ordering::Relaxed),
            Dispatch::Inline => true,
            Dispatch::Pool => false,
        }
    }

    /// A call has run for `time`, wherever it was.
    pub(super) fn note(&self, time: Duration) {
        match (self.inline.load(Ordering::Relaxed), time < FAST) {
            (false, true) => self.prove(),
            (false, false) => self.fast.store(0, Ordering::Relaxed),
            (true, true) => self.forgive(),
            (true, false) => self.charge(),
        }
    }

    /// A call ran for so long on its connection's thread that another had to take over.
    pub(super) fn overran(&self) {
        let fast = self.fast.swap(0, Ordering::Relaxed);
        self.debt.store(0, Ordering::Relaxed);
        // One that runs inline whatever its pace, or on two connections at once, backs off once.
        if self.inline.swap(false, Ordering::Relaxed) {
            let back_off = self.back_off.load(Ordering::Relaxed);
            let next = if fast < SELDOM { MOST_BACK_OFF.min(back_off + 1) } else { back_off.saturating_sub(1) };
            self.back_off.store(next, Ordering::Relaxed);
        }
    }

    fn prove(&self) {
        let fast = self.fast.load(Ordering::Relaxed) + 1;
        let proven = fast >= PROOF << self.back_off.load(Ordering::Relaxed);
        self.fast.store(if proven { 0 } else { fast }, Ordering::Relaxed);
        self.inline.store(proven, Ordering::Relaxed);
    }

    fn forgive(&self) {
        let debt = self.debt.load(Ordering::Relaxed);
        if debt > 0 {
            self.debt.store(debt - 1, Ordering::Relaxed);
        }
        let fast = self.fast.load(Ordering::Relaxed) + 1;
        if fast < FORGIVEN_AFTER {
            return self.fast.store(fast, Ordering::Relaxed);
        }
        self.fast.store(0, Ordering::Relaxed);
        let back_off = self.back_off.load(Ordering::Relaxed);
        self.back_off.store(back_off.saturating_sub(1), Ordering::Relaxed);
    }

    fn charge(&self) {
        let debt = self.debt.load(Ordering::Relaxed) + SLOW_COSTS;
        self.debt.store(debt, Ordering::Relaxed);
        if debt > MOST_DEBT {
            self.overran();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dispatch, FAST, FORGIVEN_AFTER, MOST_BACK_OFF, PROOF, Pace, SELDOM};
    use std::time::Duration;

    const QUICK: Duration = Duration::from_micros(1);

    fn calls_until_inline(pace: &Pace) -> u32 {
        let mut calls = 0;
        while !pace.is_inline(Dispatch::Adaptive) {
            pace.note(QUICK);
            calls += 1;
        }
        calls
    }

    #[test]
    fn a_method_runs_inline_once_it_has_been_fast_in_a_row() {
        let pace = Pace::default();
        for _ in 0..PROOF - 1 {
            pace.note(QUICK);
        }
        pace.note(FAST);
        assert!(!pace.is_inline(Dispatch::Adaptive));
        assert_eq!(calls_until_inline(&pace), PROOF);
    }

    #[test]
    fn each_overrun_doubles_the_proof_and_patience_halves_it() {
        let pace = Pace::default();
        for doubled in 0..MOST_BACK_OFF + 2 {
            assert_eq!(calls_until_inline(&pace), PROOF << doubled.min(MOST_BACK_OFF));
            pace.overran();
        }
        calls_until_inline(&pace);
        for _ in 0..FORGIVEN_AFTER {
            pace.note(QUICK);
        }
        pace.overran();
        assert_eq!(calls_until_inline(&pace), PROOF << MOST_BACK_OFF);
    }

    #[test]
    fn an_overrun_that_is_seldom_asks_for_no_more_proof() {
        let pace = Pace::default();
        for _ in 0..10 {
            assert_eq!(calls_until_inline(&pace), PROOF);
            (0..SELDOM).for_each(|_| pace.note(QUICK));
            pace.overran();
        }
    }

    #[test]
    fn now_and_then_a_slow_call_is_no_reason_and_often_is() {
        let pace = Pace::default();
        calls_until_inline(&pace);
        for _ in 0..100 {
            pace.note(FAST);
            (0..20).for_each(|_| pace.note(QUICK));
        }
        assert!(pace.is_inline(Dispatch::Adaptive));
        for _ in 0..100 {
            pace.note(FAST);
            (0..2).for_each(|_| pace.note(QUICK));
        }
        assert!(!pace.is_inline(Dispatch::Adaptive));
    }

    #[test]
    fn the_choice_can_be_fixed() {
        let pace = Pace::default();
        assert!(pace.is_inline(Dispatch::Inline));
        calls_until_inline(&pace);
        assert!(!pace.is_inline(Dispatch::Pool));
    }
}
