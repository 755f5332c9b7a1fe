//! What the engine and the handles of one connection share: received messages, messages to send, and how it ended.
//!
//! Guarded by one lock, held for a few instructions, never across I/O or user code; wakers only put a parker on the
//! Link's cork. It is taken after the Link's own locks or alone.
//!
//! Nothing here is unbounded: the inbox and the outbox are counted in bytes (each message with [`OVERHEAD`], so that
//! empty ones count too), and each takes one message beyond its bound at most.

use super::protocol::Failure;
use super::{CloseCode, CloseFrame, Error, Message};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::task::Waker;
use std::time::{Duration, Instant};

/// What a queued message costs beside its own bytes.
const OVERHEAD: usize = 64;
/// When gathered messages leave although more are expected.
const GATHER_BYTES: usize = 64 * 1024;
const GATHER_TIME: Duration = Duration::from_micros(200);

/// How a connection ended.
#[derive(Debug, Clone)]
pub(super) enum Ended {
    /// By our own close, which the peer answered, or by a clean close of the peer.
    Clean,
    /// By a close of the peer that says that something went wrong.
    ByPeer(CloseFrame),
    /// Without a Close frame of the peer.
    Aborted,
    /// By what the peer did wrong.
    Failed(Failure),
    /// By a failure of the socket.
    Io { kind: ErrorKind, text: String },
}

impl Ended {
    /// What a receiver gets after the last message.
    pub(super) fn outcome(&self) -> Result<(), Error> {
        match self {
            Self::Clean => Ok(()),
            Self::ByPeer(frame) => Err(Error::ClosedByPeer(frame.clone())),
            Self::Aborted => Err(Error::Aborted),
            Self::Failed(failure) => Err(failure.clone().into()),
            Self::Io { kind, text } => Err(Error::Local(crate::Error::Io {
                operation: "the WebSocket connection",
                source: io::Error::new(*kind, text.clone()),
            })),
        }
    }
}

/// What is to be sent, in order.
#[derive(Debug)]
pub(super) enum Outgoing {
    Message(Message),
    /// A Ping with this number as its payload.
    Ping(u64),
}

impl Outgoing {
    fn cost(&self) -> usize {
        OVERHEAD + if let Self::Message(message) = self { message.len() } else { 0 }
    }
}

/// What became of a message that was to be sent.
#[derive(Debug)]
pub(super) enum Pushed {
    /// It is in the outbox, which is to be sent now.
    Now,
    /// It is in the outbox and leaves with others; `first`: the reader is to be reminded.
    Gathered { first: bool },
    /// The outbox is full; here it is back.
    Full(Outgoing),
    /// The connection is closed.
    Closed,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Shared {
    inbox: VecDeque<Message>,
    inbox_bytes: usize,
    inbox_bound: usize,
    outbox: VecDeque<Outgoing>,
    outbox_bytes: usize,
    outbox_bound: usize,
    gathering_since: Option<Instant>,
    /// The engine has stopped reading because the inbox is full.
    paused: bool,
    /// Nobody receives any more: messages are thrown away.
    deaf: bool,
    /// The Close frame that is to be sent after the outbox.
    pub(super) close: Option<CloseFrame>,
    /// The Close frame of the peer.
    pub(super) peer_close: Option<CloseFrame>,
    ended: Option<Ended>,
    pings: u64,
    pongs: u64,
    receiver: Option<Waker>,
    /// Those who wait for room in the outbox, a pong, or the end.
    waiting: Vec<Waker>,
}

impl Shared {
    pub(super) fn new(inbox_bound: usize, outbox_bound: usize) -> Self {
        Self {
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            inbox_bound,
            outbox: VecDeque::new(),
            outbox_bytes: 0,
            outbox_bound,
            gathering_since: None,
            paused: false,
            deaf: false,
            close: None,
            peer_close: None,
            ended: None,
            pings: 0,
            pongs: 0,
            receiver: None,
            waiting: Vec::new(),
        }
    }

    // For the handles.

    /// The next message. True beside it: the engine is to be run, to go on reading or to send what was gathered.
    pub(super) fn take(&mut self) -> Option<(Message, bool)> {
        let message = self.inbox.pop_front()?;
        self.inbox_bytes -= OVERHEAD + message.len();
        let last = self.inbox.is_empty() && self.gathering_since.take().is_some();
        let resume = self.paused && self.inbox_bytes <= self.inbox_bound / 2;
        self.paused &= !resume;
        Some((message, last || resume))
    }

