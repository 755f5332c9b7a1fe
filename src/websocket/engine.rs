//! The Link's engine for WebSocket: moves bytes between the Io and the protocol, and messages between the protocol and
//! the queues that the handles share. It decides nothing of its own but when the connection is over.

use super::protocol::{Event, Protocol, State};
use super::shared::{Ended, Outgoing, Shared};
use super::upkeep::{Moved, Task, Upkeep};
use super::{CloseCode, CloseFrame};
use crate::Limits;
use crate::link::{self, Filled, Parts, Step};
use crate::net::wait;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// See [`encoded_bytes`].
const ENCODED_BYTES: usize = 64 * 1024;
/// How many bytes of answers (Pongs) may wait for room in the Io before reading stops.
const ANSWER_BYTES: usize = 16 * 1024;
/// How much is read in one step; then others of the same thread get their turn.
const STEP_BYTES: usize = 256 * 1024;

/// The most of a connection's outbox that lies, encoded, in its Io, or on the way there.
pub(super) fn encoded_bytes(limits: &Limits) -> usize {
    limits.outbox_bytes.clamp(1, ENCODED_BYTES)
}

#[derive(Debug)]
pub(super) struct Engine {
    parts: Parts,
    protocol: Protocol,
    /// How much of the protocol's output may be answers.
    answers: usize,
    shared: Arc<Mutex<Shared>>,
    /// How much is encoded before it is handed to the Io.
    encode_bytes: usize,
    close_timeout: Duration,
    /// When the end that has begun is over, with or without the peer.
    close_deadline: Option<Instant>,
    upkeep: Upkeep,
    /// Of this step.
    moved: Moved,
}

impl Engine {
    pub(super) fn new(parts: &Parts, protocol: Protocol, shared: Arc<Mutex<Shared>>, limits: &Limits) -> Self {
        Self {
            parts: parts.clone(),
            protocol,
            answers: 0,
            shared,
            encode_bytes: encoded_bytes(limits),
            close_timeout: limits.close_timeout,
            close_deadline: None,
            upkeep: Upkeep::new(limits),
            moved: Moved::default(),
        }
    }

    /// Encodes and hands to the Io what is to be sent, as far as there is room.
    fn send(&mut self, now: Instant) -> io::Result<()> {
        while self.hand_over(now)? {
            while self.protocol.output().len() < self.encode_bytes {
                let next = link::lock(&self.shared).next_outgoing();
                // What the protocol refuses was sent after a Close frame of the peer: it has no one to read it.
                let _ = match next {
                    Some(Outgoing::Message(message)) => {
                        self.moved.sent = true;
                        self.protocol.send(message)
                    }
                    Some(Outgoing::Ping(number)) => self.protocol.ping(number.to_be_bytes().to_vec().into()),
                    None => break,
                };
            }
            if !self.protocol.has_data_to_send() {
                self.send_close();
            }
            if !self.protocol.has_data_to_send() {
                break;
            }
        }
        Ok(())
    }

    /// Encodes the Close frame that the handles want. All that they sent before is on its way.
    fn send_close(&mut self) {
        let close = link::lock(&self.shared).close.clone();
        if let Some(frame) = close {
            // The handles have checked the code.
            let _ = self.protocol.close(frame);
        }
    }

