//! The inspector: golden transcripts, the same lines at every split of the bytes, hostile bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod hostile;
mod http1;
mod http2;
mod trace;
mod websocket;

use threadwire::inspect::{Inspector, Protocol};
use threadwire::net::Direction::{self, Received, Sent};

/// Bytes in their order, each piece with its direction.
type Script = Vec<(Direction, Vec<u8>)>;

/// Pushes the script piece by piece, each cut by `cut`, and ends both directions.
fn lines_cut(protocol: Protocol, script: &Script, cut: impl Fn(&[u8]) -> Vec<&[u8]>) -> Vec<String> {
    let mut inspector = Inspector::new(protocol);
    let mut lines = Vec::new();
    for (direction, bytes) in script {
        for piece in cut(bytes) {
            let seen = inspector.push(*direction, piece);
            lines.extend(seen.iter().map(|record| format!("{direction} {record}")));
        }
    }
    for direction in [Received, Sent] {
        lines.extend(inspector.end(direction).map(|record| format!("{direction} {record}")));
    }
    lines
}

/// Checks the lines of the script: whole, byte by byte, and cut in two at every point.
#[track_caller]
fn check(protocol: Protocol, script: &Script, expected: &[&str]) {
    assert_eq!(lines_cut(protocol, script, |bytes| vec![bytes]), expected);
    assert_eq!(lines_cut(protocol, script, |bytes| bytes.chunks(1).collect()), expected, "byte by byte");
    let longest = script.iter().map(|(_, bytes)| bytes.len()).max().unwrap_or(0);
    for point in 1..longest {
        let lines = lines_cut(protocol, script, |bytes| cut_at(bytes, point));
        assert_eq!(lines, expected, "each piece cut at {point}");
    }
}

fn cut_at(bytes: &[u8], point: usize) -> Vec<&[u8]> {
    let (first, second) = bytes.split_at(point.min(bytes.len()));
    vec![first, second]
}

/// A frame of HTTP/2.
fn frame(frame_type: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([frame_type, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A gRPC message with its prefix.
fn message(compressed: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![compressed];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
