//! The Link: one socket and one engine, driven by whoever has work. It knows nothing of gRPC or WebSocket.
//!
//! ```text
//!   handler, caller, pusher ──kick()──┐                       ┌── sleeps in poll([socket, waker])
//!   (has something to send)           ▼                       │   holding no lock
//!                             Drive (who may run) ──► Engine  │
//!   reader (has the role) ────────────┘               │  ▲    │
//!        ▲                                  gathers   ▼  │ input
//!        └── Bell ◄── ring: work for the reader      Io ──► one send a step
//! ```
//!
//! - `drive`: the driving right; `bell`: waking the reader; `role`: who the reader is; `cork`: waking those who wait;
//!   `io` and `outbox`: the bytes; `engine`: what is driven; `end`: the orderly end, `farewell`: that of connections
//!   without an engine; `attendant`: who reads when no thread does.
//! - Lock order: `core` (the engine) → the engine's own ones (h2's, the queues of its handles), or `io` → `published`;
//!   `role` → `published`. `cork` is a leaf, and the attendant's list is taken alone. None is held in `poll`, `park`,
//!   or in user code but the observer's.
//! - Why a connection never stands still with work to do: work comes from the socket (the reader, or within two ticks
//!   the attendant, waits for it), from a thread (which kicks: it runs the engine, or the runner does once more), from
//!   the engine itself (a wish, looked at before a run ends), or from the clock (the published deadline, which bounds
//!   the reader's sleep). A kicker that changes what the reader waits for publishes that before it rings.
//! - After a fork, all of it stands still in the child: a thread that can be there comes from outside, by a kick or a
//!   wait, and is turned away.

#![cfg_attr(
    not(all(feature = "grpc", feature = "websocket")),
    allow(dead_code, unused_imports, reason = "each protocol uses its own part")
)]

mod attendant;
mod bell;
mod cork;
mod drive;
mod end;
mod engine;
mod farewell;
mod io;
#[cfg(test)]
mod model;
mod outbox;
mod role;
mod sync;
#[cfg(test)]
mod tests;

pub(crate) use attendant::Attendant;
pub(crate) use cork::Parker;
pub(crate) use engine::{Engine, Parts, Step};
pub(crate) use farewell::{Farewells, farewell};
pub(crate) use io::{Filled, Io, SharedIo};
pub(crate) use sync::lock;

use crate::net::Interest;
use crate::net::wait::{self, Readiness};
use crate::net::waker::Waker;
use crate::threads::{Known, Process};
use attendant::{Adoption, Attended, Sleep};
use bell::{Bell, Sleeper};
use drive::Drive;
use end::End;
use role::{Left, Role};
use std::fmt;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often a kicker that is not the reader runs the engine before it leaves the rest to the reader.
const KICKER_ROUNDS: usize = 4;
/// How often the reader runs the engine before it looks after its own wait again.
const READER_ROUNDS: usize = 16;

/// Why a wait ended without what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// The deadline has come.
    TimedOut,
    /// The connection is closed.
    Closed,
}

/// One connection: see the head of this module.
pub(crate) struct Link<E> {
    drive: Drive,
    bell: Bell,
    waker: Waker,
    parts: Parts,
    /// Guards the engine and the phase; taken only by the thread with the driving right, so never contended.
    core: Mutex<Core<E>>,
    /// What the last run left to be waited for.
    published: Mutex<Published>,
    /// Guards who reads; held for a few instructions.
    role: Mutex<Role>,
    attendant: Arc<Attendant>,
    close_timeout: Duration,
    process: Process,
}

#[derive(Debug)]
struct Core<E> {
    engine: E,
    phase: Phase,
    failure_told: bool,
}

#[derive(Debug)]
enum Phase {
    Open,
    Ending(End),
    Closed,
}

#[derive(Clone)]
struct Published {
    descriptor: Option<Arc<dyn AsFd + Send + Sync>>,
    interest: Interest,
    lost: bool,
    deadline: Option<Instant>,
    closed: bool,
}

/// Who runs the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    /// The holder of the reader role: it looks at what was published afterwards anyway.
    Reader,
    /// Anybody else.
    Kicker,
}

