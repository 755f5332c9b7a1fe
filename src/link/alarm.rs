//! What ends waits from outside, from any thread: it rings once, and then stays rung.
//!
//! Whoever waits says how it is woken ([`Alarm::listen`]) and looks whether the alarm has rung after that. Why no ring
//! is missed: `ring` and `listen` take the same lock. Either the listener is on the list when the alarm rings, and is
//! woken, or `listen` finds that it has rung, and wakes it itself. Listeners are woken under no lock, so one of them
//! may do what it likes; one that has stopped listening meanwhile is woken in vain.

use super::lock;
use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Alarm {
    rung: AtomicBool,
    // Guards the list; a leaf, held for a look or a change. `rung` is set under it, too.
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners {
    wakers: BTreeMap<u64, Waker>,
    last: u64,
}

impl Alarm {
    pub(crate) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Wakes all that listen, and from now on whoever begins to.
    pub(crate) fn ring(&self) {
        let wakers = {
            let mut listeners = lock(&self.listeners);
            self.rung.store(true, Ordering::Release);
            mem::take(&mut listeners.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// Has `waker` woken when it rings, at once if it has; until what comes back is dropped.
    pub(crate) fn listen(self: &Arc<Self>, waker: Waker) -> Listening {
        let mut listeners = lock(&self.listeners);
        listeners.last += 1;
        let listening = Listening { alarm: Arc::clone(self), number: listeners.last };
        if self.is_rung() {
            drop(listeners);
            waker.wake();
        } else {
            listeners.wakers.insert(listening.number, waker);
        }
        listening
    }
}

/// One alarm may ring another.
impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").field("rung", &self.is_rung()).finish_non_exhaustive()
    }
}

/// One that listens.
#[derive(Debug)]
pub(crate) struct Listening {
    alarm: Arc<Alarm>,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // What a waker holds is dropped outside the lock.
        let waker = lock(&self.alarm.listeners).wakers.remove(&self.number);
        drop(waker);
    }
}

#[cfg(all(test, not(threadwire_model)))]
mod tests {
    use super::Alarm;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};
    use std::thread;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn whoever_listens_is_woken_once_before_the_ring_and_after_it() {
        let (alarm, count) = (Arc::new(Alarm::default()), Arc::new(Count::default()));
        let waker = || Waker::from(Arc::clone(&count));
        let (kept, gone) = (alarm.listen(waker()), alarm.listen(waker()));
        drop(gone);
        assert_eq!(Arc::strong_count(&count), 2);
        alarm.ring();
        alarm.ring();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        let late = alarm.listen(waker());
        assert!(alarm.is_rung() && count.0.load(Ordering::SeqCst) == 2);
        drop((kept, late));
        assert_eq!(Arc::strong_count(&count), 1);
    }

    #[test]
    fn a_ring_beside_a_listener_that_comes_is_not_missed() {
        for _ in 0..500 {
            let (alarm, count) = (Arc::new(Alarm::default()), Arc::new(Count::default()));
            thread::scope(|scope| {
                scope.spawn(|| alarm.ring());
                drop(alarm.listen(Waker::from(Arc::clone(&count))));
            });
            // Dropped before the ring, it need not be woken; what has begun to listen after it, must.
            let _listening = alarm.listen(Waker::from(Arc::clone(&count)));
            assert!(count.0.load(Ordering::SeqCst) >= 1);
        }
    }

    #[test]
    fn alarms_ring_each_other() {
        let (parent, child) = (Arc::new(Alarm::default()), Arc::new(Alarm::default()));
        let _linked = parent.listen(Waker::from(Arc::clone(&child)));
        parent.ring();
        assert!(child.is_rung());
    }
}
