//! One connection on its reader thread: takes the streams that the peer opens, gathers requests, hands them to the
//! pool, and watches over the calls until they are answered.
//!
//! The table of calls belongs to the reader alone. A call is answered by whoever has the answer, on that thread; the
//! reader learns of it when it next looks, and drops the call. It looks when its connection has input, when a stream
//! that it watches has changed (each has a waker that sets a flag and wakes the reader), and at the earliest deadline
//! of its calls.

use super::super::frame::Messages;
use super::super::mapping::deadline_exceeded;
use super::super::quota::{Quota, Share};
use super::super::{CancelCause, Metadata, Request, Status};
use super::Core;
use super::call::Call;
use super::head::{self, Head, Refusal};
use super::leaving::Untaken;
use super::pool::Job;
use super::service::{Handler, Unary};
use super::streaming::StreamingCall;
use crate::http2::{Accept, Failure, Inbound, Incoming};
use crate::link::Parker;
use crate::net::PeerAddress;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

/// Serves a connection until it is closed. `cut`: it is this side that cuts it off.
pub(super) fn serve(core: &Arc<Core>, accept: &Accept, peer: PeerAddress, cut: &AtomicBool) {
    let parker = accept.connection.parker();
    let limits = &core.limits;
    let unfinished = "bytes of unfinished requests on this connection";
    let side = Side {
        core,
        peer,
        cut,
        unfinished: Quota::part_of(&core.unfinished, limits.unfinished_message_bytes, unfinished),
        streaming: Quota::new(limits.streaming_calls_per_connection, "streaming calls on this connection"),
    };
    let untaken = Untaken::new(limits.untaken_message_bytes);
    let mut table = Table { side, accept, parker: Arc::clone(&parker), entries: Vec::new(), untaken };
    accept.connection.read_until_closed(&parker, || table.turn());
    for entry in &table.entries {
        table.side.lose(&entry.call, CancelCause::ConnectionLost);
    }
}

/// What all calls of a connection have in common.
struct Side<'c> {
    core: &'c Arc<Core>,
    peer: PeerAddress,
    cut: &'c AtomicBool,
    /// Bytes of requests that are not whole yet.
    unfinished: Arc<Quota>,
    /// Streaming calls whose handler has not returned.
    streaming: Arc<Quota>,
}

impl Side<'_> {
    /// The peer of this call can get no answer any more: because of `cause`, unless it is this side that cuts the
    /// connection off.
    fn lose(&self, call: &Call, cause: CancelCause) {
        let cut = self.cut.load(Ordering::Acquire);
        if call.abandon(if cut { CancelCause::Shutdown } else { cause }) && cut {
            self.core.cut_calls.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Table<'c> {
    side: Side<'c>,
    accept: &'c Accept,
    parker: Arc<Parker>,
    entries: Vec<Entry>,
    untaken: Arc<Untaken>,
}

struct Entry {
    call: Arc<Call>,
    changed: Arc<Changed>,
    waker: Waker,
    stage: Stage,
}

enum Stage {
    /// A unary call whose request is coming.
    Receiving(Box<Receiving>),
    /// In the pool; it is watched whether the peer gives it up.
    Running,
    /// On a thread of its own; watched likewise.
    Streaming,
}

struct Receiving {
    body: Inbound,
    messages: Messages,
    message: Option<Bytes>,
    /// All that has come.
    bytes: usize,
    unfinished: Share,
    handler: Unary,
    path: Arc<str>,
    metadata: Metadata,
}

/// What a watched stream's waker sets.
struct Changed {
    is: AtomicBool,
    parker: Arc<Parker>,
}

impl Wake for Changed {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is.store(true, Ordering::Release);
        self.parker.wake_by_ref();
    }
}

