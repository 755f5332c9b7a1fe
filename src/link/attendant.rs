//! The attendant: one thread that reads for all connections whose role no other thread holds. It runs no user code.
//!
//! A connection whose reader has left is put on the list of candidates. While there are candidates, or were a moment
//! ago, the attendant ticks every millisecond; a candidate that is still without a reader two ticks later becomes its
//! own. So a thread that comes back within a millisecond or two (the next call, a short handler) costs no hand-over and
//! no wake-up. Without candidates the attendant sleeps until one of its connections has something. Without connections
//! it ends after a while (that of a gRPC server, whose readers lend it their role for every call, stays); the next one
//! left to it starts it again.
//!
//! Why no candidate is lost: it is put on the list under the desk's lock, and the same lock shows whether the thread
//! sleeps (then it is woken), runs (it looks at the list before it sleeps, and says under the lock that it does), or
//! has ended (it says so under the lock, with the list empty; then it is started).
//!
//! A thread takes the role back by saying so in the role alone. The attendant may then be woken once more by that
//! socket: it finds that it does not hold the role, and forgets the connection.

use super::attended::{Adoption, Attended, Sleep};
use super::sync::lock;
use crate::Threads;
use crate::net::Interest;
use crate::net::wait::{self, Readiness};
use crate::net::waker::Waker;
use crate::threads::{Known, Process};
use std::fmt;
use std::mem;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(1);
/// How many ticks without a candidate before the attendant stops ticking.
const QUIET_TICKS: u32 = 5;

/// The owner of the attendant's thread: one for each server, and one for all clients.
pub(crate) struct Attendant {
    threads: Threads,
    waker: Waker,
    tick: AtomicU64,
    /// Guards the list and the state of the thread; held for a push or a take.
    desk: Mutex<Desk>,
    /// Told when the thread ends.
    ended: Condvar,
    process: Process,
}

/// How long the thread waits without any connection.
const LINGER: Duration = Duration::from_secs(2);

/// When the thread ends that has no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Ends {
    /// When there was none for [`LINGER`].
    #[default]
    Late,
    Never,
    AtOnce,
}

/// The attendants of this process's clients, one for each setting of threads. What idle channels and WebSockets cost is
/// one thread, not one each. Guards the list; held for a look at it, or while a waker is made.
static OF_CLIENTS: Mutex<Vec<Weak<Attendant>>> = Mutex::new(Vec::new());

#[derive(Default)]
struct Desk {
    candidates: Vec<Arc<dyn Attended>>,
    running: bool,
    asleep: bool,
    ends: Ends,
    /// The last thread was refused.
    short: bool,
    /// The threads that have been started and not been joined; all but the last are over.
    threads: Vec<JoinHandle<()>>,
}