impl<E: Engine> Link<E> {
    /// Makes a connection of `io` and the engine that `make` builds around it. The connection is not driven before
    /// somebody kicks it or waits on it. `close_timeout` bounds what is owed at the end.
    ///
    /// # Errors
    /// What the system says when it refuses a waker.
    pub(crate) fn new(
        io: Io,
        attendant: &Arc<Attendant>,
        close_timeout: Duration,
        make: impl FnOnce(&Parts) -> E,
    ) -> std::io::Result<Arc<Self>> {
        let published = Published {
            descriptor: io.descriptor(),
            interest: Interest::NONE,
            lost: false,
            deadline: None,
            closed: false,
        };
        let parts = Parts { io: Arc::new(Mutex::new(io)), cork: Arc::default(), wish: Arc::default() };
        parts.wish.make();
        let link = Self {
            drive: Drive::new(),
            bell: Bell::new(),
            waker: Waker::new()?,
            core: Mutex::new(Core { engine: make(&parts), phase: Phase::Open, failure_told: false }),
            parts,
            published: Mutex::new(published),
            role: Mutex::new(Role::new()),
            attendant: Arc::clone(attendant),
            close_timeout,
            process: Process::this(),
        };
        // The first reader runs before it sleeps.
        let _ = link.bell.ring();
        Ok(Arc::new(link))
    }

    /// What the engine shares with this Link.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// A wait of the calling thread on this connection.
    pub(crate) fn parker(&self) -> Arc<Parker> {
        Parker::new(&self.parts.cork)
    }

