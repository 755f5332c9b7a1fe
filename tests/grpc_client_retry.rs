//! Calls that no server has looked at are made again (gRFC A6, *Transparent Retries*; RFC 9113 §6.8, §8.7), and others
//! are not.

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

use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Answer, Ask, ProbeClient};
use support::{
    DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, GOOD_HEAD, HEADERS, LONG, PING, RST_STREAM, Raw, against, ask, frame,
    headers, prefixed,
};
use threadwire::grpc::{Channel, Code, Request};
use threadwire::protobuf::Message as _;

/// GOAWAY (RFC 9113 §6.8) with NO_ERROR.
fn goaway(last: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &[0; 4]].concat())
}

fn refuse(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &[0, 0, 0, 7])
}

/// The next call with a whole request: its stream, and the text that it asks for.
fn request(raw: &mut Raw) -> (u32, String) {
    loop {
        let Frame { kind, flags, stream, payload } = raw.next().expect("no request came");
        if kind == DATA && flags & END_STREAM != 0 {
            return (stream, Ask::decode(&payload[5..]).unwrap().text.to_string());
        }
    }
}

fn answer(raw: &mut Raw, stream: u32, text: &str) {
    let message = Answer { text: text.into(), ..Default::default() }.encode_to_vec().unwrap();
    raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
    raw.write(&frame(DATA, 0, stream, &prefixed(&message)));
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "0")])));
}

#[test]
fn a_call_above_the_last_of_a_goaway_is_made_again_elsewhere() {
    let (client, server) = against(|listener, mut raw| {
        request(&mut raw);
        raw.write(&goaway(0));
        let mut second = Raw::accept(listener);
        let (stream, text) = request(&mut second);
        answer(&mut second, stream, &text);
        (raw, second)
    });
    assert_eq!(client.unary(ask("x")).unwrap().message().text, "x");
    server.join().unwrap();
}

#[test]
fn a_refused_call_is_made_again_once() {
    for refusals in [1, 2] {
        let (client, server) = against(move |_, mut raw| {
            for _ in 0..refusals {
                let (stream, _) = request(&mut raw);
                raw.write(&refuse(stream));
            }
            if refusals == 1 {
                let (stream, text) = request(&mut raw);
                answer(&mut raw, stream, &text);
            }
            raw
        });
        let result = client.unary(ask("x"));
        let mut raw = server.join().unwrap();
        match refusals {
            1 => assert_eq!(result.unwrap().message().text, "x"),
            _ => {
                assert_eq!(result.unwrap_err().code(), Code::Unavailable);
                raw.ping_of_client(&client);
            }
        }
    }
}

/// A server may have done something: a second call could do it twice.
#[test]
fn what_a_server_may_have_seen_is_not_made_again() {
    for end in ["close", "cancel", "refused after the head"] {
        let (client, server) = against(move |listener, mut raw| {
            let (stream, _) = request(&mut raw);
            match end {
                "close" => raw.stream.shutdown(Shutdown::Both).unwrap(),
                "cancel" => raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])),
                _ => {
                    raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
                    raw.write(&refuse(stream));
                }
            }
            // Nothing but the next call comes.
            let mut next = if end == "close" { Raw::accept(listener) } else { raw };
            let (stream, text) = request(&mut next);
            assert_eq!(text, "next", "{end}");
            answer(&mut next, stream, &text);
            next
        });
        assert!(client.unary(ask("first")).is_err(), "{end}");
        assert_eq!(client.unary(ask("next")).unwrap().message().text, "next");
        server.join().unwrap();
    }
}

