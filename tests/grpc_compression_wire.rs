//! Compression at byte level (compression.md; PROTOCOL-HTTP2.md, *Compressed-Flag*): what each end sends, and what it
//! does with what may not be there.

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

#[path = "support/compressed.rs"]
mod compressed;
#[path = "support/grpc.rs"]
mod support;

use compressed::{stored, zeros};
use support::proto::{Answer, Ask, ProbeServer};
use support::{
    Behaviour, DATA, END_HEADERS, END_STREAM, GOOD_HEAD, HEADERS, Headers, LONG, Outcome, Raw, UNARY, against, ask,
    body, data, frame, headers, serve,
};
use threadwire::grpc::{Channel, Code, Encoding, Origin, Request, Response, Server, ServerHandle, Status};
use threadwire::protobuf::Message as _;

const METHODS: [&str; 4] =
    ["/probe.v1.Probe/Unary", "/probe.v1.Probe/Download", "/probe.v1.Probe/Upload", "/probe.v1.Probe/Chat"];
const NAMES: [&str; 3] = ["gzip", "deflate", "zstd"];

/// A message behind its prefix, with this flag.
fn flagged(flag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut framed = support::prefixed(bytes);
    framed[0] = flag;
    framed
}

fn encoding(name: &str) -> Encoding {
    *Encoding::ALL.iter().find(|encoding| encoding.name() == name).unwrap()
}

/// An ask with a payload, of which 2 answers come where there may be several.
fn large() -> Vec<u8> {
    Ask { text: "large".into(), payload: vec![7; 100], count: 2, ..Default::default() }.encode_to_vec().unwrap()
}

#[test]
fn a_server_reads_each_encoding_in_each_kind_of_call() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let mut streams = (1..).step_by(2);
    for name in NAMES {
        for path in METHODS {
            for sent in [flagged(1, &stored(name, &large())), flagged(0, &large())] {
                let outcome = raw.call(streams.next().unwrap(), path, &[("grpc-encoding", name)], &sent);
                assert_eq!((outcome.http(), outcome.status()), ("200", "0"), "{name} {path}: {}", outcome.message());
                assert!(!outcome.head.contains_key("grpc-encoding"), "nothing was said of answers");
                assert_eq!(outcome.data[0], 0);
            }
        }
    }
}

#[test]
fn a_server_refuses_what_may_not_be_there() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let mut streams = (1..).step_by(2);
    let message = large();
    for path in METHODS {
        let mut status = |encodings: &[(&str, &str)], sent: &[u8]| {
            let outcome = raw.call(streams.next().unwrap(), path, encodings, sent);
            assert_eq!(outcome.http(), "200");
            (outcome.status().to_owned(), outcome.message().to_owned())
        };
        let (code, text) = status(&[], &flagged(1, &stored("gzip", &message)));
        assert!(code == "13" && text.contains("no grpc-encoding"), "{code} {text}");
        let (code, text) = status(&[("grpc-encoding", "identity")], &flagged(1, &message));
        assert!(code == "13" && text.contains("no grpc-encoding"), "{code} {text}");
        for name in NAMES {
            let of = &[("grpc-encoding", name)];
            let whole = stored(name, &message);
            let (code, text) = status(of, &flagged(2, &whole));
            assert!(code == "13" && text.contains("flag 2"), "{code} {text}");
            let (code, text) = status(of, &flagged(1, &message));
            assert!(code == "13" && text.contains(name), "no {name}: {code} {text}");
            let (code, text) = status(of, &flagged(1, b""));
            assert!(code == "13" && text.contains(name), "no {name}: {code} {text}");
            let (code, text) = status(of, &flagged(1, &whole[..whole.len() - 1]));
            assert!(code == "13" && text.contains(name), "an early end: {code} {text}");
            let (code, text) = status(of, &flagged(1, &[&whole[..], b"more"].concat()));
            assert!(code == "13" && text.contains(name), "more behind it: {code} {text}");
        }
    }
    assert_eq!(raw.call(streams.next().unwrap(), UNARY, &[], &body(&ask("a"))).status(), "0", "the connection lives");
}

