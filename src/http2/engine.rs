//! One connection of either side as an engine of the Link.

use super::intake::{Inflow, Intake};
use super::io::Adapter;
use super::opening::Progress;
use super::outflow::Outflow;
use super::server::{Accepting, Answer};
use super::stream::Half;
use super::upkeep::{Task, Upkeep};
use crate::Limits;
use crate::link::{Engine as LinkEngine, Link, Parts, Step, lock};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// A driven HTTP/2 connection.
pub(crate) type Connection = Link<Engine>;

/// 16,448 frames of one byte.
const LEAST_BUDGET: usize = 4 << 20;
const MOST_WINDOW: u32 = (1 << 31) - 1;

/// The settings of RFC 9113 §6.5.2 and h2's own bounds, as [`Limits`] gives them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(super) limits: Arc<Limits>,
}

impl Settings {
    /// Values that no HTTP/2 connection can have become the nearest that one can.
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut limits = limits.clone();
        // RFC 9113 §6.9.1, §6.9.2: a window has 31 bits, and that of a connection cannot begin below 65,535.
        limits.stream_window_bytes = limits.stream_window_bytes.min(MOST_WINDOW);
        limits.connection_window_bytes = limits.connection_window_bytes.clamp(u32::from(u16::MAX), MOST_WINDOW);
        // h2 keeps it in 32 bits.
        limits.outbox_bytes = limits.outbox_bytes.clamp(1, MOST_WINDOW as usize);
        Self { limits: Arc::new(limits) }
    }

    /// Small DATA frames that h2 holds are bounded by this (one byte costs 255); its own default ends a connection that
    /// holds a few hundred, and those of one step are no attack, however small the window.
    pub(super) fn data_frame_budget(&self) -> usize {
        (self.limits.connection_window_bytes as usize).max(LEAST_BUDGET)
    }
}

/// What the outside wants of a connection; read by the engine at its next step.
#[derive(Debug, Default)]
pub(super) struct Orders(AtomicU8);

const DRAIN: u8 = 1;
const ABORT: u8 = 2;

impl Orders {
    fn give(&self, order: u8) {
        self.0.fetch_or(order, Ordering::AcqRel);
    }

    fn has(&self, order: u8) -> bool {
        self.0.load(Ordering::Acquire) & order != 0
    }
}

/// The protocol's state.
pub(crate) struct Engine {
    parts: Parts,
    waker: Waker,
    orders: Arc<Orders>,
    drained: bool,
    /// Until when the peer's first SETTINGS must have come; none when it has.
    begin_by: Option<Instant>,
    upkeep: Upkeep,
    inflow: Arc<Inflow>,
    outflow: Arc<Outflow>,
    /// The lists' memory, between two steps.
    scratch: Vec<Arc<Intake>>,
    scratch_out: Vec<Arc<Half>>,
    state: State,
}

pub(super) enum State {
    /// A server that has not seen the whole preface.
    Accepting(Accepting),
    Handshake(Box<h2::server::Handshake<Adapter, bytes::Bytes>>, Arc<Progress>, super::server::Sink),
    Server(Box<h2::server::Connection<Adapter, bytes::Bytes>>, Arc<Progress>, super::server::Sink),
    Client(Box<h2::client::Connection<Adapter, bytes::Bytes>>, Arc<Progress>, Arc<super::client::Shared>),
    Over,
}

impl Engine {
    pub(super) fn new(
        parts: &Parts,
        orders: &Arc<Orders>,
        begin_by: Instant,
        upkeep: Upkeep,
        (inflow, outflow): (&Arc<Inflow>, &Arc<Outflow>),
        state: State,
    ) -> Self {
        outflow.of(&parts.wish);
        Self {
            parts: parts.clone(),
            waker: Waker::from(Arc::clone(&parts.wish)),
            orders: Arc::clone(orders),
            drained: false,
            begin_by: Some(begin_by),
            upkeep,
            inflow: Arc::clone(inflow),
            outflow: Arc::clone(outflow),
            scratch: Vec::new(),
            scratch_out: Vec::new(),
            state,
        }
    }

    /// One turn of the current state. `Some`: over.
    fn turn(&mut self) -> Option<Result<(), String>> {
        let mut context = Context::from_waker(&self.waker);
        loop {
            match &mut self.state {
                State::Accepting(accepting) => match accepting.step(&self.parts) {
                    Answer::Wait => return None,
                    Answer::Over(why) => return Some(Err(why)),
                    Answer::Begin(next) => self.state = next,
                },
                State::Handshake(handshake, progress, sink) => match shake_hands(handshake, &mut context) {
                    Poll::Pending => return None,
                    Poll::Ready(Err(error)) => return Some(Err(error.to_string())),
                    Poll::Ready(Ok(connection)) => {
                        self.state = State::Server(connection, Arc::clone(progress), sink.clone());
                    }
                },
                State::Server(connection, _, sink) => {
                    if self.orders.has(DRAIN) && !self.drained {
                        self.drained = true;
                        connection.graceful_shutdown();
                    }
                    let next = if sink.is_full() {
                        connection.poll_closed(&mut context).map(|end| end.err().map(Err))
                    } else {
                        connection.poll_accept(&mut context)
                    };
                    return match next {
                        Poll::Pending => None,
                        Poll::Ready(None) => Some(Ok(())),
                        Poll::Ready(Some(Err(error))) => Some(Err(error.to_string())),
                        Poll::Ready(Some(Ok((request, respond)))) => {
                            sink.push(request, respond);
                            continue;
                        }
                    };
                }
                State::Client(connection, ..) => {
                    return match Pin::new(connection).poll(&mut context) {
                        Poll::Pending => None,
                        Poll::Ready(result) => Some(result.map_err(|error| error.to_string())),
                    };
                }
                State::Over => return Some(Ok(())),
            }
        }
    }

