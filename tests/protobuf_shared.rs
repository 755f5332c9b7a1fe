//! Messages whose strings and bytes lie in the buffer that they were decoded from.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

mod proto {
    include!(concat!(env!("OUT_DIR"), "/shared/shared.rs"));
}

use proto::{Echo, EchoClient, EchoServer, Everything, everything};
use std::collections::BTreeMap;
use std::sync::mpsc;
use threadwire::grpc::{Channel, Request, Response, Server, Status};
use threadwire::protobuf::{Bytes, Message, SharedString};

fn full() -> Everything {
    Everything {
        text: Some("a text that lies elsewhere ☺".into()),
        data: Some(Bytes::from_static(b"data")),
        texts: vec!["a text that is long enough".into(), SharedString::new(), "another long enough".repeat(2).into()],
        blobs: vec![Bytes::from_static(&[0, 255])],
        by_name: BTreeMap::from([("a name that is long enough".into(), Bytes::from_static(b"value"))]),
        choice: Some(everything::Choice::Word("a word that takes more than twenty bytes".into())),
        within: Some(Box::new(Everything {
            text: Some("deeper within, and as long as the others".into()),
            ..Default::default()
        })),
        number: Some(-1),
        ..Default::default()
    }
}

/// Whether the part lies in the whole, and is no copy.
fn lies_in(part: &[u8], whole: &Bytes) -> bool {
    whole.as_ptr_range().contains(&part.as_ptr())
}

#[test]
fn strings_and_bytes_lie_in_the_buffer() {
    let bytes = Bytes::from(full().encode_to_vec().unwrap());
    let message = Everything::decode_shared(&bytes).unwrap();
    assert_eq!(message, full());
    let within = message.within.as_ref().unwrap().text.as_ref().unwrap();
    let (key, value) = message.by_name.first_key_value().unwrap();
    let Some(everything::Choice::Word(word)) = &message.choice else { panic!("{message:?}") };
    for part in [message.text.as_ref().unwrap(), &message.texts[0], &message.texts[2], within, key, word] {
        assert!(lies_in(part.as_bytes(), &bytes), "{part}");
    }
    for part in [message.data.as_ref().unwrap(), &message.blobs[0], value] {
        assert!(lies_in(part, &bytes), "{part:?}");
    }
    // They stay though the buffer's first owner goes, and are written as any others.
    let text = message.to_text();
    drop(bytes);
    assert_eq!(message.to_text(), text);
    assert_eq!(Everything::decode(&message.encode_to_vec().unwrap()).unwrap(), message);
}

#[test]
fn short_strings_do_not_hold_the_buffer() {
    let short = Everything { texts: vec!["a".into(), "twenty bytes at most".into()], ..Default::default() };
    let bytes = Bytes::from(short.encode_to_vec().unwrap());
    let message = Everything::decode_shared(&bytes).unwrap();
    assert_eq!(message, short);
    assert!(bytes.is_unique());
}

#[test]
fn what_is_decoded_from_a_slice_is_copied() {
    let bytes = full().encode_to_vec().unwrap();
    let message = Everything::decode(&bytes).unwrap();
    drop(bytes);
    assert_eq!(message, full());
}

#[test]
fn the_errors_are_those_of_any_message() {
    for (bytes, expected) in [
        (&[0x0a, 3, b'a', 0xff, b'b'][..], "text at byte 0x3: a string that is not UTF-8"),
        (&[0x42, 4, 0x1a, 2, 0xc3, 0x28], "within.texts[0] at byte 0x4: a string that is not UTF-8"),
        (&[0x12, 5, 1], "data at byte 0x2: needs 5 bytes, 1 left"),
        (&[0x2a, 3, 0x0a, 1, 0x80], "by_name.key at byte 0x4: a string that is not UTF-8"),
    ] {
        for error in [Everything::decode(bytes), Everything::decode_shared(&Bytes::copy_from_slice(bytes))] {
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
}

#[test]
fn defaults_are_borrowed_too() {
    let message = full();
    assert_eq!((message.text_or_default(), message.data_or_default()), ("a text that lies elsewhere ☺", &b"data"[..]));
    let empty = Everything::default();
    assert_eq!((empty.text_or_default(), empty.data_or_default()), ("none", &[0][..]));
}

struct Sends(mpsc::Sender<Everything>);

impl Echo for Sends {
    fn send(&self, request: Request<Everything>) -> Result<Response<Everything>, Status> {
        let message = request.message().clone();
        self.0.send(message.clone()).unwrap();
        Ok(message.into())
    }
}

#[test]
fn they_are_requests_and_responses() {
    let (sender, received) = mpsc::channel();
    let server = Server::builder().add_service(EchoServer::new(Sends(sender))).bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses().first().unwrap().to_string();
    let handle = server.spawn().unwrap();
    let client = EchoClient::new(Channel::connect(&target).unwrap());
    let response = client.send(full()).unwrap();
    assert_eq!(response.message(), &full());
    // All of one message lie in one buffer.
    let message = received.recv().unwrap();
    let (first, last) = (message.text.unwrap(), message.within.unwrap().text.unwrap());
    let distance = last.as_ptr() as usize - first.as_ptr() as usize;
    assert!(distance < full().encoded_len(), "{distance}");
    handle.shutdown(std::time::Duration::from_secs(5));
}
