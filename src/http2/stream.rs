//! The halves of a stream: blocking, with a deadline on each operation.
//!
//! Memory is bounded by flow control: [`Inbound`] gives window back only for what its user has taken (what waits is
//! kept by its intake), [`Outbound`] hands h2 only what the window takes now, and waits for the rest.

use super::client::Permit;
use super::early::Announced;
use super::engine::Connection;
use super::failure::{Failure, reason};
use super::intake::{Inflow, Intake};
use super::open::Opened;
use super::outflow::{Gathered, Outflow, Sending};
use crate::link::{Unready, lock};
use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::HeaderMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

const MOST_RESERVED: usize = 1 << 30;

/// Waits until `poll` is ready. It is asked once without a waker: most often what is waited for is there.
pub(super) fn wait<T>(
    connection: &Arc<Connection>,
    deadline: Option<Instant>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<T, Failure> {
    if let Poll::Ready(found) = poll(&mut Context::from_waker(Waker::noop())) {
        connection.pump();
        return Ok(found);
    }
    let parker = connection.parker();
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    let found = connection.wait_until(&parker, deadline, || match poll(&mut context) {
        Poll::Ready(found) => Some(found),
        Poll::Pending => None,
    });
    found.map_err(|unready| match unready {
        Unready::TimedOut => Failure::TimedOut,
        Unready::Closed if connection.is_ours() => Failure::Lost("closed".to_owned()),
        Unready::Closed => Failure::Lost("it was made in another process, before a fork".to_owned()),
    })
}

/// What the peer sends on a stream.
#[derive(Debug)]
pub(crate) struct Inbound {
    connection: Arc<Connection>,
    receiving: Receiving,
    inflow: Arc<Inflow>,
    permit: Option<Arc<Permit>>,
    /// Whoever drops it pumps.
    quiet: bool,
}

#[derive(Debug)]
enum Receiving {
    /// As h2 gave it. Most requests are whole when they are first looked at, and need no intake.
    Fresh(RecvStream),
    Kept(Arc<Intake>),
    Over,
}

impl Inbound {
    pub(super) fn new(connection: &Arc<Connection>, stream: RecvStream, inflow: &Arc<Inflow>) -> Self {
        let (connection, inflow) = (Arc::clone(connection), Arc::clone(inflow));
        Self { connection, receiving: Receiving::Fresh(stream), inflow, permit: None, quiet: false }
    }

    pub(super) fn with_permit(mut self, permit: Arc<Permit>) -> Self {
        self.permit = Some(permit);
        self
    }

    /// The intake, made now if there is none; none at the end.
    fn intake(&mut self) -> Option<&Arc<Intake>> {
        if let Receiving::Fresh(_) = self.receiving
            && let Receiving::Fresh(stream) = std::mem::replace(&mut self.receiving, Receiving::Over)
        {
            self.receiving = Receiving::Kept(Intake::new(stream, &self.inflow));
        }
        if let Receiving::Kept(intake) = &self.receiving { Some(intake) } else { None }
    }

    /// Waits for the next piece of the body; none at its end.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come.
    pub(crate) fn data(&mut self, deadline: Option<Instant>) -> Result<Option<Bytes>, Failure> {
        let Some(intake) = self.intake().cloned() else { return Ok(None) };
        wait(&self.connection, deadline, |context| intake.poll_data(context))?.transpose()
    }

    /// The next piece of the body if it is there; else `waker` is woken when it is. The caller pumps.
    pub(crate) fn poll_data(&mut self, waker: &Waker) -> Poll<Option<Result<Bytes, Failure>>> {
        if let Receiving::Fresh(stream) = &mut self.receiving
            && let Poll::Ready(data) = stream.poll_data(&mut Context::from_waker(Waker::noop()))
        {
            return Poll::Ready(data.map(|data| data.map_err(Failure::from)));
        }
        let Some(intake) = self.intake() else { return Poll::Ready(None) };
        intake.poll_data(&Context::from_waker(waker))
    }

    /// Waits for the trailers, after the end of the body.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come.
    pub(crate) fn trailers(&mut self, deadline: Option<Instant>) -> Result<Option<HeaderMap>, Failure> {
        let Some(intake) = self.intake().cloned() else { return Ok(None) };
        wait(&self.connection, deadline, |context| intake.poll_trailers(context))?
    }

    /// Whether the peer has ended its half and all of it was taken.
    pub(crate) fn is_ended(&self) -> bool {
        match &self.receiving {
            Receiving::Fresh(stream) => stream.is_end_stream(),
            Receiving::Kept(intake) => intake.is_ended(),
            Receiving::Over => true,
        }
    }

    /// Drops it; the caller pumps.
    pub(crate) fn discard(mut self) {
        self.quiet = true;
    }

    /// Gives the window of `bytes` back to the peer: they have been used. The caller pumps.
    pub(crate) fn release(&mut self, bytes: usize) {
        match &mut self.receiving {
            // It fails only for more than was taken, which cannot be.
            Receiving::Fresh(stream) => drop(stream.flow_control().release_capacity(bytes)),
            Receiving::Kept(intake) => intake.release(bytes),
            Receiving::Over => {}
        }
    }

    /// To be called for one that is handed to a thread which may not look at it soon.
    pub(crate) fn keep(&mut self) {
        if let Some(intake) = self.intake() {
            intake.list();
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        // Before the permit, so that the stream is over when its place is given on.
        if let Receiving::Kept(intake) = std::mem::replace(&mut self.receiving, Receiving::Over) {
            intake.close();
        }
        self.permit = None;
        // What the drop made h2 want to send (a reset, window) leaves; nothing is done if it made nothing.
        if !self.quiet {
            self.connection.pump();
        }
    }
}

/// The sending half of a stream, and who is woken by what happens to it.
///
/// h2 keeps one waker for both, room and the end by a reset; it forgets it when it wakes. Of a stream that is served, a
/// handler may wait for room while the connection's reader watches for a reset. So both have h2 wake `ears`, which
/// passes it on: to the handler while one waits (it sees a reset itself), else to the reader. Each asks h2 once more
/// when it has been woken or stops waiting, and a reset that nobody was woken for is found then. So none is missed.
#[derive(Debug)]
pub(super) struct Half {
    // Guards the handle; held for one look or call of h2.
    stream: Mutex<Option<SendStream<Bytes>>>,
    /// Who uses the handle; the last lets it go.
    users: AtomicUsize,
    /// This side has reset it.
    reset: AtomicBool,
    /// It takes nothing more, as who handed on what had gathered has found.
    over: AtomicBool,
    /// The peer has ended its half, and takes no more; told to clients that may send for long.
    peer_ended: AtomicBool,
    /// A head of the peer's has come; told to the same clients.
    peer_answered: AtomicBool,
    // Guards who hands on what has gathered, and what of it the window has not taken; taken before `stream` and the
    // next one.
    pub(super) begun: Mutex<Bytes>,
    // Guards what is sent soon; a leaf.
    pub(super) gathered: Mutex<Gathered>,
    /// It is on the list of `outflow`.
    listed: AtomicBool,
    pub(super) outflow: Arc<Outflow>,
    ears: Arc<Ears>,
}

#[derive(Debug)]
struct Ears {
    // Leaves: h2 wakes while it holds its own lock.
    sender: Mutex<Option<Waker>>,
    reader: Mutex<Option<Waker>>,
    half: Weak<Half>,
}

impl Wake for Ears {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let sender = lock(&self.sender).clone();
        if let Some(waker) = sender {
            return waker.wake();
        }
        // It was the driver that waited for room, or nobody.
        if let Some(half) = self.half.upgrade() {
            half.list();
        }
        let reader = lock(&self.reader).clone();
        if let Some(waker) = reader {
            waker.wake();
        }
    }
}

impl Half {
    /// `reader` is woken when the peer gives the stream up.
    pub(super) fn new(stream: SendStream<Bytes>, reader: Option<Waker>, outflow: &Arc<Outflow>) -> Arc<Self> {
        Arc::new_cyclic(|half| Self {
            stream: Mutex::new(Some(stream)),
            users: AtomicUsize::new(1),
            reset: AtomicBool::new(false),
            over: AtomicBool::new(false),
            peer_ended: AtomicBool::new(false),
            peer_answered: AtomicBool::new(false),
            begun: Mutex::default(),
            gathered: Mutex::default(),
            listed: AtomicBool::new(false),
            outflow: Arc::clone(outflow),
            ears: Arc::new(Ears { sender: Mutex::default(), reader: Mutex::new(reader), half: Weak::clone(half) }),
        })
    }

    /// The peer takes no more: whoever waits for room need not.
    pub(super) fn peer_has_ended(&self) {
        self.peer_ended.store(true, Ordering::Release);
        self.ears.wake_by_ref();
    }

    /// A head has come.
    pub(super) fn peer_has_answered(&self) {
        self.peer_answered.store(true, Ordering::Release);
    }

    /// Has whoever drives look for what has gathered. True: it did not know.
    pub(super) fn list(self: &Arc<Self>) -> bool {
        // The load is enough for who has added something: the driver takes it off the list before it locks the buffer.
        let unknown = !self.listed.load(Ordering::Acquire) && !self.listed.swap(true, Ordering::AcqRel);
        if unknown {
            self.outflow.add(Arc::clone(self));
        }
        unknown
    }

    /// To be called before the look.
    pub(super) fn unlist(&self) {
        self.listed.store(false, Ordering::Release);
    }

    /// One user fewer.
    fn leave(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            *lock(&self.stream) = None;
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut SendStream<Bytes>) -> T) -> Result<T, Failure> {
        let mut stream = lock(&self.stream);
        stream.as_mut().map(act).ok_or_else(|| Failure::Unsendable("the stream has ended".to_owned()))
    }

    /// Asks for room for `length` bytes; whether it is there.
    pub(super) fn reserve(&self, length: usize) -> Result<bool, Failure> {
        self.with(|stream| {
            // h2 counts in 32 bits.
            stream.reserve_capacity(length.min(MOST_RESERVED));
            length == 0 || stream.capacity() >= length
        })
    }

    /// How much room there is; if none, the context's waker is woken when there is.
    fn poll_room(&self, context: &Context<'_>) -> Poll<Result<usize, Failure>> {
        *lock(&self.ears.sender) = Some(context.waker().clone());
        self.poll_room_of_driver()
    }

    /// [`Half::poll_room`] of whoever drives: it looks again when the stream is on the list.
    pub(super) fn poll_room_of_driver(&self) -> Poll<Result<usize, Failure>> {
        let waker = Waker::from(Arc::clone(&self.ears));
        let polled = self.with(|stream| match stream.capacity() {
            0 => stream.poll_capacity(&mut Context::from_waker(&waker)).map(|room| match room {
                Some(room) => Ok(room?),
                None => Err(self.why_ended(stream).unwrap_or_else(taken_no_more)),
            }),
            room => Poll::Ready(Ok(room)),
        });
        // After the waker is there that the end wakes.
        if self.peer_ended.load(Ordering::Acquire) {
            return Poll::Ready(Err(Failure::Ended));
        }
        polled.unwrap_or_else(|failure| Poll::Ready(Err(failure)))
    }

    /// After the last [`Half::poll_room`] of a wait.
    fn stop_waiting(&self) {
        *lock(&self.ears.sender) = None;
        let reader = lock(&self.ears.reader).clone();
        if let Some(reader) = reader
            && self.ended(&Waker::from(Arc::clone(&self.ears))).is_some()
        {
            reader.wake();
        }
    }

    /// How the peer has given the stream up; if it has not, `reader` is woken when it does.
    pub(super) fn watch(&self, reader: &Waker) -> Option<Failure> {
        *lock(&self.ears.reader) = Some(reader.clone());
        self.ended(&Waker::from(Arc::clone(&self.ears)))
    }

    fn ended(&self, waker: &Waker) -> Option<Failure> {
        self.with(|stream| self.poll_ended(stream, waker)).ok().flatten()
    }

    pub(super) fn send(&self, piece: Bytes, end: bool) -> Result<(), Failure> {
        self.with(|stream| {
            stream.send_data(piece, end).map_err(|error| self.why_ended(stream).unwrap_or_else(|| error.into()))
        })?
    }

    fn reset(&self, code: u32) {
        self.note_reset();
        // One that has ended needs no reset.
        let _ = self.with(|stream| stream.send_reset(code.into()));
    }

    /// It is this side that resets the stream.
    pub(super) fn note_reset(&self) {
        self.reset.store(true, Ordering::Release);
        self.note_over();
    }

    /// The next message is not to be gathered.
    pub(super) fn note_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// How a stream ended that takes nothing more, which h2 does not say when it refuses to send. None: in order.
    fn why_ended(&self, stream: &mut SendStream<Bytes>) -> Option<Failure> {
        self.poll_ended(stream, Waker::noop())
    }

    /// How a stream was reset or lost; if it was not, `waker` is woken when it is.
    fn poll_ended(&self, stream: &mut SendStream<Bytes>, waker: &Waker) -> Option<Failure> {
        let by_peer = !self.reset.load(Ordering::Acquire);
        match stream.poll_reset(&mut Context::from_waker(waker)) {
            Poll::Pending => None,
            Poll::Ready(Ok(reason)) => Some(Failure::Reset { code: reason.into(), by_peer }),
            Poll::Ready(Err(error)) => Some(error.into()),
        }
    }
}

