//! A connection as the attendant sees it: whether it is its own, what there is to do, what it sleeps for.

use super::bell::Sleeper;
use super::engine::Engine;
use super::run::Runner;
use super::{Link, earlier, lock};
use crate::net::Interest;
use crate::net::wait::Readiness;
use crate::threads::discard;
use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Instant;

/// A connection that may be left to the attendant.
pub(super) trait Attended: Send + Sync {
    /// Takes the reader role if it has been free, or its holder in user code, for two ticks.
    fn adopt(&self, tick: u64) -> Adoption;

    /// Does what there is to do. False: the connection is not the attendant's any more.
    fn attend(&self, readiness: Readiness, now: Instant) -> bool;

    /// Whether the attendant may sleep for this connection, and what for.
    fn sleep(&self) -> Sleep;
}

/// What has become of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adoption {
    /// It is the attendant's.
    Adopted,
    /// It has not been free for long enough.
    Wait,
    /// A thread has it, or it is closed.
    Taken,
}

/// What an attended connection waits for.
pub(super) enum Sleep {
    /// Nothing: there is work, or the role is gone.
    Awake,
    /// This.
    Asleep { descriptor: Option<Arc<dyn AsFd + Send + Sync>>, interest: Interest, deadline: Option<Instant> },
}

impl<E: Engine> Attended for Link<E> {
    fn adopt(&self, tick: u64) -> Adoption {
        let mut role = lock(&self.role);
        let adoption = match role.is_adoptable(tick) {
            // Nothing is left to do; but for one that is lent, its duty is.
            Some(_) if role.is_free() && self.is_closed() => Adoption::Taken,
            Some(true) => {
                role.attend();
                // Its duty has not been done since its reader went into user code.
                let _ = self.bell.ring();
                Adoption::Adopted
            }
            Some(false) => Adoption::Wait,
            None => Adoption::Taken,
        };
        role.listed = adoption == Adoption::Wait;
        adoption
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
        self.note(readiness);
        let is_due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        let (due, duty_due) = {
            let published = lock(&self.published);
            (is_due(published.deadline), is_due(published.duty))
        };
        if readiness.any() || due {
            self.run(Runner::Reader);
        } else {
            self.heed();
        }
        // Asked before the duty, so that what the close brought is still seen to: by a turn more.
        let closed = self.is_closed();
        if rung || readiness.any() || due || duty_due || closed {
            self.do_duty();
        }
        self.pump_as(Runner::Reader);
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
        let deadline = earlier(published.deadline, published.duty);
        Sleep::Asleep { descriptor, interest: published.interest, deadline }
    }
}

impl<E: Engine> Link<E> {
    fn do_duty(&self) {
        // One that panics ends this connection alone: the attendant has others. (It runs no user code but loggers.)
        let duty = self.duty.get().and_then(Weak::upgrade);
        let next = duty.map_or(Ok(None), |duty| catch_unwind(AssertUnwindSafe(|| duty.attend())));
        lock(&self.published).duty = *next.as_ref().unwrap_or(&None);
        if let Err(payload) = next {
            discard(payload);
            log::error!(target: "threadwire::link", "a panic while a connection was looked after; it is closed");
            lock(&self.parts.io).fail(&io::Error::other("a panic while it was looked after"));
            self.run(Runner::Reader);
        }
    }
}
