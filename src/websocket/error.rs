//! The error of WebSocket operations. A clean close is not one of them.

use super::close::{CloseCode, CloseFrame};
use std::fmt;

/// What went wrong with a connection, or with making it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nothing can be sent any more: one of the two sides has closed the connection.
    Closed,
    /// The peer closed the connection with a code that says that something went wrong.
    ClosedByPeer(CloseFrame),
    /// The connection ended without a Close frame.
    Aborted,
    /// The peer broke the protocol, or a limit on how it is used; it has been told so with `close_code`.
    Protocol {
        /// 1002 protocol error, 1007 text that is not UTF-8, or 1008 for a limit.
        close_code: CloseCode,
        /// Which rule was broken.
        rule: String,
    },
    /// The peer's message, or one to be sent, is too big. (The peer has been told so with 1009.)
    TooBig {
        /// Its length in bytes, as far as it is known.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// Text was asked for, and the message is binary.
    NotText {
        /// The length of the message, in bytes.
        length: usize,
    },
    /// The code may not stand in a Close frame.
    CloseCode(CloseCode),
    /// The server did not agree to speak WebSocket.
    Refused {
        /// Its HTTP status.
        status: http::StatusCode,
        /// The beginning of what it said, at most 1 KiB.
        body: String,
    },
    /// The other side of the handshake sent what no WebSocket peer sends.
    Handshake {
        /// The part of the message that is wrong, such as `Sec-WebSocket-Accept`.
        part: &'static str,
        /// What was expected.
        expected: String,
        /// What came.
        found: String,
    },
    /// A request header cannot be set: it is not one of HTTP, or it belongs to the handshake.
    Header {
        /// Its name.
        name: String,
    },
    /// `wss://` was asked for, and this version has no TLS.
    TlsMissing {
        /// The URL as it was given.
        url: String,
    },
    /// What lies below WebSocket failed: an address, the network, a deadline, a thread.
    Local(crate::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the connection has been closed; nothing can be sent any more"),
            Self::ClosedByPeer(frame) => write!(f, "the peer closed the connection: {frame}"),
            Self::Aborted => f.write_str("the connection ended without a Close frame"),
            Self::Protocol { close_code, rule } => write!(f, "the peer broke the protocol ({close_code}): {rule}"),
            Self::TooBig { length, limit } => {
                write!(f, "a message of {length} bytes is too big: at most {limit} bytes are taken")
            }
            Self::NotText { length } => write!(f, "expected a text message, got {length} bytes of binary"),
            Self::CloseCode(code) => {
                write!(
                    f,
                    "the close code {} cannot be sent: expected 1000 to 1003, 1007 to 1014 or 3000 to 4999",
                    code.0
                )
            }
            Self::Refused { status, body } if body.is_empty() => {
                write!(f, "the server refused the WebSocket: {status}")
            }
            Self::Refused { status, body } => {
                write!(f, "the server refused the WebSocket: {status}: {}", body.trim().escape_debug())
            }
            Self::Handshake { part, expected, found } => {
                write!(f, "handshake: {part}: expected {expected}, got {}", found.escape_debug())
            }
            Self::Header { name } => {
                write!(f, "the request header '{}' cannot be set", name.escape_debug())
            }
            Self::TlsMissing { url } => {
                write!(f, "cannot connect to {url}: wss:// needs TLS, which this version has not; use ws://")
            }
            Self::Local(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Local(error) => Some(error),
            _ => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Self::Local(error)
    }
}
