//! More calls than the server allows streams: each waits for its turn, for as long as it may (RFC 9113 §5.1.2).

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
use std::time::{Duration, Instant};
use support::proto::Ask;
use support::{LONG, Served, ask, serve_within, waits};
use threadwire::Limits;
use threadwire::grpc::{Channel, Code, Driver, Request};

fn serve(streams: u32) -> Served {
    let mut limits = Limits::default();
    limits.concurrent_streams = streams;
    serve_within(limits, 4, "turns")
}

#[test]
fn thousands_of_calls_from_many_threads_all_have_their_turn() {
    for (streams, driver) in [(1, Driver::Caller), (100, Driver::Caller), (1, Driver::Background)] {
        let served = serve(streams);
        let target = served.address.to_string();
        let channel = Channel::builder(&target).timeout(LONG).driver(driver).connect().unwrap();
        let client = support::proto::ProbeClient::new(channel);
        thread::scope(|scope| {
            for lane in 0..200 {
                let client = client.clone();
                scope.spawn(move || {
                    for number in 0..15 {
                        let text = format!("{lane} {number}");
                        match number % 3 {
                            0 => assert_eq!(client.download(ask(&text)).unwrap().count(), 0),
                            1 => {
                                let (mut requests, response) = client.upload(Request::new(())).unwrap();
                                requests.send(ask(&text)).unwrap();
                                requests.finish().unwrap();
                                assert_eq!(response.receive().unwrap().message().text, text);
                            }
                            _ => assert_eq!(client.unary(ask(&text)).unwrap().message().text, text),
                        }
                    }
                });
            }
        });
        assert_eq!(served.handle.connections(), 1, "{streams}");
    }
}

/// Whoever calls again at once does not overtake those that wait.
#[test]
fn a_greedy_thread_does_not_starve_the_others() {
    let served = serve(1);
    let client = served.client();
    thread::scope(|scope| {
        let (over, is_over) = std::sync::mpsc::channel::<()>();
        let greedy = client.clone();
        scope.spawn(move || {
            while is_over.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
                greedy.unary(ask("me")).unwrap();
            }
        });
        let begin = Instant::now();
        for _ in 0..50 {
            client.unary(Request::new(ask("and me")).with_timeout(LONG)).unwrap();
        }
        assert!(begin.elapsed() < LONG / 3, "{:?}", begin.elapsed());
        drop(over);
    });
}

#[test]
fn a_turn_that_does_not_come_is_waited_for_until_the_deadline() {
    let served = serve(1);
    let client = served.client();
    let open = client.download(waits()).unwrap();
    served.behaviour.until_waiting(1);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..50 {
            let request = Request::new(ask("x")).with_timeout(Duration::from_millis(200));
            scope.spawn(|| assert_eq!(client.unary(request).unwrap_err().code(), Code::DeadlineExceeded));
        }
    });
    assert!((Duration::from_millis(200)..LONG / 3).contains(&begin.elapsed()));
    assert_eq!(served.behaviour.calls(), 1);
    drop(open);
    assert_eq!(client.unary(ask("next")).unwrap().message().text, "next");
}

/// Calls that end in every way, at every moment of their wait: no turn is lost.
#[test]
fn turns_survive_calls_that_give_up() {
    let served = serve(2);
    let client = served.client();
    thread::scope(|scope| {
        for lane in 0..16_u64 {
            let client = client.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let mut request = Request::new(Ask { count: 2, ..ask("x") });
                    let canceller = request.canceller();
                    match (lane + number) % 4 {
                        0 => drop(client.unary(request.with_timeout(Duration::from_micros(200 * number)))),
                        1 => thread::scope(|beside| {
                            beside.spawn(|| drop(client.unary(request)));
                            canceller.cancel();
                        }),
                        // Not before it has begun: a server takes many of those for an attack.
                        2 => drop(client.download(request).unwrap().next().unwrap().unwrap()),
                        _ => assert_eq!(client.download(request).unwrap().map(Result::unwrap).count(), 2),
                    }
                }
            });
        }
    });
    // Both turns are there.
    thread::scope(|scope| {
        for _ in 0..2 {
            let client = &client;
            scope.spawn(move || {
                let waiting = client.download(Request::new(waits()).with_timeout(LONG)).unwrap();
                served_waits(waiting);
            });
        }
        served.behaviour.until_waiting(2);
        served.behaviour.release();
    });
    assert_eq!(served.handle.connections(), 1);
}

fn served_waits(responses: impl Iterator<Item = Result<support::proto::Answer, threadwire::grpc::Status>>) {
    assert_eq!(responses.filter(Result::is_err).count(), 0);
}