    /// Whether the socket has been closed.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.published).closed
    }

    /// Whether it was made in this process. In another one, forked from that, it does nothing at all: its socket and
    /// its waker are that one's, and so is what would be read or sent there.
    pub(crate) fn is_ours(&self) -> bool {
        self.process.is_this()
    }

    /// Runs the engine, or has it run by whoever runs it now: there is something to send. Never blocks. False: it is
    /// another process's.
    pub(crate) fn kick(&self) -> bool {
        let ours = self.is_ours();
        if ours {
            self.run(Runner::Kicker);
        }
        ours
    }

    /// To be called after any use of the engine's handles: runs the engine if the use made it necessary, and wakes whom
    /// the use has woken.
    pub(crate) fn pump(&self) {
        if self.parts.wish.is_made() {
            self.kick();
        } else {
            self.release_cork();
        }
    }

    /// Waits until `ready` gives something. It is asked on this thread, first at once, and then each time something may
    /// have changed; it must make itself heard through a waker of `parker` (or the engine must know the parker).
    ///
    /// The calling thread reads for the connection while it waits, if nobody else does.
    ///
    /// # Errors
    /// [`Unready::TimedOut`] at `deadline`; [`Unready::Closed`] when the connection is closed and `ready` gave nothing
    /// afterwards, and at once if it is another process's.
    pub(crate) fn wait_until<T>(
        self: &Arc<Self>,
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T, Unready> {
        if !self.is_ours() {
            return Err(Unready::Closed);
        }
        let _known = Known::from_now();
        loop {
            // Asked before `ready`, so that what the close brought is still handed out.
            let closed = self.is_closed();
            parker.clear();
            let found = ready();
            self.pump();
            let end = match found {
                Some(found) => Ok(found),
                None if closed => Err(Unready::Closed),
                None if deadline.is_some_and(|deadline| deadline <= Instant::now()) => Err(Unready::TimedOut),
                None => {
                    if lock(&self.role).enter(parker) {
                        self.read_once(parker, deadline);
                    } else {
                        parker.park(deadline);
                    }
                    continue;
                }
            };
            self.leave(parker);
            return end;
        }
    }

    /// Reads for the connection on the calling thread until it is closed. `turn` is called first at once, and then each
    /// time something may have changed; it answers when it wants to be called at the latest, and makes itself heard as
    /// `ready` does in [`Link::wait_until`]. It is called once more after the close.
    pub(crate) fn read_until_closed(self: &Arc<Self>, parker: &Arc<Parker>, mut turn: impl FnMut() -> Option<Instant>) {
        // The thread has been started by this process.
        let _known = Known::from_now();
        loop {
            let closed = self.is_closed();
            parker.clear();
            let next = turn();
            self.pump();
            if closed {
                break;
            }
            if lock(&self.role).enter(parker) {
                self.read_once(parker, next);
            } else {
                parker.park(next);
            }
        }
        self.leave(parker);
    }

    /// Drives the connection until it is closed, or until `deadline`. True: it is closed.
    pub(crate) fn drive_to_close(self: &Arc<Self>, deadline: Option<Instant>) -> bool {
        let ended = self.wait_until(&self.parker(), deadline, || None::<()>);
        ended == Err(Unready::Closed)
    }

    /// Leaves the connection to the attendant, until a thread waits on it. Never blocks. To be called for a connection
    /// that no thread may ever wait on: without it nobody would read. False: there is no thread to attend it now.
    pub(crate) fn entrust(self: &Arc<Self>) -> bool {
        if !self.is_ours() {
            return false;
        }
        let list = {
            let mut role = lock(&self.role);
            let list = role.is_free() && !role.listed && !self.is_closed();
            if list {
                role.free_since = self.attendant.tick();
                role.listed = true;
            }
            list
        };
        !list || self.attendant.list(Arc::clone(self) as Arc<dyn Attended>)
    }

    /// Has the engine run soon by whoever reads, or will: within two ticks of the attendant. Never blocks.
    pub(crate) fn remind(&self) {
        self.ring();
    }

    /// As the reader: sleeps until something happens, and runs the engine for it. Comes back without a sleep if
    /// somebody has rung since the last look.
    fn read_once(&self, parker: &Parker, deadline: Option<Instant>) {
        if parker.is_notified() {
            return;
        }
        if self.bell.awake() {
            self.run(Runner::Reader);
            return;
        }
        let sleep = lock(&self.published).clone();
        if sleep.closed || !self.bell.sleep(Sleeper::Reader) {
            return;
        }
        let until = earlier(deadline, sleep.deadline);
        let found = match &sleep.descriptor {
            Some(descriptor) if !sleep.lost => {
                wait::wait_for_two(((**descriptor).as_fd(), sleep.interest), self.waker.as_fd(), until)
            }
            _ => wait::wait(&[(self.waker.as_fd(), Interest { readable: true, writable: false })], until)
                .map(|found| (Readiness::default(), found.iter().any(|waker| waker.any()))),
        };
        let (readiness, woken) = found.unwrap_or_else(|error| {
            lock(&self.parts.io).fail(&error);
            (Readiness { lost: true, ..Readiness::default() }, true)
        });
        let rung = self.bell.awake();
        if woken {
            self.waker.drain();
        }
        if readiness.any() {
            lock(&self.parts.io).note(readiness);
        }
        let due = || sleep.deadline.is_some_and(|deadline| deadline <= Instant::now());
        if rung || readiness.any() || due() {
            self.run(Runner::Reader);
        }
    }

    /// Gives up the reader role, or the wish to have it.
    fn leave(self: &Arc<Self>, parker: &Arc<Parker>) {
        let (left, list) = {
            let mut role = lock(&self.role);
            let left = role.leave(parker);
            let mut list = false;
            if matches!(left, Left::Free) {
                role.free_since = self.attendant.tick();
                list = !role.listed && !self.is_closed();
                role.listed |= list;
            }
            (left, list)
        };
        match left {
            Left::Handed(next) => {
                // It finds the bell as it is: what was rung for the old reader is the new one's.
                next.unpark_for_role();
            }
            Left::Free if list => {
                self.attendant.list(Arc::clone(self) as Arc<dyn Attended>);
            }
            Left::Free | Left::NotHolder => {}
        }
    }

    fn run(&self, runner: Runner) {
        if !self.drive.start() {
            return;
        }
        let mut ring = false;
        let most = if runner == Runner::Kicker { KICKER_ROUNDS } else { READER_ROUNDS };
        for round in 1.. {
            self.parts.wish.take();
            ring |= self.round(Instant::now());
            if !self.parts.wish.is_made() && self.drive.finish() {
                break;
            }
            if round == most {
                // The rest is the reader's: the ring makes it look again, after it has looked for its own answer.
                self.drive.abandon();
                self.release_cork();
                self.ring();
                return;
            }
        }
        self.release_cork();
        if ring && runner == Runner::Kicker {
            self.ring();
        }
    }

    /// One run of the engine and one send. True: what the reader waits for has changed.
    fn round(&self, now: Instant) -> bool {
        let mut core = lock(&self.core);
        // The driving right must be given back whatever a transport, an observer or the engine's end does.
        let rounds = catch_unwind(AssertUnwindSafe(|| core.rounds(&self.parts.io, now, self.close_timeout)));
        if rounds.is_err() && !matches!(core.phase, Phase::Closed) {
            log::error!(target: "threadwire::link", "a panic below or above a connection; it is closed");
            let _ = catch_unwind(AssertUnwindSafe(|| core.close(&self.parts.io)));
        }
        self.publish(&mut core)
    }

    fn publish(&self, core: &mut Core<E>) -> bool {
        let mut io = lock(&self.parts.io);
        io.rest();
        if io.has_room_again() {
            self.parts.wish.make();
        }
        let deadline = match &core.phase {
            Phase::Open => earlier(core.engine.deadline(), io.stall_deadline()),
            Phase::Ending(end) => Some(end.deadline()),
            Phase::Closed => None,
        };
        let closed = matches!(core.phase, Phase::Closed);
        let mut published = lock(&self.published);
        let sooner = deadline.is_some_and(|new| published.deadline.is_none_or(|old| new < old));
        let interest = io.interest();
        let changed =
            interest != published.interest || io.is_lost() != published.lost || closed != published.closed || sooner;
        published.interest = interest;
        published.lost = io.is_lost();
        published.deadline = deadline;
        published.closed = closed;
        if closed {
            published.descriptor = None;
        }
        changed
    }

    fn release_cork(&self) {
        if self.parts.cork.release() {
            self.ring();
        }
    }

    fn ring(&self) {
        match self.bell.ring() {
            Some(Sleeper::Reader) => self.waker.wake(),
            Some(Sleeper::Attendant) => self.attendant.wake(),
            None => {}
        }
    }
}

