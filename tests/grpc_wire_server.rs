//! The server on the wire: calls and refusals as a peer sees them that speaks frames (PROTOCOL-HTTP2.md).

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

use std::io::Read;
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask};
use support::{
    DATA, END_STREAM, GOAWAY, HEADERS, LONG, PREFACE, RST_STREAM, Raw, SETTINGS, Served, UNARY, ask, body, frame,
    serve, serve_within,
};
use threadwire::Limits;
use threadwire::grpc::CancelCause;
use threadwire::protobuf::Message as _;

fn text(data: &[u8]) -> String {
    Answer::decode(&data[5..]).unwrap().text
}

/// A call, and the outcome of a call beside it that must not be disturbed.
fn refused(served: &Served, path: &str, headers: &[(&str, &str)], sent: &[u8]) -> support::Outcome {
    let mut raw = Raw::client(served.address);
    let outcome = raw.call(1, path, headers, sent);
    let beside = raw.call(3, UNARY, &[], &body(&ask("beside")));
    assert_eq!((beside.status(), &*text(&beside.data)), ("0", "beside"));
    outcome
}

#[test]
fn a_call_as_it_should_be() {
    let served = serve();
    let outcome = Raw::client(served.address).call(1, UNARY, &[], &body(&ask("hello")));
    assert_eq!(outcome.http(), "200");
    assert_eq!(outcome.head.get("content-type").unwrap(), "application/grpc");
    assert!(!outcome.head.contains_key("grpc-status"));
    assert_eq!(text(&outcome.data), "hello");
    assert_eq!(outcome.trailers.get("grpc-status").unwrap(), "0");
    assert!(outcome.ended && outcome.reset.is_none());
}

#[test]
fn what_is_tolerated() {
    let served = serve();
    for headers in [
        &[("te", "")][..],
        &[("content-type", "application/grpc+proto")],
        &[("content-type", "application/grpc;charset=utf-8")],
        &[("grpc-encoding", "identity")],
        &[("grpc-timeout", "99999999H")],
        &[("host", "elsewhere")],
        &[("x-odd-bin", "AA==,AA")],
    ] {
        let outcome = Raw::client(served.address).call(1, UNARY, headers, &body(&ask("x")));
        assert_eq!(outcome.status(), "0", "{headers:?}");
    }
}

#[test]
fn what_is_no_call_is_answered_in_http() {
    let served = serve();
    for (headers, status) in [
        (&[(":method", "GET")][..], "405"),
        (&[(":method", "PUT")], "405"),
        (&[("content-type", "")], "415"),
        (&[("content-type", "application/grpc-web")], "415"),
        (&[("content-type", "application/json")], "415"),
        (&[("host", "a"), ("host", "b")], "400"),
    ] {
        let mut headers = headers.to_vec();
        if status == "400" {
            // `call_head` would replace the first.
            headers = vec![("host", "a")];
        }
        let mut raw = Raw::client(served.address);
        let mut head = support::call_head(UNARY, &headers);
        if status == "400" {
            head.push(("host".into(), "b".into()));
        }
        raw.write(&frame(HEADERS, support::END_HEADERS | END_STREAM, 1, &support::block(&head)));
        let outcome = raw.outcome(1);
        assert_eq!(outcome.http(), status, "{headers:?}");
        assert_eq!(outcome.head.get("content-type").unwrap(), "text/plain; charset=utf-8");
        let line = String::from_utf8(outcome.data.clone()).unwrap();
        assert!(line.ends_with('\n') && line.lines().count() == 1, "{line}");
        assert_eq!(outcome.head.contains_key("allow"), status == "405");
        assert_eq!(outcome.status(), "13");
    }
}

#[test]
fn an_answer_to_head_has_no_body() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let outcome = raw.call(1, UNARY, &[(":method", "HEAD")], &[]);
    assert_eq!((outcome.http(), &*outcome.data), ("405", &[][..]));
}

#[test]
fn paths_are_exact() {
    let served = serve();
    for path in [
        "/probe.v1.Probe/Nothing",
        "/probe.v1.Probe/unary",
        "/probe.v1.probe/Unary",
        "/probe.v1.Probe/Unary/",
        "//probe.v1.Probe/Unary",
        "/probe.v1.Probe/Unary?x=1",
        "/probe.v1.Probe/%55nary",
        "/Probe/Unary",
        "/",
        "/x",
    ] {
        let outcome = refused(&served, path, &[], &body(&ask("x")));
        assert_eq!((outcome.http(), outcome.status()), ("200", "12"), "{path}");
        assert_eq!(outcome.head.get("content-type").unwrap(), "application/grpc");
        assert!(outcome.trailers.is_empty(), "a head is the whole answer");
    }
    assert_eq!(served.behaviour.calls(), 10, "only those beside");
}