    /// Hands the protocol's output to the Io. False: there is no room.
    fn hand_over(&mut self, now: Instant) -> io::Result<bool> {
        if !self.protocol.has_data_to_send() {
            return Ok(true);
        }
        match link::lock(&self.parts.io).gather(self.protocol.output(), || now) {
            Ok(()) => {
                self.protocol.output_taken();
                self.answers = 0;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads and decodes as far as there is input, and room for messages and answers. Messages that wait to be sent do
    /// not keep it from reading: if they did so at both ends, neither would ever have room again.
    fn receive(&mut self, now: Instant) -> io::Result<()> {
        let mut read = 0;
        // Until all has been read that there is.
        self.moved.heard = true;
        while self.protocol.state() != State::Closed && link::lock(&self.shared).has_room() {
            if self.answers > ANSWER_BYTES && !self.hand_over(now)? {
                break;
            }
            let before = self.protocol.output().len();
            match self.protocol.next_event() {
                Some(event) => {
                    self.answers += self.protocol.output().len() - before;
                    self.event(event, now);
                }
                None if read >= STEP_BYTES => {
                    self.parts.wish.make();
                    break;
                }
                None => match self.read()? {
                    Some(count) => read += count,
                    None => {
                        self.moved.heard = read > 0;
                        self.moved.within = self.protocol.is_within_message();
                        break;
                    }
                },
            }
        }
        Ok(())
    }

    /// How many bytes went to the protocol; none if there are none now.
    fn read(&mut self) -> io::Result<Option<usize>> {
        let mut io = link::lock(&self.parts.io);
        match io.fill()? {
            Filled::Some => {
                let count = io.input().len();
                self.protocol.receive_data(io.input());
                io.consume(count);
                Ok(Some(count))
            }
            Filled::Nothing => Ok(None),
            Filled::End => {
                self.protocol.receive_eof();
                Ok(Some(0))
            }
        }
    }

    fn event(&mut self, event: Event, now: Instant) {
        match &event {
            Event::Message(_) => {
                self.moved.received = true;
                self.upkeep.message();
            }
            Event::Ping(_) | Event::Pong(_) if !self.upkeep.control(now) => {
                let broken = self.protocol.break_off("too many control frames");
                return self.tell(broken);
            }
            _ => {}
        }
        self.tell(event);
    }

    fn tell(&mut self, event: Event) {
        let mut shared = link::lock(&self.shared);
        match event {
            Event::Message(message) => shared.received(message),
            Event::Ping(_) => {}
            Event::Pong(payload) => shared.ponged(&payload),
            Event::Close(frame) => shared.closed_by(frame),
            Event::Failed(failure) => {
                log::debug!(target: "threadwire::websocket", "the peer is told {}", failure.close_code());
                shared.end(Ended::Failed(failure));
            }
            Event::Aborted => shared.end(Ended::Aborted),
        }
    }

    /// Does what time demands of an open connection. True: it is over.
    fn keep_up(&mut self, now: Instant) -> io::Result<bool> {
        // A Ping may be stuck behind other output, which has a deadline of its own.
        self.moved.heard |= link::lock(&self.parts.io).stall_deadline().is_some();
        match self.upkeep.look(now, self.moved) {
            Task::Nothing => return Ok(false),
            Task::Ask => {
                // An empty one is always possible while the connection is open.
                let _ = self.protocol.ping(Vec::new().into());
            }
            Task::GiveUp => {
                let text = format!("the peer has not answered Ping within {:?}", self.upkeep.keepalive_timeout());
                let _ = self.protocol.close(CloseFrame::new(CloseCode::INTERNAL_ERROR, "no answer to Ping"));
                self.send(now)?;
                link::lock(&self.shared).end(Ended::Io { kind: ErrorKind::TimedOut, text });
                return Ok(true);
            }
            Task::CloseIdle => link::lock(&self.shared).close(CloseFrame::new(CloseCode::GOING_AWAY, "idle")),
            Task::CloseLate => {
                let broken = self.protocol.break_off("a message took too long");
                self.tell(broken);
            }
        }
        self.send(now)?;
        Ok(false)
    }

    fn is_over(&mut self, now: Instant) -> bool {
        let ends = self.protocol.state() != State::Open || link::lock(&self.shared).close.is_some();
        if !ends {
            return false;
        }
        let deadline = *self.close_deadline.get_or_insert(wait::deadline(now, self.close_timeout));
        if now >= deadline {
            link::lock(&self.shared).end(Ended::Aborted);
            return true;
        }
        self.protocol.state() == State::Closed && !self.protocol.has_data_to_send()
    }
}

impl link::Engine for Engine {
    fn step(&mut self, now: Instant) -> Step {
        self.moved = Moved::default();
        // A peer that takes nothing any more may have said why.
        let sent = self.send(now);
        let received = self.receive(now);
        let moved = sent.and(received).and_then(|()| self.send(now));
        let moved = moved.and_then(|()| link::lock(&self.parts.io).check());
        let is_open = self.protocol.state() == State::Open && link::lock(&self.shared).close.is_none();
        let kept_up = moved.and_then(|()| if is_open { self.keep_up(now) } else { Ok(false) });
        let is_over = match kept_up {
            Ok(is_over) => is_over,
            Err(error) => {
                link::lock(&self.shared).end(Ended::Io { kind: error.kind(), text: error.to_string() });
                true
            }
        };
        if is_over || self.is_over(now) { Step::Finished } else { Step::Open }
    }

    fn deadline(&self) -> Option<Instant> {
        let upkeep = if self.close_deadline.is_none() { self.upkeep.deadline() } else { None };
        self.close_deadline.or(upkeep)
    }

    fn closed(&mut self) {
        link::lock(&self.shared).end(Ended::Aborted);
    }
}
