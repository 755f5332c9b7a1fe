//! Unary calls there and back: messages of all sizes, metadata, statuses, many at once.

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

use std::thread;
use std::time::Duration;
use support::proto::{Ask, ProbeClient};
use support::{LONG, ask, serve};
use threadwire::grpc::{Channel, Code, Driver, Metadata, Origin, Request};

#[test]
fn a_message_comes_back() {
    let served = serve();
    let client = served.client();
    for text in ["", "Привет, мир ☺ 😈"] {
        assert_eq!(client.unary(ask(text)).unwrap().message().text, text);
    }
    assert!(served.handle.shutdown(LONG).is_clean());
}

#[test]
fn messages_larger_than_every_window_come_back() {
    let served = serve();
    let client = served.client();
    for size in [1, 16 * 1024 - 5, 16 * 1024, 64 * 1024, 1024 * 1024, 3 * 1024 * 1024] {
        let payload: Vec<u8> = (0..size).map(|index: usize| index.to_le_bytes()[1]).collect();
        let reply = client.unary(Ask { payload: payload.clone(), ..Default::default() }).unwrap();
        assert!(reply.message().payload == payload, "{size} bytes have changed on their way");
    }
}

fn some_metadata() -> Metadata {
    let mut metadata = Metadata::new();
    metadata.append("x-text", "first").unwrap();
    metadata.append_bin("x-data-bin", vec![0, 255, 0xab]).unwrap();
    metadata.append("x-text", "second value").unwrap();
    metadata
}

/// What was sent, as it came back (beside what the library itself adds).
fn own(metadata: &Metadata) -> (Vec<&str>, Vec<&[u8]>) {
    (metadata.get_all("x-text").collect(), metadata.get_all_bin("x-data-bin").map(|value| &value[..]).collect())
}

#[test]
fn metadata_goes_both_ways() {
    let served = serve();
    let client = served.client();
    let mut request = Request::new(ask("a"));
    *request.metadata_mut() = some_metadata();
    let reply = client.unary(request).unwrap();
    let expected = (vec!["first", "second value"], vec![&[0, 255, 0xab][..]]);
    assert_eq!((own(reply.metadata()), own(reply.trailers())), (expected.clone(), expected));
    let user_agent = reply.metadata().get("user-agent");
    // It cannot be set by the handler: what it echoes of it is dropped by nobody, since it is the client's.
    assert!(user_agent.is_none_or(|name| name.starts_with("grpc-rust-threadwire/")));
}

#[test]
fn every_status_comes_over_whole() {
    let served = serve();
    let client = served.client();
    for code in Code::ALL.iter().filter(|code| **code != Code::Ok) {
        let text = "100 % сломано ☺\nвторая строка\tи 😈";
        let mut request = Request::new(Ask { code: i32::from(*code), ..ask(text) });
        *request.metadata_mut() = some_metadata();
        let status = client.unary(request).unwrap_err();
        assert_eq!((status.code(), status.message(), status.origin()), (*code, text, Origin::Peer));
        assert_eq!(&status.details()[..], [1, 2, 3]);
        assert_eq!(own(status.metadata()).0, ["first", "second value"]);
    }
}

#[test]
fn what_is_not_there_is_unimplemented() {
    let served = serve();
    let status = served.client().missing(ask("")).unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unimplemented, "probe.v1.Probe.Missing is not implemented"));
}

#[test]
fn a_panic_ends_its_call_alone() {
    let served = serve();
    let client = served.client();
    for _ in 0..20 {
        let status = client.unary(Ask { panic: true, ..Default::default() }).unwrap_err();
        assert_eq!(status.code(), Code::Internal);
    }
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
}

#[test]
fn many_threads_share_a_channel() {
    let served = serve();
    let client = served.client();
    thread::scope(|scope| {
        for thread in 0..10 {
            let client = client.clone();
            scope.spawn(move || {
                for number in 0..100 {
                    let text = format!("thread {thread} call {number}");
                    assert_eq!(client.unary(ask(&text)).unwrap().message().text, text);
                }
            });
        }
    });
    assert_eq!(served.handle.connections(), 1);
}

#[test]
fn a_background_thread_may_read_for_all_callers() {
    let served = serve();
    let channel = Channel::builder(&served.address.to_string()).timeout(LONG).driver(Driver::Background);
    let client = ProbeClient::new(channel.connect().unwrap());
    thread::scope(|scope| {
        for caller in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for call in 0..50 {
                    let text = format!("{caller} {call}");
                    assert_eq!(client.unary(ask(&text)).unwrap().message().text, text);
                }
            });
        }
    });
    // The end of the connection reaches them, too.
    let waiting = thread::spawn(move || client.unary(support::waits()));
    served.behaviour.until_waiting(1);
    served.handle.shutdown(Duration::from_millis(10));
    assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Unavailable);
}
