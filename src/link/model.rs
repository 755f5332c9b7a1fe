//! Model checking of the wake protocol with loom: the interleavings of the small states.
//!
//! `RUSTFLAGS="--cfg threadwire_model" cargo test --lib --release link::model`

#![cfg(threadwire_model)]

use super::bell::{Bell, Sleeper};
use super::drive::Drive;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// Every interleaving with at most three preemptions: more adds minutes and, for words this small, nothing.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// A waker as the system gives it: it stays set until it is drained, and a sleep ends while it is set.
struct Waker {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Waker {
    fn new() -> Self {
        Self { set: Mutex::new(false), changed: Condvar::new() }
    }

    fn wake(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn sleep_and_drain(&self) {
        let mut set = self.set.lock().unwrap();
        while !*set {
            set = self.changed.wait(set).unwrap();
        }
        *set = false;
    }
}

/// Wishes published beside the driving right (Relaxed: only the word itself may order them) are all seen by a run.
#[test]
fn every_wish_is_run() {
    check(|| {
        let drive = Arc::new(Drive::new());
        let wishes = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(AtomicUsize::new(0));
        let kick = |drive: &Drive, wishes: &AtomicUsize, seen: &AtomicUsize| {
            wishes.fetch_add(1, Ordering::Relaxed);
            if drive.start() {
                loop {
                    seen.store(wishes.load(Ordering::Relaxed), Ordering::Relaxed);
                    if drive.finish() {
                        break;
                    }
                }
            }
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (drive, wishes, seen) = (drive.clone(), wishes.clone(), seen.clone());
                thread::spawn(move || kick(&drive, &wishes, &seen))
            })
            .collect();
        kick(&drive, &wishes, &seen);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(seen.load(Ordering::Relaxed), 3);
    });
}

/// Two never run at once.
#[test]
fn one_runs_at_a_time() {
    check(|| {
        let drive = Arc::new(Drive::new());
        let running = Arc::new(AtomicUsize::new(0));
        let run = |drive: &Drive, running: &AtomicUsize| {
            if drive.start() {
                loop {
                    assert_eq!(running.fetch_add(1, Ordering::Relaxed), 0);
                    running.fetch_sub(1, Ordering::Relaxed);
                    if drive.finish() {
                        break;
                    }
                }
            }
        };
        let other = {
            let (drive, running) = (drive.clone(), running.clone());
            thread::spawn(move || run(&drive, &running))
        };
        run(&drive, &running);
        other.join().unwrap();
    });
}

/// The sleeper ends only when it has seen all work; loom reports a deadlock if a ring is lost.
#[test]
fn no_ring_is_lost() {
    check(|| {
        let bell = Arc::new(Bell::new());
        let waker = Arc::new(Waker::new());
        let work = Arc::new(AtomicUsize::new(0));
        let ringers: Vec<_> = (0..2)
            .map(|_| {
                let (bell, waker, work) = (bell.clone(), waker.clone(), work.clone());
                thread::spawn(move || {
                    work.fetch_add(1, Ordering::Relaxed);
                    if bell.ring().is_some() {
                        waker.wake();
                    }
                })
            })
            .collect();
        loop {
            bell.awake();
            if work.load(Ordering::Relaxed) == 2 {
                break;
            }
            if bell.sleep(Sleeper::Reader) {
                waker.sleep_and_drain();
            }
        }
        for ringer in ringers {
            ringer.join().unwrap();
        }
    });
}

/// A runner that is not the reader gives work to the reader: driving right and bell together, as a kicker uses them.
#[test]
fn what_a_kicker_leaves_reaches_the_reader() {
    check(|| {
        let drive = Arc::new(Drive::new());
        let bell = Arc::new(Bell::new());
        let waker = Arc::new(Waker::new());
        let made = Arc::new(AtomicUsize::new(0));
        let kicker = {
            let (drive, bell, waker, made) = (drive.clone(), bell.clone(), waker.clone(), made.clone());
            thread::spawn(move || {
                if drive.start() {
                    made.fetch_add(1, Ordering::Relaxed);
                    drive.abandon();
                    if bell.ring().is_some() {
                        waker.wake();
                    }
                }
            })
        };
        loop {
            bell.awake();
            if drive.start() {
                // The reader's own run makes the work too, if the kicker has not.
                if made.load(Ordering::Relaxed) == 0 {
                    made.fetch_add(1, Ordering::Relaxed);
                }
                drive.finish();
            }
            if made.load(Ordering::Relaxed) > 0 {
                break;
            }
            if bell.sleep(Sleeper::Reader) {
                waker.sleep_and_drain();
            }
        }
        kicker.join().unwrap();
    });
}
