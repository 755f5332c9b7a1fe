//! Calls that are cancelled from another thread, wherever they wait, and what a send that waits for window comes back
//! with when its call ends otherwise.

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

use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Ask, ProbeClient};
use support::{
    DATA, END_HEADERS, END_STREAM, GOOD_HEAD, HEADERS, LONG, RST_STREAM, Raw, SETTINGS, against, ask, frame, headers,
    serve, waits,
};
use threadwire::grpc::{CancelCause, Canceller, Channel, Code, Request, RequestSink, Status};

const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// What `waiting` comes back with once `cancel` was called, which it is as soon as `begun` says so.
fn cancelled<T: Send>(
    canceller: &Canceller,
    waiting: impl FnOnce() -> Result<T, Status> + Send,
    begun: impl FnOnce(),
) -> Status {
    thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let result = waiting().map(drop);
            (result, Instant::now())
        });
        begun();
        let cancelled = Instant::now();
        canceller.cancel();
        let (result, ended) = waiting.join().unwrap();
        assert!(ended.saturating_duration_since(cancelled) < LONG / 3, "it waited on");
        result.expect_err("it was cancelled")
    })
}

#[test]
fn a_call_that_waits_for_its_answer() {
    let served = serve();
    let client = served.client();
    for number in 1..=20 {
        let mut request = Request::new(waits());
        let canceller = request.canceller();
        let status = cancelled(&canceller, || client.unary(request), || served.behaviour.until_waiting(number));
        assert_eq!((status.code(), status.message()), (Code::Cancelled, "the call was cancelled on this side"));
        assert_eq!(served.behaviour.causes(number).last(), Some(&Some(CancelCause::Peer)));
    }
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
    assert_eq!(served.handle.connections(), 1);
}

/// One canceller for a hundred calls, some of which have not begun.
#[test]
fn one_canceller_ends_many_calls() {
    let served = support::serve_within(threadwire::Limits::default(), 8, "cancels");
    let (client, canceller) = (served.client(), Canceller::new());
    thread::scope(|scope| {
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let request = Request::new(waits()).cancelled_by(&canceller);
                scope.spawn(|| client.unary(request).unwrap_err().code())
            })
            .collect();
        served.behaviour.until_waiting(4);
        canceller.cancel();
        assert!(calls.into_iter().all(|call| call.join().unwrap() == Code::Cancelled));
    });
    let after = Request::new(ask("x")).cancelled_by(&canceller);
    assert_eq!(client.unary(after).unwrap_err().code(), Code::Cancelled);
    assert_eq!(client.unary(ask("others")).unwrap().message().text, "others");
}

#[test]
fn a_call_that_waits_for_a_connection() {
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = silent.local_addr().unwrap().to_string();
    let client = ProbeClient::new(Channel::builder(&target).connect_lazy().unwrap());
    let canceller = Canceller::new();
    let request = Request::new(ask("x")).cancelled_by(&canceller);
    let mut held = None;
    let status = cancelled(&canceller, || client.unary(request), || held = silent.accept().ok());
    assert_eq!(status.code(), Code::Cancelled);
    let canceller = Canceller::new();
    let request = Request::new(ask("x")).cancelled_by(&canceller).with_wait_for_ready(true);
    // It finds the attempt under way.
    assert_eq!(cancelled(&canceller, || client.unary(request), || {}).code(), Code::Cancelled);
    drop(held);
}

#[test]
fn a_call_that_waits_for_its_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let mut raw = Raw::over(listener.accept().unwrap().0);
        std::io::Read::read_exact(&mut raw.stream, &mut [0; 24]).unwrap();
        // SETTINGS_MAX_CONCURRENT_STREAMS 1
        raw.write(&frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]));
        let first = raw.next_of(DATA).stream;
        let reset = raw.next_of(RST_STREAM);
        // The second call has never been there.
        assert_eq!((reset.stream, &reset.payload[..]), (first, &CANCEL[..]));
        raw
    });
    let client = ProbeClient::new(Channel::builder(&target).timeout(LONG).connect().unwrap());
    let mut open = client.download(ask("first")).unwrap();
    let canceller = Canceller::new();
    let request = Request::new(ask("second")).cancelled_by(&canceller);
    assert_eq!(cancelled(&canceller, || client.unary(request), || {}).code(), Code::Cancelled);
    let nothing = open.receive_timeout(Duration::from_millis(1)).unwrap_err();
    assert_eq!(nothing.code(), Code::DeadlineExceeded);
    drop(open);
    server.join().unwrap();
}