/// Of ten calls the server looks after the first five, and says so when all are there.
#[test]
fn the_calls_below_a_goaway_finish_and_the_others_move() {
    let (client, server) = against(|listener, mut raw| {
        let mut calls: Vec<_> = (0..10).map(|_| request(&mut raw)).collect();
        calls.sort();
        raw.write(&goaway(calls[4].0));
        let mut second = Raw::accept(listener);
        let mut moved: Vec<_> = (0..5).map(|_| request(&mut second)).collect();
        for (stream, text) in &moved {
            answer(&mut second, *stream, text);
        }
        for (stream, text) in &calls[..5] {
            answer(&mut raw, *stream, text);
        }
        let mut expected: Vec<String> = calls[5..].iter().map(|(_, text)| text.clone()).collect();
        let mut moved: Vec<String> = moved.drain(..).map(|(_, text)| text).collect();
        expected.sort();
        moved.sort();
        assert_eq!(moved, expected);
        // With its last call the first connection ends.
        assert_eq!(raw.rest().iter().filter(|frame| frame.kind == HEADERS).count(), 0);
        second
    });
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

/// As a server that drains says it: first that it goes, later up to which call.
#[test]
fn calls_cross_with_a_drain_in_two_steps() {
    let (tell, told) = channel();
    let (client, server) = against(move |listener, mut raw| {
        let (first, text) = request(&mut raw);
        raw.write(&goaway((1 << 31) - 1));
        // The client has read it.
        raw.ping();
        tell.send(()).unwrap();
        let mut second = Raw::accept(listener);
        let (stream, next) = request(&mut second);
        answer(&mut second, stream, &next);
        raw.write(&goaway(first));
        answer(&mut raw, first, &text);
        (raw, second)
    });
    thread::scope(|scope| {
        let beside = client.clone();
        let first = scope.spawn(move || beside.unary(ask("first")).unwrap().into_message().text);
        told.recv_timeout(LONG).unwrap();
        assert_eq!(client.unary(ask("second")).unwrap().message().text, "second");
        assert_eq!(first.join().unwrap(), "first");
    });
    server.join().unwrap();
}

#[test]
fn a_large_request_is_sent_again_from_its_beginning() {
    let (client, server) = against(|listener, mut raw| {
        let opened = raw.next_of(HEADERS);
        // The window is full within the message.
        while raw.next_of(DATA).payload.len() != 16_384 {}
        raw.write(&refuse(opened.stream));
        raw.write(&goaway(0));
        let mut second = Raw::accept(listener);
        let opened = second.next_of(HEADERS);
        let mut body = Vec::new();
        loop {
            let Frame { kind, flags, payload, .. } = second.next().unwrap();
            if kind != DATA {
                continue;
            }
            for stream in [0, opened.stream] {
                let size = u32::try_from(payload.len()).unwrap();
                if size > 0 {
                    second.write(&frame(support::WINDOW_UPDATE, 0, stream, &size.to_be_bytes()));
                }
            }
            body.extend(payload);
            if flags & END_STREAM != 0 {
                break;
            }
        }
        answer(&mut second, opened.stream, &Ask::decode(&body[5..]).unwrap().payload.len().to_string());
        (raw, second)
    });
    let large = Ask { payload: vec![7; 1_000_000], ..Default::default() };
    assert_eq!(client.unary(large).unwrap().message().text, "1000000");
    server.join().unwrap();
}

#[test]
fn a_download_is_asked_for_again() {
    let (client, server) = against(|listener, mut raw| {
        let (stream, _) = request(&mut raw);
        raw.write(&refuse(stream));
        raw.write(&goaway(stream));
        let mut second = Raw::accept(listener);
        let (stream, text) = request(&mut second);
        answer(&mut second, stream, &text);
        (raw, second)
    });
    let texts: Vec<_> = client.download(ask("x")).unwrap().map(|answer| answer.unwrap().text.to_string()).collect();
    assert_eq!(texts, ["x"]);
    server.join().unwrap();
}

/// Refuses the first call, whose requests are a stream, and serves the next of that kind: elsewhere, or there.
fn refuse_a_stream(elsewhere: bool) -> (ProbeClient, thread::JoinHandle<[Option<Raw>; 2]>, Receiver<()>) {
    let (tell, told) = channel();
    let (client, server) = against(move |listener, mut raw| {
        let first = raw.next_of(HEADERS);
        raw.write(&if elsewhere { goaway(0) } else { refuse(first.stream) });
        // The client has read it when it answers this, or ends; the next call's head may come before or after.
        raw.write(&frame(PING, 0, 0, b"are here"));
        let mut opened = None;
        while let Some(next) = raw.next() {
            match next.kind {
                PING => break,
                HEADERS => opened = Some(next),
                _ => {}
            }
        }
        tell.send(()).unwrap();
        let mut second = elsewhere.then(|| Raw::accept(listener));
        let serving = second.as_mut().unwrap_or(&mut raw);
        let opened = opened.unwrap_or_else(|| serving.next_of(HEADERS));
        assert_eq!(serving.next_of(DATA).payload, support::body(&ask("kept")));
        answer(serving, opened.stream, "served");
        [Some(raw), second]
    });
    (client, server, told)
}

/// The client has sent none of its requests when the call is refused, and its first one finds that.
#[test]
fn a_stream_of_requests_that_has_not_begun_is_made_again_by_its_first_request() {
    for elsewhere in [true, false] {
        let (client, server, told) = refuse_a_stream(elsewhere);
        let (mut requests, response) = client.upload(Request::new(())).unwrap();
        told.recv_timeout(LONG).unwrap();
        requests.send(ask("kept")).unwrap();
        assert_eq!(response.receive().unwrap().message().text, "served", "{elsewhere}");
        drop(requests);
        server.join().unwrap();
    }
}

/// The same, but it is who waits for a response that finds it.
#[test]
fn a_stream_of_requests_that_has_not_begun_is_made_again_for_whoever_receives() {
    for elsewhere in [true, false] {
        let (client, server, told) = refuse_a_stream(elsewhere);
        let (mut requests, mut responses) = client.chat(Request::new(())).unwrap();
        thread::scope(|scope| {
            let receiving = scope.spawn(move || {
                let first = responses.receive().unwrap().unwrap();
                assert!(responses.receive().unwrap().is_none());
                first.text
            });
            told.recv_timeout(LONG).unwrap();
            requests.send(ask("kept")).unwrap();
            assert_eq!(receiving.join().unwrap(), "served", "{elsewhere}");
        });
        drop(requests);
        server.join().unwrap();
    }
}

#[test]
fn a_stream_of_requests_that_has_begun_is_not_made_again() {
    let (client, server) = against(|_, mut raw| {
        let opened = raw.next_of(DATA);
        raw.write(&refuse(opened.stream));
        raw.rest().iter().filter(|frame| frame.kind == HEADERS).count()
    });
    let (mut requests, response) = client.upload(Request::new(())).unwrap();
    requests.send(ask("lost")).unwrap();
    assert_eq!(response.receive().unwrap_err().code(), Code::Unavailable);
    drop((requests, client));
    assert_eq!(server.join().unwrap(), 0);
}

/// The server has answered, though nobody has looked: what it says afterwards is about a call that it has begun. And a
/// reset in good order is not a refusal, answered or not.
#[test]
fn a_stream_of_requests_that_was_answered_or_reset_in_order_is_not_made_again() {
    for (answered, code) in [(true, 7), (true, 0), (false, 0)] {
        let (tell, told) = channel();
        let (client, server) = against(move |_, mut raw| {
            let stream = raw.next_of(HEADERS).stream;
            if answered {
                raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
            }
            raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, code]));
            // The client has read it.
            raw.ping();
            tell.send(()).unwrap();
            raw.rest().iter().filter(|frame| frame.kind == HEADERS).count()
        });
        let (mut requests, responses) = client.chat(Request::new(())).unwrap();
        told.recv_timeout(LONG).unwrap();
        let status = requests.send(ask("late")).unwrap_err();
        let expected = if code == 0 { Code::Cancelled } else { Code::Unavailable };
        assert_eq!(status.code(), expected, "{answered} {code}: {status}");
        drop((requests, responses, client));
        assert_eq!(server.join().unwrap(), 0, "{answered} {code}");
    }
}

