//! WebSocket frames for showing (RFC 6455 §5.2): opcode, flags, length, close code. Payload is counted down and
//! never kept, but for the two bytes of a close code.

use super::gather::Gather;
use std::fmt;

/// A frame. Its `Display` is its one line: opcode, flags, length, and for CLOSE the code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// What the frame is.
    pub opcode: Opcode,
    /// Whether it is the last of its message.
    pub fin: bool,
    /// The three reserved bits, RSV1 highest; extensions use them.
    pub rsv: u8,
    /// Whether the payload is masked: always so from a client, never from a server.
    pub masked: bool,
    /// The length of the payload, in bytes.
    pub length: u64,
    /// The code of a CLOSE frame that has one.
    pub close_code: Option<CloseCode>,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode(pub u8);

impl Opcode {
    /// A CLOSE frame.
    pub const CLOSE: Self = Self(0x8);
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0 => "CONTINUATION",
            0x1 => "TEXT",
            0x2 => "BINARY",
            0x8 => "CLOSE",
            0x9 => "PING",
            0xa => "PONG",
            other => return write!(f, "opcode 0x{other:x}"),
        })
    }
}

/// Why a connection is closed (RFC 6455 §7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        f.write_str(match self.0 {
            1000 => " normal closure",
            1001 => " going away",
            1002 => " protocol error",
            1003 => " unsupported data",
            1007 => " invalid payload data",
            1008 => " policy violation",
            1009 => " message too big",
            1010 => " mandatory extension",
            1011 => " internal error",
            1012 => " service restart",
            1013 => " try again later",
            1014 => " bad gateway",
            _ => "",
        })
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.opcode)?;
        for (set, name) in [
            (self.fin, "FIN"),
            (self.rsv & 0b100 != 0, "RSV1"),
            (self.rsv & 0b010 != 0, "RSV2"),
            (self.rsv & 0b001 != 0, "RSV3"),
            (self.masked, "MASKED"),
        ] {
            if set {
                write!(f, " {name}")?;
            }
        }
        write!(f, " {} bytes", self.length)?;
        if let Some(code) = self.close_code { write!(f, " · {code}") } else { Ok(()) }
    }
}

/// Reads frames off one direction's bytes, cut anywhere.
#[derive(Debug)]
pub(super) struct FrameReader {
    /// Two bytes, perhaps two or eight of length, perhaps four of the mask.
    head: Gather<14>,
    current: Option<Current>,
    frames: u64,
}

/// A frame whose payload has not all passed.
#[derive(Debug)]
struct Current {
    frame: Frame,
    mask: [u8; 4],
    left: u64,
    kept: Gather<2>,
}

impl FrameReader {
    pub(super) fn new() -> Self {
        Self { head: Gather::new(), current: None, frames: 0 }
    }

    /// Takes bytes off `input` until a frame is whole; `None` if the input ends before.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<Frame> {
        if self.current.is_none() {
            if !self.head.take(2, input) || !self.head.take(self.head_length(), input) {
                return None;
            }
            self.current = Some(Current::begin(self.head.all()));
            self.head.clear();
        }
        if !self.current.as_mut()?.push(input) {
            return None;
        }
        self.frames += 1;
        Some(self.current.take()?.finish())
    }

    /// The length of the head whose first two bytes are here.
    fn head_length(&self) -> usize {
        let [_, second, ..] = self.head.all();
        let length = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + if second & 0x80 != 0 { 4 } else { 0 }
    }

    /// Whether nothing has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.frames == 0 && self.current.is_none() && self.head.bytes().is_empty()
    }

    /// The frame inside which the bytes stopped, and how many bytes of it are missing; without a frame, bytes of
    /// its head.
    pub(super) fn unfinished(&self) -> Option<(Option<Frame>, u64)> {
        match &self.current {
            Some(current) => Some((Some(current.frame.clone()), current.left)),
            None if self.head.bytes().is_empty() => None,
            None => {
                let want = if self.head.bytes().len() < 2 { 2 } else { self.head_length() };
                Some((None, (want - self.head.bytes().len()) as u64))
            }
        }
    }
}

impl Current {
    fn begin(head: [u8; 14]) -> Self {
        let [first, second, rest @ ..] = head;
        let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11] = rest;
        let (length, mask) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes([b0, b1])), [b2, b3, b4, b5]),
            127 => (u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7]), [b8, b9, b10, b11]),
            short => (u64::from(short), [b0, b1, b2, b3]),
        };
        let masked = second & 0x80 != 0;
        let frame = Frame {
            opcode: Opcode(first & 0x0f),
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0b111,
            masked,
            length,
            close_code: None,
        };
        Self { frame, mask: if masked { mask } else { [0; 4] }, left: length, kept: Gather::new() }
    }

    /// Takes what belongs to this frame off `input`; says whether the frame is whole.
    fn push(&mut self, input: &mut &[u8]) -> bool {
        let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        let (mut bytes, rest) = input.split_at(here);
        *input = rest;
        self.left -= here as u64;
        if self.frame.opcode == Opcode::CLOSE {
            self.kept.take(2, &mut bytes);
        }
        self.left == 0
    }

    fn finish(self) -> Frame {
        let Self { mut frame, mask: [m0, m1, ..], kept, .. } = self;
        if frame.opcode == Opcode::CLOSE && frame.length >= 2 {
            let [c0, c1] = kept.all();
            frame.close_code = Some(CloseCode(u16::from_be_bytes([c0 ^ m0, c1 ^ m1])));
        }
        frame
    }
}
