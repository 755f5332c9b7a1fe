//! How a channel connects, and what its calls are told while it cannot (gRPC's connection-backoff.md,
//! wait-for-ready.md, connectivity-semantics-and-api.md).

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

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Answer, ProbeClient};
use support::{DATA, END_HEADERS, END_STREAM, GOAWAY, GOOD_HEAD, HEADERS, LONG, Raw, ask, frame, headers, prefixed};
use threadwire::Limits;
use threadwire::grpc::{Backoff, Channel, ChannelBuilder, ChannelState, Code, Origin, Request};
use threadwire::protobuf::Message as _;

const MILLISECOND: Duration = Duration::from_millis(1);

/// Always this long, whatever chance says.
fn every(initial: Duration) -> Backoff {
    let mut backoff = Backoff::default();
    (backoff.initial, backoff.multiplier, backoff.jitter) = (initial, 1.0, 0.0);
    backoff
}

fn builder(listener: &TcpListener) -> ChannelBuilder {
    Channel::builder(&listener.local_addr().unwrap().to_string())
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Serves calls of one connection until it ends.
fn answer_all(mut raw: Raw) {
    while let Some(next) = raw.next() {
        if next.kind == DATA && next.flags & END_STREAM != 0 {
            let message = prefixed(&Answer { text: "served".into(), ..Default::default() }.encode_to_vec().unwrap());
            raw.write(&frame(HEADERS, END_HEADERS, next.stream, &headers(GOOD_HEAD)));
            raw.write(&frame(DATA, 0, next.stream, &message));
            raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, next.stream, &headers(&[("grpc-status", "0")])));
        }
    }
}

/// Ends the first `failures` connections at once, then serves one; answers when each came.
fn serve_after(listener: TcpListener, failures: usize) -> thread::JoinHandle<Vec<Instant>> {
    thread::spawn(move || {
        let mut came = Vec::new();
        for _ in 0..failures {
            let (stream, _) = listener.accept().unwrap();
            came.push(Instant::now());
            drop(stream);
        }
        let raw = Raw::accept(&listener);
        came.push(Instant::now());
        answer_all(raw);
        came
    })
}

#[test]
fn in_backoff_calls_fail_at_once_and_nobody_connects() {
    let listener = listener();
    let channel = builder(&listener).backoff(every(LONG)).connect_lazy().unwrap();
    let client = ProbeClient::new(channel.clone());
    assert_eq!(channel.state(), ChannelState::Idle);
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let begin = Instant::now();
    for _ in 0..100 {
        let status = client.unary(ask("x")).unwrap_err();
        assert_eq!((status.code(), status.origin()), (Code::Unavailable, Origin::Local));
        let text = status.message();
        assert!(text.contains("127.0.0.1:") && text.contains("the next attempt is due in "), "{text}");
    }
    assert_eq!(channel.state(), ChannelState::TransientFailure);
    assert!(begin.elapsed() < LONG / 3);
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[test]
fn a_call_may_wait_for_its_server() {
    for by_channel in [true, false] {
        let listener = listener();
        let channel = builder(&listener).backoff(every(MILLISECOND)).wait_for_ready(by_channel).connect_lazy().unwrap();
        let server = serve_after(listener, 5);
        let client = ProbeClient::new(channel);
        let mut request = Request::new(ask("x")).with_timeout(LONG);
        if !by_channel {
            request = request.with_wait_for_ready(true);
        }
        assert_eq!(client.unary(request).unwrap().message().text, "served");
        drop(client);
        assert_eq!(server.join().unwrap().len(), 6);
    }
}

#[test]
fn a_call_need_not_wait_though_its_channel_does() {
    let listener = listener();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let channel = Channel::builder(&target).backoff(every(LONG)).wait_for_ready(true).connect_lazy().unwrap();
    let request = Request::new(ask("x")).with_timeout(LONG).with_wait_for_ready(false);
    assert_eq!(ProbeClient::new(channel).unary(request).unwrap_err().code(), Code::Unavailable);
}

#[test]
fn waiting_ends_at_the_deadline_and_says_what_for() {
    let listener = listener();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = ProbeClient::new(Channel::builder(&target).backoff(every(LONG)).connect_lazy().unwrap());
    let request = || Request::new(ask("x")).with_wait_for_ready(true).with_timeout(Duration::from_millis(200));
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let status = client.unary(request()).unwrap_err();
                assert_eq!(status.code(), Code::DeadlineExceeded);
                assert!(status.message().contains(&target), "{status}");
            });
        }
    });
    assert!((Duration::from_millis(200)..LONG / 3).contains(&begin.elapsed()));
}

/// Many wait, one connects.
#[test]
fn those_that_wait_share_each_attempt() {
    let listener = listener();
    let channel = builder(&listener).backoff(every(20 * MILLISECOND)).wait_for_ready(true).connect_lazy().unwrap();
    let server = serve_after(listener, 3);
    let client = ProbeClient::new(channel);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert_eq!(client.unary(ask("x")).unwrap().message().text, "served"));
        }
    });
    drop(client);
    assert_eq!(server.join().unwrap().len(), 4);
}