#[test]
fn what_cannot_be_understood_fails_its_call_alone() {
    let served = serve();
    let whole = body(&ask("x"));
    for (headers, sent, status) in [
        (&[("grpc-timeout", "1x")][..], &whole[..], "13"),
        (&[("grpc-timeout", "123456789S")], &whole, "13"),
        (&[("grpc-timeout", "0m")], &whole, "4"),
        (&[("x-odd-bin", "*")], &whole, "13"),
        (&[("grpc-encoding", "br")], &whole, "12"),
        (&[], &[1, 0, 0, 0, 0], "13"),
        (&[], &[2, 0, 0, 0, 0], "13"),
        (&[], &[0, 0, 0, 0, 3, 255, 255, 255], "13"),
        (&[], &[0, 0, 0, 0, 3, 255], "13"),
        (&[], &[0, 0, 0], "13"),
        (&[], &[0, 0, 64, 0, 1], "8"),
        (&[], &[0, 255, 255, 255, 255], "8"),
        (&[], &[], "12"),
        (&[], &[&whole[..], &whole].concat(), "12"),
    ] {
        let outcome = refused(&served, UNARY, headers, sent);
        assert_eq!((outcome.http(), outcome.status()), ("200", status), "{headers:?} {sent:?}");
        assert!(!outcome.message().is_empty());
        let lists = outcome.head.get("grpc-accept-encoding").cloned();
        assert_eq!(lists, (headers.first() == Some(&("grpc-encoding", "br"))).then(support::accepted));
    }
    assert_eq!(served.behaviour.calls(), 14, "only those beside");
}

#[test]
fn frames_may_be_cut_anywhere() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let sent = body(&ask("in pieces"));
    for (stream, size) in [(1, 1), (3, 2), (5, 7)] {
        raw.open(stream, UNARY, &[], 0);
        for piece in sent.chunks(size) {
            raw.write(&frame(DATA, 0, stream, piece));
            if size == 7 {
                // Padding, and nothing but padding (RFC 9113 §6.1).
                raw.write(&frame(DATA, 8, stream, &[2, 0, 0]));
            }
        }
        raw.write(&frame(DATA, END_STREAM, stream, &[]));
        let outcome = raw.outcome(stream);
        assert_eq!((outcome.status(), &*text(&outcome.data)), ("0", "in pieces"));
    }
    // And the bytes of the connection, too.
    let mut raw = Raw::connect(served.address);
    let head = support::block(&support::call_head(UNARY, &[]));
    let all = [
        PREFACE,
        &frame(SETTINGS, 0, 0, &[]),
        &frame(HEADERS, support::END_HEADERS, 1, &head),
        &frame(DATA, END_STREAM, 1, &sent),
    ]
    .concat();
    all.chunks(1).for_each(|byte| raw.write(byte));
    assert_eq!(text(&raw.outcome(1).data), "in pieces");
}

/// Rule 14: an answer before the end of the request, then NO_ERROR, so that the client stops.
#[test]
fn an_early_answer_stops_the_upload() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.open(1, "/probe.v1.Probe/Nothing", &[], 0);
    let outcome = raw.outcome(1);
    assert_eq!((outcome.status(), outcome.ended), ("12", true));
    let reset = raw.next_of(RST_STREAM);
    assert_eq!((reset.stream, reset.payload), (1, vec![0, 0, 0, 0]));
    // What was still on its way disturbs nothing.
    raw.write(&frame(DATA, END_STREAM, 1, &body(&ask("late"))));
    assert_eq!(raw.call(3, UNARY, &[], &body(&ask("x"))).status(), "0");
}

#[test]
fn the_deadline_ends_a_call_that_runs_and_one_that_is_coming() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let begin = Instant::now();
    let outcome = raw.call(1, UNARY, &[("grpc-timeout", "50m")], &body(&Ask { wait: true, ..Default::default() }));
    assert_eq!(outcome.status(), "4");
    assert!(begin.elapsed() >= Duration::from_millis(50));
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::Deadline)]);

    raw.open(3, UNARY, &[("grpc-timeout", "50m")], 0);
    assert_eq!(raw.outcome(3).status(), "4");
    // NO_ERROR: it has been answered
    let reset = raw.next_of(RST_STREAM);
    assert_eq!((reset.stream, reset.payload), (3, vec![0, 0, 0, 0]));
}

