//! The client on the wire: what it sends, and what it makes of answers that no good server gives (PROTOCOL-HTTP2.md,
//! `http-grpc-status-mapping.md`).

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

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask, ProbeClient};
use support::{
    DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, GOOD_HEAD, HEADERS, LONG, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE,
    against, ask, frame, headers, prefixed,
};
use threadwire::grpc::{Channel, Code, Origin, Request, Response, Status};
use threadwire::protobuf::Message as _;

fn answer(text: &str) -> Vec<u8> {
    prefixed(&Answer { text: text.into(), ..Default::default() }.encode_to_vec().unwrap())
}

/// The whole request of the next call: its stream, head and body.
fn request(raw: &mut Raw) -> (u32, BTreeMap<String, String>, Vec<u8>) {
    let opened = raw.next_of(HEADERS);
    let head = raw.decode(&opened.payload);
    let mut body = Vec::new();
    loop {
        let Frame { kind, flags, payload, .. } = raw.next().unwrap();
        if kind == DATA {
            body.extend(payload);
            if flags & END_STREAM != 0 {
                return (opened.stream, head, body);
            }
        }
    }
}

/// What a call comes to whose server answers with these frames (without stream numbers: kind, flags, payload).
fn outcome(frames: &[(u8, u8, Vec<u8>)]) -> Result<Response<Answer>, Status> {
    let frames = frames.to_vec();
    let (client, server) = against(move |_, mut raw| {
        let (stream, ..) = request(&mut raw);
        for (kind, flags, payload) in frames {
            raw.write(&frame(kind, flags, stream, &payload));
        }
        raw
    });
    let result = client.unary(ask("hello"));
    server.join().unwrap();
    result
}

fn head(pairs: &[(&str, &str)], flags: u8) -> (u8, u8, Vec<u8>) {
    (HEADERS, END_HEADERS | flags, headers(pairs))
}

fn data(bytes: &[u8], flags: u8) -> (u8, u8, Vec<u8>) {
    (DATA, flags, bytes.to_vec())
}

fn trailers(status: &str) -> (u8, u8, Vec<u8>) {
    head(&[("grpc-status", status)], END_STREAM)
}

fn code(frames: &[(u8, u8, Vec<u8>)]) -> Code {
    outcome(frames).unwrap_err().code()
}

#[test]
fn a_request_is_what_the_protocol_says() {
    let (client, server) = against(|_, mut raw| {
        let (stream, head, body) = request(&mut raw);
        raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
        raw.write(&frame(DATA, 0, stream, &answer("hi")));
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
        (head, body, raw)
    });
    let mut request = Request::new(ask("hello")).with_timeout(Duration::from_secs(5));
    request.metadata_mut().append("x-user", "7").unwrap();
    request.metadata_mut().append_bin("x-data-bin", vec![0, 255]).unwrap();
    assert_eq!(client.unary(request).unwrap().message().text, "hi");
    let (mut head, body, _raw) = server.join().unwrap();
    let timeout = head.remove("grpc-timeout").unwrap();
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    assert!(digits.parse::<u32>().unwrap() <= 5_000_000 && unit == "u", "{timeout}");
    assert!(head.remove(":authority").unwrap().starts_with("127.0.0.1:"));
    assert!(head.remove("user-agent").unwrap().starts_with("grpc-rust-threadwire/"));
    let rest: Vec<_> = head.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        rest,
        [
            (":method", "POST"),
            (":path", "/probe.v1.Probe/Unary"),
            (":scheme", "http"),
            ("content-type", "application/grpc"),
            ("grpc-accept-encoding", &support::accepted()),
            ("te", "trailers"),
            ("x-data-bin", "AP8"),
            ("x-user", "7"),
        ]
    );
    assert_eq!(body, prefixed(&ask("hello").encode_to_vec().unwrap()));
}

#[test]
fn answers_in_any_pieces_are_understood() {
    let sent = answer("in pieces");
    let mut frames = vec![head(GOOD_HEAD, 0)];
    frames.extend(sent.iter().map(|byte| data(&[*byte], 0)));
    frames.push(data(&[], 0));
    frames.push(trailers("0"));
    assert_eq!(outcome(&frames).unwrap().message().text, "in pieces");
    // 1xx comes before, and is passed over.
    frames.insert(0, head(&[(":status", "103")], 0));
    assert_eq!(outcome(&frames).unwrap().message().text, "in pieces");
}

