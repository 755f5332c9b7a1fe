//! The calls of one connection: takes the streams that the peer opens, gathers requests, says where each call is to
//! run, and watches over the calls until they are answered.
//!
//! A call is answered by whoever has the answer, on that thread; the table learns of it at the next look, and drops the
//! call. There is a look when the connection has input, when a stream that is watched has changed (each has a waker
//! that sets a flag and wakes whoever reads), and at the earliest deadline of the calls.

use super::super::compression::{Compression, Expected, Packed};
use super::super::frame::Messages;
use super::super::mapping::deadline_exceeded;
use super::super::quota::Share;
use super::super::{CancelCause, Metadata, Request, Status};
use super::call::Call;
use super::connection::Served;
use super::head::{self, Coding, Head, Refusal};
use super::leaving::Untaken;
use super::pool::Job;
use super::service::{Handler, Method, Streaming};
use super::streaming::StreamingCall;
use crate::http2::{Failure, Inbound, Incoming};
use crate::link::Parker;
use crate::net::wait;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

/// What is to be done once the table's lock has been let go.
pub(super) enum Work {
    /// A call to be run by the pool.
    Pool(Job),
    /// A call to be run by a thread of its own.
    Stream(StreamingCall, Streaming, Share),
}

/// See the head of this file. Guarded by a lock of its connection.
pub(super) struct Table {
    entries: Vec<Entry>,
    /// Whole requests that wait for the reader thread to run them.
    ready: VecDeque<Job>,
    /// What the reader thread runs now.
    running: Option<Running>,
    untaken: Arc<Untaken>,
}

struct Running {
    /// None: its role has been taken over, and the call is watched as others are.
    call: Option<Arc<Call>>,
    method: Arc<Method>,
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
    /// In the pool, or on a thread; it is watched whether the peer gives it up.
    Running,
}

struct Receiving {
    request: Gathering,
    /// When it must be whole.
    until: Instant,
    method: Arc<Method>,
    metadata: Metadata,
    place: Share,
}

/// A request, as far as it has come.
struct Gathering {
    body: Inbound,
    messages: Messages,
    message: Option<Packed>,
    /// All that has come.
    bytes: usize,
    unfinished: Share,
}

/// What a watched stream's waker sets.
struct Changed {
    is: AtomicBool,
    reader: Arc<Parker>,
}

impl Wake for Changed {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is.store(true, Ordering::Release);
        self.reader.wake_by_ref();
    }
}

/// One look at all calls.
struct Turn<'t> {
    served: &'t Served,
    /// Calls may wait for the reader thread. Else it is in a handler, and all that it was to do is others' now.
    by_reader: bool,
    now: Instant,
    work: &'t mut Vec<Work>,
    /// When to look again at the latest.
    earliest: Option<Instant>,
}

impl Turn<'_> {
    fn runs_inline(&self, job: &Job) -> bool {
        self.by_reader && job.method.pace.is_inline(self.served.core().dispatch)
    }
}

/// What is to become of an entry.
enum Next {
    /// It has nothing to wait for any more.
    Over,
    /// It goes on, and is to be looked at by then.
    Goes(Option<Instant>),
    /// Its request has come whole.
    Whole(Job),
}

impl Table {
    pub(super) fn new(untaken_bytes: usize) -> Self {
        Self { entries: Vec::new(), ready: VecDeque::new(), running: None, untaken: Untaken::new(untaken_bytes) }
    }

    /// Takes what has come and looks after all calls; answers when to look again at the latest.
    pub(super) fn turn(&mut self, served: &Served, by_reader: bool, work: &mut Vec<Work>) -> Option<Instant> {
        let mut turn = Turn { served, by_reader, now: Instant::now(), work, earliest: None };
        if !by_reader {
            self.take_over(&mut turn);
        }
        // Their streams end with the protocol, before the socket is closed; and one by one, which says less of the
        // cause.
        let closed = served.is_over();
        let Self { entries, ready, .. } = self;
        entries.retain_mut(|entry| {
            if closed {
                served.lose(&entry.call, CancelCause::ConnectionLost);
            }
            entry.look(&mut turn, ready)
        });
        // After those that were here before: of several that share a bound, the last is the one too many.
        while let Some(incoming) = served.next_stream() {
            self.begin(&mut turn, incoming);
        }
        turn.earliest
    }

    /// The next call that waits for the reader thread: it runs it from now on.
    pub(super) fn begin_next(&mut self, now: Instant) -> Option<Job> {
        loop {
            let Some(job) = self.ready.pop_front() else {
                // Its memory: a connection that has been busy once may be idle for long.
                self.ready = VecDeque::new();
                return None;
            };
            if job.call.deadline.is_some_and(|deadline| deadline <= now) {
                job.call.cancel(CancelCause::Deadline, &deadline_exceeded());
                continue;
            }
            self.running = Some(Running { call: Some(Arc::clone(&job.call)), method: Arc::clone(&job.method) });
            return Some(job);
        }
    }