#[test]
fn a_handler_learns_why_nobody_waits() {
    let served = serve();
    let waits = body(&Ask { wait: true, ..Default::default() });
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &waits));
    served.behaviour.until_waiting(1);
    raw.write(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::Peer)]);
    raw.open(3, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 3, &waits));
    served.behaviour.until_waiting(2);
    drop(raw);
    assert_eq!(served.behaviour.causes(2)[1], Some(CancelCause::ConnectionLost));
    assert!(served.handle.shutdown(LONG).is_clean());
}

/// Rule 18: trailers fit into what the client takes; the status itself always comes.
#[test]
fn long_statuses_are_cut_to_what_the_client_takes() {
    let served = serve();
    let mut raw = Raw::connect(served.address);
    // SETTINGS_MAX_HEADER_LIST_SIZE 400
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[0, 6, 0, 0, 1, 144])].concat());
    let fails = Ask { code: 9, ..ask(&"long ".repeat(200)) };
    let outcome = raw.call(1, UNARY, &[], &body(&fails));
    assert_eq!(outcome.status(), "9");
    assert!(outcome.message().starts_with("long long ") && outcome.message().len() < 300, "{}", outcome.message());
    let size: usize = outcome.head.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    assert!(size <= 400, "{size}");
    // Metadata that does not fit fails the call in words.
    let long = "x".repeat(500);
    let outcome = raw.call(3, UNARY, &[("x-long", &long)], &body(&ask("x")));
    assert_eq!(outcome.status(), "8");
    assert_eq!(raw.call(5, UNARY, &[], &body(&ask("x"))).status(), "0");
}

#[test]
fn header_lists_above_the_limit_are_refused() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    // In one frame of 16 KiB; the list counts 32 bytes more a field.
    let long = "x".repeat(8_050);
    raw.open(1, UNARY, &[("x-long", &long), ("x-longer", &long)], END_STREAM);
    let outcome = raw.outcome(1);
    assert!(outcome.http() == "431" || outcome.reset.is_some(), "{outcome:?}");
    assert_eq!(raw.call(3, UNARY, &[], &body(&ask("x"))).status(), "0");
}

#[test]
fn http1_is_answered_in_words() {
    let served = serve();
    for request in ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST /probe.v1.Probe/Unary HTTP/1.0\r\n\r\n"] {
        let mut raw = Raw::connect(served.address);
        raw.write(request.as_bytes());
        let mut answer = String::new();
        raw.stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
        assert!(answer.contains("gRPC"), "{answer}");
    }
}

#[test]
fn another_protocol_gets_goaway_or_nothing() {
    let served = serve();
    let mut raw = Raw::connect(served.address);
    raw.write(b"SSH-2.0-OpenSSH_9.2\r\n");
    let frames = raw.rest();
    assert_eq!(frames.last().map(|frame| (frame.kind, &frame.payload[4..])), Some((GOAWAY, &[0, 0, 0, 1][..])));
    let mut tls = Raw::connect(served.address);
    tls.write(&[0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);
    assert_eq!(tls.rest(), []);
}

#[test]
fn the_first_frame_is_settings_and_comes_in_time() {
    let mut limits = Limits::default();
    limits.handshake_timeout = Duration::from_millis(200);
    let served = serve_within(limits, 1, "threadwire");
    for sent in [&b""[..], b"P", PREFACE, &[PREFACE, &[0, 0, 6, SETTINGS, 0, 0]].concat()] {
        let mut raw = Raw::connect(served.address);
        let begin = Instant::now();
        raw.write(sent);
        raw.rest();
        assert!(begin.elapsed() >= Duration::from_millis(190), "{sent:?}: {:?}", begin.elapsed());
    }
    let mut raw = Raw::connect(served.address);
    let begin = Instant::now();
    raw.write(&[PREFACE, &frame(support::PING, 0, 0, &[0; 8])].concat());
    raw.rest();
    assert!(begin.elapsed() < LONG);
    // One that began in time is kept.
    let mut raw = Raw::client(served.address);
    assert_eq!(raw.call(1, UNARY, &[], &body(&ask("x"))).status(), "0");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(raw.call(3, UNARY, &[], &body(&ask("x"))).status(), "0");
}
