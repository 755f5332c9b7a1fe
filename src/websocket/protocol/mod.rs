//! One end of the WebSocket protocol (RFC 6455) after the handshake, without I/O and without a clock: bytes in, events
//! out; messages in, bytes out. Inside, for now, tungstenite's `WebSocketContext` over bytes in memory.
//!
//! ```text
//!            send, ping          close / a violation by the peer
//!   Open ─────────────────► Closing (our Close is in the output; the peer's is awaited)
//!    │ peer's Close (answered at once)      │ peer's Close, the end of its output, or our violation notice
//!    └───────────────► Closed ◄─────────────┘   `data_to_send` is still to be sent
//! ```

mod heads;
mod pipe;
#[cfg(test)]
mod tests;

use super::close::{CloseCode, CloseFrame};
use super::{Error, Message};
use crate::Limits;
use bytes::{Bytes, BytesMut};
use heads::Heads;
use pipe::Pipe;
use std::fmt;
use tungstenite::error::CapacityError;
use tungstenite::protocol::frame::coding;
use tungstenite::protocol::{self as frames, WebSocketConfig, WebSocketContext};

/// The size of tungstenite's reads: it fills each with zeros first, and keeps the buffer for the connection's life.
const READ_BYTES: usize = 8 * 1024;
/// Shorter binary messages are copied out of tungstenite's buffer: each is a slice of it, and one that waits would hold
/// all of it, which may be as long as the longest frame so far.
const COPIED_BYTES: usize = 64 * 1024;
/// The largest payload of a control frame (RFC 6455 §5.5).
const CONTROL_BYTES: usize = 125;

/// Which end of the connection this is: a client's frames are masked, a server's are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The end that was asked.
    Server,
    /// The end that asked.
    Client,
}

/// How far the connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Messages pass both ways.
    Open,
    /// Our Close frame is in the output; the peer's has not come.
    Closing,
    /// Nothing more is decoded or encoded; what `data_to_send` gives is still to be sent.
    Closed,
}

/// What has been received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A Ping; its Pong is in the output.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// The peer's Close frame; if it was the first, its answer is in the output. The last event.
    Close(CloseFrame),
    /// The peer broke the protocol; if possible, a Close frame that says so is in the output. The last event.
    Failed(Failure),
    /// The peer's bytes ended without a Close frame. The last event.
    Aborted,
}

/// How the peer broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A rule of the protocol: close code 1002, or 1007 for text that is not UTF-8; or one of [`Limits`]: 1008.
    Rule {
        /// The close code that the peer is told.
        close_code: CloseCode,
        /// The rule, in words.
        rule: String,
    },
    /// A message or frame above the limit: 1009.
    TooBig {
        /// Its length in bytes, as far as it is known.
        length: usize,
        /// The limit.
        limit: usize,
    },
}

impl Failure {
    /// The code that the peer is told.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Rule { close_code, .. } => *close_code,
            Self::TooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rule { close_code, rule } => Self::Protocol { close_code, rule },
            Failure::TooBig { length, limit } => Self::TooBig { length, limit },
        }
    }
}

/// One end of one connection.
///
/// ```
/// use threadwire::websocket::protocol::{Event, Protocol, Role};
/// let limits = threadwire::Limits::default();
/// let mut client = Protocol::new(Role::Client, &limits);
/// let mut server = Protocol::new(Role::Server, &limits);
/// client.send("hello".into())?;
/// server.receive_data(&client.data_to_send());
/// assert_eq!(server.next_event(), Some(Event::Message("hello".into())));
/// assert_eq!(server.next_event(), None);
/// # Ok::<(), threadwire::websocket::Error>(())
/// ```
pub struct Protocol {
    context: WebSocketContext,
    pipe: Pipe,
    heads: Heads,
    most_fragments: usize,
    /// A message has more; the rest of what came is not looked at.
    too_many_fragments: bool,
    state: State,
}

impl Protocol {
    /// An end right after the handshake. Of `limits` those of messages and frames are used.
    pub fn new(role: Role, limits: &Limits) -> Self {
        let role = match role {
            Role::Server => frames::Role::Server,
            Role::Client => frames::Role::Client,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(limits.websocket_message_bytes))
            .max_frame_size(Some(limits.websocket_frame_bytes));
        Self {
            context: WebSocketContext::new(role, Some(config)),
            pipe: Pipe::default(),
            heads: Heads::default(),
            most_fragments: limits.websocket_fragments,
            too_many_fragments: false,
            state: State::Open,
        }
    }

    /// How far the connection has come.
    pub fn state(&self) -> State {
        self.state
    }

    /// Takes bytes that came from the peer. They are decoded by [`Protocol::next_event`], so that a reader may stop in
    /// between.
    pub fn receive_data(&mut self, bytes: &[u8]) {
        if self.state == State::Closed || self.too_many_fragments {
            return;
        }
        let taken = match self.heads.look(bytes, self.most_fragments) {
            Ok(()) => bytes,
            Err(until) => {
                self.too_many_fragments = true;
                bytes.get(..until).unwrap_or_default()
            }
        };
        self.pipe.input.extend_from_slice(taken);
    }

    /// Whether a message of the peer has begun and not come whole.
    pub(crate) fn is_within_message(&self) -> bool {
        self.heads.is_within()
    }

    /// The peer's bytes have ended.
    pub fn receive_eof(&mut self) {
        self.pipe.ended = true;
    }