#[test]
fn a_bomb_is_more_than_is_allowed() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    let mut streams = (1..).step_by(2);
    for name in NAMES {
        let bomb = flagged(1, &zeros(name, 8 << 20));
        for path in METHODS {
            let outcome = raw.call(streams.next().unwrap(), path, &[("grpc-encoding", name)], &bomb);
            assert_eq!(outcome.status(), "8", "{name} {path}: {}", outcome.message());
            assert!(outcome.message().contains("4194304"), "{}", outcome.message());
        }
        let outcome =
            raw.call(streams.next().unwrap(), UNARY, &[("grpc-encoding", name)], &flagged(1, &zeros(name, 4 << 20)));
        assert_eq!(outcome.status(), "13", "4 MiB are allowed, but zeros are no message: {}", outcome.message());
    }
}

fn serve_compressing(default: Encoding) -> (ServerHandle, Raw) {
    let service = ProbeServer::new(Behaviour::default());
    let server = Server::builder().compress(default).add_service(service).bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0];
    (server.spawn().unwrap(), Raw::client(address))
}

#[test]
fn a_server_uses_no_encoding_that_its_client_does_not_list() {
    for name in NAMES {
        let (_handle, mut raw) = serve_compressing(encoding(name));
        let mut streams = (1..).step_by(2);
        let mut answered = |path: &str, lists: &[(&str, &str)]| {
            let outcome = raw.call(streams.next().unwrap(), path, lists, &flagged(0, &large()));
            assert_eq!(outcome.status(), "0");
            let is_compressed = outcome.data[0] == 1;
            let named = outcome.head.get("grpc-encoding").map(String::as_str);
            assert_eq!(named, is_compressed.then_some(name));
            is_compressed
        };
        for path in ["/probe.v1.Probe/Unary", "/probe.v1.Probe/Download", "/probe.v1.Probe/Chat"] {
            for lists in ["identity,deflate,gzip,zstd", "br, zstd , gzip , deflate"] {
                assert!(answered(path, &[("grpc-accept-encoding", lists)]), "{lists}");
            }
            assert!(answered(path, &[("grpc-accept-encoding", "br"), ("grpc-accept-encoding", name)]));
            for other in NAMES.iter().filter(|other| **other != name).chain(&["identity", "*", "br"]) {
                assert!(!answered(path, &[("grpc-accept-encoding", other)]), "{other}");
                // What it sends itself says nothing of what it reads.
                assert!(!answered(path, &[("grpc-encoding", name)]));
            }
            assert!(!answered(path, &[]));
        }
    }
}

#[test]
fn a_failed_call_names_no_encoding() {
    let (_handle, mut raw) = serve_compressing(encoding("gzip"));
    let failing = Ask { code: 5, text: "no such thing".into(), ..Default::default() };
    for (stream, path) in [(1, METHODS[0]), (3, METHODS[2])] {
        let outcome = raw.call(stream, path, &[("grpc-accept-encoding", "gzip")], &body(&failing));
        assert_eq!((outcome.status(), outcome.head.get("grpc-encoding")), ("5", None));
    }
}

/// What a client with this channel sends, when it asks for `request`.
fn sent(default: Encoding, request: impl FnOnce(Request<Ask>) -> Request<Ask>) -> (Headers, Vec<u8>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        let opened = raw.next_of(HEADERS);
        let head = raw.decode(&opened.payload);
        let mut body = Vec::new();
        let mut ended = false;
        while !ended {
            let frame = raw.next_of(DATA);
            body.extend(frame.payload);
            ended = frame.flags & END_STREAM != 0;
        }
        let end = headers(&[(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "12")]);
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, opened.stream, &end));
        (head.into_iter().collect(), body)
    });
    let channel = Channel::builder(&target).timeout(LONG).compress(default).connect().unwrap();
    let ask = Ask { payload: vec![0; 10_000], ..Default::default() };
    let refused = support::proto::ProbeClient::new(channel).unary(request(Request::new(ask))).unwrap_err();
    // As the server said it.
    assert_eq!((refused.code(), refused.origin()), (Code::Unimplemented, Origin::Peer));
    server.join().unwrap()
}

