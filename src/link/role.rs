//! The reader role: which thread sleeps on the connection's socket. One holder at a time, always somebody.
//!
//! A thread that waits for something of the connection takes the role if it is free or the attendant has it; else it
//! queues and parks. The holder, when it leaves, hands the role to the first in the queue that sleeps, or, if there is
//! none, leaves it free, and the attendant takes it after a tick or two. So a connection is without a reader for two
//! ticks at most, and during them everybody who has something to send sends it himself.
//!
//! A role may be reserved for one thread, which claims it. That one lends it while it is in user code: it stays the
//! holder, and if it is not back after two ticks, the attendant takes the role until it reclaims it.
//!
//! Why nobody waits for ever: whoever is in the queue and asleep is handed the role, or removes itself. One that was
//! notified is about to look: it then leaves the queue or enters again, so that a role left free meanwhile is taken.
//! Whoever was handed the role and no longer needs it (its answer came, its time is over) passes it on by the same call
//! that the holder uses.

use super::cork::Parker;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many ticks the role is free, or its holder in user code, before the attendant takes it.
const PATIENCE: u64 = 2;

/// Who reads.
#[derive(Debug)]
enum Holder {
    Nobody,
    Thread { parker: Arc<Parker>, lent: bool },
    Attendant,
}

/// The holder and those who wait to be it. Guarded by the Link's `role` lock.
#[derive(Debug)]
pub(crate) struct Role {
    holder: Holder,
    queue: VecDeque<Arc<Parker>>,
    /// One thread alone reads for this connection, or the attendant for it.
    reserved: bool,
    /// The link is on the attendant's list of those that may be left to it.
    pub(crate) listed: bool,
    /// The attendant's tick when the role became free, or was lent.
    pub(crate) free_since: u64,
}

/// What a thread that leaves finds.
#[derive(Debug)]
pub(crate) enum Left {
    /// The role was not its own; nothing changed but the queue.
    NotHolder,
    /// The role has gone to this thread, which must be woken.
    Handed(Arc<Parker>),
    /// Nobody that sleeps waits: the role is free.
    Free,
}

impl Role {
    pub(crate) fn new() -> Self {
        Self { holder: Holder::Nobody, queue: VecDeque::new(), reserved: false, listed: false, free_since: 0 }
    }

    /// From now on (or no more) the role is only claimed, or the attendant's.
    pub(crate) fn reserve(&mut self, reserved: bool) {
        self.reserved = reserved;
    }

    /// Takes the role (true) or a place in the queue (false).
    pub(crate) fn enter(&mut self, parker: &Arc<Parker>) -> bool {
        match &self.holder {
            Holder::Thread { parker: holder, .. } if Arc::ptr_eq(holder, parker) => true,
            _ if self.reserved => false,
            Holder::Thread { .. } => {
                if !self.queue.iter().any(|waiting| Arc::ptr_eq(waiting, parker)) {
                    self.queue.push_back(Arc::clone(parker));
                }
                false
            }
            Holder::Nobody | Holder::Attendant => self.claim(parker),
        }
    }

    /// Takes the role that is reserved for this thread, or that no other thread has.
    pub(crate) fn claim(&mut self, parker: &Arc<Parker>) -> bool {
        match &self.holder {
            Holder::Thread { parker: holder, .. } => Arc::ptr_eq(holder, parker),
            Holder::Nobody | Holder::Attendant => {
                self.queue.retain(|waiting| !Arc::ptr_eq(waiting, parker));
                self.make_reader(Arc::clone(parker));
                true
            }
        }
    }

    /// The holder goes into user code at `tick`. True: the link is to be put on the attendant's list.
    pub(crate) fn lend(&mut self, parker: &Arc<Parker>, tick: u64) -> bool {
        match &mut self.holder {
            Holder::Thread { parker: holder, lent } if Arc::ptr_eq(holder, parker) => *lent = true,
            _ => return false,
        }
        self.free_since = tick;
        !std::mem::replace(&mut self.listed, true)
    }

    /// The holder is back; if the role was the attendant's meanwhile, it is taken from there.
    pub(crate) fn reclaim(&mut self, parker: &Arc<Parker>) {
        match &mut self.holder {
            Holder::Thread { parker: holder, lent } if Arc::ptr_eq(holder, parker) => *lent = false,
            _ => {
                self.claim(parker);
            }
        }
    }

    /// Gives up the role, at `tick`, or the place in the queue.
    pub(crate) fn leave(&mut self, parker: &Arc<Parker>, tick: u64) -> Left {
        let holds = matches!(&self.holder, Holder::Thread { parker: holder, .. } if Arc::ptr_eq(holder, parker));
        if !holds {
            self.queue.retain(|waiting| !Arc::ptr_eq(waiting, parker));
            return Left::NotHolder;
        }
        parker.set_reader(false);
        let asleep = self.queue.iter().position(|waiting| !waiting.is_notified());
        match asleep.and_then(|at| self.queue.remove(at)) {
            Some(next) => {
                self.make_reader(Arc::clone(&next));
                Left::Handed(next)
            }
            None => {
                self.holder = Holder::Nobody;
                self.free_since = tick;
                Left::Free
            }
        }
    }

    fn make_reader(&mut self, parker: Arc<Parker>) {
        parker.set_reader(true);
        self.holder = Holder::Thread { parker, lent: false };
    }

    pub(crate) fn is_free(&self) -> bool {
        matches!(self.holder, Holder::Nobody)
    }

    pub(crate) fn is_attended(&self) -> bool {
        matches!(self.holder, Holder::Attendant)
    }

    /// Whether the attendant may take the role at `tick`, or only later (false). None: not for now.
    pub(crate) fn is_adoptable(&self, tick: u64) -> Option<bool> {
        match &self.holder {
            Holder::Nobody | Holder::Thread { lent: true, .. } => Some(tick >= self.free_since + PATIENCE),
            Holder::Thread { .. } | Holder::Attendant => None,
        }
    }

    /// The attendant takes the role.
    pub(crate) fn attend(&mut self) {
        if let Holder::Thread { parker, .. } = &self.holder {
            parker.set_reader(false);
        }
        self.holder = Holder::Attendant;
    }

    /// The attendant gives the role up: the connection is closed.
    pub(crate) fn forsake(&mut self) {
        self.holder = Holder::Nobody;
    }
}
