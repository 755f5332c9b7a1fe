//! The halves of streaming calls, as a client has them: they may be used from two threads.

use super::super::compression::Packer;
use super::super::mapping::status_of;
use super::super::taps::Taps;
use super::super::{Metadata, Response, Status, frame};
use super::awaited::Awaited;
use super::start::Start;
use super::terms::Terms;
use super::watch::Watch;
use crate::http2::{Failure, Outbound};
use crate::protobuf::Payload;
use bytes::Bytes;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a client puts the requests of a call. [`RequestSink::finish`] ends them; a sink that is dropped before cancels
/// the call.
pub struct RequestSink<T> {
    outbound: Outbound,
    /// Until the first request has been sent.
    start: Option<Arc<Start>>,
    packer: Packer,
    terms: Terms,
    finished: bool,
    taps: Taps,
    /// The memory for the next message.
    body: Vec<u8>,
    kind: PhantomData<fn(T)>,
}

impl<T: Payload> RequestSink<T> {
    pub(super) fn new(outbound: Outbound, start: Arc<Start>, packer: Packer, terms: Terms) -> Self {
        Self {
            outbound,
            start: Some(start),
            packer,
            terms,
            finished: false,
            taps: Taps::default(),
            body: Vec::new(),
            kind: PhantomData,
        }
    }

    /// Shows its messages to interceptors.
    pub(super) fn tapped(mut self, taps: Taps) -> Self {
        self.taps = taps;
        self
    }

    /// Sends a request; waits as long as the server's window is full. One that comes after a pause leaves at once; of
    /// many short ones, those that come in quick succession leave together, within microseconds, or, while no thread
    /// reads for the connection, 2 ms.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED if the request is too large; DEADLINE_EXCEEDED; CANCELLED if it was cancelled, and if the
    /// server has ended the call without waiting for more: how, the other half says; another if the call was lost.
    pub fn send(&mut self, request: T) -> Result<(), Status> {
        if let Some(status) = self.terms.cancelled() {
            return Err(status);
        }
        self.body.clear();
        self.taps.append(&request, &self.packer, &mut self.body)?;
        if self.start.is_some() {
            let body = std::mem::take(&mut self.body).into();
            return self.send_first(&body, false);
        }
        let sent = self.outbound.send_soon(&mut self.body, self.terms.deadline);
        sent.map_err(|failure| self.failed(failure))
    }

    /// Says that there are no more requests.
    ///
    /// # Errors
    /// Those of [`RequestSink::send`].
    pub fn finish(mut self) -> Result<(), Status> {
        let sent = self.send_first(&Bytes::new(), true);
        self.finished |= sent.is_ok();
        sent
    }
}

impl<T> RequestSink<T> {
    /// Whether the requests that are sent from now on are compressed, if the call has an encoding
    /// ([`ChannelBuilder::compress`](super::ChannelBuilder::compress), [`Request::with_encoding`]). (By default they
    /// are.)
    ///
    /// [`Request::with_encoding`]: super::super::Request::with_encoding
    pub fn set_compressed(&mut self, compressed: bool) {
        self.packer.set_compresses(compressed);
    }

    /// Sends `body`, which may be the first.
    fn send_first(&mut self, body: &Bytes, end: bool) -> Result<(), Status> {
        let deadline = self.terms.deadline;
        let send = |outbound: &mut Outbound| outbound.send(body.clone(), end, deadline);
        let sent = match self.start.take() {
            Some(start) => start.send_first(&mut self.outbound, send)?,
            None => send(&mut self.outbound),
        };
        sent.map_err(|failure| self.failed(failure))
    }

    fn failed(&mut self, failure: Failure) -> Status {
        let failure = match failure {
            // How a server says that it needs no more (RFC 9113 §8.1).
            Failure::Reset { code: 0, by_peer: true } => Failure::Ended,
            failure => failure,
        };
        // What the server has said is for the other half to read: a reset of this side would take it away.
        self.finished |= failure == Failure::Ended;
        self.terms.cancelled().unwrap_or_else(|| status_of(&failure, self.terms.deadline))
    }
}

impl<T> Drop for RequestSink<T> {
    fn drop(&mut self) {
        if let Some(start) = &self.start {
            start.give_up();
        }
        if !self.finished {
            self.outbound.cancel();
        }
    }
}

impl<T> fmt::Debug for RequestSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSink").field("finished", &self.finished).finish_non_exhaustive()
    }
}