#[test]
fn a_client_names_what_it_uses_and_lists_what_it_reads() {
    let get = |head: &Headers, name: &str| head.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    for name in NAMES {
        let (head, body) = sent(encoding(name), |request| request);
        assert_eq!(get(&head, "grpc-encoding").as_deref(), Some(name));
        assert_eq!(get(&head, "grpc-accept-encoding"), Some(support::accepted()));
        assert_eq!(body[0], 1);
        assert!(body.len() < 300, "{}", body.len());
        // Uncompressed: the head names it all the same. Identity: it does not.
        let (head, body) = sent(encoding(name), Request::uncompressed);
        assert_eq!((get(&head, "grpc-encoding").as_deref(), body[0]), (Some(name), 0));
        assert!(body.len() > 10_000);
        let (head, body) = sent(encoding(name), |request| request.with_encoding(Encoding::Identity));
        assert_eq!((get(&head, "grpc-encoding"), body[0]), (None, 0));
    }
}

/// How a unary call ends whose answer is this message, from a head with these fields.
fn answered(fields: &'static [(&str, &str)], message: Vec<u8>) -> Result<Response<Answer>, Status> {
    let (client, server) = against(move |_, mut raw| {
        let opened = raw.next_of(HEADERS);
        let stream = opened.stream;
        raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(&[GOOD_HEAD, fields].concat())));
        raw.write(&data(stream, &message, 0));
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
        raw
    });
    let outcome = client.unary(ask("hello"));
    drop(server.join().unwrap());
    outcome
}

#[test]
fn a_client_reads_each_encoding_and_refuses_what_may_not_be_there() {
    let message = Answer { text: "hi".into(), ..Default::default() }.encode_to_vec().unwrap();
    for (fields, name) in [
        (&[("grpc-encoding", "gzip")], "gzip"),
        (&[("grpc-encoding", "deflate")], "deflate"),
        (&[("grpc-encoding", "zstd")], "zstd"),
    ] {
        let response = answered(fields, flagged(1, &stored(name, &message))).unwrap();
        assert_eq!((response.message().text.as_str(), response.was_compressed()), ("hi", true));
        let response = answered(fields, flagged(0, &message)).unwrap();
        assert_eq!((response.message().text.as_str(), response.was_compressed()), ("hi", false));
        let broken = answered(fields, flagged(1, &message)).unwrap_err();
        assert!(broken.code() == Code::Internal && broken.message().contains(name), "{broken}");
        let bomb = answered(fields, flagged(1, &zeros(name, 8 << 20))).unwrap_err();
        assert_eq!(bomb.code(), Code::ResourceExhausted, "{bomb}");
    }
    let unnamed = answered(&[], flagged(1, &stored("gzip", &message))).unwrap_err();
    assert!(unnamed.code() == Code::Internal && unnamed.message().contains("no grpc-encoding"), "{unnamed}");
    let flag = answered(&[("grpc-encoding", "gzip")], flagged(2, &message)).unwrap_err();
    assert_eq!(flag.code(), Code::Internal, "{flag}");
    // An encoding that is not known is no harm as long as no message has it.
    let unknown = &[("grpc-encoding", "br")];
    assert_eq!(answered(unknown, flagged(0, &message)).unwrap().message().text, "hi");
    let unknown = answered(unknown, flagged(1, &message)).unwrap_err();
    assert_eq!(unknown.code(), Code::Internal, "{unknown}");
    assert!(unknown.message().contains("br") && unknown.message().contains("identity,deflate,gzip,zstd"), "{unknown}");
}

/// The prefix of a compressed message says how long it is compressed: that is bounded, too.
#[test]
fn a_compressed_message_that_is_too_long_as_it_comes_is_refused_at_its_prefix() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[("grpc-encoding", "gzip")], 0);
    raw.write(&frame(DATA, 0, 1, &[1, 0, 64, 0, 1]));
    let outcome: Outcome = raw.outcome(1);
    assert_eq!(outcome.status(), "8");
}
