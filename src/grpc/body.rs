//! The messages that a peer sends on one stream, one after the other, waiting for each.

use super::compression::{Expected, Packed};
use super::frame::Messages;
use super::mapping::{has_passed, nothing_came, status_of};
use super::quota::Share;
use super::{Cancellation, Status};
use crate::http2::{Failure, Inbound};
use http::HeaderMap;
use std::mem;
use std::time::Instant;

/// The receiving half of a call. After an error or the end it gives nothing more.
#[derive(Debug)]
pub(super) struct Body {
    inbound: Inbound,
    messages: Messages,
    /// Of the whole call.
    deadline: Option<Instant>,
    /// Of a call that is served: it learns how the stream failed.
    cancellation: Option<Cancellation>,
    /// Of a call that is served: it holds what has come of a message that is not whole.
    unfinished: Option<Share>,
    /// Bytes whose window has not been given back: those of messages that are whole and wait here.
    unreleased: usize,
    /// Something has come.
    begun: bool,
    /// The peer has reset the stream in order, with nothing of the body sent.
    let_go: bool,
    over: bool,
}

impl Body {
    pub(super) fn new(inbound: Inbound, limit: usize, compressed: Expected, deadline: Option<Instant>) -> Self {
        Self {
            inbound,
            messages: Messages::new(limit, compressed),
            deadline,
            cancellation: None,
            unfinished: None,
            unreleased: 0,
            begun: false,
            let_go: false,
            over: false,
        }
    }

    /// The body of a request, which may be cancelled, and counts in `unfinished`.
    pub(super) fn of_request(mut self, cancellation: &Cancellation, unfinished: Share) -> Self {
        self.cancellation = Some(cancellation.clone());
        self.unfinished = Some(unfinished);
        self
    }

    /// Waits for the next message; none at the end of the peer's half. `until` bounds this wait alone.
    ///
    /// # Errors
    /// What the peer sent is wrong, the stream has ended otherwise, or the deadline has come. If it was `until` alone,
    /// the next call goes on where this one stopped.
    pub(super) fn message(&mut self, until: Option<Instant>) -> Result<Option<Packed>, Status> {
        if self.over {
            return Ok(None);
        }
        let found = self.next(until);
        let goes_on = match &found {
            Ok(found) => found.is_some(),
            Err(Wrong::Wait) => true,
            Err(Wrong::Call(_)) => false,
        };
        self.over = !goes_on;
        found.map_err(|wrong| match wrong {
            Wrong::Wait => nothing_came(),
            Wrong::Call(status) => status,
        })
    }

    /// Whether it gives nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether it has failed because the peer, with nothing of it sent, said by a reset that the head was all and that it
    /// needs no more (RFC 9113 §8.1).
    pub(super) fn was_let_go(&self) -> bool {
        self.let_go
    }

    /// Gives nothing more from now on.
    pub(super) fn give_up(&mut self) {
        self.over = true;
    }

    fn next(&mut self, until: Option<Instant>) -> Result<Option<Packed>, Wrong> {
        loop {
            let message = self.messages.next()?;
            if let Some(unfinished) = &mut self.unfinished {
                unfinished.hold(if message.is_some() { 0 } else { self.messages.buffered() })?;
            }
            if message.is_some() {
                return Ok(message);
            }
            self.inbound.release(mem::take(&mut self.unreleased));
            let deadline = [until, self.deadline].into_iter().flatten().min();
            match self.inbound.data(deadline) {
                Ok(Some(piece)) => {
                    self.messages.push(&piece);
                    self.unreleased += piece.len();
                    self.begun = true;
                }
                Ok(None) => {
                    self.messages.end()?;
                    return Ok(None);
                }
                Err(Failure::TimedOut) if !has_passed(self.deadline) => return Err(Wrong::Wait),
                Err(failure) => {
                    self.let_go = !self.begun && failure == Failure::Reset { code: 0, by_peer: true };
                    if let Some(cancellation) = &self.cancellation {
                        cancellation.learn(&failure, self.deadline);
                    }
                    return Err(status_of(&failure, self.deadline).into());
                }
            }
        }
    }

    /// Waits for the trailers, behind the end.
    pub(super) fn trailers(&mut self) -> Result<Option<HeaderMap>, Status> {
        self.inbound.trailers(self.deadline).map_err(|failure| status_of(&failure, self.deadline))
    }
}

/// Why there is no message.
enum Wrong {
    /// The time of this wait is over, not that of the call.
    Wait,
    Call(Status),
}

impl From<Status> for Wrong {
    fn from(status: Status) -> Self {
        Self::Call(status)
    }
}
