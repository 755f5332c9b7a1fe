//! The server's side of a connection: from the first byte to the streams that it accepts.

use super::engine::{Connection, Ending, Engine, Settings, State};
use super::failure::Failure;
use super::intake::Inflow;
use super::io::Adapter;
use super::open::{Open, Opened};
use super::opening::{Kind, Opening, PREFACE, Progress, kind};
use super::outflow::Outflow;
use super::stream::{Half, Inbound, Outbound, Rest};
use super::upkeep::Upkeep;
use super::watch::Watch;
use crate::link::{Attendant, Filled, Io, Link, Parker, Parts, lock};
use crate::net::wait;
use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

/// An empty SETTINGS frame, then GOAWAY(PROTOCOL_ERROR), for a peer whose first bytes are nothing we know (RFC 9113
/// §3.4).
const NOT_HTTP2: [u8; 26] = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Streams of one connection that h2 resets in its life for what the peer does wrong. It keeps each until its reset has
/// been written, so there must be a bound; but its own (1,024) is one that a good peer may reach in years, by DATA that
/// comes very late. Those that come fast are counted by `flood`.
const MOST_ERRORS: usize = 16 * 1024;

/// A served connection.
#[derive(Debug)]
pub(crate) struct Accept {
    pub(crate) connection: Arc<Connection>,
    pub(crate) accepted: Arc<Accepted>,
    pub(crate) ending: Ending,
    pub(crate) peer: Arc<Progress>,
}

/// Serves HTTP/2 on `io`. `http1_answer` is the whole answer to a peer that begins with a request of HTTP/1.x.
///
/// # Errors
/// What the system says when it refuses a waker.
pub(crate) fn accept(
    io: Io,
    attendant: &Arc<Attendant>,
    settings: &Settings,
    http1_answer: &'static [u8],
) -> io::Result<Accept> {
    let now = Instant::now();
    let inflow: Arc<Inflow> = Arc::default();
    let outflow = Outflow::new(settings.limits.outbox_bytes);
    let accepted = Arc::new(Accepted {
        queue: Mutex::default(),
        bound: settings.limits.concurrent_streams as usize,
        open: Open::new(now),
        inflow: Arc::clone(&inflow),
        outflow: Arc::clone(&outflow),
    });
    let ending = Ending::default();
    let begin_by = wait::deadline(now, settings.limits.handshake_timeout);
    let upkeep = Upkeep::of_server(&settings.limits, &accepted.open);
    let progress = Progress::new();
    let accepting = Accepting {
        first: Vec::new(),
        inflow: Arc::clone(&inflow),
        settings: settings.clone(),
        sink: Sink(Arc::clone(&accepted)),
        progress: Arc::clone(&progress),
        http1_answer,
    };
    let connection = Link::new(io, attendant, settings.limits.close_timeout, |parts| {
        Engine::new(parts, &ending.0, begin_by, upkeep, (&inflow, &outflow), State::Accepting(accepting))
    })?;
    Ok(Accept { connection, accepted, ending, peer: progress })
}

/// A connection whose first bytes are still coming.
pub(super) struct Accepting {
    first: Vec<u8>,
    inflow: Arc<Inflow>,
    settings: Settings,
    sink: Sink,
    progress: Arc<Progress>,
    http1_answer: &'static [u8],
}

/// What came of the first bytes.
pub(super) enum Answer {
    Wait,
    Begin(State),
    Over(String),
}

impl Accepting {
    #[inline(never)]
    pub(super) fn step(&mut self, parts: &Parts) -> Answer {
        let mut io = lock(&parts.io);
        loop {
            match io.fill() {
                Ok(Filled::Some) => {}
                Ok(Filled::Nothing) => return Answer::Wait,
                Ok(Filled::End) => return Answer::Over("the peer ended before it began".to_owned()),
                Err(error) => return Answer::Over(error.to_string()),
            }
            let wanted = io.input().len().min(PREFACE.len() - self.first.len());
            self.first.extend_from_slice(io.input().get(..wanted).unwrap_or_default());
            io.consume(wanted);
            let last_words: &[u8] = match kind(&self.first) {
                Kind::Undecided | Kind::Http2 { whole: false } => continue,
                Kind::Http2 { whole: true } => {
                    drop(io);
                    return Answer::Begin(self.begin(parts));
                }
                Kind::Http1 => self.http1_answer,
                Kind::Tls => b"",
                Kind::Unknown => &NOT_HTTP2,
            };
            let _ = io.gather(last_words, Instant::now);
            return Answer::Over(match kind(&self.first) {
                Kind::Tls => "the peer begins with a TLS handshake; this port is plain".to_owned(),
                Kind::Http1 => "the peer begins with a request of HTTP/1.x; answered as such".to_owned(),
                _ => format!("the peer begins with {:?}, expected the HTTP/2 preface", self.first.escape_ascii()),
            });
        }
    }