/// Cancels a stream when it is woken, from any thread; until it is dropped. It uses the handle, as `Outbound` does.
#[derive(Debug)]
struct CancelOnWake {
    connection: Arc<Connection>,
    half: Arc<Half>,
}

impl Wake for CancelOnWake {
    fn wake(self: Arc<Self>) {
        self.half.reset(reason::CANCEL);
        // h2 wakes who receives alone.
        self.half.ears.wake_by_ref();
        self.connection.pump();
    }
}

impl Drop for CancelOnWake {
    fn drop(&mut self) {
        self.half.leave();
        self.connection.pump();
    }
}

/// Cancels a stream when it is dropped, if somebody still has the sending half then.
#[derive(Debug)]
pub(crate) struct CancelOnDrop {
    connection: Arc<Connection>,
    half: Option<Arc<Half>>,
}

impl CancelOnDrop {
    /// Drops it without that: the peer has ended the stream.
    pub(crate) fn forgo(mut self) {
        self.half = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(half) = self.half.take() {
            half.reset(reason::CANCEL);
            self.connection.pump();
        }
    }
}

/// What is sent to the peer on a stream.
#[derive(Debug)]
pub(crate) struct Outbound {
    connection: Arc<Connection>,
    half: Arc<Half>,
    permit: Option<Arc<Permit>>,
    /// Of one that learns that the peer has ended.
    announced: Option<Announced>,
    /// Something has been handed to h2.
    has_sent: bool,
    /// A send failed when a part of it was sent: nothing that follows would be understood.
    torn: bool,
}

