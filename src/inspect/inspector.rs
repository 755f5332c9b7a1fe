//! One connection, both directions: finds out what each speaks and hands on the frames. It keeps nothing of payloads.

use super::gather::Gather;
use super::http1::{After, Head, HeadReader};
use super::{http2, websocket};
use crate::net::Direction;
use std::fmt;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// Found out from the first bytes of each direction.
    Detect,
    /// HTTP/2, from the client's preface or from the first frame.
    Http2,
    /// WebSocket frames, after the handshake.
    WebSocket,
}

/// One thing seen on a connection. Its `Display` is its one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// The client's connection preface (RFC 9113 §3.4).
    Http2Preface,
    /// A frame of HTTP/2.
    Http2(http2::Frame),
    /// A head of HTTP/1.1.
    Http1(Head),
    /// A frame of WebSocket.
    WebSocket(websocket::Frame),
    /// The bytes are no protocol known here; nothing more of this direction is shown.
    NotFollowed {
        /// The first byte.
        first_byte: u8,
    },
    /// A body or another protocol follows; nothing more of this direction is shown.
    BodyNotFollowed,
    /// The direction ended inside this.
    CutOff {
        /// The frame whose payload is not whole; `None` if it is a head or a body of HTTP/1.1.
        frame: Option<Box<Record>>,
        /// Bytes that are missing, where that is known.
        missing: Option<u64>,
    },
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http2Preface => write!(f, "HTTP/2 preface {} bytes", http2::PREFACE.len()),
            Self::Http2(frame) => write!(f, "{frame}"),
            Self::Http1(head) => write!(f, "{head}"),
            Self::WebSocket(frame) => write!(f, "{frame}"),
            Self::NotFollowed { first_byte: 0x16 } => f.write_str("TLS: encrypted bytes are not followed"),
            Self::NotFollowed { first_byte } => {
                write!(f, "neither HTTP/2 nor HTTP/1.1 (first byte 0x{first_byte:02x}): not followed")
            }
            Self::BodyNotFollowed => f.write_str("what follows is not followed"),
            Self::CutOff { frame, missing } => {
                match frame {
                    Some(frame) => write!(f, "{frame} · cut off")?,
                    None => f.write_str("cut off inside a head or body")?,
                }
                if let Some(missing) = missing { write!(f, ", {missing} bytes missing") } else { Ok(()) }
            }
        }
    }
}

/// Reads both directions of one connection.
///
/// Bytes may be cut anywhere: the records are the same. What is kept is bounded: a frame's head, a few values of
/// its payload, and per direction of an HTTP/2 connection where each of at most 4,096 streams stands inside its
/// gRPC message.
#[derive(Debug)]
pub struct Inspector {
    received: State,
    sent: State,
}

/// Where one direction stands.
#[derive(Debug)]
enum State {
    /// Before the first bytes have said what it is; up to a preface's length is kept.
    Detecting {
        first: Gather<24>,
        told_http2: bool,
    },
    Http2(http2::FrameReader),
    Http1(HeadReader),
    /// A body of which so many bytes are to come; then another head.
    Http1Body(u64),
    WebSocket(websocket::FrameReader),
    Silent,
}

impl State {
    fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Detect => Self::Detecting { first: Gather::new(), told_http2: false },
            Protocol::Http2 => Self::Detecting { first: Gather::new(), told_http2: true },
            Protocol::WebSocket => Self::WebSocket(websocket::FrameReader::new()),
        }
    }
}

impl Inspector {
    /// A connection that has just begun.
    pub fn new(protocol: Protocol) -> Self {
        Self { received: State::new(protocol), sent: State::new(protocol) }
    }

    /// More bytes of one direction; answers what is whole with them.
    pub fn push(&mut self, direction: Direction, mut bytes: &[u8]) -> Vec<Record> {
        let (this, other) = match direction {
            Direction::Received => (&mut self.received, &mut self.sent),
            Direction::Sent => (&mut self.sent, &mut self.received),
        };
        let mut records = Vec::new();
        while !bytes.is_empty() {
            this.next(&mut bytes, other, &mut records);
        }
        records
    }

    /// The direction has ended; answers what it ended inside of, if it did.
    pub fn end(&mut self, direction: Direction) -> Option<Record> {
        let state = match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        };
        std::mem::replace(state, State::Silent).cut_off()
    }
}

