//! One call, as its reader and its handler share it: whoever takes the way to answer first, answers; all others find it
//! gone.
//!
//! One lock guards the way to answer, another what is left of an answer; where both are held, that one is taken first.
//! Under them h2 is called, which takes its own locks, but no handler, and h2 never calls back into them. What was
//! handed to h2 leaves when the call is pumped or the way to answer is dropped, outside the locks.

use super::super::compression::{Encoding, Packing};
use super::super::content_type::GRPC;
use super::super::mapping::{deadline_exceeded, status_of};
use super::super::metadata::{Metadata, list_size};
use super::super::status::{cut_to, ok_headers};
use super::super::{CancelCause, Cancellation, Response, Status};
use super::head::{Refusal, http_answer};
use super::leaving::{Leaving, Untaken};
use crate::http2::{Failure, Outbound, Progress, Respond, reason};
use crate::link::lock;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::{Duration, Instant};

/// `:status: 200` and `content-type: application/grpc` as RFC 9113 §6.5.2 counts them.
const HEAD_BYTES: u64 = (7 + 3 + 32) + (12 + 16 + 32);

/// See the head of this file.
pub(super) struct Call {
    respond: Mutex<Option<Answering>>,
    over: AtomicBool,
    /// What its client's window has not taken of the answer; the reader hands it on. Taken before `respond`.
    leaving: Mutex<Option<Leaving>>,
    /// Of the connection.
    untaken: Arc<Untaken>,
    /// Wakes the reader for this call.
    reader: Waker,
    pub(super) cancellation: Cancellation,
    pub(super) deadline: Option<Instant>,
    /// Of its responses.
    pub(super) packing: Packing,
    peer: Arc<Progress>,
}

struct Answering {
    respond: Respond,
    /// The head has been sent.
    opened: bool,
}

impl Call {
    /// `reader` is woken when there is something to be done for the call; `untaken` is that of its connection.
    pub(super) fn new(
        respond: Respond,
        deadline: Option<Instant>,
        packing: Packing,
        peer: &Arc<Progress>,
        untaken: &Arc<Untaken>,
        reader: Waker,
    ) -> Arc<Self> {
        Arc::new(Self {
            respond: Mutex::new(Some(Answering { respond, opened: false })),
            over: AtomicBool::new(false),
            leaving: Mutex::new(None),
            untaken: Arc::clone(untaken),
            reader,
            cancellation: Cancellation::new(),
            deadline,
            packing,
            peer: Arc::clone(peer),
        })
    }