    /// The reader thread has run a call. `is_left`: not all of the answer has been taken.
    pub(super) fn finish(&mut self, call: Arc<Call>, is_left: bool, served: &Served) {
        let own = self.running.take().and_then(|running| running.call);
        // One that was taken over is watched already.
        if is_left && own.is_some() {
            self.entries.push(Entry::new(call, Stage::Running, served));
        }
    }

    /// The method that the reader thread runs.
    pub(super) fn running_path(&self) -> Option<Arc<str>> {
        self.running.as_ref().map(|running| Arc::clone(&running.method.path))
    }

    /// The connection is closed.
    pub(super) fn lose_all(&mut self, served: &Served) {
        for entry in self.entries.drain(..) {
            served.lose(&entry.call, CancelCause::ConnectionLost);
        }
    }

    /// The reader thread is in a handler for too long.
    fn take_over(&mut self, turn: &mut Turn<'_>) {
        if let Some(running) = &mut self.running
            && let Some(call) = running.call.take()
        {
            log::debug!(target: "threadwire::grpc", "a handler of {} lasts; others take over", running.method.path);
            running.method.pace.overran();
            self.entries.push(Entry::new(call, Stage::Running, turn.served));
        }
        for job in self.ready.drain(..) {
            self.entries.push(Entry::new(Arc::clone(&job.call), Stage::Running, turn.served));
            turn.work.push(Work::Pool(job));
        }
    }

    fn begin(&mut self, turn: &mut Turn<'_>, incoming: Incoming) {
        let Incoming { head, body, respond } = incoming;
        let served = turn.served;
        let head = head::read(head);
        // A time that no clock can show is as good as none.
        let (timeout, coding) = head.as_ref().map(|head| (head.timeout, head.coding)).unwrap_or_default();
        let deadline = timeout.and_then(|timeout| turn.now.checked_add(timeout));
        let call = served.call(respond, deadline, coding.accepted, &self.untaken);
        let begun = match route(served, head) {
            Ok((method, metadata)) => self.gather(served, &call, method, metadata, coding, body),
            Err(refusal) => return call.refuse(refusal),
        };
        let begun = match begun {
            Ok(begun) => begun,
            Err(unusable) => return unusable.tell(&call, served),
        };
        let stage = match begun {
            Begun::Whole(job) if turn.runs_inline(&job) => return self.ready.push_back(job),
            Begun::Whole(job) => match served.place() {
                Ok(place) => {
                    turn.work.push(Work::Pool(Job { place: Some(place), ..job }));
                    Stage::Running
                }
                Err(status) => return call.refuse(status.into()),
            },
            Begun::Part(receiving) => Stage::Receiving(receiving),
            Begun::Stream(streaming, handler, share) => {
                turn.work.push(Work::Stream(streaming, handler, share));
                Stage::Running
            }
        };
        let mut entry = Entry::new(call, stage, served);
        if entry.look(turn, &mut self.ready) {
            self.entries.push(entry);
        }
    }

    /// Takes what has come with the head. Most requests are whole then, and need no watching until they run.
    fn gather(
        &self,
        served: &Served,
        call: &Arc<Call>,
        method: Arc<Method>,
        metadata: Metadata,
        coding: Coding,
        body: Inbound,
    ) -> Result<Begun, Unusable> {
        let limits = &served.core().limits;
        let unfinished = served.unfinished().share();
        let compressed = Expected::Known(coding.of_requests);
        if let Handler::Streaming(handler) = &method.handler {
            let mut share = served.streaming().share();
            share.hold(1)?;
            let place = served.place()?;
            let (call, peer, handler) = (Arc::clone(call), served.peer().clone(), Arc::clone(handler));
            let call = StreamingCall { call, inbound: body, compressed, metadata, peer, method, unfinished, place };
            return Ok(Begun::Stream(call, handler, share));
        }
        let messages = Messages::new(limits.receive_message_bytes, compressed);
        let mut request = Gathering { body, messages, message: None, bytes: 0, unfinished };
        match request.poll(Waker::noop()) {
            Poll::Pending => {
                let until = wait::deadline(Instant::now(), limits.message_timeout);
                let place = served.place()?;
                Ok(Begun::Part(Box::new(Receiving { request, until, method, metadata, place })))
            }
            Poll::Ready(Ok(message)) => {
                request.body.discard();
                Ok(Begun::Whole(job(served, call, method, metadata, message)))
            }
            Poll::Ready(Err(unusable)) => Err(unusable),
        }
    }
}

/// What has become of a stream that was taken.
enum Begun {
    Whole(Job),
    Part(Box<Receiving>),
    Stream(StreamingCall, Streaming, Share),
}

fn route(served: &Served, head: Result<Head, Refusal>) -> Result<(Arc<Method>, Metadata), Refusal> {
    let head = head?;
    let method = served.core().router.find(head.path())?;
    if head.timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(deadline_exceeded().into());
    }
    Ok((method, head.metadata))
}

