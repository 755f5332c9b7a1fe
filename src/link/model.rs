//! Model checking of the wake protocol with loom: the interleavings of the small states.
//!
//! `RUSTFLAGS="--cfg threadwire_model" cargo test --lib --release link::model`

#![cfg(threadwire_model)]

use super::bell::{Bell, Sleeper};
use super::cork::{Cork, Parker};
use super::drive::Drive;
use super::role::{Left, Role};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use std::time::Instant;

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

/// A connection as threads wait for it: the reader's `poll` is one condition, and who waits for the answer is known.
struct Shared {
    role: Mutex<Role>,
    bell: Bell,
    poll: Mutex<Poll>,
    changed: Condvar,
    answer: Mutex<Answer>,
    cork: std::sync::Arc<Cork>,
}

#[derive(Default)]
struct Poll {
    input: bool,
    woken: bool,
}

#[derive(Default)]
struct Answer {
    came: bool,
    waiting: Vec<std::sync::Arc<Parker>>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            role: Mutex::new(Role::new()),
            bell: Bell::new(),
            poll: Mutex::default(),
            changed: Condvar::new(),
            answer: Mutex::default(),
            cork: std::sync::Arc::default(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Poll)) {
        change(&mut self.poll.lock().unwrap());
        self.changed.notify_one();
    }

    fn ring(&self) {
        if self.bell.ring().is_some() {
            self.change(|poll| poll.woken = true);
        }
    }

    /// As `Link::wait_until`; one that `gives_up` does so after one sleep that may have been none.
    fn wait(&self, gives_up: bool) {
        let parker = Parker::new(&self.cork);
        let mut slept = false;
        loop {
            if parker.is_reader() {
                self.bell.awake();
            }
            parker.clear();
            {
                let mut answer = self.answer.lock().unwrap();
                if answer.came || (gives_up && slept) {
                    break;
                }
                answer.waiting.push(parker.clone());
            }
            slept = true;
            let reads = self.role.lock().unwrap().enter(&parker);
            if reads {
                self.sleep(&parker, gives_up);
            } else {
                parker.park(gives_up.then(Instant::now));
            }
        }
        let left = self.role.lock().unwrap().leave(&parker, 0);
        if let Left::Handed(next) = left {
            next.unpark_for_role();
        }
    }

    /// As `Link::sleep`; all that comes is the one answer.
    fn sleep(&self, parker: &Parker, gives_up: bool) {
        if parker.is_notified() || !self.bell.sleep(Sleeper::Reader) {
            return;
        }
        let input = {
            let mut poll = self.poll.lock().unwrap();
            while !poll.input && !poll.woken && !gives_up {
                poll = self.changed.wait(poll).unwrap();
            }
            self.bell.awake();
            poll.woken = false;
            std::mem::take(&mut poll.input)
        };
        if input {
            let waiting = {
                let mut answer = self.answer.lock().unwrap();
                answer.came = true;
                std::mem::take(&mut answer.waiting)
            };
            waiting.iter().for_each(std::task::Wake::wake_by_ref);
            if self.cork.release() {
                self.ring();
            }
        }
    }
}

/// Two threads wait, and the input comes at any moment.
fn two_wait(gives_up: bool) {
    check(move || {
        let shared = Shared::new();
        let waiters: Vec<_> = [gives_up, false]
            .into_iter()
            .map(|gives_up| {
                let shared = shared.clone();
                thread::spawn(move || shared.wait(gives_up))
            })
            .collect();
        shared.change(|poll| poll.input = true);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert!(shared.role.lock().unwrap().is_free());
    });
}

/// The role goes from who gives up waiting, perhaps while it is handed the role, to who still waits.
#[test]
fn whoever_waits_gets_the_answer_though_others_give_up() {
    two_wait(true);
}

/// The role goes from who got its answer to nobody, while the other is about to look.
#[test]
fn one_reads_for_all() {
    two_wait(false);
}

/// A reader comes back from user code while the attendant has its role: whichever of the two is asked to look does, and
/// the reader learns of it.
#[test]
fn no_ring_is_lost_when_the_role_is_taken_over_and_back() {
    check(|| {
        let role = Arc::new(Mutex::new(Role::new()));
        let bell = Arc::new(Bell::new());
        let (readers, attendants) = (Arc::new(Waker::new()), Arc::new(Waker::new()));
        let work = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicUsize::new(0));
        let ring = {
            let (bell, readers, attendants) = (bell.clone(), readers.clone(), attendants.clone());
            move || match bell.ring() {
                Some(Sleeper::Reader) => readers.wake(),
                Some(Sleeper::Attendant) => attendants.wake(),
                None => {}
            }
        };
        let look = {
            let (work, done) = (work.clone(), done.clone());
            move || {
                if work.load(Ordering::Acquire) == 1 {
                    done.store(1, Ordering::Release);
                }
            }
        };
        let parker = Parker::new(&std::sync::Arc::default());
        role.lock().unwrap().claim(&parker);
        role.lock().unwrap().lend(&parker, 0);
        // The attendant has just taken the role, as `Attended::adopt` does.
        role.lock().unwrap().attend();
        let _ = bell.ring();
        let attendant = {
            let (role, bell, attendants, ring, look) =
                (role.clone(), bell.clone(), attendants.clone(), ring.clone(), look.clone());
            thread::spawn(move || {
                loop {
                    {
                        let role = role.lock().unwrap();
                        if !role.is_attended() {
                            return;
                        }
                        bell.awake();
                    }
                    look();
                    let role = role.lock().unwrap();
                    if !role.is_attended() {
                        drop(role);
                        return ring();
                    }
                    let asleep = bell.sleep(Sleeper::Attendant);
                    drop(role);
                    if asleep {
                        attendants.sleep_and_drain();
                    }
                }
            })
        };
        let ringer = {
            let (work, ring) = (work.clone(), ring.clone());
            thread::spawn(move || {
                work.store(1, Ordering::Release);
                ring();
            })
        };
        role.lock().unwrap().reclaim(&parker);
        loop {
            bell.awake();
            look();
            if done.load(Ordering::Acquire) == 1 {
                break;
            }
            if bell.sleep(Sleeper::Reader) {
                readers.sleep_and_drain();
            }
        }
        attendants.wake();
        attendant.join().unwrap();
        ringer.join().unwrap();
    });
}