impl Attendant {
    /// # Errors
    /// What the system says when it refuses a waker.
    pub(crate) fn new(threads: &Threads) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            threads: threads.clone(),
            waker: Waker::new()?,
            tick: AtomicU64::new(0),
            desk: Mutex::new(Desk::default()),
            ended: Condvar::new(),
            process: Process::this(),
        }))
    }

    /// That of all clients of this process whose threads are started so.
    ///
    /// # Errors
    /// What the system says when it refuses a waker.
    pub(crate) fn of_clients(threads: &Threads) -> std::io::Result<Arc<Self>> {
        let mut known = lock(&OF_CLIENTS);
        let is_one = |one: &Arc<Self>| one.is_ours() && one.threads.is_same(threads);
        if let Some(found) = known.iter().filter_map(Weak::upgrade).find(is_one) {
            return Ok(found);
        }
        let made = Self::new(threads)?;
        known.retain(|one| one.strong_count() > 0);
        known.push(Arc::downgrade(&made));
        Ok(made)
    }

    /// One whose thread, once started, stays until [`Attendant::release`]: for those whose connections come and go.
    ///
    /// # Errors
    /// What the system says when it refuses a waker.
    pub(crate) fn that_stays(threads: &Threads) -> std::io::Result<Arc<Self>> {
        let this = Self::new(threads)?;
        lock(&this.desk).ends = Ends::Never;
        Ok(this)
    }

    /// Has the thread end as soon as no connection is left to it. (Only in the process that has made it.)
    pub(crate) fn release(&self) {
        if self.is_ours() {
            lock(&self.desk).ends = Ends::AtOnce;
            self.wake();
        }
    }

    /// Whether it was made in this process: only there it can have a thread.
    pub(crate) fn is_ours(&self) -> bool {
        self.process.is_this()
    }

    pub(super) fn tick(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Puts a connection without a reader on the list. False: there is no thread to look at it.
    pub(super) fn list(self: &Arc<Self>, link: Arc<dyn Attended>) -> bool {
        let (start, wake) = {
            let mut desk = lock(&self.desk);
            desk.candidates.push(link);
            (!mem::replace(&mut desk.running, true), mem::replace(&mut desk.asleep, false))
        };
        if wake {
            self.wake();
        }
        if start {
            let this = Arc::clone(self);
            match self.threads.spawn("attend", move || this.run()) {
                Ok(thread) => {
                    let mut desk = lock(&self.desk);
                    desk.threads.retain(|earlier| !earlier.is_finished());
                    desk.threads.push(thread);
                    desk.short = false;
                }
                Err(error) => {
                    // The connections stay on the list; the next one left tries again.
                    let first = {
                        let mut desk = lock(&self.desk);
                        desk.running = false;
                        !mem::replace(&mut desk.short, true)
                    };
                    if first {
                        log::error!(target: "threadwire::link", "connections are not attended: {error}");
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Takes a connection off the list that has not been adopted.
    pub(super) fn forget<L>(&self, link: &Arc<L>) {
        let mut desk = lock(&self.desk);
        let known =
            desk.candidates.iter().position(|candidate| std::ptr::addr_eq(Arc::as_ptr(candidate), Arc::as_ptr(link)));
        let forgotten = known.map(|known| desk.candidates.swap_remove(known));
        drop(desk);
        // Perhaps the last to hold it: its end is outside the lock.
        drop(forgotten);
    }

    /// Has the thread end as soon as no connection is left to it, and joins it, unless that lasts until `deadline`.
    pub(crate) fn dismiss(&self, deadline: Instant) {
        self.release();
        let mut desk = lock(&self.desk);
        while desk.running {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            desk = self.ended.wait_timeout(desk, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let threads = mem::take(&mut desk.threads);
        drop(desk);
        for thread in threads {
            // It runs no user code; a panic of it has been told by the panic itself.
            let _ = thread.join();
        }
    }

    fn run(&self) {
        // This process has started the thread.
        let _known = Known::from_now();
        let mut attended: Vec<Arc<dyn Attended>> = Vec::new();
        let mut quiet = 0;
        let mut last = Instant::now();
        // Since when there has been nothing at all.
        let mut empty = None;
        loop {
            // A turn may be shorter than a tick, when its connections have much to do.
            if last.elapsed() >= TICK {
                last = Instant::now();
                quiet += 1;
                self.tick.fetch_add(1, Ordering::Relaxed);
            }
            let tick = self.tick();
            // First those of which the role has been taken, so that one that comes back is not here twice.
            let now = Instant::now();
            attended.retain(|link| link.attend(Readiness::default(), now));
            let waiting = self.adopt_candidates(tick, &mut attended);
            if waiting {
                quiet = 0;
            }
            empty = if attended.is_empty() && !waiting { empty.or(Some(now)) } else { None };
            if let Some(since) = empty
                && self.ends(now.saturating_duration_since(since) >= LINGER)
            {
                return;
            }
            let ticking = quiet <= QUIET_TICKS || !self.may_sleep();
            let until = if ticking { Some(Instant::now() + TICK) } else { empty.and_then(|since| self.lingers(since)) };
            self.sleep_and_attend(&mut attended, until);
        }
    }

    /// True: some are still waiting.
    fn adopt_candidates(&self, tick: u64, attended: &mut Vec<Arc<dyn Attended>>) -> bool {
        let candidates = mem::take(&mut lock(&self.desk).candidates);
        let mut waiting = Vec::new();
        for link in candidates {
            match link.adopt(tick) {
                Adoption::Adopted => attended.push(link),
                Adoption::Wait => waiting.push(link),
                Adoption::Taken => {}
            }
        }
        let mut desk = lock(&self.desk);
        desk.asleep = false;
        desk.candidates.append(&mut waiting);
        !desk.candidates.is_empty()
    }

    /// When a thread that has had nothing since then is to look whether it ends.
    fn lingers(&self, since: Instant) -> Option<Instant> {
        (lock(&self.desk).ends == Ends::Late).then(|| since + LINGER)
    }

    /// True: there was nothing left, for long enough (`late`) or for good, and the thread is to end.
    fn ends(&self, late: bool) -> bool {
        let mut desk = lock(&self.desk);
        let over = match desk.ends {
            Ends::Late => late,
            Ends::Never => false,
            Ends::AtOnce => true,
        };
        let ends = over && desk.candidates.is_empty();
        if ends {
            desk.running = false;
            self.ended.notify_all();
        }
        ends
    }

    /// True: there are no candidates, and the next one will wake this thread.
    fn may_sleep(&self) -> bool {
        let mut desk = lock(&self.desk);
        desk.asleep = desk.candidates.is_empty();
        desk.asleep
    }

    fn sleep_and_attend(&self, attended: &mut Vec<Arc<dyn Attended>>, mut until: Option<Instant>) {
        let mut awake = false;
        let mut sleepers = Vec::with_capacity(attended.len());
        for link in attended.iter() {
            match link.sleep() {
                Sleep::Awake => awake = true,
                Sleep::Asleep { descriptor, interest, deadline } => {
                    until = super::earlier(until, deadline);
                    if let Some(descriptor) = descriptor {
                        sleepers.push((Arc::clone(link), descriptor, interest));
                    }
                }
            }
        }
        if awake {
            until = Some(Instant::now());
        }
        let mut entries = vec![(self.waker.as_fd(), Interest { readable: true, writable: false })];
        entries.extend(sleepers.iter().map(|(_, descriptor, interest)| ((**descriptor).as_fd(), *interest)));
        let found = wait::wait(&entries, until).unwrap_or_else(|error| {
            log::error!(target: "threadwire::link", "the attendant cannot wait: {error}");
            std::thread::sleep(TICK);
            Vec::new()
        });
        let now = Instant::now();
        let mut found = found.into_iter();
        if found.next().is_some_and(Readiness::any) {
            self.waker.drain();
        }
        for ((link, _, _), readiness) in sleepers.iter().zip(found).filter(|(_, readiness)| readiness.any()) {
            // One that is lost to a thread or closed is dropped at the next turn.
            link.attend(readiness, now);
        }
    }
}

impl fmt::Debug for Attendant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attendant").field("threads", &self.threads).finish_non_exhaustive()
    }
}
