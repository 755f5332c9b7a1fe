//! Heads of HTTP/1.1 and what follows them.

use super::check;
use threadwire::inspect::Protocol::Detect;
use threadwire::net::Direction::{Received, Sent};

#[test]
fn a_refused_upgrade_leaves_http() {
    let get = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec();
    let script = vec![
        (Received, get.clone()),
        (Sent, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nno way".to_vec()),
        (Received, get),
        (Sent, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\0".to_vec()),
    ];
    check(
        Detect,
        &script,
        &[
            "← GET / HTTP/1.1 · head 38 bytes",
            "→ HTTP/1.1 403 Forbidden · head 45 bytes",
            "← GET / HTTP/1.1 · head 38 bytes",
            "→ HTTP/1.1 101 Switching Protocols · head 56 bytes",
            "→ TEXT FIN 0 bytes",
        ],
    );
}

#[test]
fn bodies_are_passed_over() {
    let script = vec![
        (Received, b"POST /a HTTP/1.1\r\ncontent-length: 4\r\n\r\nGET GET /healthz HTTP/1.1\r\n\r\n".to_vec()),
        (Sent, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        (Sent, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/\r\n".to_vec()),
    ];
    check(
        Detect,
        &script,
        &[
            "← POST /a HTTP/1.1 · head 39 bytes",
            "← GET /healthz HTTP/1.1 · head 25 bytes",
            "→ HTTP/1.1 100 Continue · head 25 bytes",
            "→ HTTP/1.1 204 No Content · head 27 bytes",
            "→ HTTP/1.1 200 OK · head 47 bytes",
            "→ what follows is not followed",
        ],
    );
}

#[test]
fn a_start_line_is_escaped_and_cut() {
    let mut request = b"GET /\x1b[31m\xff".to_vec();
    request.extend([b'a'; 400]);
    request.extend(b" HTTP/1.1\r\nCookie: ");
    request.extend([b'b'; 400]);
    request.extend(b"\r\n\r\n");
    let line = format!("← GET /\\x1b[31m\\xff{}… · head {} bytes", "a".repeat(149), request.len());
    check(Detect, &vec![(Received, request)], &[&line]);
}

#[test]
fn words_that_begin_like_a_preface() {
    for (bytes, line) in [
        ("PUT / HTTP/1.1\r\n\r\n", "← PUT / HTTP/1.1 · head 18 bytes"),
        ("PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "← PRI * HTTP/2.0 · head 18 bytes"),
    ] {
        let seen = super::lines_cut(Detect, &vec![(Received, bytes.into())], |bytes| bytes.chunks(1).collect());
        assert_eq!(seen.first().map(String::as_str), Some(line));
    }
}

#[test]
fn what_is_no_protocol_is_said_once() {
    for (bytes, line) in [
        (&b"\x16\x03\x01\x02\x00\x01"[..], "← TLS: encrypted bytes are not followed"),
        (b"\x00\x00\x00\x01\x04\x00", "← neither HTTP/2 nor HTTP/1.1 (first byte 0x00): not followed"),
        (b"hello, port\r\n\r\n", "← neither HTTP/2 nor HTTP/1.1 (first byte 0x68): not followed"),
    ] {
        check(Detect, &vec![(Received, bytes.into())], &[line]);
    }
}

#[test]
fn a_head_that_never_ends() {
    check(Detect, &vec![(Received, b"GET / HTTP/1.1\r\nHost: x".to_vec())], &["← cut off inside a head or body"]);
    check(Detect, &vec![(Received, b"PRI * HT".to_vec())], &["← cut off inside a head or body"]);
    let body = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234".to_vec();
    let lines = ["← POST / HTTP/1.1 · head 38 bytes", "← cut off inside a head or body, 5 bytes missing"];
    check(Detect, &vec![(Received, body)], &lines);
}
