//! Running the engine with the driving right, and what a run leaves for whoever waits.

use super::bell::Sleeper;
use super::cork::Parker;
use super::end::End;
use super::engine::{Engine, Step};
use super::io::SharedIo;
use super::{Link, earlier, lock};
use crate::net::Interest;
use crate::net::wait::{self, Readiness};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a kicker that is not the reader runs the engine before it leaves the rest to the reader.
const KICKER_ROUNDS: usize = 4;
/// How often the reader runs the engine before it looks after its own wait again.
const READER_ROUNDS: usize = 16;

/// The engine, and how far its connection has come.
#[derive(Debug)]
pub(super) struct Core<E> {
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

/// What the last run left to be waited for.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) descriptor: Option<Arc<dyn AsFd + Send + Sync>>,
    pub(super) interest: Interest,
    pub(super) lost: bool,
    /// Of the engine and its bytes.
    pub(super) deadline: Option<Instant>,
    /// Of the duty, when the attendant does it.
    pub(super) duty: Option<Instant>,
    pub(super) closed: bool,
}

impl Published {
    pub(super) fn new(descriptor: Option<Arc<dyn AsFd + Send + Sync>>) -> Self {
        Self { descriptor, interest: Interest::NONE, lost: false, deadline: None, duty: None, closed: false }
    }
}

/// Who runs the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// The holder of the reader role: it looks at what was published afterwards anyway.
    Reader,
    /// Anybody else.
    Kicker,
}

impl Runner {
    pub(super) fn of(parker: &Parker) -> Self {
        if parker.is_reader() { Self::Reader } else { Self::Kicker }
    }
}

impl<E: Engine> Link<E> {
    pub(super) fn run(&self, runner: Runner) {
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
                // The rest is the reader's: the ring makes it look again, and run for this wish.
                self.parts.wish.make();
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

    /// Notes what a wait has found; the engine is to be run for it.
    ///
    /// Nothing is to be waited for until it has been: if another thread is running it just now, that one publishes
    /// what comes next, and rings, since it is a change. (A reader that asked `poll` again meanwhile would get the same
    /// answer at once, and could keep the other thread from its processor.)
    pub(super) fn note(&self, found: Readiness) {
        if found.any() {
            lock(&self.parts.io).note(found);
            lock(&self.published).interest = Interest::NONE;
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

    pub(super) fn release_cork(&self) {
        if self.parts.cork.release() {
            self.ring();
        }
    }

    pub(super) fn ring(&self) {
        match self.bell.ring() {
            Some(Sleeper::Reader) => self.waker.wake(),
            Some(Sleeper::Attendant) => self.attendant.wake(),
            None => {}
        }
    }
}

impl<E: Engine> Core<E> {
    pub(super) fn new(engine: E) -> Self {
        Self { engine, phase: Phase::Open, failure_told: false }
    }

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