impl Outbound {
    pub(super) fn new(connection: &Arc<Connection>, half: Arc<Half>) -> Self {
        Self { connection: Arc::clone(connection), half, permit: None, announced: None, has_sent: false, torn: false }
    }

    pub(super) fn with_permit(mut self, permit: Arc<Permit>) -> Self {
        self.permit = Some(permit);
        self
    }

    pub(super) fn half(&self) -> &Arc<Half> {
        &self.half
    }

    pub(super) fn told_of_the_end(mut self, announced: Option<Announced>) -> Self {
        self.announced = announced;
        self
    }

    /// Sends `bytes`, as the window takes them; with `end` they are the last.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come, also that of an earlier send.
    pub(crate) fn send(&mut self, bytes: Bytes, end: bool, deadline: Option<Instant>) -> Result<(), Failure> {
        self.send_unless(bytes, end, deadline, |_| false).map(|_| ())
    }

    /// Sends a whole message soon: at once if it comes after a pause, else together with those before and after it. It
    /// waits when many have gathered, until the window takes them.
    ///
    /// # Errors
    /// Those of `send`, also of what has gathered before; that a stream has ended may be found by a later send.
    pub(crate) fn send_soon(&mut self, message: &mut Vec<u8>, deadline: Option<Instant>) -> Result<(), Failure> {
        if self.torn {
            return Err(Failure::TimedOut);
        }
        if self.half.peer_ended.load(Ordering::Acquire) {
            return Err(Failure::Ended);
        }
        if self.half.over.load(Ordering::Acquire) {
            // Which says how it ended.
            return self.send(std::mem::take(message).into(), false, deadline);
        }
        match self.half.gather(message) {
            (Sending::Later, tell) => {
                message.clear();
                if tell {
                    self.connection.remind();
                }
                Ok(())
            }
            (Sending::Now, _) => self.send(std::mem::take(message).into(), false, deadline),
        }
    }