    /// The next of what has been received; nothing if more bytes are needed, or after the last event.
    pub fn next_event(&mut self) -> Option<Event> {
        while self.state != State::Closed {
            let event = match self.context.read(&mut self.pipe) {
                Ok(message) => self.event(message),
                Err(tungstenite::Error::Io(_)) if self.too_many_fragments => {
                    Some(self.break_off(&format!("a message has at most {} fragments", self.most_fragments)))
                }
                Err(tungstenite::Error::Io(_)) => return None,
                Err(error) => Some(self.fail(error)),
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    fn event(&mut self, message: frames::Message) -> Option<Event> {
        match message {
            frames::Message::Text(text) => Some(Event::Message(Message::Text(text.as_str().to_owned()))),
            frames::Message::Binary(data) if data.len() < COPIED_BYTES => {
                Some(Event::Message(Message::Binary(Bytes::copy_from_slice(&data))))
            }
            frames::Message::Binary(data) => Some(Event::Message(Message::Binary(data))),
            frames::Message::Ping(data) => {
                // The answer waits in the context until something is written.
                let _ = self.context.flush(&mut self.pipe);
                Some(Event::Ping(data))
            }
            frames::Message::Pong(data) => Some(Event::Pong(data)),
            frames::Message::Close(frame) => {
                let _ = self.context.flush(&mut self.pipe);
                self.state = State::Closed;
                Some(Event::Close(frame.map_or_else(
                    || CloseFrame::new(CloseCode::NO_CODE, ""),
                    |frame| CloseFrame::new(u16::from(frame.code), frame.reason.as_str()),
                )))
            }
            // Never read (tungstenite's own words).
            frames::Message::Frame(_) => None,
        }
    }

    fn fail(&mut self, error: tungstenite::Error) -> Event {
        let failure = match error {
            tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
            | tungstenite::Error::ConnectionClosed
            | tungstenite::Error::AlreadyClosed => {
                self.state = State::Closed;
                return Event::Aborted;
            }
            tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                Failure::TooBig { length: size, limit: max_size }
            }
            tungstenite::Error::Utf8(_) => Failure::Rule {
                close_code: CloseCode::INVALID_PAYLOAD,
                rule: "the text of a message or of a close reason is UTF-8".to_owned(),
            },
            other => Failure::Rule { close_code: CloseCode::PROTOCOL_ERROR, rule: other.to_string() },
        };
        self.end(failure, "")
    }

    /// The peer has broken a rule that is not one of the protocol: it is told so with 1008.
    pub(crate) fn break_off(&mut self, rule: &str) -> Event {
        self.end(Failure::Rule { close_code: CloseCode::POLICY_VIOLATION, rule: rule.to_owned() }, rule)
    }

    fn end(&mut self, failure: Failure, reason: &str) -> Event {
        let told = CloseFrame::new(failure.close_code(), reason);
        // Does nothing if our Close has been sent already.
        let _ = self.context.close(&mut self.pipe, Some(wire(told)));
        self.state = State::Closed;
        self.pipe.input = BytesMut::new();
        Event::Failed(failure)
    }

    /// Puts a message into the output.
    ///
    /// # Errors
    /// [`Error::Closed`] after a Close frame of either side.
    pub fn send(&mut self, message: Message) -> Result<(), Error> {
        self.write(match message {
            Message::Text(text) => frames::Message::Text(text.into()),
            Message::Binary(data) => frames::Message::Binary(data),
        })
    }

    /// Puts a Ping into the output.
    ///
    /// # Errors
    /// [`Error::TooBig`] if `payload` has more than 125 bytes; [`Error::Closed`] after a Close frame of either side.
    pub fn ping(&mut self, payload: Bytes) -> Result<(), Error> {
        if payload.len() > CONTROL_BYTES {
            return Err(Error::TooBig { length: payload.len(), limit: CONTROL_BYTES });
        }
        self.write(frames::Message::Ping(payload))
    }

    fn write(&mut self, message: frames::Message) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::Closed);
        }
        // The pipe takes everything, so that only the context's state can refuse.
        self.context.write(&mut self.pipe, message).map_err(|_| Error::Closed)
    }

    /// Puts a Close frame into the output; one without a code if it is [`CloseCode::NO_CODE`]. Does nothing after a
    /// Close frame of either side.
    ///
    /// # Errors
    /// [`Error::CloseCode`] if the code may not be sent.
    pub fn close(&mut self, frame: CloseFrame) -> Result<(), Error> {
        if self.state != State::Open {
            return Ok(());
        }
        let frame = match frame.code {
            CloseCode::NO_CODE => None,
            code if code.may_be_sent() => Some(wire(frame)),
            code => return Err(Error::CloseCode(code)),
        };
        self.state = State::Closing;
        let _ = self.context.close(&mut self.pipe, frame);
        Ok(())
    }

    /// Whether there is output.
    pub fn has_data_to_send(&self) -> bool {
        !self.pipe.output.is_empty()
    }

    /// The output, without taking it.
    pub(crate) fn output(&self) -> &[u8] {
        &self.pipe.output
    }

    /// Throws the output away: it was taken.
    pub(crate) fn output_taken(&mut self) {
        self.pipe.output.clear();
        self.pipe.rest();
    }

    /// Takes the output: all of it must be sent, in order.
    pub fn data_to_send(&mut self) -> Bytes {
        std::mem::take(&mut self.pipe.output).freeze()
    }
}

fn wire(frame: CloseFrame) -> frames::CloseFrame {
    frames::CloseFrame { code: coding::CloseCode::from(frame.code.0), reason: frame.reason.into() }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protocol")
            .field("state", &self.state)
            .field("undecoded", &self.pipe.input.len())
            .field("to_send", &self.pipe.output.len())
            .finish_non_exhaustive()
    }
}
