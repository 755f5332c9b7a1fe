//! The server's side of the handshake at byte level.

use super::server::{Accepted, Rules, ServerHandshake};
use super::{Origins, Refusal};

const REQUEST: &str = "GET /chat?room=1 HTTP/1.1\r\nHost: localhost:8765\r\nUpgrade: WebSocket\r\n\
     Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Protocol: superchat, chat\r\n\r\n";

fn handshake() -> ServerHandshake {
    ServerHandshake::new(Rules { origins: Origins::SameHost, subprotocols: vec!["chat".to_owned()] }, 16 * 1024)
}

fn outcome(request: &str) -> Result<Accepted, Refusal> {
    handshake().receive(request.as_bytes()).map(|accepted| accepted.expect("a whole head"))
}

fn refusal(request: &str) -> String {
    let answer = String::from_utf8(outcome(request).unwrap_err().answer()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())) || request.starts_with("HEAD"), "{head}");
    answer
}

#[test]
fn the_request_is_accepted_at_every_split_point() {
    let with_frame = [REQUEST.as_bytes(), b"\x81\x80\0\0\0\0"].concat();
    for split in 0..=with_frame.len() {
        let mut handshake = handshake();
        let first = handshake.receive(&with_frame[..split]).unwrap();
        assert_eq!(first.is_some(), split >= REQUEST.len(), "split at {split}");
        let accepted = first.or_else(|| handshake.receive(&with_frame).unwrap()).unwrap();
        assert_eq!(accepted.head_bytes, REQUEST.len());
        assert_eq!(accepted.request.uri(), "/chat?room=1");
        assert_eq!(accepted.request.headers()["host"], "localhost:8765");
        assert_eq!(accepted.subprotocol.as_deref(), Some("chat"));
        assert_eq!(
            String::from_utf8(accepted.answer).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
        );
    }
}

#[test]
fn byte_by_byte_the_head_is_found_where_it_ends() {
    let mut handshake = handshake();
    let whole = REQUEST.as_bytes();
    for end in 1..whole.len() {
        assert!(handshake.receive(&whole[..end]).unwrap().is_none());
    }
    assert!(handshake.receive(whole).unwrap().is_some());
}

#[test]
fn plain_http_is_told_what_this_port_speaks() {
    let answer = refusal("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    assert!(answer.contains("Upgrade: websocket\r\n") && answer.contains("Connection: Upgrade"), "{answer}");
    assert!(answer.contains("This port speaks WebSocket"), "{answer}");
}

#[test]
fn each_wrong_request_has_its_status() {
    let changed = |from: &str, to: &str| {
        assert!(REQUEST.contains(from), "{from}");
        REQUEST.replace(from, to)
    };
    for (request, status) in [
        (changed("GET ", "POST "), "405"),
        (changed("HTTP/1.1", "HTTP/1.0"), "505"),
        (changed("HTTP/1.1", "HTTP/2.0"), "400"),
        (changed("Host: localhost:8765\r\n", ""), "400"),
        (changed("Host: localhost:8765\r\n", "Host: a\r\nHost: b\r\n"), "400"),
        (changed("Connection: keep-alive, Upgrade\r\n", "Connection: keep-alive\r\n"), "426"),
        (changed("Upgrade: WebSocket\r\n", "Upgrade: h2c\r\n"), "426"),
        (changed("Version: 13", "Version: 12"), "426"),
        (changed("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), "400"),
        (changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ!="), "400"),
        (changed("Sec-WebSocket-Version", "Content-Length: 5\r\nSec-WebSocket-Version"), "400"),
        (changed("Host: ", "Origin: http://evil.example\r\nHost: "), "403"),
        (changed("/chat?room=1", "no path"), "400"),
        ("\x16\x03\x01\x02 what a TLS client says first, padded to more than sixty-four bytes".to_owned(), "400"),
    ] {
        let answer = refusal(&request);
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request} {answer}");
    }
}

#[test]
fn a_wrong_version_is_told_the_right_one_and_a_method_the_allowed_one() {
    assert!(refusal(&REQUEST.replace("Version: 13", "Version: 8")).contains("Sec-WebSocket-Version: 13\r\n"));
    assert!(refusal("POST / HTTP/1.1\r\nHost: a\r\n\r\n").contains("Allow: GET\r\n"));
    assert!(refusal("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("\r\n\r\n"));
}

#[test]
fn a_foreign_page_is_told_how_it_could_be_allowed() {
    let answer = refusal(&REQUEST.replace("Host: ", "Origin: null\r\nHost: "));
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("'null'") && answer.contains("Origins::Any"));
}

#[test]
fn a_head_is_bounded_in_bytes_and_fields() {
    let long = REQUEST.replace("Host: ", &format!("X: {}\r\nHost: ", "x".repeat(16 * 1024)));
    assert_eq!(outcome(&long).unwrap_err(), Refusal::HeadTooLarge);
    assert_eq!(handshake().receive(&long.as_bytes()[..16 * 1024 + 1]).unwrap_err(), Refusal::HeadTooLarge);
    let many = REQUEST.replace("Host: ", &format!("{}Host: ", "X: x\r\n".repeat(64)));
    assert_eq!(outcome(&many).unwrap_err(), Refusal::HeadTooLarge);
}
