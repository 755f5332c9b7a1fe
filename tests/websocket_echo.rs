//! Messages there and back: both kinds, all sizes, many at once, over one connection and several.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "support/websocket.rs"]
mod support;

use bytes::Bytes;
use std::thread;
use support::{LONG, Raw, echo, masked, serve, serve_within};
use threadwire::Limits;
use threadwire::websocket::{self, CloseCode, Message};

#[test]
fn text_and_binary_come_back_as_they_are() {
    for limits in [Limits::default(), Limits::small()] {
        come_back(&limits);
    }
}

fn come_back(limits: &Limits) {
    let (server, url) = serve_within(limits.clone(), echo);
    let mut socket = websocket::Client::new().limits(limits.clone()).connect(&url).unwrap();
    for message in [
        Message::from("Привет"),
        Message::from(""),
        Message::from(vec![0, 255, 128]),
        Message::from(Vec::new()),
        Message::from("x".repeat(125)),
        Message::from("x".repeat(126)),
        Message::from(vec![7; 65_535]),
        Message::from(vec![7; 65_536]),
    ] {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.receive().unwrap(), Some(message));
    }
    socket.close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.receive().unwrap(), None);
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn a_mebibyte_comes_back() {
    let (_server, url) = serve(echo);
    let mut socket = websocket::connect(&url).unwrap();
    let data: Vec<u8> = (0..1 << 20).map(|index: u32| index.to_le_bytes()[1]).collect();
    for _ in 0..3 {
        socket.send(data.clone()).unwrap();
        let back = socket.receive().unwrap().unwrap();
        assert!(back.data() == data, "1 MiB has changed on its way");
    }
}

#[test]
fn a_window_of_messages_comes_back_in_order() {
    let (_server, url) = serve(echo);
    let (mut receiver, sender) = websocket::connect(&url).unwrap().split();
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..20_000 {
                sender.send(format!("message {number}")).unwrap();
            }
        });
        for number in 0..20_000 {
            assert_eq!(receiver.receive().unwrap(), Some(Message::from(format!("message {number}"))));
        }
    });
}

#[test]
fn many_connections_do_not_mix() {
    let (_server, url) = serve(echo);
    thread::scope(|scope| {
        for connection in 0..20 {
            let url = &url;
            scope.spawn(move || {
                let mut socket = websocket::connect(url).unwrap();
                for number in 0..50 {
                    let text = format!("{connection}: {number}");
                    socket.send(text.as_str()).unwrap();
                    assert_eq!(socket.receive().unwrap().unwrap().to_text().unwrap(), text);
                }
            });
        }
    });
}

#[test]
fn both_sides_know_the_request_and_each_other() {
    let (server, url) = serve(|mut socket| {
        let header = socket.request().headers()["x-name"].to_str()?.to_owned();
        socket.send(format!("{} {header} {}", socket.request().uri(), socket.peer()))?;
        socket.receive()?;
        Ok(())
    });
    let client = websocket::Client::new().header("x-name", "test").unwrap();
    let mut socket = client.connect(&url).unwrap();
    let told = socket.receive().unwrap().unwrap().into_text().unwrap();
    assert!(told.starts_with("/path?query=1 test 127.0.0.1:"), "{told}");
    assert_eq!(socket.peer().to_string(), server.local_addresses()[0].to_string());
    assert_eq!(socket.response().unwrap().status(), 101);
    assert_eq!((socket.request().uri().path(), socket.subprotocol()), ("/path", None));
}

#[test]
fn frames_that_come_with_the_request_are_not_lost() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    let mut raw = Raw::connect(address);
    raw.write(
        &[support::request(address), masked(0x81, b"early"), masked(0x01, b"in "), masked(0x80, b"parts")].concat(),
    );
    assert!(raw.head().starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.frame().payload, b"early");
    assert_eq!(raw.frame().payload, b"in parts");
}

#[test]
fn a_peer_that_sends_byte_by_byte_is_understood() {
    let (server, _) = serve(echo);
    let address = server.local_addresses()[0];
    let mut raw = Raw::connect(address);
    for byte in support::request(address) {
        raw.write(&[byte]);
    }
    assert!(raw.head().starts_with("HTTP/1.1 101 "));
    for byte in masked(0x82, &[9; 200]) {
        raw.write(&[byte]);
    }
    assert_eq!(raw.frame().payload, [9; 200]);
}

#[test]
fn what_is_received_without_waiting_is_what_has_come() {
    let (_server, url) = serve(|socket| {
        socket.send(Bytes::from_static(b"one"))?;
        socket.send("two")?;
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from(&b"one"[..])));
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("two")));
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
    assert_eq!(socket.try_receive().unwrap(), Some(None));
}