/// The responses of a call. Iterate over it, or call [`ResponseStream::receive`].
///
/// After an error, and after the last response, it gives nothing more. One that is dropped before cancels the call.
pub struct ResponseStream<T> {
    awaited: Awaited,
    watch: Option<Box<Watch>>,
    was_compressed: bool,
    kind: PhantomData<fn() -> T>,
}

impl<T: Payload> ResponseStream<T> {
    pub(super) fn new(awaited: Awaited) -> Self {
        Self { awaited, watch: None, was_compressed: false, kind: PhantomData }
    }

    /// Shows what comes to interceptors.
    pub(super) fn watched(mut self, watch: Box<Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Waits for the next response; none when the call has succeeded.
    ///
    /// # Errors
    /// The status with which the call ended, unless it is OK.
    pub fn receive(&mut self) -> Result<Option<T>, Status> {
        self.message(None)
    }

    /// [`ResponseStream::receive`] that waits for at most `timeout`; afterwards it can be called again. While a call
    /// that no server has seen is made again it may wait for longer, until the call's deadline.
    ///
    /// # Errors
    /// Those of `receive`; DEADLINE_EXCEEDED after `timeout`.
    pub fn receive_timeout(&mut self, timeout: Duration) -> Result<Option<T>, Status> {
        self.message(Instant::now().checked_add(timeout))
    }

    fn message(&mut self, until: Option<Instant>) -> Result<Option<T>, Status> {
        let found = self.next_message(until);
        match &mut self.watch {
            Some(watch) => watch.notice(&self.awaited.reply, found),
            None => found,
        }
    }

    fn next_message(&mut self, until: Option<Instant>) -> Result<Option<T>, Status> {
        self.head(until)?;
        let Some(message) = self.awaited.message(until)? else {
            self.was_compressed = false;
            return Ok(None);
        };
        self.was_compressed = message.is_compressed();
        let decoded = match &mut self.watch {
            Some(watch) => watch.decode(message),
            None => frame::decode(message),
        };
        decoded.map(Some).inspect_err(|_| self.awaited.reply.give_up())
    }
}

impl<T> ResponseStream<T> {
    /// Waits for the initial metadata.
    ///
    /// # Errors
    /// How the call ended, if it has ended without.
    pub fn metadata(&mut self) -> Result<&Metadata, Status> {
        let found = self.head(None);
        match &mut self.watch {
            Some(watch) => watch.metadata(&self.awaited.reply, found),
            None => found.map(|()| self.awaited.reply.metadata()),
        }
    }

    fn head(&mut self, until: Option<Instant>) -> Result<(), Status> {
        self.awaited.head(until)?;
        if let Some(watch) = &mut self.watch {
            watch.see_head(&self.awaited.reply);
        }
        Ok(())
    }

    /// Whether the response that [`ResponseStream::receive`] gave last came compressed.
    pub fn was_compressed(&self) -> bool {
        self.was_compressed
    }

    /// The trailing metadata, once the call has succeeded.
    pub fn trailers(&self) -> Option<&Metadata> {
        self.watch.as_ref().map_or_else(|| self.awaited.reply.trailers(), |watch| watch.trailers())
    }
}

impl<T: Payload> Iterator for ResponseStream<T> {
    type Item = Result<T, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        self.receive().transpose()
    }
}

impl<T: Payload> FusedIterator for ResponseStream<T> {}

impl<T> fmt::Debug for ResponseStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseStream").field("awaited", &self.awaited).finish()
    }
}

/// The response of a call with a stream of requests, which comes when the server is done. Dropped, it cancels the call.
pub struct PendingResponse<T> {
    awaited: Awaited,
    watch: Option<Box<Watch>>,
    kind: PhantomData<fn() -> T>,
}

impl<T: Payload> PendingResponse<T> {
    pub(super) fn new(awaited: Awaited) -> Self {
        Self { awaited, watch: None, kind: PhantomData }
    }

    /// Shows what comes to interceptors.
    pub(super) fn watched(mut self, watch: Box<Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Waits for the response.
    ///
    /// # Errors
    /// The status with which the call ended, unless it is OK.
    pub fn receive(self) -> Result<Response<T>, Status> {
        match self.watch {
            Some(watch) => watch.only(self.awaited),
            None => self.awaited.only(),
        }
    }
}

impl<T> fmt::Debug for PendingResponse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingResponse").field("awaited", &self.awaited).finish()
    }
}
