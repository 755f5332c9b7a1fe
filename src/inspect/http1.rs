//! Heads of HTTP/1.1 for showing (RFC 9112 §2): the start line, the length, and what follows the head. Field lines
//! are looked at for `Upgrade`, `Content-Length` and `Transfer-Encoding` and never shown. Of a line it keeps 160
//! bytes, whatever its length.

use std::fmt;

/// A request's or response's head. Its `Display` is its one line: the start line and the head's length.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The start line, escaped to printable ASCII and cut after [`Head::SHOWN`] bytes.
    pub start_line: String,
    /// Bytes from the start line to the empty line, both included.
    pub length: u64,
}

impl Head {
    /// How many bytes of the start line are kept.
    pub const SHOWN: usize = 160;

    /// Whether it is a response's head.
    pub(super) fn is_response(&self) -> bool {
        self.start_line.starts_with("HTTP/")
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · head {} bytes", self.start_line, self.length)
    }
}

/// What comes after a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The next head.
    Head,
    /// A body of so many bytes, then the next head.
    Body(u64),
    /// A request asks to change to WebSocket, or a response has changed to it.
    WebSocket,
    /// A body whose end is not found without reading it, or another protocol.
    Unknown,
}

/// Reads one head off one direction's bytes.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    start_line: Option<String>,
    /// The beginning of the line being read, [`Head::SHOWN`] bytes at most, and whether it was longer.
    line: Vec<u8>,
    line_is_longer: bool,
    length: u64,
    is_response: bool,
    status: Option<u16>,
    upgrades_to_websocket: bool,
    content_length: Option<u64>,
    has_transfer_encoding: bool,
}

impl HeadReader {
    /// Takes bytes off `input` until the head is whole; `None` if the input ends before.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Option<(Head, After)> {
        while !input.is_empty() {
            let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
                self.keep(input);
                *input = &[];
                return None;
            };
            let (line, rest) = input.split_at(end + 1);
            self.keep(line);
            *input = rest;
            if self.line_ended() {
                let reader = std::mem::take(self);
                return Some(reader.finish());
            }
        }
        None
    }

    /// How many bytes of an unfinished head have come.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = Head::SHOWN.saturating_sub(self.line.len());
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        self.line.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
        self.line_is_longer |= text.len() > room;
    }

    /// A line is whole; says whether it was the empty one that ends the head.
    fn line_ended(&mut self) -> bool {
        let mut line = std::mem::take(&mut self.line);
        let longer = std::mem::take(&mut self.line_is_longer);
        if !longer && line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.start_line.is_none() {
            self.is_response = line.starts_with(b"HTTP/");
            self.status = status_of(&line).filter(|_| self.is_response);
            let more = if longer { "…" } else { "" };
            self.start_line = Some(format!("{}{more}", line.escape_ascii()));
            return false;
        }
        self.field(&line);
        line.is_empty()
    }

    fn field(&mut self, line: &[u8]) {
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else {
            return;
        };
        if name.eq_ignore_ascii_case("upgrade") {
            self.upgrades_to_websocket |= value.split(',').any(|item| item.trim().eq_ignore_ascii_case("websocket"));
        } else if name.eq_ignore_ascii_case("content-length") {
            self.content_length = value.trim().parse().ok();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.has_transfer_encoding = true;
        }
    }

    fn finish(self) -> (Head, After) {
        let after = self.after();
        (Head { start_line: self.start_line.unwrap_or_default(), length: self.length }, after)
    }

    fn after(&self) -> After {
        let changes = if self.is_response { self.status == Some(101) } else { self.upgrades_to_websocket };
        if changes {
            return if self.upgrades_to_websocket { After::WebSocket } else { After::Unknown };
        }
        if self.is_response && matches!(self.status, Some(100..=199 | 204 | 304)) {
            return After::Head;
        }
        match (self.has_transfer_encoding, self.content_length) {
            (false, Some(0)) => After::Head,
            (false, Some(length)) => After::Body(length),
            (false, None) if !self.is_response => After::Head,
            _ => After::Unknown,
        }
    }
}

fn status_of(start_line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(start_line).ok()?;
    text.split(' ').nth(1)?.parse().ok()
}
