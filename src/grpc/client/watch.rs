//! What interceptors of a channel see of a call's answer: its head, its messages, its end. The end is told exactly
//! once: when it comes out of the [`Reply`], when the call cannot be begun, or when the watch is dropped before.

use super::super::compression::{Encoding, Packed};
use super::super::taps::{Completed, HeadTaps, Taps};
use super::super::{Metadata, Response, Status};
use super::awaited::Awaited;
use super::reply::Reply;
use crate::protobuf::Payload;
use bytes::Bytes;
use std::fmt;
use std::sync::{Mutex, PoisonError};

type End = Box<dyn FnOnce(&mut Result<Completed, Status>) + Send>;

/// Who wants to be told of a call's end. Dropped before the end, it tells that the call was given up. (As with
/// [`Taps`], the mutex is never locked.)
#[derive(Default)]
pub(super) struct Ends(Mutex<Vec<End>>);

impl Ends {
    fn list(&mut self) -> &mut Vec<End> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add_first(&mut self, end: End) {
        self.list().insert(0, end);
    }

    /// Tells all of them, once, and answers what they make of it.
    pub(super) fn tell(&mut self, mut outcome: Result<Completed, Status>) -> Result<Completed, Status> {
        std::mem::take(self.list()).into_iter().for_each(|tell| tell(&mut outcome));
        outcome
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.list().is_empty() {
            // Nobody is left whom the outcome could reach.
            let _ = self.tell(Err(Status::cancelled("the call was given up before its end")));
        }
    }
}

/// What interceptors want to see of a call's answer.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) head: HeadTaps,
    pub(super) messages: Taps,
    pub(super) ends: Ends,
    told: bool,
    /// As the interceptors have left it, once the head has come.
    metadata: Option<Metadata>,
    /// As the interceptors have left it, of a call that has succeeded.
    trailers: Option<Metadata>,
}

impl Watch {
    /// Tells the end, if what was `found` is that.
    pub(super) fn notice<T>(&mut self, reply: &Reply, found: Result<T, Status>) -> Result<T, Status> {
        if self.told || !reply.is_over() {
            return found;
        }
        match found {
            Ok(found) => self.end(Ok(reply.trailers().cloned().unwrap_or_default())).map(|()| found),
            Err(status) => Err(self.fail(status)),
        }
    }

    /// Shows the initial metadata, once.
    pub(super) fn see_head(&mut self, reply: &Reply) {
        self.metadata.get_or_insert_with(|| {
            let mut metadata = reply.metadata().clone();
            self.head.pass(&mut metadata);
            metadata
        });
    }

    /// Shows a message.
    pub(super) fn decode<T: Payload>(&mut self, message: Packed) -> Result<T, Status> {
        self.messages.decode(message)
    }

    /// Tells how the call ended; what is made of it is what the caller gets.
    fn end(&mut self, outcome: Result<Metadata, Status>) -> Result<(), Status> {
        self.told = true;
        self.trailers = Some(self.ends.tell(outcome.map(Completed::new))?.into_trailers());
        Ok(())
    }

    /// Tells that the call has failed; answers with what the caller gets.
    fn fail(&mut self, status: Status) -> Status {
        self.end(Err(status)).err().unwrap_or_else(no_response)
    }

    /// A call that could not be begun has ended.
    pub(super) fn begun<T>(&mut self, begun: Result<T, Status>) -> Result<T, Status> {
        begun.map_err(|status| self.fail(status))
    }

    /// The initial metadata, or why there is none; `found` is what came of waiting for it.
    pub(super) fn metadata(&mut self, reply: &Reply, found: Result<(), Status>) -> Result<&Metadata, Status> {
        self.notice(reply, found)?;
        Ok(self.metadata.get_or_insert_default())
    }

    /// The trailing metadata of a call that has succeeded.
    pub(super) fn trailers(&self) -> Option<&Metadata> {
        self.trailers.as_ref()
    }

    /// The one response of a call that has one.
    pub(super) fn only<T: Payload>(mut self, awaited: Awaited) -> Result<Response<T>, Status> {
        self.answer(awaited.only())
    }

    /// Shows the one response of a call, and its end.
    pub(super) fn answer<T: Payload>(
        &mut self,
        answered: Result<Response<Bytes>, Status>,
    ) -> Result<Response<T>, Status> {
        let shown = answered.and_then(|response| {
            let said = response.compression();
            let (message, mut metadata, trailers) = response.into_parts();
            self.head.pass(&mut metadata);
            let message = Packed::new(message, Encoding::Identity, usize::MAX);
            Ok((self.messages.decode(message)?, metadata, trailers, said))
        });
        match shown {
            Ok((message, metadata, trailers, said)) => {
                self.end(Ok(trailers))?;
                Ok(Response::received(message, metadata, self.trailers.take().unwrap_or_default(), said))
            }
            Err(status) => Err(self.fail(status)),
        }
    }
}

/// What is to be said when an interceptor makes a success of a failure.
pub(super) fn no_response() -> Status {
    Status::internal("an interceptor says that the call has succeeded, but there is no response")
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
