//! What one gRPC client, or all of them together, may use of a server: what is too much is refused, and that alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[path = "support/grpc.rs"]
mod support;

use std::net::TcpStream;
use std::time::Instant;
use support::proto::Ask;
use support::{
    ACK, DATA, END_STREAM, GOAWAY, HEADERS, LONG, RST_STREAM, Raw, SETTINGS, UNARY, ask, body, frame, serve_within,
    waits,
};
use threadwire::Limits;

const UPLOAD: &str = "/probe.v1.Probe/Upload";
const DOWNLOAD: &str = "/probe.v1.Probe/Download";

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// Asks again and again until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not after {LONG:?}");
        std::thread::yield_now();
    }
}

/// A client from another address of this host.
#[cfg(target_os = "linux")]
fn from_elsewhere(address: std::net::SocketAddr) -> Raw {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&stream, &"127.0.0.2:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    connect(&stream, &address).unwrap();
    let mut raw = Raw::over(TcpStream::from(stream));
    raw.write(&[support::PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
    raw
}

fn is_served(raw: &mut Raw) -> bool {
    raw.call(1, UNARY, &[], &body(&ask("x"))).status() == "0"
}

#[test]
fn one_address_has_its_connections_and_no_more() {
    let served = serve_within(limits(|limits| limits.connections_per_peer = 2), 1, "threadwire");
    let mut first = Raw::client(served.address);
    let mut second = Raw::client(served.address);
    assert!(is_served(&mut first) && is_served(&mut second));
    let mut third = Raw::client(served.address);
    let told = third.next_of(GOAWAY);
    // The last stream that was served, and NO_ERROR: it may try again.
    assert_eq!(told.payload, [&[0; 8], &b"too many connections"[..]].concat());
    #[cfg(target_os = "linux")]
    assert!(is_served(&mut from_elsewhere(served.address)));
    drop(first);
    until("a place is free", || {
        let mut raw = Raw::client(served.address);
        raw.open(1, UNARY, &[], 0);
        raw.write(&frame(DATA, END_STREAM, 1, &body(&ask("x"))));
        raw.outcome(1).status() == "0"
    });
    drop((second, third));
    until("all have left", || served.handle.connections() == 0);
    assert!(served.handle.shutdown(LONG).is_clean());
}

/// The beginning of a request that does not come whole.
fn begins(raw: &mut Raw, stream: u32, path: &str, whole: &[u8], length: usize) {
    raw.open(stream, path, &[], 0);
    raw.write(&frame(DATA, 0, stream, &whole[..length]));
    // The first is answered when it was read, the second when what was read has been looked at.
    raw.ping();
    raw.ping();
}

#[test]
fn unfinished_requests_of_all_connections_are_bounded_together() {
    let served = serve_within(limits(|limits| limits.server_unfinished_message_bytes = 10_000), 1, "threadwire");
    let large = body(&Ask { payload: vec![1; 9_000], ..Default::default() });
    let (mut one, mut other) = (Raw::client(served.address), Raw::client(served.address));
    begins(&mut one, 1, UNARY, &large, 6_000);
    other.open(1, UNARY, &[], 0);
    other.write(&frame(DATA, 0, 1, &large[..6_000]));
    let refused = other.outcome(1);
    let text = "more than 10000 bytes of unfinished requests on this server";
    assert_eq!((refused.status(), refused.message()), ("8", text));
    // Its connection lives, and what fits is served.
    assert_eq!(other.call(3, UNARY, &[], &body(&ask("x"))).status(), "0");
    // Once the first is whole, there is room again.
    one.write(&frame(DATA, END_STREAM, 1, &large[6_000..]));
    assert_eq!(one.outcome(1).status(), "0");
    assert_eq!(other.call(5, UNARY, &[], &large).status(), "0");
    // One that is given up leaves nothing behind.
    begins(&mut one, 3, UNARY, &large, 6_000);
    begins(&mut one, 5, UPLOAD, &large, 3_500);
    one.write(&[frame(RST_STREAM, 0, 3, &[0, 0, 0, 8]), frame(RST_STREAM, 0, 5, &[0, 0, 0, 8])].concat());
    let mut stream = 5;
    until("the shares are given back", || {
        stream += 2;
        other.call(stream, UNARY, &[], &large).status() == "0"
    });
}

/// Each of two streaming calls has got most of a message: there is room for one of them.
#[test]
fn what_has_come_of_streamed_messages_counts_too() {
    let of_connection = limits(|limits| limits.unfinished_message_bytes = 10_000);
    let of_server = limits(|limits| limits.server_unfinished_message_bytes = 10_000);
    for (limits, whose) in [(of_connection, "on this connection"), (of_server, "on this server")] {
        let served = serve_within(limits, 1, "threadwire");
        let large = body(&Ask { payload: vec![1; 9_000], ..Default::default() });
        let mut raw = Raw::client(served.address);
        for stream in [1, 3] {
            raw.open(stream, UPLOAD, &[], 0);
            raw.write(&frame(DATA, 0, stream, &large[..6_000]));
        }
        // Either of the two may have come second.
        let told = raw.next_of(HEADERS);
        let fields = raw.decode(&told.payload);
        assert_eq!(fields["grpc-status"], "8");
        assert!(fields["grpc-message"].ends_with(whose), "{fields:?}");
        let kept = 4 - told.stream;
        raw.write(&frame(DATA, END_STREAM, kept, &large[6_000..]));
        assert_eq!(raw.outcome(kept).status(), "0");
    }
}

#[test]
fn whole_messages_that_nobody_has_taken_are_no_unfinished_ones() {
    let served = serve_within(limits(|limits| limits.unfinished_message_bytes = 1_000), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.write(&frame(SETTINGS, ACK, 0, &[]));
    raw.open(1, UPLOAD, &[], 0);
    let small = body(&Ask { text: "x".repeat(500), ..Default::default() });
    for _ in 0..100 {
        raw.write(&frame(DATA, 0, 1, &small));
    }
    raw.write(&frame(DATA, END_STREAM, 1, &[]));
    assert_eq!(raw.outcome(1).status(), "0");
}

/// Calls of all kinds: one that waits in its handler, one that streams, one whose request is coming.
#[test]
fn concurrent_calls_are_bounded_for_a_server_and_for_a_connection() {
    let of_server = limits(|limits| limits.concurrent_calls = 3);
    let of_connection = limits(|limits| limits.concurrent_calls_per_connection = 3);
    for (limits, whose) in [(of_server, "server"), (of_connection, "connection")] {
        let served = serve_within(limits, 4, "threadwire");
        let (mut one, mut other) = (Raw::client(served.address), Raw::client(served.address));
        let waiting = body(&waits());
        for (stream, path) in [(1, UNARY), (3, UPLOAD)] {
            one.open(stream, path, &[], 0);
            one.write(&frame(DATA, END_STREAM, stream, &waiting));
        }
        served.behaviour.until_waiting(2);
        begins(&mut one, 5, UNARY, &body(&ask("x")), 3);
        let text = format!("more than 3 concurrent calls on this {whose}");
        for (stream, path) in [(7, UNARY), (9, DOWNLOAD), (11, UPLOAD)] {
            let refused = one.call(stream, path, &[], &body(&ask("x")));
            assert_eq!((refused.status(), refused.message()), ("8", text.as_str()), "{path}");
        }
        let others = other.call(1, UNARY, &[], &body(&ask("x")));
        assert_eq!(others.status(), if whose == "server" { "8" } else { "0" });
        // What is given up before its handler has begun leaves its place.
        one.write(&frame(RST_STREAM, 0, 5, &[0, 0, 0, 8]));
        let mut stream = 11;
        until("there is a place", || {
            stream += 2;
            one.call(stream, UNARY, &[], &body(&ask("x"))).status() == "0"
        });
        served.behaviour.release();
        assert_eq!(one.outcome(1).status(), "0");
    }
}

/// A client that has its answer finds the place of that call free.
#[test]
fn one_call_after_the_other_needs_one_place() {
    let served = serve_within(limits(|limits| limits.concurrent_calls = 1), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    for (stream, path) in (1..400).step_by(2).zip([UNARY, DOWNLOAD, UPLOAD].into_iter().cycle()) {
        assert_eq!(raw.call(stream, path, &[], &body(&ask("x"))).status(), "0", "{path}");
    }
}

#[test]
fn one_connection_has_its_share_of_the_streaming_calls() {
    let served = serve_within(limits(|limits| limits.streaming_calls_per_connection = 2), 1, "threadwire");
    let (mut one, mut other) = (Raw::client(served.address), Raw::client(served.address));
    for stream in [1, 3] {
        one.open(stream, DOWNLOAD, &[], 0);
        one.write(&frame(DATA, END_STREAM, stream, &body(&waits())));
    }
    served.behaviour.until_waiting(2);
    let refused = one.call(5, DOWNLOAD, &[], &body(&ask("x")));
    assert_eq!((refused.status(), refused.message()), ("8", "more than 2 streaming calls on this connection"));
    // Unary calls, and others' streams, are no concern of it.
    assert_eq!(one.call(7, UNARY, &[], &body(&ask("x"))).status(), "0");
    assert_eq!(other.call(1, DOWNLOAD, &[], &body(&ask("x"))).status(), "0");
    // A client that gives a call up has its place again only when the handler has returned.
    one.write(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    let mut stream = 9;
    until("a place is free", || {
        stream += 2;
        one.call(stream, DOWNLOAD, &[], &body(&ask("x"))).status() == "0"
    });
    served.behaviour.release();
    assert_eq!(one.outcome(3).status(), "0");
}
