//! Calls of the three streaming kinds that go to their end: order, flow control both ways, metadata, statuses behind
//! messages.

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
use support::proto::Ask;
use support::{LONG, ask, serve};
use threadwire::grpc::{Code, Metadata, Request};

/// A hundred of them fill every window.
const LARGE: u32 = 100_000;

#[test]
fn a_download_comes_in_order_to_a_slow_reader() {
    let served = serve();
    let mut responses =
        served.client().download(Ask { count: 100, size: LARGE, text: "a".into(), ..Default::default() }).unwrap();
    // The handler waits: no more than the window is under way, whatever the client does meanwhile.
    assert_eq!(served.client().unary(ask("beside it")).unwrap().message().text, "beside it");
    for _ in 0..100 {
        let answer = responses.receive().unwrap().unwrap();
        assert_eq!((answer.text.as_str(), answer.payload.len()), ("a", LARGE as usize));
    }
    assert!(responses.receive().unwrap().is_none());
    // It stays at its end.
    assert!(responses.receive().unwrap().is_none());
    assert!(responses.trailers().is_some());
}

#[test]
fn a_download_may_be_empty() {
    let served = serve();
    let mut responses = served.client().download(ask("")).unwrap();
    assert!(responses.receive().unwrap().is_none());
}

#[test]
fn an_upload_comes_in_order() {
    let served = serve();
    let (mut requests, response) = served.client().upload(Request::new(())).unwrap();
    let mut expected = String::new();
    for number in 0..100 {
        let text = format!("{number} ");
        expected += &text;
        requests.send(Ask { payload: vec![1; LARGE as usize], ..ask(&text) }).unwrap();
    }
    requests.finish().unwrap();
    assert_eq!(response.receive().unwrap().message().text, expected);
}

#[test]
fn an_upload_may_be_empty() {
    let served = serve();
    let (requests, response) = served.client().upload(Request::new(())).unwrap();
    requests.finish().unwrap();
    assert_eq!(response.receive().unwrap().message().text, "");
}

#[test]
fn a_chat_goes_in_turns() {
    let served = serve();
    let (mut requests, mut responses) = served.client().chat(Request::new(())).unwrap();
    // The initial metadata does not wait for a message.
    responses.metadata().unwrap();
    for number in 0..100 {
        let text = number.to_string();
        requests.send(ask(&text)).unwrap();
        assert_eq!(responses.receive().unwrap().unwrap().text, text);
    }
    requests.finish().unwrap();
    assert!(responses.receive().unwrap().is_none());
}

#[test]
fn a_chat_goes_both_ways_at_once() {
    let served = serve();
    let (mut requests, responses) = served.client().chat(Request::new(())).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..200 {
                let payload = vec![1; LARGE as usize];
                requests.send(Ask { payload, size: LARGE, ..ask(&number.to_string()) }).unwrap();
            }
            requests.finish().unwrap();
        });
        let texts: Vec<String> = responses.map(|response| response.unwrap().text).collect();
        assert_eq!(texts, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
    });
}

#[test]
fn a_status_comes_behind_the_messages_before_it() {
    let served = serve();
    let mut responses = served.client().download(Ask { count: 3, code: 9, ..ask("☺ enough") }).unwrap();
    for _ in 0..3 {
        assert_eq!(responses.receive().unwrap().unwrap().text, "☺ enough");
    }
    let status = responses.receive().unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "☺ enough"));
    assert_eq!(&status.details()[..], [1, 2, 3]);
    assert!(responses.receive().unwrap().is_none());
}

#[test]
fn metadata_goes_both_ways() {
    let served = serve();
    let mut metadata = Metadata::new();
    metadata.append("x-text", "value").unwrap();
    metadata.append_bin("x-data-bin", vec![0, 255]).unwrap();
    let mut request = Request::new(Ask { count: 1, ..ask("") });
    *request.metadata_mut() = metadata;
    let mut responses = served.client().download(request).unwrap();
    let own =
        |metadata: &Metadata| (metadata.get("x-text").unwrap().to_owned(), metadata.get_bin("x-data-bin").cloned());
    let expected = ("value".to_owned(), Some(vec![0, 255].into()));
    assert_eq!(own(responses.metadata().unwrap()), expected);
    assert!(responses.trailers().is_none());
    while responses.receive().unwrap().is_some() {}
    assert_eq!(own(responses.trailers().unwrap()), expected);
}

#[test]
fn a_panic_ends_its_call_alone() {
    let served = serve();
    let client = served.client();
    let (mut requests, responses) = client.chat(Request::new(())).unwrap();
    requests.send(Ask { panic: true, ..ask("a") }).unwrap();
    let ends: Vec<_> =
        responses.map(|response| response.map(|answer| answer.text).map_err(|status| status.code())).collect();
    assert_eq!(ends, [Ok("a".to_owned()), Err(Code::Internal)]);
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
}

#[test]
fn many_calls_share_a_connection() {
    let served = serve();
    let client = served.client();
    thread::scope(|scope| {
        for thread in 0..20 {
            let client = client.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let (mut requests, mut responses) = client.chat(Request::new(())).unwrap();
                    let text = format!("{thread} {number}");
                    requests.send(ask(&text)).unwrap();
                    assert_eq!(responses.receive().unwrap().unwrap().text, text);
                    requests.finish().unwrap();
                    assert!(responses.receive().unwrap().is_none());
                }
            });
        }
    });
    assert_eq!(served.handle.connections(), 1);
    assert!(served.handle.shutdown(LONG).is_clean());
}
