//! Counts with a bound: what a connection, or all connections of a server, may use of something. Who uses it holds a
//! [`Share`], which gives back what it holds when it is dropped.

use super::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound, and how much of it is used.
#[derive(Debug)]
pub(super) struct Quota {
    used: AtomicUsize,
    most: usize,
    /// What is counted, in words for the peer: `more than {most} …`.
    what: &'static str,
    /// What is used of this one is also used of that one.
    whole: Option<Arc<Self>>,
}

/// What one user holds of a quota.
#[derive(Debug)]
pub(super) struct Share {
    held: usize,
    quota: Arc<Quota>,
}

impl Quota {
    /// At most `most` of `what`, which is in words for the peer.
    pub(super) fn new(most: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), most, what, whole: None })
    }

    /// A part of another quota, with a bound of its own.
    pub(super) fn part_of(whole: &Arc<Self>, most: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), most, what, whole: Some(Arc::clone(whole)) })
    }

    /// A share that holds nothing yet.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { held: 0, quota: Arc::clone(self) }
    }

    fn take(&self, amount: usize) -> Result<(), Status> {
        let more = |used: usize| used.checked_add(amount).filter(|used| *used <= self.most);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Err(Status::resource_exhausted(format!("more than {} {}", self.most, self.what)));
        }
        let taken = self.whole.as_ref().map_or(Ok(()), |whole| whole.take(amount));
        taken.inspect_err(|_| {
            self.used.fetch_sub(amount, Ordering::Relaxed);
        })
    }

    fn give_back(&self, amount: usize) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            whole.give_back(amount);
        }
    }
}

impl Share {
    /// Holds `amount` from now on, instead of what it held.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED if that is too much; nothing has changed then.
    pub(super) fn hold(&mut self, amount: usize) -> Result<(), Status> {
        match amount.checked_sub(self.held) {
            // As of a message that was whole when it came.
            Some(0) => {}
            Some(more) => self.quota.take(more)?,
            None => self.quota.give_back(self.held - amount),
        }
        self.held = amount;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.quota.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::Quota;
    use crate::grpc::Code;

    #[test]
    fn shares_are_bounded_together_and_give_back_what_they_hold() {
        let whole = Quota::new(10, "of all");
        let (one, other) = (Quota::part_of(&whole, 6, "of one"), Quota::part_of(&whole, 6, "of the other"));
        let (mut first, mut second, mut third) = (one.share(), one.share(), other.share());
        first.hold(4).unwrap();
        second.hold(2).unwrap();
        let refused = second.hold(3).unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::ResourceExhausted, "more than 6 of one"));
        third.hold(4).unwrap();
        assert_eq!(third.hold(5).unwrap_err().message(), "more than 10 of all");
        // What was refused holds nothing of either.
        first.hold(3).unwrap();
        third.hold(5).unwrap();
        drop((first, second));
        third.hold(6).unwrap();
        third.hold(0).unwrap();
        let mut last = one.share();
        last.hold(6).unwrap();
        assert!(last.hold(usize::MAX).is_err());
    }
}