#[test]
fn a_status_is_found_where_it_stands() {
    let fails =
        [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "5"), ("grpc-message", "no%20%41")];
    let status = outcome(&[head(&fails, END_STREAM)]).unwrap_err();
    assert_eq!((status.code(), status.message(), status.origin()), (Code::NotFound, "no A", Origin::Peer));
    // In a head that more follows it means nothing.
    let reply = outcome(&[head(&fails, 0), data(&answer("x"), 0), trailers("0")]).unwrap();
    assert_eq!(reply.message().text, "x");
    assert_eq!(code(&[head(GOOD_HEAD, 0), data(&answer("x"), 0), trailers("7")]), Code::PermissionDenied);
    assert_eq!(code(&[head(GOOD_HEAD, 0), trailers("10")]), Code::Aborted);
    assert_eq!(code(&[head(GOOD_HEAD, 0), trailers("99")]), Code::Unknown);
}

#[test]
fn without_a_status_http_decides() {
    for (status, expected) in [
        ("400", Code::Internal),
        ("401", Code::Unauthenticated),
        ("403", Code::PermissionDenied),
        ("404", Code::Unimplemented),
        ("429", Code::Unavailable),
        ("431", Code::Internal),
        ("500", Code::Unknown),
        ("502", Code::Unavailable),
        ("503", Code::Unavailable),
        ("504", Code::Unavailable),
    ] {
        let page = [(":status", status), ("content-type", "text/html")];
        assert_eq!(code(&[head(&page, 0), data(b"<html>", END_STREAM)]), expected, "{status}");
        assert_eq!(code(&[head(&page, END_STREAM)]), expected, "{status}");
        // Unless the answer says a status of its own.
        let kind = [(":status", status), ("content-type", "text/plain"), ("grpc-status", "13")];
        assert_eq!(code(&[head(&kind, 0), data(b"words", END_STREAM)]), Code::Internal);
    }
    let page = [(":status", "200"), ("content-type", "text/html")];
    assert_eq!(code(&[head(&page, 0), data(b"<html>", END_STREAM)]), Code::Unknown);
    assert_eq!(code(&[head(GOOD_HEAD, END_STREAM)]), Code::Unknown);
    assert_eq!(code(&[head(GOOD_HEAD, 0), data(&answer("x"), END_STREAM)]), Code::Unknown);
}

#[test]
fn what_breaks_the_rules_is_told() {
    let begin = head(GOOD_HEAD, 0);
    for (sent, expected) in [
        (answer("x")[..3].to_vec(), Code::Internal),
        (answer("x")[..6].to_vec(), Code::Internal),
        (vec![1, 0, 0, 0, 0], Code::Internal),
        (vec![9, 0, 0, 0, 0], Code::Internal),
        (vec![0, 0, 0, 0, 2, 10, 100], Code::Internal),
        (vec![0, 0, 64, 0, 1], Code::ResourceExhausted),
        (vec![0, 255, 255, 255, 255], Code::ResourceExhausted),
        ([answer("x"), answer("y")].concat(), Code::Unimplemented),
        (vec![], Code::Unimplemented),
    ] {
        let status = outcome(&[begin.clone(), data(&sent, 0), trailers("0")]).unwrap_err();
        assert_eq!((status.code(), status.origin()), (expected, Origin::Local), "{sent:?}");
    }
    let odd = [(":status", "200"), ("content-type", "application/grpc"), ("x-odd-bin", "*")];
    assert_eq!(code(&[head(&odd, 0), data(&answer("x"), 0), trailers("0")]), Code::Internal);
}

#[test]
fn resets_have_their_codes() {
    for (error, expected) in [
        (0, Code::Internal),
        (1, Code::Internal),
        (2, Code::Internal),
        (3, Code::Internal),
        (7, Code::Unavailable),
        (8, Code::Cancelled),
        (11, Code::ResourceExhausted),
        (12, Code::PermissionDenied),
    ] {
        let reset = (RST_STREAM, 0, vec![0, 0, 0, error]);
        // REFUSED_STREAM before a head has the call made again (tests/grpc_client_retry.rs).
        if error != 7 {
            assert_eq!(code(std::slice::from_ref(&reset)), expected, "{error}");
        }
        assert_eq!(code(&[head(GOOD_HEAD, 0), reset.clone()]), expected, "{error}");
        assert_eq!(code(&[head(GOOD_HEAD, 0), data(&answer("x")[..4], 0), reset]), expected, "{error}");
    }
    // Behind the trailers, NO_ERROR only stops the upload.
    let whole = [head(GOOD_HEAD, 0), data(&answer("x"), 0), trailers("0"), (RST_STREAM, 0, vec![0; 4])];
    assert_eq!(outcome(&whole).unwrap().message().text, "x");
}