    /// Apart, so that what is moved here takes none of the stack of every turn of the engine.
    #[inline(never)]
    fn begin(&mut self, parts: &Parts) -> State {
        let limits = &self.settings.limits;
        let replay = Bytes::from(std::mem::take(&mut self.first));
        let (opening, watch) = (Opening::of_client(&self.progress), Watch::of_client(limits, &self.sink.0.open));
        let adapter = Adapter::new(Arc::clone(&parts.io), replay, opening, watch, &self.inflow);
        let handshake = h2::server::Builder::new()
            .initial_window_size(limits.stream_window_bytes)
            .initial_connection_window_size(limits.connection_window_bytes)
            .max_concurrent_streams(limits.concurrent_streams)
            .max_header_list_size(limits.header_list_bytes)
            .max_send_buffer_size(limits.outbox_bytes)
            .data_frame_budget(self.settings.data_frame_budget())
            // What comes late for a stream that this side has reset is no error of the peer.
            .max_concurrent_reset_streams(limits.concurrent_streams as usize)
            // By a client that gives up much, at a moment when this side was slow; `flood` tells it from an attack.
            .max_pending_accept_reset_streams(limits.concurrent_streams as usize)
            .max_local_error_reset_streams(Some(MOST_ERRORS))
            .handshake(adapter);
        State::Handshake(Box::new(handshake), Arc::clone(&self.progress), self.sink.clone())
    }

    pub(super) fn close(self) {
        self.sink.close();
    }
}

/// So many streams there is room for at first. They come in batches; nothing is kept between those.
const BATCH: usize = 12;

/// Where the engine puts accepted streams.
#[derive(Debug, Clone)]
pub(super) struct Sink(Arc<Accepted>);

impl Sink {
    pub(super) fn is_full(&self) -> bool {
        lock(&self.0.queue).streams.len() >= self.0.bound
    }

    pub(super) fn push(&self, request: Request<h2::RecvStream>, respond: SendResponse<Bytes>) {
        let mut queue = lock(&self.0.queue);
        if queue.streams.capacity() == 0 {
            queue.streams.reserve(BATCH);
        }
        queue.streams.push_back((request, respond, self.0.open.enter()));
        wake(&mut queue.waiting);
    }

    pub(super) fn close(&self) {
        let mut queue = lock(&self.0.queue);
        queue.streams.clear();
        queue.closed = true;
        wake(&mut queue.waiting);
    }
}

fn wake(waiting: &mut Option<Arc<Parker>>) {
    if let Some(parker) = waiting.take() {
        parker.wake();
    }
}

/// The streams that the peer has opened and nobody has taken yet.
///
/// Bounded here: h2 bounds those that are open, and one that its peer has reset is not. When it is full, the engine
/// accepts no more, so that h2's own bound on reset streams that wait to be accepted ends the connection
/// (CVE-2023-44487).
#[derive(Debug)]
pub(crate) struct Accepted {
    bound: usize,
    open: Arc<Open>,
    inflow: Arc<Inflow>,
    outflow: Arc<Outflow>,
    // Guards the queue alone; taken while the engine runs, and by the reader thread.
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    streams: VecDeque<(Request<h2::RecvStream>, SendResponse<Bytes>, Opened)>,
    waiting: Option<Arc<Parker>>,
    closed: bool,
}

impl Accepted {
    /// Whether there will be no more, since the protocol is over.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.queue).closed
    }

    /// Takes the next stream; if there is none, `parker` is woken when there is one or there will be none.
    pub(crate) fn next(&self, connection: &Arc<Connection>, parker: &Arc<Parker>) -> Option<Incoming> {
        let mut queue = lock(&self.queue);
        let Some((request, respond, opened)) = queue.streams.pop_front() else {
            queue.waiting = Some(Arc::clone(parker));
            return None;
        };
        if queue.streams.is_empty() {
            // Its memory: a connection that has been busy once may be idle for long.
            queue.streams = VecDeque::new();
        }
        if queue.streams.len() + 1 == self.bound {
            // The engine goes on accepting.
            connection.parts().wish.make();
        }
        let (head, body) = request.into_parts();
        Some(Incoming {
            head: Request::from_parts(head, ()),
            body: Inbound::new(connection, body, &self.inflow),
            respond: Respond {
                connection: Arc::clone(connection),
                inner: Some(respond),
                outflow: Arc::clone(&self.outflow),
                half: None,
                watcher: None,
                opened,
                quiet: false,
            },
        })
    }
}