impl<E: Engine> Core<E> {
    fn rounds(&mut self, io: &SharedIo, now: Instant, close_timeout: Duration) {
        let mut io_failed = self.round(io, now, close_timeout);
        if io_failed && !self.failure_told {
            self.failure_told = true;
            io_failed = self.round(io, now, close_timeout);
        }
        if io_failed && !matches!(self.phase, Phase::Closed) {
            // The engine had its chance to tell its users why.
            self.close(io);
        }
    }

    /// True: the Io has failed.
    fn round(&mut self, io: &SharedIo, now: Instant, close_timeout: Duration) -> bool {
        match &mut self.phase {
            Phase::Open => {
                let engine = &mut self.engine;
                let step = catch_unwind(AssertUnwindSafe(|| engine.step(now)));
                lock(io).send(now);
                match step {
                    Ok(Step::Open) => {}
                    Ok(Step::Finished) => {
                        self.phase = Phase::Ending(End::new(wait::deadline(now, close_timeout)));
                        return self.round(io, now, close_timeout);
                    }
                    Err(_) => {
                        log::error!(target: "threadwire::link", "the engine of a connection panicked; the connection is closed");
                        self.close(io);
                    }
                }
            }
            Phase::Ending(end) => {
                if end.step(&mut lock(io), now) {
                    self.close(io);
                }
            }
            Phase::Closed => {}
        }
        lock(io).has_failed()
    }

    fn close(&mut self, io: &SharedIo) {
        self.phase = Phase::Closed;
        lock(io).close();
        self.engine.closed();
    }
}

impl<E: Engine> Attended for Link<E> {
    fn adopt(&self, tick: u64) -> Adoption {
        let mut role = lock(&self.role);
        if !role.is_free() {
            role.listed = false;
            return Adoption::Taken;
        }
        if tick < role.free_since + 2 {
            return Adoption::Wait;
        }
        role.listed = false;
        if self.is_closed() {
            return Adoption::Taken;
        }
        role.attend();
        Adoption::Adopted
    }

    fn attend(&self, readiness: Readiness, now: Instant) -> bool {
        let rung = {
            let role = lock(&self.role);
            if !role.is_attended() {
                return false;
            }
            // Under the lock: a thread that takes the role from now on rings and sleeps by itself.
            self.bell.awake()
        };
        if readiness.any() {
            lock(&self.parts.io).note(readiness);
        }
        let due = lock(&self.published).deadline.is_some_and(|deadline| deadline <= now);
        if rung || readiness.any() || due {
            self.run(Runner::Reader);
        }
        let closed = self.is_closed();
        let mut role = lock(&self.role);
        if !role.is_attended() {
            drop(role);
            // A thread has taken the role during the run, and may sleep for what was published before it.
            self.ring();
            return false;
        }
        if closed {
            role.forsake();
        }
        !closed
    }

    fn sleep(&self) -> Sleep {
        let role = lock(&self.role);
        if !role.is_attended() {
            return Sleep::Awake;
        }
        let published = lock(&self.published).clone();
        if published.closed || !self.bell.sleep(Sleeper::Attendant) {
            return Sleep::Awake;
        }
        let descriptor = if published.lost { None } else { published.descriptor };
        Sleep::Asleep { descriptor, interest: published.interest, deadline: published.deadline }
    }
}

impl<E> fmt::Debug for Link<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("drive", &self.drive).field("bell", &self.bell).finish_non_exhaustive()
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