#[test]
fn a_server_that_answers_early_is_heard() {
    let (client, server) = against(|_, mut raw| {
        let opened = raw.next_of(HEADERS);
        let refused = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "8")];
        // Without a reset: the client must not wait for window that never comes.
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, opened.stream, &headers(&refused)));
        raw
    });
    let large = Ask { payload: vec![0; 3 << 20], ..Default::default() };
    assert_eq!(client.unary(large).unwrap_err().code(), Code::ResourceExhausted);
    server.join().unwrap();
}

/// As servers do that refuse a call whose requests have not ended (RFC 9113 §8.1).
#[test]
fn a_head_that_is_all_counts_though_a_reset_comes_with_it() {
    let (client, server) = against(|_, mut raw| {
        for _ in 0..20 {
            let stream = raw.next_of(HEADERS).stream;
            let refused = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "7")];
            let end = frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&refused));
            raw.write(&[end, frame(RST_STREAM, 0, stream, &0_u32.to_be_bytes())].concat());
        }
        raw
    });
    for _ in 0..20 {
        let (_requests, response) = client.upload(Request::new(())).unwrap();
        assert_eq!(response.receive().unwrap_err().code(), Code::PermissionDenied);
    }
    server.join().unwrap();
}

#[test]
fn who_stops_sending_to_a_server_that_has_answered_hears_the_answer() {
    const CALLS: u32 = 300;
    let (client, server) = against(|_, mut raw| {
        raw.write(&frame(WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes()));
        let (mut answered, mut resets) = (BTreeSet::new(), 0);
        // Once an answer is all read, nothing of the stream is left. (The reset may come behind the next call's head.)
        while resets < CALLS {
            let Frame { kind, stream, .. } = raw.next().unwrap();
            if kind == DATA && answered.insert(stream) {
                // In the middle of the upload, and without a reset.
                raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
                raw.write(&frame(DATA, 0, stream, &answer("enough")));
                raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
            }
            resets += u32::from(kind == RST_STREAM && answered.contains(&stream));
        }
        raw
    });
    for number in 0..CALLS {
        let (mut requests, response) = client.upload(Request::new(())).unwrap();
        while requests.send(ask("more")).is_ok() {}
        // Which may be before the end of the server's half has been understood, but not before it has come.
        drop(requests);
        let response = response.receive().unwrap_or_else(|status| panic!("call {number}: {status}"));
        assert_eq!(response.message().text, "enough");
    }
    server.join().unwrap();
}

#[test]
fn a_deadline_ends_the_call_and_resets_it() {
    let (client, server) = against(|_, mut raw| {
        let (stream, ..) = request(&mut raw);
        let reset = raw.next_of(RST_STREAM);
        assert_eq!((reset.stream, reset.payload), (stream, vec![0, 0, 0, 8]));
        raw
    });
    let begin = Instant::now();
    let status = client.unary(Request::new(ask("x")).with_timeout(Duration::from_millis(100))).unwrap_err();
    assert_eq!((status.code(), status.origin()), (Code::DeadlineExceeded, Origin::Local));
    assert!((Duration::from_millis(100)..LONG).contains(&begin.elapsed()));
    server.join().unwrap();
    // It covers the sending, too: this server gives no window beyond the first 65,535 bytes.
    let (client, server) = against(|_, mut raw| raw.next_of(RST_STREAM));
    let large = Request::new(Ask { payload: vec![0; 1 << 20], ..Default::default() });
    let status = client.unary(large.with_timeout(Duration::from_millis(100))).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    server.join().unwrap();
    // And one that has passed already sends nothing.
    let (client, server) = against(|_, raw| raw);
    let status = client.unary(Request::new(ask("x")).with_timeout(Duration::ZERO)).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    server.join().unwrap();
}