#[test]
fn a_stream_that_waits_for_the_next_response() {
    let served = serve();
    let client = served.client();
    let mut request = Request::new(Ask { count: 3, wait: true, ..ask("x") });
    let canceller = request.canceller();
    let mut responses = client.download(request).unwrap();
    for _ in 0..3 {
        assert_eq!(responses.receive().unwrap().unwrap().text, "x");
    }
    let status = cancelled(&canceller, || responses.receive(), || served.behaviour.until_waiting(1));
    assert_eq!(status.code(), Code::Cancelled);
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::Peer)]);
    assert!(responses.receive().unwrap().is_none(), "after an error it gives nothing more");
}

/// The server is told, though nobody waits, and neither half is dropped.
#[test]
fn a_stream_that_nobody_waits_for() {
    let served = serve();
    let client = served.client();
    let mut request = Request::new(());
    let canceller = request.canceller();
    let (mut requests, mut responses) = client.chat(request).unwrap();
    requests.send(waits()).unwrap();
    served.behaviour.until_waiting(1);
    canceller.cancel();
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::Peer)]);
    assert_eq!(requests.send(ask("x")).unwrap_err().code(), Code::Cancelled);
    assert_eq!(responses.receive().unwrap_err().code(), Code::Cancelled);
}

/// What a server does to a call whose client waits for room, and what the client is told: by the send, and by the
/// other half.
struct Meanwhile {
    act: fn(&mut Raw, u32),
    sent: Code,
    received: Code,
}

fn large() -> Ask {
    Ask { payload: vec![0; 100_000], ..Default::default() }
}

/// Reads what the first window takes.
fn fill_window(raw: &mut Raw) {
    let mut window = 65_535;
    while window > 0 {
        window -= raw.next_of(DATA).payload.len();
    }
}

/// Sends until one fails.
fn send_on(requests: &mut RequestSink<Ask>) -> Status {
    (0..1_000).find_map(|_| requests.send(large()).err()).expect("no send has failed")
}

#[test]
fn a_send_that_waits_for_room_comes_back_however_the_call_ends() {
    for Meanwhile { act, sent, received } in [
        // Trailers, without a reset (RFC 9113 §8.1 only says that one may follow).
        Meanwhile { act: end_with_trailers, sent: Code::Cancelled, received: Code::FailedPrecondition },
        Meanwhile { act: end_with_head_alone, sent: Code::Cancelled, received: Code::FailedPrecondition },
        Meanwhile {
            act: |raw, stream| {
                end_with_trailers(raw, stream);
                raw.write(&frame(RST_STREAM, 0, stream, &[0; 4]));
            },
            sent: Code::Cancelled,
            received: Code::FailedPrecondition,
        },
        Meanwhile {
            act: |raw, stream| raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 11])),
            sent: Code::ResourceExhausted,
            received: Code::ResourceExhausted,
        },
        Meanwhile {
            act: |raw, _| raw.stream.shutdown(std::net::Shutdown::Both).unwrap(),
            sent: Code::Unavailable,
            received: Code::Unavailable,
        },
    ] {
        let (client, server) = against(move |_, mut raw| {
            let opened = raw.next_of(HEADERS);
            fill_window(&mut raw);
            act(&mut raw, opened.stream);
            raw
        });
        let (mut requests, response) = client.upload(Request::new(())).unwrap();
        assert_eq!(send_on(&mut requests).code(), sent);
        assert_eq!(requests.send(ask("x")).unwrap_err().code(), sent, "it stays so");
        assert_eq!(response.receive().unwrap_err().code(), received);
        drop(requests);
        server.join().unwrap();
    }
}

fn end_with_trailers(raw: &mut Raw, stream: u32) {
    raw.write(&frame(HEADERS, END_HEADERS, stream, &headers(GOOD_HEAD)));
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&[("grpc-status", "9")])));
}