    /// Hands on what has gathered.
    ///
    /// # Errors
    /// Those of `send`.
    pub(crate) fn flush(&mut self, deadline: Option<Instant>) -> Result<(), Failure> {
        for bytes in self.half.take_gathered().into_iter().filter(|bytes| !bytes.is_empty()) {
            // Messages are lost if it fails: nothing that follows would be understood.
            let sent = self.send_now(bytes, false, deadline, |_| false);
            self.torn |= matches!(sent, Err(Failure::TimedOut));
            sent?;
        }
        Ok(())
    }

    /// Sends `bytes`, the first and last of the stream, with its head. What the window does not take waits in h2, so
    /// they are to be few.
    ///
    /// # Errors
    /// The stream or connection has ended.
    pub(crate) fn send_at_once(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.half.send(bytes, true)?;
        self.connection.kick();
        Ok(())
    }

    /// [`Outbound::send`] that ends with false, and with some of `bytes` unsent, if `stop` says so while it waits.
    ///
    /// # Errors
    /// Those of `send`.
    pub(crate) fn send_unless(
        &mut self,
        bytes: Bytes,
        end: bool,
        deadline: Option<Instant>,
        stop: impl FnMut(&mut Context<'_>) -> bool,
    ) -> Result<bool, Failure> {
        if self.torn {
            return Err(Failure::TimedOut);
        }
        self.flush(deadline)?;
        self.send_now(bytes, end, deadline, stop)
    }

    /// Sends `bytes`; nothing has gathered.
    fn send_now(
        &mut self,
        mut bytes: Bytes,
        end: bool,
        deadline: Option<Instant>,
        mut stop: impl FnMut(&mut Context<'_>) -> bool,
    ) -> Result<bool, Failure> {
        let whole = bytes.len();
        loop {
            if self.half.peer_ended.load(Ordering::Acquire) {
                return Err(Failure::Ended);
            }
            let room = if self.half.reserve(bytes.len())? {
                bytes.len()
            } else {
                let room = wait(&self.connection, deadline, |context| {
                    if stop(context) { Poll::Ready(None) } else { self.half.poll_room(context).map(Some) }
                });
                if !matches!(room, Ok(Some(Ok(_)))) {
                    // The window goes to other streams.
                    let _ = self.half.reserve(0);
                }
                self.half.stop_waiting();
                self.torn = bytes.len() < whole && matches!(room, Err(Failure::TimedOut) | Ok(None));
                let Some(room) = room? else { return Ok(false) };
                room?
            };
            let piece = bytes.split_to(room.min(bytes.len()));
            let last = bytes.is_empty();
            self.half.send(piece, end && last)?;
            self.has_sent = true;
            self.connection.kick();
            if last {
                return Ok(true);
            }
        }
    }

    /// Whether anything of the body has been handed on.
    pub(crate) fn has_sent(&self) -> bool {
        self.has_sent
    }

    /// Whether a head of the response has come. Known of streams that were opened for sending.
    pub(crate) fn is_answered(&self) -> bool {
        self.half.peer_answered.load(Ordering::Acquire)
    }

    /// Whether a GOAWAY of the peer says that it does not look after this stream, which h2 does not tell from a reset.
    /// Known of streams that were opened for sending.
    pub(crate) fn is_turned_away(&self) -> bool {
        self.announced.as_ref().is_some_and(Announced::is_turned_away)
    }

    /// Whether what was sent ends within a message.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Ends the stream with trailers. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn trailers(&mut self, trailers: HeaderMap) -> Result<(), Failure> {
        Ok(self.half.with(|stream| stream.send_trailers(trailers))??)
    }

    /// Lets what was handed to h2 leave.
    pub(crate) fn pump(&self) {
        self.connection.pump();
    }

    /// Resets the stream with an error code of RFC 9113 §7.
    pub(crate) fn reset(&mut self, code: u32) {
        self.half.reset(code);
        self.connection.pump();
    }

    /// Resets the stream with CANCEL, unless the peer has ended its half: its last word may be on the way to whoever
    /// receives, and h2 would throw it away. (When that one is gone, too, h2 resets the stream itself.)
    pub(crate) fn cancel(&mut self) {
        if !self.half.peer_ended.load(Ordering::Acquire) {
            self.reset(reason::CANCEL);
        }
    }

    /// What cancels the stream when it is woken, also after this half is gone.
    pub(crate) fn cancel_on_wake(&self) -> Waker {
        self.half.users.fetch_add(1, Ordering::AcqRel);
        let (connection, half) = (Arc::clone(&self.connection), Arc::clone(&self.half));
        Waker::from(Arc::new(CancelOnWake { connection, half }))
    }

    /// For whoever has the receiving half.
    pub(crate) fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop { connection: Arc::clone(&self.connection), half: Some(Arc::clone(&self.half)) }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.announced = None;
        self.half.leave();
        self.permit = None;
        self.connection.pump();
    }
}