#[test]
fn a_lost_connection_is_made_again() {
    let (client, server) = against(|listener, mut raw| {
        request(&mut raw);
        drop(raw);
        let mut raw = Raw::accept(listener);
        let (stream, ..) = request(&mut raw);
        raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
        raw.write(&frame(DATA, 0, stream, &answer("again")));
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
        raw
    });
    assert_eq!(client.unary(ask("x")).unwrap_err().code(), Code::Unavailable);
    assert_eq!(client.unary(ask("x")).unwrap().message().text, "again");
    server.join().unwrap();
}

#[test]
fn after_goaway_calls_go_to_another_connection() {
    let (client, server) = against(|listener, mut raw| {
        let whole = |raw: &mut Raw, stream: u32, text: &str| {
            raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
            raw.write(&frame(DATA, 0, stream, &answer(text)));
            raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
        };
        let (stream, ..) = request(&mut raw);
        raw.write(&frame(GOAWAY, 0, 0, &[&stream.to_be_bytes()[..], &[0; 4]].concat()));
        // The call that was begun is finished.
        whole(&mut raw, stream, "first");
        let mut second = Raw::accept(listener);
        let (stream, ..) = request(&mut second);
        whole(&mut second, stream, "second");
        (raw, second)
    });
    assert_eq!(client.unary(ask("x")).unwrap().message().text, "first");
    assert_eq!(client.unary(ask("x")).unwrap().message().text, "second");
    server.join().unwrap();
}

#[test]
fn as_many_streams_as_the_server_allows() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut raw = Raw::over(listener.accept().unwrap().0);
        std::io::Read::read_exact(&mut raw.stream, &mut [0; 24]).unwrap();
        // SETTINGS_MAX_CONCURRENT_STREAMS 1
        raw.write(&frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]));
        for _ in 0..10 {
            // A second stream beside would break the assertion of `request` that DATA belongs to it.
            let (stream, _, body) = request(&mut raw);
            let text = Ask::decode(&body[5..]).unwrap().text;
            raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
            raw.write(&frame(DATA, 0, stream, &answer(&text)));
            raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
        }
        raw
    });
    let client = ProbeClient::new(Channel::builder(&target).timeout(LONG).connect().unwrap());
    thread::scope(|scope| {
        for number in 0..10 {
            let client = client.clone();
            scope.spawn(move || {
                let text = format!("call {number}");
                assert_eq!(client.unary(ask(&text)).unwrap().message().text, text);
            });
        }
    });
    server.join().unwrap();
}

#[test]
fn what_cannot_be_connected_to_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Channel::connect(&target).unwrap_err();
    assert!(matches!(error, threadwire::Error::Connect { .. }) && error.to_string().contains(&target), "{error}");
    let lazy = ProbeClient::new(Channel::builder(&target).connect_lazy().unwrap());
    for _ in 0..2 {
        let status = lazy.unary(ask("x")).unwrap_err();
        assert_eq!((status.code(), status.origin()), (Code::Unavailable, Origin::Local));
        assert!(status.message().contains(&target), "{status}");
        assert!(std::error::Error::source(&status).unwrap().downcast_ref::<threadwire::Error>().is_some());
    }
    assert!(matches!(Channel::connect("nowhere"), Err(threadwire::Error::Address { .. })));
    assert!(matches!(Channel::connect("https://localhost:1"), Err(threadwire::Error::Address { .. })));
}

#[test]
fn a_server_of_another_protocol_is_named() {
    for (says, expected) in
        [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.x"), (b"\x15\x03\x03\0\x02\x02\x46", "TLS"), (b"", "")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || listener.accept().unwrap().0.write_all(says));
        let error = Channel::connect(&target).unwrap_err();
        server.join().unwrap().unwrap();
        assert!(matches!(error, threadwire::Error::Connect { .. }) && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut limits = threadwire::Limits::default();
    limits.connect_timeout = Duration::from_millis(100);
    let error = Channel::builder(&target).limits(limits).connect().unwrap_err();
    assert!(matches!(error, threadwire::Error::TimedOut { .. }), "{error}");
    // A call's own deadline is shorter than the time for connecting: ten threads, and none waits for the other's.
    let client = ProbeClient::new(Channel::builder(&target).connect_lazy().unwrap());
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..10 {
            let request = Request::new(ask("x")).with_timeout(Duration::from_millis(100));
            scope.spawn(|| assert_eq!(client.unary(request).unwrap_err().code(), Code::DeadlineExceeded));
        }
    });
    assert!(begin.elapsed() < Duration::from_secs(10));
}