/// The code of a GOAWAY says why the server goes, not what it has looked at.
#[test]
fn a_stream_of_requests_is_made_again_whatever_the_code_of_the_goaway() {
    for code in [2, 11] {
        let (tell, told) = channel();
        let (client, server) = against(move |listener, mut raw| {
            raw.next_of(HEADERS);
            // In pieces, the first of which ends within the last stream's number.
            let words = frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, code]);
            raw.write(&words[..11]);
            raw.write(&words[11..]);
            // The client has read it, or ends.
            raw.write(&frame(PING, 0, 0, b"are here"));
            while raw.next().is_some_and(|next| next.kind != PING) {}
            tell.send(()).unwrap();
            let mut second = Raw::accept(listener);
            let stream = second.next_of(HEADERS).stream;
            assert_eq!(second.next_of(DATA).payload, support::body(&ask("kept")));
            answer(&mut second, stream, "served");
            (raw, second)
        });
        let (mut requests, mut responses) = client.chat(Request::new(())).unwrap();
        told.recv_timeout(LONG).unwrap();
        requests.send(ask("kept")).unwrap();
        assert_eq!(responses.receive().unwrap().unwrap().text, "served", "{code}");
        drop((requests, responses));
        server.join().unwrap();
    }
}

/// A stream that is made again without requests is given up with its sink.
#[test]
fn a_sink_that_is_dropped_cancels_what_was_made_again() {
    let (tell, told) = channel();
    let (client, server) = against(move |_, mut raw| {
        let first = raw.next_of(HEADERS);
        raw.write(&refuse(first.stream));
        let second = raw.next_of(HEADERS);
        tell.send(()).unwrap();
        let reset = raw.next_of(RST_STREAM);
        assert_eq!((reset.stream, &reset.payload[..]), (second.stream, &[0, 0, 0, 8][..]));
        raw
    });
    let (requests, mut responses) = client.chat(Request::new(())).unwrap();
    thread::scope(|scope| {
        let receiving = scope.spawn(move || responses.receive().unwrap_err().code());
        told.recv_timeout(LONG).unwrap();
        drop(requests);
        assert_eq!(receiving.join().unwrap(), Code::Cancelled);
    });
    server.join().unwrap();
}

