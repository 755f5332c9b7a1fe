//! gRPC messages inside DATA frames: where each begins, however the frames are cut (PROTOCOL-HTTP2,
//! *Length-Prefixed-Message*: one byte that says whether it is compressed, four of length). Bodies are counted down
//! and never kept.
//!
//! Whether a stream speaks gRPC stands in its header fields, which are not decoded here; a first byte other than 0
//! or 1 says that it does not, and the stream is left alone from there.

use crate::inspect::gather::Gather;
use std::collections::HashMap;
use std::fmt;

/// What a DATA frame holds of gRPC messages, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataParts {
    /// The first parts, [`DataParts::SHOWN`] at most.
    pub first: Vec<MessagePart>,
    /// How many came after these.
    pub more: u32,
}

impl DataParts {
    /// How many parts of a frame are kept: a frame of 16 MiB could hold three million empty messages.
    pub const SHOWN: usize = 8;

    fn add(&mut self, part: MessagePart) {
        if self.first.len() < Self::SHOWN {
            self.first.push(part);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// A part of a DATA frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessagePart {
    /// A message whose prefix ends in this frame.
    Message {
        /// Whether the message is compressed.
        compressed: bool,
        /// Its length, in bytes.
        length: u32,
    },
    /// The message of an earlier frame goes on.
    Continued {
        /// Bytes of it that are still to come after this frame.
        left: u32,
    },
    /// The frame ends inside a prefix.
    PrefixBegun {
        /// How many bytes of the five have come.
        have: usize,
    },
    /// The stream ends inside a message.
    CutOff,
    /// The first byte of a prefix is neither 0 nor 1.
    NotGrpc {
        /// That byte.
        first_byte: u8,
    },
}

impl fmt::Display for DataParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.first.iter().enumerate() {
            f.write_str(if index == 0 { " · " } else { ", " })?;
            write!(f, "{part}")?;
        }
        if self.more > 0 { write!(f, " and {} more", self.more) } else { Ok(()) }
    }
}

impl fmt::Display for MessagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { compressed: false, length } => write!(f, "gRPC message {length} bytes"),
            Self::Message { compressed: true, length } => write!(f, "gRPC message compressed {length} bytes"),
            Self::Continued { left: 0 } => f.write_str("gRPC message continued to its end"),
            Self::Continued { left } => write!(f, "gRPC message continued, {left} bytes to come"),
            Self::PrefixBegun { have } => write!(f, "{have} of 5 bytes of a gRPC prefix"),
            Self::CutOff => f.write_str("the stream ends inside a gRPC message"),
            Self::NotGrpc { first_byte } => write!(f, "not gRPC (0x{first_byte:02x} where 0 or 1 is expected)"),
        }
    }
}

/// Where one direction of one stream stands.
#[derive(Debug)]
pub(super) enum Progress {
    /// In a prefix, or before one.
    Prefix(Gather<5>),
    /// In a message of which so many bytes are still to come.
    Body(u32),
    /// Not followed.
    NotGrpc,
}

impl Progress {
    fn new() -> Self {
        Self::Prefix(Gather::new())
    }

    fn is_between_messages(&self) -> bool {
        matches!(self, Self::Prefix(prefix) if prefix.bytes().is_empty())
    }

    /// A frame with `data` bytes begins.
    pub(super) fn begin(&self, data: u32, parts: &mut DataParts) {
        if let Self::Body(left) = self
            && data > 0
        {
            parts.add(MessagePart::Continued { left: left.saturating_sub(data) });
        }
    }

    /// Some of the frame's bytes.
    pub(super) fn push(&mut self, mut data: &[u8], parts: &mut DataParts) {
        while let Some(first) = data.first() {
            match self {
                Self::NotGrpc => return,
                Self::Prefix(prefix) if prefix.bytes().is_empty() && *first > 1 => {
                    parts.add(MessagePart::NotGrpc { first_byte: *first });
                    *self = Self::NotGrpc;
                }
                Self::Prefix(prefix) => {
                    if prefix.take(5, &mut data) {
                        let [compressed, length @ ..] = prefix.all();
                        let length = u32::from_be_bytes(length);
                        parts.add(MessagePart::Message { compressed: compressed == 1, length });
                        *self = if length == 0 { Self::new() } else { Self::Body(length) };
                    }
                }
                Self::Body(left) => {
                    let here = u32::try_from(data.len()).unwrap_or(u32::MAX).min(*left);
                    data = data.get(here as usize..).unwrap_or_default();
                    *left -= here;
                    if *left == 0 {
                        *self = Self::new();
                    }
                }
            }
        }
    }

    /// The frame has ended.
    pub(super) fn end(&self, parts: &mut DataParts) {
        if let Self::Prefix(prefix) = self
            && !prefix.bytes().is_empty()
        {
            parts.add(MessagePart::PrefixBegun { have: prefix.bytes().len() });
        }
    }
}

/// The streams of one direction that stand inside a message.
#[derive(Debug, Default)]
pub(super) struct Streams {
    unfinished: HashMap<u32, Progress>,
    gave_up: bool,
}

impl Streams {
    /// Streams inside a message at once that are followed, about 24 bytes each: far above what servers allow to be
    /// open. Beyond it messages are no longer shown on this connection, since a stream that was lost cannot be
    /// picked up again.
    const FOLLOWED: usize = 4096;

    /// Where `stream` stands; `None` if messages are not followed any more.
    pub(super) fn take(&mut self, stream: u32) -> Option<Progress> {
        if self.gave_up {
            return None;
        }
        Some(self.unfinished.remove(&stream).unwrap_or_else(Progress::new))
    }

    /// Remembers where `stream` stands, unless that needs no memory.
    pub(super) fn put_back(&mut self, stream: u32, progress: Progress) {
        if progress.is_between_messages() {
            return;
        }
        if self.unfinished.len() >= Self::FOLLOWED {
            self.gave_up = true;
            self.unfinished = HashMap::new();
            return;
        }
        self.unfinished.insert(stream, progress);
    }

    /// The stream has ended cleanly; says whether that was inside a message.
    pub(super) fn end(&mut self, stream: u32) -> bool {
        matches!(self.unfinished.remove(&stream), Some(Progress::Prefix(_) | Progress::Body(_)))
    }

    /// The stream has been reset.
    pub(super) fn forget(&mut self, stream: u32) {
        self.unfinished.remove(&stream);
    }
}

impl Streams {
    /// The last DATA frame of `stream` has ended at `progress`.
    pub(super) fn end_at(&mut self, stream: u32, progress: Progress, parts: &mut DataParts) {
        self.put_back(stream, progress);
        if self.end(stream) {
            parts.add(MessagePart::CutOff);
        }
    }
}