/// The rest of an answer that the window has not taken whole.
#[derive(Debug)]
pub(crate) struct Rest {
    connection: Arc<Connection>,
    stream: Option<SendStream<Bytes>>,
    body: Bytes,
    trailers: Option<HeaderMap>,
    /// Of a stream that is open until this is dropped.
    opened: Option<Opened>,
}

impl Rest {
    pub(super) fn new(
        connection: &Arc<Connection>,
        stream: SendStream<Bytes>,
        body: Bytes,
        trailers: HeaderMap,
    ) -> Self {
        let connection = Arc::clone(connection);
        Self { connection, stream: Some(stream), body, trailers: Some(trailers), opened: None }
    }

    pub(super) fn keeping_open(mut self, opened: &Opened) -> Self {
        self.opened = Some(opened.clone());
        self
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// Hands on what the window takes now; `waker` is woken when it takes more. Ready: all was handed on, or the stream
    /// is over. The caller pumps.
    pub(crate) fn push(&mut self, waker: &Waker) -> Poll<Result<(), Failure>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        while !self.body.is_empty() {
            stream.reserve_capacity(self.body.len().min(MOST_RESERVED));
            let room = match stream.capacity() {
                0 => match stream.poll_capacity(&mut Context::from_waker(waker)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => return Poll::Ready(Err(taken_no_more())),
                    Poll::Ready(Some(room)) => room?,
                },
                room => room,
            };
            let piece = self.body.split_to(room.min(self.body.len()));
            stream.send_data(piece, false)?;
        }
        if let Some(trailers) = self.trailers.take() {
            stream.send_trailers(trailers)?;
        }
        self.stream = None;
        Poll::Ready(Ok(()))
    }

    /// Resets the stream with an error code of RFC 9113 §7. The caller pumps.
    pub(crate) fn reset(&mut self, code: u32) {
        if let Some(stream) = &mut self.stream {
            stream.send_reset(code.into());
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if self.stream.take().is_some() {
            self.connection.pump();
        }
    }
}

fn taken_no_more() -> Failure {
    Failure::Unsendable("the peer takes no more of this stream".to_owned())
}
