//! What a call cannot be, and what of it is too large: which answer each gets, and that the connection goes on.

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

use support::proto::Ask;
use support::{DATA, END_STREAM, PREFACE, Raw, SETTINGS, ask, body, frame, serve};
use threadwire::grpc::{Code, Request};

const METHODS: [&str; 4] =
    ["/probe.v1.Probe/Unary", "/probe.v1.Probe/Download", "/probe.v1.Probe/Upload", "/probe.v1.Probe/Chat"];

/// The answer says what is understood (compression.md).
#[test]
fn a_call_of_an_unknown_encoding_is_unimplemented() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    for (stream, path) in (1..).step_by(2).zip(METHODS) {
        let mut compressed = body(&ask("a"));
        compressed[0] = 1;
        let outcome = raw.call(stream, path, &[("grpc-encoding", "br")], &compressed);
        assert_eq!((outcome.http(), outcome.status()), ("200", "12"), "{path}");
        assert_eq!(outcome.head["grpc-accept-encoding"], support::accepted(), "{path}");
        assert_eq!(outcome.head["content-type"], "application/grpc", "{path}");
    }
    assert_eq!(served.behaviour.calls(), 0);
    assert_eq!(raw.call(9, METHODS[0], &[("grpc-encoding", "identity")], &body(&ask("a"))).status(), "0");
}

#[test]
fn what_is_no_call_is_answered_in_http() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let cases = [
        ([("content-type", "application/grpc-web"), ("te", "trailers")], "415"),
        ([("content-type", ""), ("te", "trailers")], "415"),
        ([(":method", "PUT"), ("te", "trailers")], "405"),
    ];
    for (stream, (changes, status)) in (1..).step_by(2).zip(cases) {
        let outcome = raw.call(stream, METHODS[3], &changes, &body(&ask("a")));
        assert_eq!((outcome.http(), outcome.status()), (status, "13"), "{changes:?}");
        assert!(outcome.data.starts_with(b"this port speaks gRPC; ") && outcome.data.ends_with(b"\n"));
    }
    assert_eq!(served.behaviour.calls(), 0);
}

/// Rule of the method's kind; grpc-java says INTERNAL, grpc-go UNIMPLEMENTED.
#[test]
fn a_download_has_exactly_one_request() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    assert_eq!(raw.call(1, METHODS[1], &[], &[]).status(), "12");
    let two = [body(&ask("a")), body(&ask("b"))].concat();
    assert_eq!(raw.call(3, METHODS[1], &[], &two).status(), "12");
    assert_eq!(raw.call(5, METHODS[1], &[], &body(&ask("a"))).status(), "0");
}

#[test]
fn an_end_within_a_message_is_internal() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    for (stream, path) in (1..).step_by(2).zip(METHODS) {
        let whole = body(&ask("a"));
        assert_eq!(raw.call(stream, path, &[], &whole[..whole.len() - 1]).status(), "13", "{path}");
    }
}

#[test]
fn a_message_over_the_limit_ends_its_call() {
    let served = serve();
    let client = served.client();
    let large = Ask { payload: vec![0; 5 * 1024 * 1024], ..Default::default() };
    // The upload is refused by what its first prefix says, while the client still sends.
    let (mut requests, response) = client.upload(Request::new(())).unwrap();
    assert!((0..100).any(|_| requests.send(large.clone()).is_err()), "it sends on and on");
    assert_eq!(response.receive().unwrap_err().code(), Code::ResourceExhausted);
    // A download's message is refused by the client.
    let mut responses = client.download(Ask { count: 3, size: 5 * 1024 * 1024, ..Default::default() }).unwrap();
    assert_eq!(responses.receive().unwrap_err().code(), Code::ResourceExhausted);
    assert!(responses.receive().unwrap().is_none());
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
    assert_eq!(served.handle.connections(), 1);
}

/// Our limit of 16 KiB, as RFC 9113 §6.5.2 counts.
#[test]
fn metadata_over_the_limit_fails_its_call_alone() {
    let served = serve();
    let client = served.client();
    for (length, code) in
        [(1_000, None), (15_000, None), (17_000, Some(Code::Internal)), (200_000, Some(Code::Internal))]
    {
        let mut request = Request::new(Ask { count: 1, ..ask("") });
        request.metadata_mut().append("x-large", &"v".repeat(length)).unwrap();
        let outcome = client.download(request).and_then(|mut responses| responses.receive());
        assert_eq!(outcome.err().map(|status| status.code()), code, "{length}");
    }
    assert_eq!(served.handle.connections(), 1);
    // A client that sends it in spite of that is answered by h2.
    let mut raw = Raw::client(served.address);
    // Few bytes, many fields: the whole lies in one frame.
    let names: Vec<String> = (0..400).map(|number| format!("x-many-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "value")).collect();
    let outcome = raw.call(1, METHODS[3], &many, &[]);
    assert_eq!(outcome.http(), "431");
    assert_eq!(raw.call(3, METHODS[0], &[], &body(&ask("a"))).status(), "0");
}

/// The length of a header list as RFC 9113 §6.5.2 counts it.
fn size(fields: &std::collections::BTreeMap<String, String>) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len() + 32).sum()
}

/// gRPC's C core announces 16 KiB and refuses, by chance, what is above 8 KiB.
#[test]
fn a_long_message_does_not_cost_the_status() {
    let served = serve();
    let mut raw = Raw::connect(served.address);
    // SETTINGS_MAX_HEADER_LIST_SIZE
    raw.write(&[PREFACE, &frame(SETTINGS, 0, 0, &[0, 6, 0, 0, 0x40, 0])].concat());
    let failing = Ask { code: 9, text: "é".repeat(3_000), ..Default::default() };
    for (stream, path) in (1..).step_by(2).zip(METHODS) {
        raw.open(stream, path, &[], 0);
        raw.write(&frame(DATA, END_STREAM, stream, &body(&failing)));
        let outcome = raw.outcome(stream);
        assert_eq!(outcome.status(), "9", "{path}");
        let fields = if outcome.trailers.is_empty() { &outcome.head } else { &outcome.trailers };
        assert!((7_500..=8_192).contains(&size(fields)), "{path}: {}", size(fields));
    }
}
