//! Bytes → one line a frame: what passes on a connection, for people who want to see the protocols' frames.
//!
//! It owns the reading of frame heads for showing: HTTP/2 (RFC 9113 §4.1, §6), gRPC message prefixes inside DATA
//! (PROTOCOL-HTTP2, *Length-Prefixed-Message*), heads of HTTP/1.1 (RFC 9112) and WebSocket frames (RFC 6455 §5.2).
//! It does no I/O, reads no clock, judges no peer and changes nothing: the protocol rooms enforce, this room only
//! shows. It never shows payload, header fields or metadata; the one text of the peer in a line is an HTTP/1.1
//! start line, escaped and cut.
//!
//! ```text
//!            ┌ PRI * HTTP/2.0 ─ or ─ 00 … 04 ─→ http2: frame head → payload (counted, a few bytes kept) → frame head …
//!   detect ──┤ GET, HTTP/1.1 … ───────────────→ http1: head → body (counted) → head …
//!            │                                             └ an upgrade → websocket: frame → frame …
//!            └ anything else ─────────────────→ one line that says so, then silence
//! ```
//!
//! Each direction of a connection is read on its own, at whatever points its bytes are cut; what is kept of a frame
//! is bounded (see [`Inspector`]), so a hostile length only counts down.
//!
//! ```
//! use threadwire::inspect::{Inspector, Protocol};
//! use threadwire::net::Direction;
//!
//! let mut inspector = Inspector::new(Protocol::Detect);
//! let seen = inspector.push(Direction::Sent, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
//! let lines: Vec<String> = seen.iter().map(ToString::to_string).collect();
//! assert_eq!(lines, ["HTTP/2 preface 24 bytes", "SETTINGS 0 bytes"]);
//! ```

mod gather;
pub mod http1;
pub mod http2;
mod inspector;
mod trace;
pub mod websocket;

pub use inspector::{Inspector, Protocol, Record};
pub use trace::{Line, Trace};