impl State {
    /// Takes at least one byte off `input` (unless it is empty); what became whole goes to `records`.
    fn next(&mut self, input: &mut &[u8], other: &mut State, records: &mut Vec<Record>) {
        match self {
            Self::Detecting { first, told_http2 } => {
                first.take(first.bytes().len() + 1, input);
                if let Some(found) = detect(first.bytes(), *told_http2) {
                    let first = *first;
                    self.begin(found, first.bytes(), other, records);
                }
            }
            Self::Http2(reader) => {
                let Some(frame) = reader.next(input) else { return };
                if let (http2::FrameType::RST_STREAM, Self::Http2(other)) = (frame.frame_type, other) {
                    other.forget(frame.stream);
                }
                records.push(Record::Http2(frame));
            }
            Self::Http1(reader) => {
                let Some((head, after)) = reader.next(input) else { return };
                let is_response = head.is_response();
                records.push(Record::Http1(head));
                self.after_head(is_response, after, other, records);
            }
            Self::Http1Body(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *input = input.get(here..).unwrap_or_default();
                *left -= here as u64;
                if *left == 0 {
                    *self = Self::Http1(HeadReader::default());
                }
            }
            Self::WebSocket(reader) => records.extend(reader.next(input).map(Record::WebSocket)),
            Self::Silent => *input = &[],
        }
    }

    /// The first bytes have said what the direction speaks; they are read again as that.
    fn begin(&mut self, found: Found, mut first: &[u8], other: &mut State, records: &mut Vec<Record>) {
        match found {
            Found::Preface => {
                records.push(Record::Http2Preface);
                *self = Self::Http2(http2::FrameReader::new());
                return;
            }
            Found::Frames => *self = Self::Http2(http2::FrameReader::new()),
            Found::Http1 => *self = Self::Http1(HeadReader::default()),
            Found::Nothing => {
                records.extend(first.first().map(|first_byte| Record::NotFollowed { first_byte: *first_byte }));
                *self = Self::Silent;
            }
        }
        while !first.is_empty() {
            self.next(&mut first, other, records);
        }
    }

    fn after_head(&mut self, is_response: bool, after: After, other: &mut State, records: &mut Vec<Record>) {
        if is_response && after != After::WebSocket && matches!(other, Self::WebSocket(frames) if frames.is_untouched())
        {
            // The upgrade was refused: the client's side speaks HTTP/1.1 on.
            *other = Self::Http1(HeadReader::default());
        }
        *self = match after {
            After::Head => Self::Http1(HeadReader::default()),
            After::Body(length) => Self::Http1Body(length),
            After::WebSocket => Self::WebSocket(websocket::FrameReader::new()),
            After::Unknown => {
                records.push(Record::BodyNotFollowed);
                Self::Silent
            }
        };
    }

    /// What the direction is inside of.
    fn cut_off(self) -> Option<Record> {
        let (frame, missing) = match self {
            Self::Detecting { first, .. } if !first.bytes().is_empty() => (None, None),
            Self::Http1(reader) if reader.length() > 0 => (None, None),
            Self::Http1Body(missing) => (None, Some(missing)),
            Self::Http2(reader) => {
                let (frame, missing) = reader.unfinished()?;
                (frame.map(Record::Http2), Some(missing))
            }
            Self::WebSocket(reader) => {
                let (frame, missing) = reader.unfinished()?;
                (frame.map(Record::WebSocket), Some(missing))
            }
            Self::Detecting { .. } | Self::Http1(_) | Self::Silent => return None,
        };
        Some(Record::CutOff { frame: frame.map(Box::new), missing })
    }
}

/// What the first bytes of a direction are.
enum Found {
    Preface,
    Frames,
    Http1,
    Nothing,
}

/// Looks at the first bytes; `None` if they do not say it yet.
fn detect(first: &[u8], told_http2: bool) -> Option<Found> {
    if first == http2::PREFACE {
        return Some(Found::Preface);
    }
    if http2::PREFACE.starts_with(first) {
        return None;
    }
    if told_http2 {
        return Some(Found::Frames);
    }
    match first {
        // A method, or `HTTP/1.1`.
        [b'A'..=b'Z', ..] => Some(Found::Http1),
        // A server's first frame is SETTINGS, far shorter than 64 KiB.
        [0, _, _, frame_type, ..] if *frame_type == http2::FrameType::SETTINGS.0 => Some(Found::Frames),
        [0] | [0, _] | [0, _, _] => None,
        _ => Some(Found::Nothing),
    }
}
