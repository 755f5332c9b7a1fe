//! Whose turn it is to open a stream, of as many as the peer allows at once (RFC 9113 §5.1.2): first come, first served.
//! Guarded by the lock of the connection's streams.
//!
//! A turn that becomes free is promised to the first who waits, and he is woken; whoever comes meanwhile queues behind,
//! so that nobody is overtaken for ever. Why no turn is lost: a promise is kept until it is taken up, or until its owner
//! leaves, and then it goes to the next.

use crate::link::Parker;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Wake;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Turns {
    limit: usize,
    taken: usize,
    promised: Vec<Arc<Parker>>,
    waiting: VecDeque<Arc<Parker>>,
}

impl Turns {
    /// So many may be taken at once. Those that are taken stay.
    pub(super) fn set_limit(&mut self, limit: usize) {
        if limit != self.limit {
            self.limit = limit;
            self.promise();
        }
    }

    pub(super) fn are_taken(&self) -> bool {
        self.taken > 0
    }

    /// Takes a turn (true), or a place in the queue, if there is a parker to be woken.
    pub(super) fn take(&mut self, parker: Option<&Arc<Parker>>) -> bool {
        let place = parker.and_then(|parker| self.promised.iter().position(|owner| Arc::ptr_eq(owner, parker)));
        if let Some(place) = place {
            self.promised.swap_remove(place);
            self.taken += 1;
            return true;
        }
        let queues = parker.is_some_and(|parker| self.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, parker)));
        if !queues && self.waiting.is_empty() && self.has_free() {
            self.taken += 1;
            return true;
        }
        if let (Some(parker), false) = (parker, queues) {
            self.waiting.push_back(Arc::clone(parker));
        }
        false
    }

    /// One who has a turn is done.
    pub(super) fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1);
        self.promise();
    }

    /// Whoever waits does so no more.
    pub(super) fn leave(&mut self, parker: &Arc<Parker>) {
        let before = self.promised.len();
        self.promised.retain(|owner| !Arc::ptr_eq(owner, parker));
        self.waiting.retain(|waiting| !Arc::ptr_eq(waiting, parker));
        if self.promised.len() < before {
            self.promise();
        }
    }

    /// All that wait are to look: there will be no more turns.
    pub(super) fn wake_all(&self) {
        for parker in &self.waiting {
            parker.wake_by_ref();
        }
    }

    fn has_free(&self) -> bool {
        self.taken + self.promised.len() < self.limit
    }

    fn promise(&mut self) {
        while self.has_free()
            && let Some(next) = self.waiting.pop_front()
        {
            next.wake_by_ref();
            self.promised.push(next);
        }
    }
}

#[cfg(all(test, not(threadwire_model)))]
mod tests {
    use super::Turns;
    use crate::link::Parker;
    use std::sync::Arc;

    fn parkers<const N: usize>() -> [Arc<Parker>; N] {
        let cork = Arc::default();
        std::array::from_fn(|_| Parker::new(&cork))
    }

    fn turns(limit: usize) -> Turns {
        let mut turns = Turns::default();
        turns.set_limit(limit);
        turns
    }

    #[test]
    fn turns_go_in_the_order_of_coming() {
        let [first, second, late] = parkers();
        let mut turns = turns(1);
        assert!(turns.take(None) && turns.are_taken());
        assert!(!turns.take(Some(&first)) && !turns.take(Some(&second)) && !turns.take(Some(&first)));
        turns.give_back();
        // It is promised: neither the one behind nor a newcomer gets it.
        assert!(!turns.take(None) && !turns.take(Some(&second)) && !turns.take(Some(&late)));
        assert!(turns.take(Some(&first)));
        turns.give_back();
        assert!(!turns.take(Some(&late)) && turns.take(Some(&second)));
        turns.give_back();
        assert!(turns.take(Some(&late)));
        turns.give_back();
        assert!(!turns.are_taken() && turns.take(None));
    }

    #[test]
    fn a_promise_that_is_not_taken_up_goes_to_the_next() {
        let [first, second, third] = parkers();
        let mut turns = turns(1);
        assert!(turns.take(None));
        assert!(!turns.take(Some(&first)) && !turns.take(Some(&second)) && !turns.take(Some(&third)));
        // Out of the queue, and with a promise.
        turns.leave(&second);
        turns.give_back();
        turns.leave(&first);
        assert!(!turns.take(None) && turns.take(Some(&third)));
    }

    #[test]
    fn a_limit_that_changes_counts_from_then_on() {
        let [first, second] = parkers();
        let mut turns = turns(0);
        assert!(!turns.take(Some(&first)) && !turns.take(Some(&second)));
        turns.set_limit(1);
        assert!(turns.take(Some(&first)) && !turns.take(Some(&second)));
        turns.set_limit(2);
        assert!(turns.take(Some(&second)));
        turns.set_limit(1);
        turns.give_back();
        assert!(!turns.take(None));
        turns.give_back();
        assert!(turns.take(None));
    }
}
