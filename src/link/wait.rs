//! Waiting for something of a connection, and reading for it meanwhile.
//!
//! Whoever has the reader role says AWAKE to the bell, looks (at what it waits for, at its duty), runs the engine if
//! that made it necessary, and sleeps, in this order. The bell's argument (`bell`) does the rest: a ring after the
//! AWAKE keeps it from sleeping. Whoever has not got the role parks, and looks again when its parker was notified.

use super::bell::Sleeper;
use super::cork::Parker;
use super::duty::Duty;
use super::engine::Engine;
use super::role::Left;
use super::run::Runner;
use super::{Attended, Link, earlier, lock};
use crate::net::Interest;
use crate::net::wait::{self, Readiness};
use crate::threads::Known;
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};
use std::time::Instant;

/// Why a wait ended without what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    /// The deadline has come.
    TimedOut,
    /// The connection is closed.
    Closed,
}

impl<E: Engine> Link<E> {
    /// A wait of the calling thread on this connection.
    pub(crate) fn parker(&self) -> Arc<Parker> {
        Parker::new(&self.parts.cork)
    }

    /// What wakes whoever reads for this connection.
    pub(crate) fn reader_parker(&self) -> Arc<Parker> {
        Parker::of_reader(&self.parts.cork)
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
            let closed = self.wake_up(parker);
            let found = ready();
            self.pump_as(Runner::of(parker));
            let end = match found {
                Some(found) => Ok(found),
                None if closed => Err(Unready::Closed),
                None if deadline.is_some_and(|deadline| deadline <= Instant::now()) => Err(Unready::TimedOut),
                None => {
                    self.rest(parker, deadline);
                    continue;
                }
            };
            self.leave(parker);
            return end;
        }
    }

    /// Reads for the connection on the calling thread until it is closed. `turn` is called first at once, and then each
    /// time something may have changed; it answers when it wants to be called at the latest, and makes itself heard as
    /// a [`Duty`] does. It is called once more after the close.
    ///
    /// No other thread that waits reads for this connection from now on, but the attendant, while this thread is in
    /// user code (see [`Link::lend`]); it does `duty` meanwhile.
    pub(crate) fn read_until_closed(
        self: &Arc<Self>,
        parker: &Arc<Parker>,
        duty: Weak<dyn Duty>,
        mut turn: impl FnMut() -> Option<Instant>,
    ) {
        // It is the only thread that reads for this connection, and does so once.
        let _ = self.duty.set(duty);
        lock(&self.role).reserve(true);
        loop {
            let closed = self.wake_up(parker);
            let next = turn();
            self.pump_as(Runner::of(parker));
            if closed {
                break;
            }
            if lock(&self.role).claim(parker) {
                self.sleep(parker, next);
            }
        }
        self.leave(parker);
    }

    /// The reader goes into user code. If that lasts for two ticks, the attendant takes the role. To be said again
    /// before each piece of user code; ends with [`Link::reclaim`].
    pub(crate) fn lend(self: &Arc<Self>, parker: &Arc<Parker>) {
        if lock(&self.role).lend(parker, self.attendant.tick()) {
            self.list();
        }
    }

    /// The reader comes back from user code, whether or not the attendant has had the role meanwhile.
    pub(crate) fn reclaim(&self, parker: &Arc<Parker>) {
        lock(&self.role).reclaim(parker);
    }

    /// Lets what was handed to the engine leave, in the middle of a reader's turn.
    pub(crate) fn pump_within(&self) {
        self.pump_as(Runner::Reader);
    }

    /// Drives the connection until it is closed, or until `deadline`. True: it is closed.
    pub(crate) fn drive_to_close(self: &Arc<Self>, deadline: Option<Instant>) -> bool {
        let ended = self.wait_until(&self.parker(), deadline, || None::<()>);
        ended == Err(Unready::Closed)
    }

    /// Has the attendant read for this connection from now on, and no thread that waits. (Without an attendant they
    /// do.)
    pub(crate) fn read_in_background(self: &Arc<Self>) {
        lock(&self.role).reserve(true);
        if !self.entrust() {
            lock(&self.role).reserve(false);
        }
    }

    /// Before a look. Whether the connection is closed, asked before it, so that what the close brought is still handed
    /// out.
    fn wake_up(&self, parker: &Parker) -> bool {
        if parker.is_reader() {
            self.bell.awake();
        }
        let closed = self.is_closed();
        parker.clear();
        closed
    }

    /// Sleeps until something may have changed, as the reader, if it is free.
    fn rest(&self, parker: &Arc<Parker>, deadline: Option<Instant>) {
        let reads = lock(&self.role).enter(parker);
        if reads {
            self.sleep(parker, deadline);
        } else {
            parker.park(deadline);
        }
    }

    /// As the reader: sleeps until something happens, and runs the engine for input, room, or its deadline. Comes back
    /// without a sleep if somebody has rung since the last look.
    fn sleep(&self, parker: &Parker, deadline: Option<Instant>) {
        if parker.is_notified() || self.heed() {
            return;
        }
        let published = lock(&self.published).clone();
        if published.closed || !self.bell.sleep(Sleeper::Reader) {
            return;
        }
        let until = earlier(deadline, published.deadline);
        let found = match &published.descriptor {
            Some(descriptor) if !published.lost => {
                wait::wait_for_two(((**descriptor).as_fd(), published.interest), self.waker.as_fd(), until)
            }
            _ => wait::wait(&[(self.waker.as_fd(), Interest { readable: true, writable: false })], until)
                .map(|found| (Readiness::default(), found.iter().any(|waker| waker.any()))),
        };
        let (readiness, woken) = found.unwrap_or_else(|error| {
            lock(&self.parts.io).fail(&error);
            (Readiness { lost: true, ..Readiness::default() }, true)
        });
        self.bell.awake();
        if woken {
            self.waker.drain();
        }
        self.note(readiness);
        if readiness.any() || published.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.run(Runner::Reader);
        }
    }

    /// Gives up the reader role, or the wish to have it.
    fn leave(self: &Arc<Self>, parker: &Arc<Parker>) {
        let (left, list) = {
            let mut role = lock(&self.role);
            let left = role.leave(parker, self.attendant.tick());
            let list = matches!(left, Left::Free) && !role.listed && !self.is_closed();
            role.listed |= list;
            (left, list)
        };
        match left {
            // It finds the bell as it is: what was rung for the old reader is the new one's.
            Left::Handed(next) => next.unpark_for_role(),
            Left::Free if list => {
                self.list();
            }
            Left::Free | Left::NotHolder => {}
        }
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
        !list || self.list()
    }

    /// Puts it on the attendant's list. False: there is no thread; the next who leaves it, or goes into user code,
    /// tries again.
    fn list(self: &Arc<Self>) -> bool {
        let listed = self.attendant.list(Arc::clone(self) as Arc<dyn Attended>);
        if !listed {
            self.attendant.forget(self);
            lock(&self.role).listed = false;
        }
        listed
    }
}