/// The server ends an idle connection at the moment of a call, many times: a call fails only if it had left.
#[test]
fn a_call_that_meets_the_end_of_its_connection_fails_only_if_it_had_left() {
    const CONNECTIONS: usize = 300;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut unanswered = 0;
        for number in 0..CONNECTIONS {
            let mut raw = Raw::accept(&listener);
            let (stream, text) = request(&mut raw);
            answer(&mut raw, stream, &text);
            // Later and later, from at once to when the channel has long been idle.
            let pause = Instant::now() + Duration::from_micros(10 * number as u64);
            while Instant::now() < pause {
                thread::yield_now();
            }
            raw.end_output();
            unanswered += raw.rest().iter().filter(|frame| frame.kind == HEADERS).count();
        }
        unanswered
    });
    let client = ProbeClient::new(Channel::builder(&target).timeout(LONG).connect_lazy().unwrap());
    let (mut served, mut failed) = (0, 0);
    while served < CONNECTIONS {
        match client.unary(ask("x")) {
            Ok(_) => served += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                failed += 1;
            }
        }
    }
    drop(client);
    assert_eq!(server.join().unwrap(), failed);
}

/// The deadline is that of all attempts together.
#[test]
fn a_retry_ends_at_the_deadline_of_the_call() {
    let (client, server) = against(|listener, mut raw| {
        request(&mut raw);
        raw.write(&goaway(0));
        let mut second = Raw::accept(listener);
        request(&mut second);
        assert_eq!(second.next_of(RST_STREAM).payload, [0, 0, 0, 8]);
        raw
    });
    let begin = Instant::now();
    let status = client.unary(Request::new(ask("x")).with_timeout(Duration::from_millis(300))).unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!((Duration::from_millis(300)..LONG).contains(&begin.elapsed()));
    server.join().unwrap();
}

impl Raw {
    /// Nothing has come since, but what the client's next call sends.
    fn ping_of_client(&mut self, client: &ProbeClient) {
        let client = client.clone();
        let next = thread::spawn(move || client.unary(ask("next")).map(|response| response.into_message().text));
        let (stream, text) = request(self);
        assert_eq!(text, "next");
        answer(self, stream, &text);
        assert_eq!(next.join().unwrap().unwrap(), "next");
    }
}