impl Table<'_> {
    /// Does what there is to do; answers when there will be more at the latest.
    fn turn(&mut self) -> Option<Instant> {
        while let Some(incoming) = self.accept.accepted.next(&self.accept.connection, &self.parker) {
            self.begin(incoming);
        }
        let now = Instant::now();
        let mut earliest = None;
        let side = &self.side;
        // Their streams end with the protocol, before the socket is closed; and one by one, which says less of the
        // cause.
        let closed = self.accept.accepted.is_closed();
        self.entries.retain_mut(|entry| {
            if closed {
                side.lose(&entry.call, CancelCause::ConnectionLost);
            }
            let next = entry.advance(side, now);
            earliest = [earliest, next.until()].into_iter().flatten().min();
            next != Next::Over
        });
        earliest
    }

    fn begin(&mut self, incoming: Incoming) {
        let Incoming { head, body, respond } = incoming;
        let head = head::read(head);
        // A time that no clock can show is as good as none.
        let timeout = head.as_ref().ok().and_then(|head| head.timeout);
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let changed = Arc::new(Changed { is: AtomicBool::new(true), parker: Arc::clone(&self.parker) });
        let waker = Waker::from(Arc::clone(&changed));
        let call = Call::new(respond, deadline, &self.accept.peer, &self.untaken, waker.clone());
        match self.route(&call, head, body) {
            Ok(stage) => self.entries.push(Entry { call, changed, waker, stage }),
            Err(refusal) => call.refuse(refusal),
        }
    }

    fn route(&self, call: &Arc<Call>, head: Result<Head, Refusal>, body: Inbound) -> Result<Stage, Refusal> {
        let Head { path, timeout, metadata } = head?;
        let Side { core, peer, unfinished, streaming, .. } = &self.side;
        let unfinished = unfinished.share();
        let (path, handler) = core.router.find(&path)?;
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(deadline_exceeded().into());
        }
        match handler {
            Handler::Unary(handler) => Ok(Stage::Receiving(Box::new(Receiving {
                body,
                messages: Messages::new(core.limits.receive_message_bytes),
                message: None,
                bytes: 0,
                unfinished,
                handler: Arc::clone(handler),
                path: Arc::clone(path),
                metadata,
            }))),
            Handler::Streaming(handler) => {
                let (call, peer) = (Arc::clone(call), peer.clone());
                let mut place = streaming.share();
                place.hold(1)?;
                let call = StreamingCall { call, inbound: body, metadata, peer, path: Arc::clone(path), unfinished };
                core.start_streaming(call, Arc::clone(handler), place)?;
                Ok(Stage::Streaming)
            }
        }
    }
}

/// What is to become of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It has nothing to wait for any more.
    Over,
    /// It goes on, and is to be looked at by then.
    Goes(Option<Instant>),
}

impl Next {
    fn until(self) -> Option<Instant> {
        match self {
            Self::Over => None,
            Self::Goes(until) => until,
        }
    }
}

impl Entry {
    fn advance(&mut self, side: &Side<'_>, now: Instant) -> Next {
        if !self.call.is_over() {
            self.go_on(side, now);
        }
        if !self.call.is_over() {
            return Next::Goes(self.call.deadline);
        }
        self.call.push(now, side.core.limits.write_timeout).map_or(Next::Over, |until| Next::Goes(Some(until)))
    }

    fn go_on(&mut self, side: &Side<'_>, now: Instant) {
        if self.call.deadline.is_some_and(|deadline| deadline <= now) {
            return self.call.cancel(CancelCause::Deadline, &deadline_exceeded());
        }
        if !self.changed.is.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Stage::Receiving(receiving) = &mut self.stage {
            match receiving.poll(&self.waker) {
                Poll::Pending => return,
                Poll::Ready(Err(Unusable::Gone(failure))) => return self.give_up(side, &failure),
                Poll::Ready(Err(Unusable::Wrong(status))) => return self.call.answer(Err(status)),
                Poll::Ready(Ok(message)) => self.run(side, message),
            }
        }
        if let Stage::Running | Stage::Streaming = self.stage
            && let Some(failure) = self.call.watch(&self.waker)
        {
            self.give_up(side, &failure);
        }
    }

    fn run(&mut self, side: &Side<'_>, message: Bytes) {
        let Stage::Receiving(receiving) = std::mem::replace(&mut self.stage, Stage::Running) else { return };
        let Receiving { handler, path, metadata, .. } = *receiving;
        let call = Arc::clone(&self.call);
        let request = Request::received(message, metadata, call.deadline, side.peer.clone(), call.cancellation.clone());
        side.core.pool.submit(Job { call, handler, path, request });
    }

    fn give_up(&self, side: &Side<'_>, failure: &Failure) {
        let is_reset = matches!(failure, Failure::Reset { .. });
        side.lose(&self.call, if is_reset { CancelCause::Peer } else { CancelCause::ConnectionLost });
    }
}

/// Why there is no request.
enum Unusable {
    /// The peer cannot get an answer any more.
    Gone(Failure),
    Wrong(Status),
}

impl From<Status> for Unusable {
    fn from(status: Status) -> Self {
        Self::Wrong(status)
    }
}

impl Receiving {
    /// Takes what has come of the request: one message, then the end of the client's half.
    fn poll(&mut self, waker: &Waker) -> Poll<Result<Bytes, Unusable>> {
        loop {
            match self.body.poll_data(waker) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => self.take(&piece)?,
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(Unusable::Gone(failure))),
                Poll::Ready(None) => return Poll::Ready(self.whole()),
            }
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Status> {
        self.bytes += piece.len();
        self.unfinished.hold(self.bytes)?;
        self.messages.push(piece);
        self.body.release(piece.len());
        while let Some(message) = self.messages.next()? {
            if self.message.replace(message).is_some() {
                return Err(Status::unimplemented("expected one request, got more"));
            }
        }
        Ok(())
    }

    fn whole(&mut self) -> Result<Bytes, Unusable> {
        self.messages.end()?;
        self.message.take().ok_or_else(|| Status::unimplemented("expected one request, got none").into())
    }
}