    fn has_begun(&self) -> bool {
        match &self.state {
            State::Accepting(_) => false,
            State::Handshake(_, progress, _) | State::Server(_, progress, _) | State::Client(_, progress, _) => {
                progress.has_begun()
            }
            State::Over => true,
        }
    }

    /// Does what time demands of an open connection. `Some`: over.
    fn keep_up(&mut self, now: Instant) -> Option<Result<(), String>> {
        let heard = {
            let io = lock(&self.parts.io);
            // While output is stuck h2 may not read; the deadline of the output is what counts then.
            io.taken() > 0 || io.stall_deadline().is_some()
        };
        let has_streams = || matches!(&self.state, State::Client(_, _, shared) if shared.has_streams());
        match self.upkeep.look(now, heard, has_streams) {
            Task::Nothing => {}
            Task::Ask => {
                self.upkeep.ask(|| match &mut self.state {
                    State::Server(connection, ..) => connection.ping_pong(),
                    State::Client(connection, ..) => connection.ping_pong(),
                    State::Accepting(_) | State::Handshake(..) | State::Over => None,
                });
                self.parts.wish.make();
            }
            Task::Drain => {
                self.orders.give(DRAIN);
                self.parts.wish.make();
            }
            Task::Fail(error) => {
                lock(&self.parts.io).fail(&error);
                // h2 reads the failure, and tells it to all streams.
                return self.turn().or(Some(Err(error.to_string())));
            }
            Task::End => return Some(Ok(())),
        }
        None
    }

    fn over(&mut self, why: Result<(), String>) -> Step {
        if let Err(why) = &why {
            log::debug!(target: "threadwire::http2", "connection over: {why}");
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Client(connection, _, shared) => {
                let (sent, failure) = sent_and_failure(&self.parts);
                let thrown_away = failure.is_some();
                shared.end(why.err().or(failure), sent, thrown_away);
                drop(connection);
            }
            State::Server(connection, _, sink) => {
                drop(connection);
                sink.close();
            }
            State::Handshake(_, _, sink) => sink.close(),
            State::Accepting(accepting) => accepting.close(),
            State::Over => {}
        }
        Step::Finished
    }
}

/// Apart from the engine's turn, so that what is moved here takes none of the stack of every turn.
#[inline(never)]
fn shake_hands(
    handshake: &mut h2::server::Handshake<Adapter, bytes::Bytes>,
    context: &mut Context<'_>,
) -> Poll<Result<Box<h2::server::Connection<Adapter, bytes::Bytes>>, h2::Error>> {
    Pin::new(handshake).poll(context).map(|connection| connection.map(Box::new))
}

/// How many bytes have left, and why no more will, if the connection has failed.
fn sent_and_failure(parts: &Parts) -> (u64, Option<String>) {
    let io = lock(&parts.io);
    (io.sent(), io.check().err().map(|error| error.to_string()))
}

impl LinkEngine for Engine {
    fn step(&mut self, now: Instant) -> Step {
        self.inflow.begin_step();
        if self.orders.has(ABORT) {
            if let State::Server(connection, ..) = &mut self.state {
                connection.abrupt_shutdown(h2::Reason::NO_ERROR);
                let _ = self.turn();
            }
            return self.over(Err("aborted by this side".to_owned()));
        }
        if self.orders.has(DRAIN) && matches!(self.state, State::Accepting(_)) {
            return self.over(Ok(()));
        }
        let stalled = lock(&self.parts.io).stall_deadline().is_some();
        self.outflow.push(&mut self.scratch_out, stalled, now);
        let over = self.turn();
        self.inflow.relieve(&mut self.scratch);
        // Before its end, which may have come in the same step.
        if self.begin_by.is_some() && self.has_begun() {
            self.begin_by = None;
            if let State::Client(connection, _, shared) = &self.state {
                shared.begin(connection.max_concurrent_send_streams());
            }
        }
        if let Some(why) = over {
            return self.over(why);
        }
        if let State::Client(connection, _, shared) = &self.state {
            shared.set_stream_limit(connection.max_concurrent_send_streams());
            shared.look_for_refusal();
        }
        if self.begin_by.is_some_and(|by| by <= now) {
            return self.over(Err("the peer has not begun HTTP/2 in time".to_owned()));
        }
        if self.begin_by.is_none()
            && let Some(why) = self.keep_up(now)
        {
            return self.over(why);
        }
        Step::Open
    }

    fn deadline(&self) -> Option<Instant> {
        self.begin_by.or(self.upkeep.deadline())
    }

    fn closed(&mut self) {
        self.over(Ok(()));
    }
}

impl Drop for Engine {
    /// Lets the streams go that are on the lists: they hold the lists, too. Nobody is left who would add one.
    fn drop(&mut self) {
        // This may list streams, so it comes first.
        self.state = State::Over;
        self.inflow.clear();
        self.outflow.clear();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match &self.state {
            State::Accepting(_) => "accepting",
            State::Handshake(..) => "handshake",
            State::Server(..) => "server",
            State::Client(..) => "client",
            State::Over => "over",
        };
        f.debug_struct("Engine").field("state", &state).finish_non_exhaustive()
    }
}

/// Says to one connection that it is to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(pub(super) Arc<Orders>);

impl Ending {
    /// No new streams; those that are open finish, then the connection ends (RFC 9113 §6.8).
    pub(crate) fn drain(&self, connection: &Connection) {
        self.0.give(DRAIN);
        connection.kick();
    }

    /// Ends the connection and all its streams now.
    pub(crate) fn abort(&self, connection: &Connection) {
        self.0.give(ABORT);
        connection.kick();
    }
}