#[test]
fn the_time_between_attempts_grows() {
    let listener = listener();
    let mut backoff = every(30 * MILLISECOND);
    backoff.multiplier = 2.0;
    let channel = builder(&listener).backoff(backoff).connect_lazy().unwrap();
    let server = serve_after(listener, 4);
    let client = ProbeClient::new(channel);
    client.unary(Request::new(ask("x")).with_wait_for_ready(true)).unwrap();
    drop(client);
    let came = server.join().unwrap();
    // From the beginning of an attempt: what came later here may have begun earlier there.
    let least = [20, 50, 110, 230].map(Duration::from_millis);
    for (number, least) in least.into_iter().enumerate() {
        let between = came[number + 1] - came[number];
        assert!(between >= least, "{number}: {between:?}");
    }
}

/// A connection that was made is no failure, however soon it is lost.
#[test]
fn after_a_connection_the_next_is_made_at_once() {
    let listener = listener();
    let channel = builder(&listener).backoff(every(LONG)).connect_lazy().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..5 {
            let mut raw = Raw::accept(&listener);
            raw.next_of(DATA);
        }
        answer_all(Raw::accept(&listener));
    });
    let client = ProbeClient::new(channel.clone());
    let begin = Instant::now();
    let lost = (0..100).take_while(|_| client.unary(ask("x")).is_err()).count();
    assert_eq!(lost, 5);
    assert!(begin.elapsed() < LONG / 3);
    assert_eq!(channel.state(), ChannelState::Ready);
    drop((client, channel));
    server.join().unwrap();
}

/// A server that takes connections and ends each at once: the call is made again, but not without a pause.
#[test]
fn a_server_that_ends_every_connection_is_not_stormed() {
    let listener = listener();
    let channel = builder(&listener).connect_lazy().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        loop {
            let mut raw = Raw::accept(&listener);
            counted.fetch_add(1, Ordering::SeqCst);
            // Before any call, and nothing is served.
            raw.write(&frame(GOAWAY, 0, 0, &[0; 8]));
            raw.rest();
        }
    });
    let client = ProbeClient::new(channel);
    let status = client.unary(Request::new(ask("x")).with_timeout(Duration::from_millis(500))).unwrap_err();
    assert!([Code::DeadlineExceeded, Code::Unavailable].contains(&status.code()), "{status}");
    // 10, 20, 40, 80, 160, 320 ms, after three at once; and one for each that was refused on the way.
    let connections = connections.load(Ordering::SeqCst);
    assert!((2..=12).contains(&connections), "{connections}");
}

/// An attempt is not given up with the call that began it.
#[test]
fn a_short_call_leaves_its_attempt_to_the_others() {
    let listener = listener();
    let channel = builder(&listener).connect_lazy().unwrap();
    let client = ProbeClient::new(channel.clone());
    let status = client.unary(Request::new(ask("x")).with_timeout(50 * MILLISECOND)).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(channel.state(), ChannelState::Connecting);
    let server = thread::spawn(move || {
        answer_all(Raw::accept(&listener));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "there was a second attempt");
    });
    assert_eq!(client.unary(ask("x")).unwrap().message().text, "served");
    drop((client, channel));
    server.join().unwrap();
}

#[test]
fn an_attempt_has_its_own_time() {
    let listener = listener();
    let mut limits = Limits::default();
    limits.connect_timeout = 50 * MILLISECOND;
    let channel = builder(&listener).limits(limits).backoff(every(LONG)).connect_lazy().unwrap();
    let status = ProbeClient::new(channel).unary(ask("x")).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("connecting to"), "{status}");
}

/// Its last clone gone, a connection is ended in order: GOAWAY, and the end of its output.
#[test]
fn a_channel_that_is_dropped_says_goodbye() {
    let listener = listener();
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        let opened = raw.next_of(HEADERS);
        (raw, opened.stream)
    });
    let channel = Channel::builder(&target).connect().unwrap();
    let client = ProbeClient::new(channel.clone());
    // A call of one clone is not touched by the end of another; nor is one whose clones are all gone.
    let mut responses = client.download(ask("x")).unwrap();
    let (mut raw, stream) = server.join().unwrap();
    drop(channel);
    drop(client);
    let message = prefixed(&Answer { text: "late".into(), ..Default::default() }.encode_to_vec().unwrap());
    raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
    raw.write(&frame(DATA, 0, stream, &message));
    assert_eq!(responses.receive().unwrap().unwrap().text, "late");
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
    assert!(responses.receive().unwrap().is_none());
    drop(responses);
    let last = raw.rest();
    assert!(last.iter().any(|frame| frame.kind == GOAWAY && frame.payload[4..8] == [0; 4]), "{last:?}");
}
