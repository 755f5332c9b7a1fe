//! What comes back of a streaming call, which is made again as long as no server has seen it.

use super::super::compression::Packed;
use super::super::{Response, Status};
use super::reply::Reply;
use super::start::Start;
use super::whole::Whole;
use crate::protobuf::Payload;
use std::sync::Arc;
use std::time::Instant;

/// The receiving half of a call.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) reply: Reply,
    again: Again,
}

/// How a call is made again.
#[derive(Debug)]
pub(super) enum Again {
    Whole(Whole),
    Start(Arc<Start>),
    /// Not at all: the server has answered.
    No,
}

impl Awaited {
    pub(super) fn new(reply: Reply, again: Again) -> Self {
        Self { reply, again }
    }

    /// Waits for the head. `until` bounds this wait, but not the making of another call.
    ///
    /// # Errors
    /// How the call ended, if it has.
    pub(super) fn head(&mut self, until: Option<Instant>) -> Result<(), Status> {
        while let Err(failed) = self.reply.head(until) {
            self.reply = match &mut self.again {
                Again::Whole(whole) if failed.unseen.is_some() => whole.again(failed)?,
                Again::Start(start) if failed.unseen.is_some() => start.replace(failed)?,
                _ => return Err(failed.status),
            };
        }
        if let Again::Start(start) = std::mem::replace(&mut self.again, Again::No) {
            start.answered();
        }
        Ok(())
    }

    /// Waits for the next message; none when the call has succeeded. `until` bounds this wait alone.
    ///
    /// # Errors
    /// How the call ended, if it did not succeed.
    pub(super) fn message(&mut self, until: Option<Instant>) -> Result<Option<Packed>, Status> {
        self.head(until)?;
        self.reply.message(until)
    }

    /// The one response of a call that has one.
    pub(super) fn only<T: Payload>(mut self) -> Result<Response<T>, Status> {
        self.head(None)?;
        self.reply.only()
    }
}
