//! The start of a call with a stream of requests, as its two halves share it: while nothing has been sent, and the
//! server has not answered, either half may find that no server has seen the call, and make it again for both.
//!
//! ```text
//!            the sink sends, or a half makes it again          sent, answered, or failed for good
//!   Fresh ─────────────────────────────────────────► Busy ─────────────────────────────────────────► Settled
//!     ▲                                               │
//!     └── (the sink takes the new stream) ◄── ForSink ┤  ForReply ──(the other half takes it)──► Settled
//! ```
//! One lock guards who is at it, and what is left for the other half; it is held neither while something is sent or
//! opened nor while anything is dropped. Whoever is `Busy` ends it, and tells: a send on a stream that is over does not
//! wait, and making a call again ends with the call's terms. So a half that waits for the other does not wait for ever.

use super::super::{Encoding, Metadata, MethodDescriptor, Status};
use super::Inner;
use super::call::Opening;
use super::reply::Reply;
use super::retry::{Failed, Retries};
use super::terms::Terms;
use crate::http2::{Failure, Outbound, reason};
use crate::link::lock;
use std::fmt;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// See the head of this file.
pub(super) struct Start {
    channel: Arc<Inner>,
    call: Unsent,
    state: Mutex<State>,
    changed: Condvar,
}

/// What a call is made of, as long as it may have to be made again.
pub(super) struct Unsent {
    pub(super) method: MethodDescriptor,
    pub(super) metadata: Metadata,
    pub(super) encoding: Encoding,
    pub(super) terms: Terms,
}

impl Unsent {
    fn opening(&self) -> Opening<'_> {
        let Self { method, metadata, encoding, terms } = self;
        Opening { path: method.path(), metadata, encoding: *encoding, terms, streams: true }
    }
}

struct State {
    phase: Phase,
    retries: Retries,
    answered: bool,
    sink_is_gone: bool,
}

enum Phase {
    Fresh,
    Busy,
    ForSink(Outbound),
    ForReply(Box<Reply>),
    Settled,
}

impl Start {
    /// Makes the call; its halves share what comes back.
    pub(super) fn open(channel: &Arc<Inner>, call: Unsent) -> Result<(Outbound, Reply, Arc<Self>), Status> {
        let mut retries = Retries::default();
        let (outbound, reply) = channel.open_halves(call.opening(), &mut retries)?;
        let state = State { phase: Phase::Fresh, retries, answered: false, sink_is_gone: false };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let start = Self { channel: Arc::clone(channel), call, state, changed };
        Ok((outbound, reply, Arc::new(start)))
    }

    /// Takes the turn, once the other half is not at it. What was there for a half comes with it.
    fn take_turn(&self) -> (Phase, Retries) {
        let mut state = lock(&self.state);
        while matches!(state.phase, Phase::Busy) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let retries = mem::take(&mut state.retries);
        (mem::replace(&mut state.phase, Phase::Busy), retries)
    }

    fn end_turn(&self, phase: Phase, retries: Retries) {
        {
            let mut state = lock(&self.state);
            state.phase = phase;
            state.retries = retries;
        }
        self.changed.notify_all();
    }

    /// Makes the call again, after an attempt that has `failed`.
    fn again(&self, failed: Failed, retries: &mut Retries) -> Result<(Outbound, Reply), Status> {
        retries.after(failed)?;
        let (mut outbound, reply) = self.channel.open_halves(self.call.opening(), retries)?;
        if lock(&self.state).sink_is_gone {
            outbound.reset(reason::CANCEL);
        }
        Ok((outbound, reply))
    }

    /// Has `send` send the first of the requests, on `outbound`, or what takes its place.
    ///
    /// # Errors
    /// What `send` failed with last, or how a call that was made again has failed.
    pub(super) fn send_first(
        &self,
        outbound: &mut Outbound,
        mut send: impl FnMut(&mut Outbound) -> Result<(), Failure>,
    ) -> Result<Result<(), Failure>, Status> {
        let (phase, mut retries) = self.take_turn();
        if let Phase::ForSink(other) = phase {
            *outbound = other;
        }
        let mut made = None;
        let sent = loop {
            let failure = match send(outbound) {
                Ok(()) => break Ok(Ok(())),
                // So h2 tells a sender of a GOAWAY.
                Err(Failure::Reset { code, by_peer: true }) if outbound.is_turned_away() => {
                    Failure::GoAway { code, by_peer: true }
                }
                Err(failure) => failure,
            };
            // The other half may not have looked at an answer that has come.
            let answered = outbound.is_answered() || lock(&self.state).answered;
            if outbound.has_sent() || answered || !failure.is_refusal() {
                break Ok(Err(failure));
            }
            match self.again(Failed::of(&failure, self.call.terms.deadline), &mut retries) {
                Ok((other, reply)) => {
                    *outbound = other;
                    made = Some(reply);
                }
                Err(status) => break Err(status),
            }
        };
        self.end_turn(made.map_or(Phase::Settled, |reply| Phase::ForReply(Box::new(reply))), retries);
        sent
    }

    /// For the receiving half, whose attempt has `failed` before an answer: what takes its place.
    ///
    /// # Errors
    /// The status of the attempt, if nothing does.
    pub(super) fn replace(&self, failed: Failed) -> Result<Reply, Status> {
        let (phase, mut retries) = self.take_turn();
        let (phase, replaced) = match phase {
            Phase::ForReply(reply) => (Phase::Settled, Ok(*reply)),
            Phase::Settled | Phase::Busy => (Phase::Settled, Err(failed.status)),
            Phase::Fresh | Phase::ForSink(_) => match self.again(failed, &mut retries) {
                Ok((outbound, reply)) => (Phase::ForSink(outbound), Ok(reply)),
                Err(status) => (Phase::Settled, Err(status)),
            },
        };
        self.end_turn(phase, retries);
        replaced
    }

    /// The server has answered: the call is not made again.
    pub(super) fn answered(&self) {
        lock(&self.state).answered = true;
    }

    /// The sink has gone, and has sent nothing.
    pub(super) fn give_up(&self) {
        let left = {
            let mut state = lock(&self.state);
            state.sink_is_gone = true;
            if let Phase::ForSink(_) = &state.phase {
                Some(mem::replace(&mut state.phase, Phase::Settled))
            } else {
                None
            }
        };
        if let Some(Phase::ForSink(mut outbound)) = left {
            outbound.reset(reason::CANCEL);
        }
    }
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("path", &self.call.method.path()).finish_non_exhaustive()
    }
}
