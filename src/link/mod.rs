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
//! - `drive`: the driving right, `run`: what is done with it; `bell`: waking the reader; `role`: who the reader is;
//!   `wait`: waiting, and reading meanwhile; `cork`: waking those who wait; `io` and `outbox`: the bytes; `engine`:
//!   what is driven; `duty`: what else a reader does; `end`: the orderly end, `farewell`: that of connections without
//!   an engine; `attendant`: who reads when no thread does, `attended`: a connection as it sees it; `keepalive`: when
//!   a silent peer is asked; `alarm`: what ends waits from outside.
//! - Lock order: `core` (the engine) → the engine's own ones (h2's, the queues of its handles), or `io` → `published`;
//!   `role` → `published`. `cork` is a leaf, and the attendant's list is taken alone. None is held in `poll`, `park`,
//!   or in user code but the observer's.
//! - Why a connection never stands still with work to do: work comes from the socket (the reader, or within two ticks
//!   the attendant, waits for it), from a thread (which kicks: it runs the engine, or the runner does once more), from
//!   the engine itself (a wish, looked at before a run ends), or from the clock (the published deadline, which bounds
//!   the reader's sleep). A kicker that changes what the reader waits for publishes that before it rings.
//! - After a fork, all of it stands still in the child: a thread that can be there comes from outside, by a kick or a
//!   wait, and is turned away; or it is a reader whose handler has forked, and goes no further.

#![cfg_attr(
    not(all(feature = "grpc", feature = "websocket")),
    allow(dead_code, unused_imports, reason = "each protocol uses its own part")
)]

mod alarm;
mod attendant;
mod attended;
mod bell;
mod cork;
mod drive;
mod duty;
mod end;
mod engine;
mod farewell;
mod io;
mod keepalive;
#[cfg(test)]
mod model;
mod outbox;
mod role;
mod run;
mod spare;
mod sync;
#[cfg(test)]
mod tests;
mod wait;

pub(crate) use alarm::{Alarm, Listening};
pub(crate) use attendant::Attendant;
pub(crate) use cork::Parker;
pub(crate) use duty::Duty;
pub(crate) use engine::{Engine, Parts, Step, Wish};
pub(crate) use farewell::{Farewells, farewell};
pub(crate) use io::{Filled, Io, SharedIo};
pub(crate) use keepalive::{Due, Keepalive};
pub(crate) use sync::lock;
pub(crate) use wait::Unready;

use crate::net::waker::Waker;
use crate::threads::Process;
use attended::Attended;
use bell::Bell;
use drive::Drive;
use role::Role;
use run::{Core, Published, Runner};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

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
    /// What whoever reads does besides, if anything.
    duty: OnceLock<Weak<dyn Duty>>,
    /// Whoever reads is to run the engine before it sleeps.
    reminded: AtomicBool,
    attendant: Arc<Attendant>,
    close_timeout: Duration,
    process: Process,
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
        let published = Published::new(io.descriptor());
        let parts = Parts { io: Arc::new(Mutex::new(io)), cork: Arc::default(), wish: Arc::default() };
        parts.wish.make();
        let link = Self {
            drive: Drive::new(),
            bell: Bell::new(),
            waker: Waker::new()?,
            core: Mutex::new(Core::new(make(&parts))),
            parts,
            published: Mutex::new(published),
            role: Mutex::new(Role::new()),
            duty: OnceLock::new(),
            reminded: AtomicBool::new(false),
            attendant: Arc::clone(attendant),
            close_timeout,
            process: Process::this(),
        };
        Ok(Arc::new(link))
    }

    /// What the engine shares with this Link.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
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

    /// [`Link::pump`] of a thread that may have the reader role: it needs no waking afterwards.
    fn pump_as(&self, runner: Runner) {
        if self.parts.wish.is_made() {
            self.run(runner);
        } else {
            self.release_cork();
        }
    }

    /// Has the engine run soon by whoever reads, or will: within two ticks of the attendant. Never blocks.
    pub(crate) fn remind(&self) {
        self.reminded.store(true, Ordering::Release);
        self.ring();
    }

    /// Whoever reads runs the engine if it was reminded.
    fn heed(&self) -> bool {
        let heeded = self.reminded.load(Ordering::Relaxed) && self.reminded.swap(false, Ordering::AcqRel);
        if heeded {
            self.run(Runner::Reader);
        }
        heeded
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