/// One accepted stream.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) head: Request<()>,
    pub(crate) body: Inbound,
    pub(crate) respond: Respond,
}

/// The way to answer a stream. Dropped unused, it resets the stream.
#[derive(Debug)]
pub(crate) struct Respond {
    connection: Arc<Connection>,
    /// None only while it is dropped.
    inner: Option<SendResponse<Bytes>>,
    outflow: Arc<Outflow>,
    /// Once the head was sent and the body follows.
    half: Option<Arc<Half>>,
    /// Woken when the peer gives the stream up.
    watcher: Option<Waker>,
    opened: Opened,
    /// Whoever drops it pumps.
    quiet: bool,
}

impl Respond {
    fn inner(&mut self) -> Result<&mut SendResponse<Bytes>, Failure> {
        self.inner.as_mut().ok_or_else(|| Failure::Unsendable("the stream has ended".to_owned()))
    }

    /// Answers with a head alone. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn head_only(&mut self, head: Response<()>) -> Result<(), Failure> {
        self.inner()?.send_response(head, true)?;
        Ok(())
    }

    /// Answers with a head, one body and trailers. What the window does not take now comes back. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn answer(
        &mut self,
        head: Response<()>,
        body: Bytes,
        trailers: HeaderMap,
    ) -> Result<Option<Rest>, Failure> {
        let stream = self.inner()?.send_response(head, false)?;
        let mut rest = Rest::new(&self.connection, stream, body, trailers);
        match rest.push(Waker::noop()) {
            Poll::Ready(sent) => sent.map(|()| None),
            Poll::Pending => Ok(Some(rest.keeping_open(&self.opened))),
        }
    }

    /// Answers with a head, one short body, and trailers if there are any, all at once: h2 keeps what the window does
    /// not take yet. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn whole(
        &mut self,
        head: Response<()>,
        body: Bytes,
        trailers: Option<HeaderMap>,
    ) -> Result<(), Failure> {
        let mut stream = self.inner()?.send_response(head, false)?;
        if !body.is_empty() || trailers.is_none() {
            stream.reserve_capacity(body.len());
            stream.send_data(body, trailers.is_none())?;
        }
        if let Some(trailers) = trailers {
            stream.send_trailers(trailers)?;
        }
        Ok(())
    }

    /// Answers with a head; the body follows. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn open(&mut self, head: Response<()>) -> Result<Outbound, Failure> {
        let inner = self.inner()?;
        let stream =
            inner.send_response(head, false).map_err(|error| why_ended(inner).unwrap_or_else(|| error.into()))?;
        let half = Half::new(stream, self.watcher.clone(), &self.outflow);
        self.half = Some(Arc::clone(&half));
        Ok(Outbound::new(&self.connection, half))
    }

    /// Resets the stream with an error code of RFC 9113 §7. The caller pumps.
    pub(crate) fn reset(&mut self, code: u32) {
        if let Some(half) = &self.half {
            half.note_reset();
        }
        if let Some(inner) = &mut self.inner {
            inner.send_reset(code.into());
        }
    }

    /// Lets what was handed to h2 leave.
    pub(crate) fn pump(&self) {
        self.connection.pump();
    }

    /// Drops it; the caller pumps.
    pub(crate) fn discard(mut self) {
        self.quiet = true;
    }

    /// Has `waker` woken when the peer gives the stream up, or says now how it did.
    pub(crate) fn watch(&mut self, waker: &Waker) -> Option<Failure> {
        if let Some(half) = &self.half {
            return half.watch(waker);
        }
        self.watcher = Some(waker.clone());
        ended(self.inner.as_mut()?, waker)
    }
}

/// How a stream ended that takes no answer, which h2 does not say when it refuses it. None: in order.
fn why_ended(respond: &mut SendResponse<Bytes>) -> Option<Failure> {
    ended(respond, Waker::noop())
}

/// How a stream without an answer was ended from outside; if it was not, `waker` is woken when it is.
fn ended(respond: &mut SendResponse<Bytes>, waker: &Waker) -> Option<Failure> {
    match respond.poll_reset(&mut Context::from_waker(waker)) {
        Poll::Pending => None,
        Poll::Ready(Ok(reason)) => Some(Failure::Reset { code: reason.into(), by_peer: true }),
        Poll::Ready(Err(error)) => Some(error.into()),
    }
}

impl Drop for Respond {
    fn drop(&mut self) {
        self.inner = None;
        // If the request has not ended, h2 now resets the stream (NO_ERROR after an answer): that leaves, too.
        if !self.quiet {
            self.connection.pump();
        }
    }
}
