//! The client's side of the handshake at byte level.

use super::client::{ClientHandshake, Established, Target};
use crate::websocket::Error;
use http::HeaderMap;

const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn handshake(subprotocols: &[&str]) -> ClientHandshake {
    let target = Target::parse("ws://localhost:8765/chat?room=1").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer x".parse().unwrap());
    let subprotocols: Vec<String> = subprotocols.iter().map(ToString::to_string).collect();
    ClientHandshake::new(&target, &headers, &subprotocols, "dGhlIHNhbXBsZSBub25jZQ==", 16 * 1024)
}

fn outcome(subprotocols: &[&str], answer: &str) -> Result<Option<Established>, Error> {
    handshake(subprotocols).receive(answer.as_bytes(), false)
}

#[test]
fn the_request_is_what_the_rfc_says() {
    let handshake = handshake(&["chat", "superchat"]);
    assert_eq!(
        String::from_utf8_lossy(handshake.request()),
        "GET /chat?room=1 HTTP/1.1\r\nHost: localhost:8765\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\nauthorization: Bearer x\r\n\r\n"
    );
    assert_ne!(ClientHandshake::random_key(), ClientHandshake::random_key());
    assert_eq!(ClientHandshake::random_key().len(), 24);
}

#[test]
fn the_answer_is_read_at_every_split_point() {
    let with_frame = [ANSWER.as_bytes(), b"\x81\x01a"].concat();
    for split in 0..=with_frame.len() {
        let mut handshake = handshake(&[]);
        let first = handshake.receive(&with_frame[..split], false).unwrap();
        assert_eq!(first.is_some(), split >= ANSWER.len(), "split at {split}");
        let established = first.or_else(|| handshake.receive(&with_frame, false).unwrap()).unwrap();
        assert_eq!(established.head_bytes, ANSWER.len());
        assert_eq!(established.response.status(), 101);
    }
}

#[test]
fn an_answer_that_breaks_the_handshake_names_the_part() {
    let more = |field: &str| ANSWER.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"));
    for (answer, wrong) in [
        (ANSWER.replace("Upgrade: websocket", "Upgrade: h2c"), "Upgrade"),
        (ANSWER.replace("Connection: Upgrade", "Connection: close"), "Connection"),
        (ANSWER.replace("s3pP", "S3pP"), "Sec-WebSocket-Accept"),
        (more("Sec-WebSocket-Protocol: other"), "Sec-WebSocket-Protocol"),
        (more("Sec-WebSocket-Extensions: permessage-deflate"), "Sec-WebSocket-Extensions"),
        (ANSWER.replace("HTTP/1.1", "HTTP/1.0"), "answer"),
        (
            "SSH-2.0-OpenSSH_9.6\r\n and what else a server of another kind may say in its first words".to_owned(),
            "answer",
        ),
        (format!("{}\r\n\r\n", ANSWER.replace("\r\n\r\n", &"\r\nx: y".repeat(4000))), "answer"),
    ] {
        let error = outcome(&["chat"], &answer).unwrap_err();
        assert!(matches!(&error, Error::Handshake { part, .. } if *part == wrong), "{answer}: {error}");
    }
    let chosen = outcome(&["chat", "b"], &more("Sec-WebSocket-Protocol: b")).unwrap().unwrap();
    assert_eq!(chosen.subprotocol.as_deref(), Some("b"));
}

#[test]
fn a_refusal_has_its_status_and_a_bounded_piece_of_its_body() {
    let refused = |answer: &str, ended: bool| match handshake(&[]).receive(answer.as_bytes(), ended) {
        Err(Error::Refused { status, body }) => Some((status.as_u16(), body)),
        Ok(None) => None,
        other => panic!("{other:?}"),
    };
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n";
    assert_eq!(refused(answer, false), Some((403, "no!\n".to_owned())));
    assert_eq!(refused(&answer[..answer.len() - 2], false), None);
    assert_eq!(refused(&answer[..answer.len() - 2], true), Some((403, "no".to_owned())));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(5000));
    assert_eq!(refused(&endless, false), Some((200, "x".repeat(1024))));
    let mut byte_by_byte = handshake(&[]);
    let error = (1..=answer.len()).find_map(|end| byte_by_byte.receive(&answer.as_bytes()[..end], false).err());
    assert!(matches!(error, Some(Error::Refused { body, .. }) if body == "no!\n"));
}

#[test]
fn urls() {
    let target = |url: &str| Target::parse(url).map(|target| (target.host, target.port, target.authority, target.path));
    let is = |host: &str, port, authority: &str, path: &str| {
        Some((host.to_owned(), port, authority.to_owned(), path.to_owned()))
    };
    assert_eq!(target("ws://localhost:8765").ok(), is("localhost", 8765, "localhost:8765", "/"));
    assert_eq!(target("ws://[::1]:9/a?b#c").ok(), is("::1", 9, "[::1]:9", "/a?b"));
    assert_eq!(target("ws://example.com?x=1").ok(), is("example.com", 80, "example.com", "/?x=1"));
    assert!(matches!(target("wss://localhost"), Err(Error::TlsMissing { .. })));
    for wrong in ["", "localhost:8765", "http://localhost", "ws://", "ws://user@host/", "ws://host:99999/", "ws://h:/"]
    {
        assert!(matches!(target(wrong), Err(Error::Local(crate::Error::Address { .. }))), "{wrong}");
    }
}