    /// Whether the call was answered, or cannot be any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    fn take(&self) -> Option<Answering> {
        self.over.store(true, Ordering::Release);
        lock(&self.respond).take()
    }

    /// Answers a unary call. What its client's window does not take at once is left to the reader, see [`Call::push`].
    pub(super) fn answer(&self, outcome: Result<Response<Bytes>, Status>) {
        drop(self.settle(outcome));
    }

    /// [`Call::answer`] by whoever pumps the connection afterwards. True: some of it is left.
    pub(super) fn answer_quietly(&self, outcome: Result<Response<Bytes>, Status>) -> bool {
        let Some((answering, is_left)) = self.settle(outcome) else { return false };
        answering.respond.discard();
        is_left
    }

    fn settle(&self, outcome: Result<Response<Bytes>, Status>) -> Option<(Answering, bool)> {
        // Held until the rest is there: the reader that finds the call over finds the rest, too.
        let mut leaving = lock(&self.leaving);
        let mut answering = self.take()?;
        let sent = match outcome.and_then(|response| self.whole(response)) {
            Ok((head, body, trailers)) => answering.respond.answer(head, body, trailers),
            Err(status) => answering.respond.head_only(self.trailers_only(&status, HeaderMap::new())).map(|()| None),
        };
        let rest = sent.unwrap_or_else(|failure| {
            tell(Err(failure));
            None
        });
        let is_left = rest.is_some();
        if let Some(rest) = rest {
            *leaving = Some(Leaving::new(rest, &self.untaken));
            self.reader.wake_by_ref();
        }
        Some((answering, is_left))
    }

    /// For a call that is over: hands on what its client takes of the answer, for as long as `patience` without
    /// progress and the deadline allow. Answers when to ask again at the latest; nothing once all of it is over.
    pub(super) fn push(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let mut leaving = lock(&self.leaving);
        let until = leaving.as_mut()?.push(&self.reader, now, self.deadline, patience);
        let over = if until.is_none() { leaving.take() } else { None };
        drop(leaving);
        drop(over);
        until
    }

    fn whole(&self, response: Response<Bytes>) -> Result<(http::Response<()>, Bytes, HeaderMap), Status> {
        let encoding = response.compression().encoding.unwrap_or_default();
        let (body, metadata, trailers) = response.into_parts();
        if !self.untaken.has_room(body.len()) {
            return Err(Status::resource_exhausted("the client does not take the answers that it has"));
        }
        Ok((self.head(&metadata, encoding)?, body, self.trailers(ok_headers(&trailers))))
    }

    /// Says why the request is not served.
    pub(super) fn refuse(&self, refusal: Refusal) {
        let Some(mut answering) = self.take() else { return };
        tell(match refusal {
            Refusal::Http { status, text, to_head: true } => answering.respond.head_only(http_answer(status, &text)),
            Refusal::Http { status, text, to_head: false } => {
                answering.respond.whole(http_answer(status, &text), Bytes::from(text + "\n"), None)
            }
            Refusal::Call { status, beside } => answering.respond.head_only(self.trailers_only(&status, beside)),
        });
    }

    /// Sends the head of a streaming call whose responses have this encoding. The caller pumps.
    pub(super) fn open(&self, metadata: &Metadata, encoding: Encoding) -> Result<Outbound, Status> {
        let head = self.head(metadata, encoding)?;
        let opened = {
            let mut respond = lock(&self.respond);
            let answering = respond.as_mut().ok_or_else(|| self.why_over())?;
            let opened = answering.respond.open(head);
            answering.opened = opened.is_ok();
            opened
        };
        // Outside the lock: it may cancel calls that were made for this one.
        opened.map_err(|failure| self.failed(&failure))
    }

    /// Ends a streaming call; `outbound` is there if it was opened, `metadata` is used if not.
    pub(super) fn finish(&self, outbound: Option<Outbound>, metadata: &Metadata, outcome: Result<&Metadata, &Status>) {
        let Some(mut answering) = self.take() else { return };
        tell(match (outbound, outcome) {
            // Trailers would end a message that is not whole, which is another error than the handler's.
            (Some(mut outbound), _) if outbound.is_torn() => {
                outbound.reset(reason::CANCEL);
                Ok(())
            }
            (Some(mut outbound), outcome) => {
                outbound.trailers(self.trailers(outcome.map_or_else(Status::to_headers, ok_headers)))
            }
            (None, Err(status)) => answering.respond.head_only(self.trailers_only(status, HeaderMap::new())),
            (None, Ok(trailers)) => match self.head(metadata, Encoding::Identity) {
                Ok(head) => answering.respond.whole(head, Bytes::new(), Some(self.trailers(ok_headers(trailers)))),
                Err(status) => answering.respond.head_only(self.trailers_only(&status, HeaderMap::new())),
            },
        });
    }

    /// Ends the call from this side, for a reason such as its deadline: the peer gets `status` if it still can, and
    /// what it goes on sending is reset.
    pub(super) fn cancel(&self, cause: CancelCause, status: &Status) {
        let Some(mut answering) = self.take() else { return };
        self.cancellation.cancel(cause);
        if !answering.opened {
            tell(answering.respond.head_only(self.trailers_only(status, HeaderMap::new())));
            // A reset would throw away what has not left.
            answering.respond.pump();
        }
        // Behind a status NO_ERROR (RFC 9113 §8.1): of another code, C-core would make the call's status.
        answering.respond.reset(if answering.opened { reason::CANCEL } else { reason::NO_ERROR });
    }

    /// The peer can get no answer any more. False: it has got one.
    pub(super) fn abandon(&self, cause: CancelCause) -> bool {
        let leaving = lock(&self.leaving).take();
        drop(leaving);
        let open = self.take().is_some();
        if open {
            self.cancellation.cancel(cause);
        }
        open
    }

    /// Whether the peer has given the call up; else `waker` is woken when it does.
    pub(super) fn watch(&self, waker: &Waker) -> Option<Failure> {
        lock(&self.respond).as_mut()?.respond.watch(waker)
    }

    /// What a handler is told whose sending has failed.
    pub(super) fn failed(&self, failure: &Failure) -> Status {
        self.cancellation.learn(failure, self.deadline);
        match failure {
            // h2 does not tell the end of a connection by this side from a reset; no client resets a call for this
            // reason.
            Failure::Reset { code: 0, .. } => Status::unavailable("the connection was ended"),
            _ => status_of(failure, self.deadline),
        }
    }

    /// How the call ended, if it was not its handler that ended it.
    pub(super) fn ended_from_outside(&self) -> Option<Status> {
        self.is_over().then(|| self.why_over())
    }

    fn why_over(&self) -> Status {
        match self.cancellation.cause() {
            Some(CancelCause::Deadline) => deadline_exceeded(),
            Some(cause @ CancelCause::ConnectionLost) => Status::unavailable(cause.to_string()),
            Some(cause) => Status::cancelled(cause.to_string()),
            None => Status::cancelled("the call has been answered"),
        }
    }

    fn head(&self, metadata: &Metadata, encoding: Encoding) -> Result<http::Response<()>, Status> {
        let mut headers = metadata.to_headers(1 + encoding.fields());
        encoding.put_into(&mut headers);
        let (size, limit) = (HEAD_BYTES + list_size(&headers), self.peer.header_list_bytes());
        if size > limit {
            let text = format!("the initial metadata takes {size} bytes, and the client takes {limit}");
            return Err(Status::resource_exhausted(text));
        }
        headers.insert(CONTENT_TYPE, GRPC);
        Ok(of(headers))
    }

    /// The head that is the whole answer.
    fn trailers_only(&self, status: &Status, beside: HeaderMap) -> http::Response<()> {
        let mut headers = status.to_headers();
        headers.extend(beside);
        cut_to(&mut headers, self.peer.header_list_bytes(), HEAD_BYTES);
        headers.insert(CONTENT_TYPE, GRPC);
        of(headers)
    }

    fn trailers(&self, mut trailers: HeaderMap) -> HeaderMap {
        cut_to(&mut trailers, self.peer.header_list_bytes(), 0);
        trailers
    }
}

fn of(headers: HeaderMap) -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.headers_mut() = headers;
    head
}

pub(super) fn tell(sent: Result<(), Failure>) {
    if let Err(failure) = sent {
        log::debug!(target: "threadwire::grpc", "an answer was not sent: {failure}");
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("over", &self.is_over())
            .field("deadline", &self.deadline)
            .field("cancellation", &self.cancellation)
            .finish_non_exhaustive()
    }
}
