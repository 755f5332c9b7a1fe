//! The reader role: which thread sleeps on the connection's socket. One holder at a time, always somebody.
//!
//! A thread that waits for something of the connection takes the role if it is free or the attendant has it; else it
//! queues and parks. The holder, when it leaves, hands the role to the first in the queue, or, if there is none, leaves
//! it free, and the attendant takes it after a tick or two. So a connection is without a reader for two ticks at most,
//! and during them everybody who has something to send sends it himself.
//!
//! Why nobody waits for ever: whoever is in the queue is handed the role or removes itself; whoever was handed the role
//! and no longer needs it (its answer came, its time is over) passes it on by the same call that the holder uses.

use super::cork::Parker;
use std::collections::VecDeque;
use std::sync::Arc;

/// Who reads.
#[derive(Debug)]
enum Holder {
    Nobody,
    Thread(Arc<Parker>),
    Attendant,
}

/// The holder and those who wait to be it. Guarded by the Link's `role` lock.
#[derive(Debug)]
pub(crate) struct Role {
    holder: Holder,
    queue: VecDeque<Arc<Parker>>,
    /// The link is on the attendant's list of those that may be left to it.
    pub(crate) listed: bool,
    /// The attendant's tick when the role became free.
    pub(crate) free_since: u64,
}

/// What a thread that leaves finds.
#[derive(Debug)]
pub(crate) enum Left {
    /// The role was not its own; nothing changed but the queue.
    NotHolder,
    /// The role has gone to this thread, which must be woken.
    Handed(Arc<Parker>),
    /// Nobody waits: the role is free.
    Free,
}

impl Role {
    pub(crate) fn new() -> Self {
        Self { holder: Holder::Nobody, queue: VecDeque::new(), listed: false, free_since: 0 }
    }

    /// Takes the role (true) or a place in the queue (false).
    pub(crate) fn enter(&mut self, parker: &Arc<Parker>) -> bool {
        match &self.holder {
            Holder::Thread(holder) if Arc::ptr_eq(holder, parker) => true,
            Holder::Thread(_) => {
                if !self.queue.iter().any(|waiting| Arc::ptr_eq(waiting, parker)) {
                    self.queue.push_back(Arc::clone(parker));
                }
                false
            }
            Holder::Nobody | Holder::Attendant => {
                self.make_reader(parker);
                true
            }
        }
    }

    /// Gives up the role or the place in the queue.
    pub(crate) fn leave(&mut self, parker: &Arc<Parker>) -> Left {
        let holds = matches!(&self.holder, Holder::Thread(holder) if Arc::ptr_eq(holder, parker));
        if !holds {
            self.queue.retain(|waiting| !Arc::ptr_eq(waiting, parker));
            return Left::NotHolder;
        }
        parker.set_reader(false);
        match self.queue.pop_front() {
            Some(next) => {
                self.make_reader(&next);
                Left::Handed(next)
            }
            None => {
                self.holder = Holder::Nobody;
                Left::Free
            }
        }
    }

    fn make_reader(&mut self, parker: &Arc<Parker>) {
        parker.set_reader(true);
        self.holder = Holder::Thread(Arc::clone(parker));
    }

    pub(crate) fn is_free(&self) -> bool {
        matches!(self.holder, Holder::Nobody)
    }

    pub(crate) fn is_attended(&self) -> bool {
        matches!(self.holder, Holder::Attendant)
    }

    /// The attendant takes the free role.
    pub(crate) fn attend(&mut self) {
        self.holder = Holder::Attendant;
    }

    /// The attendant gives the role up: the connection is closed.
    pub(crate) fn forsake(&mut self) {
        self.holder = Holder::Nobody;
    }
}