    /// How it ended, once it has.
    pub(super) fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// Puts something into the outbox. `gathers`: it may leave later, with others, while there are messages to receive.
    pub(super) fn push(&mut self, outgoing: Outgoing, gathers: bool) -> Pushed {
        if self.close.is_some() || self.ended.is_some() {
            return Pushed::Closed;
        }
        if self.outbox_bytes >= self.outbox_bound {
            return Pushed::Full(outgoing);
        }
        self.outbox_bytes += outgoing.cost();
        self.outbox.push_back(outgoing);
        if !gathers || self.inbox.is_empty() || self.outbox_bytes >= GATHER_BYTES {
            self.gathering_since = None;
            return Pushed::Now;
        }
        let now = Instant::now();
        match self.gathering_since {
            None => {
                self.gathering_since = Some(now);
                Pushed::Gathered { first: true }
            }
            Some(since) if now.saturating_duration_since(since) < GATHER_TIME => Pushed::Gathered { first: false },
            Some(_) => {
                self.gathering_since = None;
                Pushed::Now
            }
        }
    }

    /// A number for a Ping.
    pub(super) fn next_ping(&mut self) -> u64 {
        self.pings += 1;
        self.pings
    }

    /// Whether the Pong of this Ping, or of a later one, has come.
    pub(super) fn has_pong(&self, ping: u64) -> bool {
        self.pongs >= ping
    }

    /// Asks for the end, once all that was accepted has been sent. The first who asks says why.
    pub(super) fn close(&mut self, frame: CloseFrame) {
        self.close.get_or_insert(frame);
        self.wake_waiting();
    }

    /// Nobody will receive any more.
    pub(super) fn turn_deaf(&mut self) {
        self.deaf = true;
        self.inbox.clear();
        self.inbox_bytes = 0;
        self.paused = false;
    }

    pub(super) fn wake_receiver_with(&mut self, waker: &Waker) {
        self.receiver = Some(waker.clone());
    }

    pub(super) fn wake_also(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|known| known.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }

    // For the engine.

    /// Whether one more message may be decoded; if not, the engine stops reading until it is run again. At the end,
    /// nobody may be there to make room, and the peer's Close stands behind its messages: then they are thrown away.
    pub(super) fn has_room(&mut self) -> bool {
        self.paused = self.inbox_bytes >= self.inbox_bound && self.close.is_none() && !self.deaf;
        !self.paused
    }

    pub(super) fn received(&mut self, message: Message) {
        let overflows = self.inbox_bytes >= self.inbox_bound;
        if self.deaf || overflows {
            return;
        }
        self.inbox_bytes += OVERHEAD + message.len();
        self.inbox.push_back(message);
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }

    pub(super) fn ponged(&mut self, payload: &[u8]) {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else { return };
        // A Pong that answers nothing is allowed (RFC 6455 §5.5.3), and says nothing.
        if number <= self.pings && number > self.pongs {
            self.pongs = number;
            self.wake_waiting();
        }
    }

    /// The next thing to send.
    pub(super) fn next_outgoing(&mut self) -> Option<Outgoing> {
        let next = self.outbox.pop_front();
        let was_full = self.outbox_bytes >= self.outbox_bound;
        self.outbox_bytes -= next.as_ref().map_or(0, Outgoing::cost);
        if was_full && self.outbox_bytes < self.outbox_bound {
            self.wake_waiting();
        }
        if self.outbox.is_empty() {
            self.gathering_since = None;
            if self.outbox.capacity() > 64 {
                self.outbox = VecDeque::new();
            }
        }
        next
    }

    /// The first reason stays.
    pub(super) fn end(&mut self, ended: Ended) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some(ended);
        self.outbox.clear();
        self.outbox_bytes = 0;
        self.wake_waiting();
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }

    /// The peer's Close frame has come.
    pub(super) fn closed_by(&mut self, frame: CloseFrame) {
        let clean = self.close.is_some() || frame.code.is_clean();
        self.peer_close = Some(frame.clone());
        self.end(if clean { Ended::Clean } else { Ended::ByPeer(frame) });
    }

    fn wake_waiting(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

/// The Close frame of a connection that is dropped without a word.
pub(super) fn normal() -> CloseFrame {
    CloseFrame::new(CloseCode::NORMAL, "")
}