fn end_with_head_alone(raw: &mut Raw, stream: u32) {
    let fields = [GOOD_HEAD, &[("grpc-status", "9")]].concat();
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &headers(&fields)));
}

/// While another thread waits for the responses of the same call, and reads for the connection.
#[test]
fn a_send_that_waits_beside_its_other_half_comes_back_when_the_server_ends() {
    let (client, server) = against(|_, mut raw| {
        let opened = raw.next_of(HEADERS);
        fill_window(&mut raw);
        end_with_trailers(&mut raw, opened.stream);
        raw
    });
    let (mut requests, mut responses) = client.chat(Request::new(())).unwrap();
    thread::scope(|scope| {
        let receiving = scope.spawn(move || (responses.receive().unwrap_err().code(), responses));
        assert_eq!(send_on(&mut requests).code(), Code::Cancelled);
        assert_eq!(receiving.join().unwrap().0, Code::FailedPrecondition);
    });
    server.join().unwrap();
}

#[test]
fn a_send_that_waits_for_room_is_cancelled() {
    let (tell, told) = channel();
    let (client, server) = against(move |_, mut raw| {
        fill_window(&mut raw);
        tell.send(()).unwrap();
        assert_eq!(raw.next_of(RST_STREAM).payload, CANCEL);
        raw
    });
    let mut request = Request::new(());
    let canceller = request.canceller();
    let (mut requests, mut responses) = client.chat(request).unwrap();
    let sending = || Err::<(), _>(send_on(&mut requests));
    let status = cancelled(&canceller, sending, || told.recv_timeout(LONG).unwrap());
    assert_eq!(status.code(), Code::Cancelled);
    assert_eq!(responses.receive().unwrap_err().code(), Code::Cancelled);
    server.join().unwrap();
}

/// Of a unary call, whose large request does not fit the window.
#[test]
fn a_request_that_waits_for_room_is_cancelled() {
    let (tell, told) = channel();
    let (client, server) = against(move |_, mut raw| {
        fill_window(&mut raw);
        tell.send(()).unwrap();
        assert_eq!(raw.next_of(RST_STREAM).payload, CANCEL);
        raw
    });
    let mut request = Request::new(large());
    let canceller = request.canceller();
    let status = cancelled(&canceller, || client.unary(request), || told.recv_timeout(LONG).unwrap());
    assert_eq!(status.code(), Code::Cancelled);
    server.join().unwrap();
}

/// Thousands of calls that end in every way at every moment: all come back, and the connection stays.
#[test]
fn cancelling_at_any_moment_does_no_harm() {
    let served = serve();
    let client = served.client();
    thread::scope(|scope| {
        for lane in 0..4_u64 {
            let client = client.clone();
            scope.spawn(move || {
                for number in 0..300 {
                    let mut request = Request::new(ask("x"));
                    let canceller = request.canceller();
                    let pause = Duration::from_micros(lane + number);
                    let killer = thread::spawn(move || {
                        let until = Instant::now() + pause;
                        while Instant::now() < until {
                            thread::yield_now();
                        }
                        canceller.cancel();
                    });
                    match client.unary(request) {
                        Ok(response) => assert_eq!(response.message().text, "x"),
                        Err(status) => assert_eq!(status.code(), Code::Cancelled, "{status}"),
                    }
                    killer.join().unwrap();
                }
            });
        }
    });
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
    assert_eq!(served.handle.connections(), 1);
}

/// What a call's sink says once the server has ended the call is the same with a canceller as without.
#[test]
fn a_canceller_does_not_change_how_a_call_has_ended() {
    for cancellable in [false, true] {
        let (client, server) = against(|_, mut raw| {
            let stream = raw.next_of(HEADERS).stream;
            // ENHANCE_YOUR_CALM
            raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 11]));
            raw
        });
        let canceller = Canceller::new();
        let request = if cancellable { Request::new(()).cancelled_by(&canceller) } else { Request::new(()) };
        let (mut requests, mut responses) = client.chat(request).unwrap();
        assert_eq!(responses.receive().unwrap_err().code(), Code::ResourceExhausted);
        let status = requests.send(ask("late")).unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{cancellable}: {status}");
        server.join().unwrap();
    }
}
