//! The observer that prints: connections apart, direction marks, what a closed connection left unfinished.

use super::{PREFACE, frame, message};
use std::sync::Mutex;
use std::time::Instant;
use threadwire::inspect::Trace;
use threadwire::net::Direction::{Received, Sent};
use threadwire::net::Observer;

#[test]
fn lines_carry_the_connection_and_the_direction() {
    let lines = Mutex::new(Vec::new());
    let trace = Trace::new(|line| lines.lock().unwrap().push(line.to_string()));
    let now = Instant::now();
    let call = [PREFACE.to_vec(), frame(0, 1, 1, &message(0, b"hello"))].concat();
    trace.bytes(1, Sent, now, &call[..30]);
    trace.bytes(2, Received, now, b"GET / HTTP/1.1\r\n\r\n");
    trace.bytes(1, Sent, now, &call[30..]);
    trace.bytes(1, Received, now, &frame(4, 0, 0, &[])[..4]);
    trace.closed(1);
    // The number is not used again; if it were, it would be a new connection.
    trace.bytes(1, Received, now, b"\x16");
    trace.closed(7);
    drop(trace);
    assert_eq!(
        lines.into_inner().unwrap(),
        [
            "#1 → HTTP/2 preface 24 bytes",
            "#2 ← GET / HTTP/1.1 · head 18 bytes",
            "#1 → DATA stream=1 END_STREAM 10 bytes · gRPC message 5 bytes",
            "#1 ← cut off inside a head or body, 5 bytes missing",
            "#1 ← TLS: encrypted bytes are not followed",
        ]
    );
}