fn job(served: &Served, call: &Arc<Call>, method: Arc<Method>, metadata: Metadata, message: Packed) -> Job {
    let (peer, cancellation) = (served.peer().clone(), call.cancellation.clone());
    let compression = Compression::came(message.is_compressed());
    let request = Request::received(message, metadata, call.deadline, peer, cancellation, compression);
    Job { call: Arc::clone(call), method, request, place: None }
}

impl Entry {
    fn new(call: Arc<Call>, stage: Stage, served: &Served) -> Self {
        let changed = Arc::new(Changed { is: AtomicBool::new(true), reader: Arc::clone(served.reader()) });
        let waker = Waker::from(Arc::clone(&changed));
        Self { call, changed, waker, stage }
    }

    /// Does what there is to do for the call. False: it needs no more looking after.
    fn look(&mut self, turn: &mut Turn<'_>, ready: &mut VecDeque<Job>) -> bool {
        let mut next = self.advance(turn.served, turn.now);
        if let Next::Whole(job) = next {
            if turn.runs_inline(&job) {
                ready.push_back(job);
                return false;
            }
            turn.work.push(Work::Pool(job));
            next = self.advance(turn.served, turn.now);
        }
        let Next::Goes(until) = next else { return false };
        turn.earliest = [turn.earliest, until].into_iter().flatten().min();
        true
    }

    fn advance(&mut self, served: &Served, now: Instant) -> Next {
        if !self.call.is_over()
            && let Some(job) = self.go_on(served, now)
        {
            return Next::Whole(job);
        }
        if !self.call.is_over() {
            return Next::Goes([self.call.deadline, self.receives_until()].into_iter().flatten().min());
        }
        let until = self.call.push(now, served.core().limits.write_timeout);
        until.map_or(Next::Over, |until| Next::Goes(Some(until)))
    }

    fn go_on(&mut self, served: &Served, now: Instant) -> Option<Job> {
        if self.call.deadline.is_some_and(|deadline| deadline <= now) {
            self.call.cancel(CancelCause::Deadline, &deadline_exceeded());
            return None;
        }
        if self.receives_until().is_some_and(|until| until <= now) {
            let text = format!("the request was not whole within {:?}", served.core().limits.message_timeout);
            self.call.cancel(CancelCause::Deadline, &Status::deadline_exceeded(text));
            return None;
        }
        if !self.changed.is.swap(false, Ordering::AcqRel) {
            return None;
        }
        let Stage::Receiving(receiving) = &mut self.stage else {
            if let Some(failure) = self.call.watch(&self.waker) {
                give_up(&self.call, served, &failure);
            }
            return None;
        };
        let message = match receiving.request.poll(&self.waker) {
            Poll::Pending => return None,
            Poll::Ready(Err(unusable)) => {
                unusable.tell(&self.call, served);
                return None;
            }
            Poll::Ready(Ok(message)) => message,
        };
        // It is watched from now on: looked at once more.
        self.changed.is.store(true, Ordering::Release);
        let Stage::Receiving(receiving) = std::mem::replace(&mut self.stage, Stage::Running) else { return None };
        let Receiving { request, method, metadata, place, .. } = *receiving;
        request.body.discard();
        Some(Job { place: Some(place), ..job(served, &self.call, method, metadata, message) })
    }

    /// When its request must be whole, if it is not.
    fn receives_until(&self) -> Option<Instant> {
        if let Stage::Receiving(receiving) = &self.stage { Some(receiving.until) } else { None }
    }
}

fn give_up(call: &Call, served: &Served, failure: &Failure) {
    let is_reset = matches!(failure, Failure::Reset { .. });
    served.lose(call, if is_reset { CancelCause::Peer } else { CancelCause::ConnectionLost });
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

impl Unusable {
    fn tell(self, call: &Call, served: &Served) {
        match self {
            Self::Gone(failure) => give_up(call, served, &failure),
            Self::Wrong(status) => call.answer(Err(status)),
        }
    }
}

impl Gathering {
    /// Takes what has come of the request: one message, then the end of the client's half. What has come of one that is
    /// not whole yet counts.
    fn poll(&mut self, waker: &Waker) -> Poll<Result<Packed, Unusable>> {
        loop {
            match self.body.poll_data(waker) {
                Poll::Pending => {
                    self.unfinished.hold(self.bytes)?;
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(piece))) => self.take(&piece)?,
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(Unusable::Gone(failure))),
                Poll::Ready(None) => return Poll::Ready(self.whole()),
            }
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Status> {
        self.bytes += piece.len();
        self.messages.push(piece);
        self.body.release(piece.len());
        while let Some(message) = self.messages.next()? {
            if self.message.replace(message).is_some() {
                return Err(Status::unimplemented("expected one request, got more"));
            }
        }
        Ok(())
    }

    fn whole(&mut self) -> Result<Packed, Unusable> {
        self.messages.end()?;
        self.message.take().ok_or_else(|| Status::unimplemented("expected one request, got none").into())
    }
}
