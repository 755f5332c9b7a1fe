//! The end of a server, its bounds, and peers that mean ill: calls finish or are cut, and nothing is left behind.

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

use std::fs;
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Ask, ProbeClient};
use support::{
    DATA, END_STREAM, GOAWAY, HEADERS, LONG, PING, PREFACE, Raw, SETTINGS, UNARY, ask, body, frame, prefixed, serve,
    serve_within, waits,
};
use threadwire::Limits;
use threadwire::grpc::{CancelCause, Channel, Code, Request};

/// The threads of this process whose name begins so.
fn threads(begin: &str) -> usize {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .filter(|task| {
            let name = task.as_ref().map(|task| fs::read_to_string(task.path().join("comm")).unwrap_or_default());
            name.is_ok_and(|name| name.starts_with(begin))
        })
        .count()
}

#[test]
fn a_shutdown_lets_calls_finish() {
    let served = serve();
    let client = served.client();
    let running = thread::spawn(move || client.unary(waits()));
    served.behaviour.until_waiting(1);
    let behaviour = served.behaviour.clone();
    let address = served.address;
    let ending = thread::spawn(move || served.handle.shutdown(LONG));
    // It accepts nothing more.
    let begin = Instant::now();
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(begin.elapsed() < LONG);
    }
    assert!(!ending.is_finished());
    behaviour.release();
    running.join().unwrap().unwrap();
    let report = ending.join().unwrap();
    assert!(report.open >= 1 && report.cut_calls == 0 && report.is_clean(), "{report:?}");
}

#[test]
fn a_shutdown_says_goaway_and_serves_what_was_begun() {
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[], 0);
    // Half of the request: the call has begun.
    let sent = body(&ask("begun"));
    raw.write(&frame(DATA, 0, 1, &sent[..4]));
    raw.ping();
    let ending = thread::spawn(move || served.handle.shutdown(LONG));
    assert_eq!(raw.next_of(GOAWAY).payload, [0x7f, 255, 255, 255, 0, 0, 0, 0]);
    // The drain's PING is answered, and the final GOAWAY names the last stream (RFC 9113 §6.8).
    let ping = raw.next_of(PING);
    raw.write(&frame(PING, support::ACK, 0, &ping.payload));
    assert_eq!(raw.next_of(GOAWAY).payload, [0, 0, 0, 1, 0, 0, 0, 0]);
    raw.write(&frame(DATA, END_STREAM, 1, &sent[4..]));
    assert_eq!(raw.outcome(1).status(), "0");
    raw.rest();
    assert!(ending.join().unwrap().is_clean());
}

#[test]
fn after_the_grace_what_is_left_is_cut_and_named() {
    let served = serve_within(Limits::default(), 2, "tw-cut");
    let client = served.client();
    let running = thread::spawn(move || client.unary(waits()));
    served.behaviour.until_waiting(1);
    let begin = Instant::now();
    let behaviour = served.behaviour.clone();
    let report = served.handle.shutdown(Duration::from_millis(100));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!((report.open, report.cut_off, report.cut_calls), (1, 1, 1), "{report}");
    assert_eq!(running.join().unwrap().unwrap_err().code(), Code::Unavailable);
    assert_eq!(behaviour.causes(1), [Some(CancelCause::Shutdown)]);
}

#[test]
fn a_handler_that_never_returns_does_not_hold_the_end() {
    struct Stuck(std::sync::mpsc::Sender<()>);
    impl support::proto::Probe for Stuck {
        fn unary(
            &self,
            _: Request<Ask>,
        ) -> Result<threadwire::grpc::Response<support::proto::Answer>, threadwire::grpc::Status> {
            self.0.send(()).unwrap();
            loop {
                thread::park();
            }
        }
    }
    let (begun, has_begun) = std::sync::mpsc::channel();
    let server = threadwire::grpc::Server::builder()
        .add_service(support::proto::ProbeServer::new(Stuck(begun)))
        .bind("127.0.0.1:0")
        .unwrap();
    let target = server.local_addresses()[0].to_string();
    let handle = server.spawn().unwrap();
    let client = ProbeClient::new(Channel::connect(&target).unwrap());
    // Its deadline answers the call although the handler does not return. (One that is late may never have begun.)
    loop {
        let status = client.unary(Request::new(ask("")).with_timeout(Duration::from_millis(50))).unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        if has_begun.try_recv().is_ok() {
            break;
        }
    }
    let report = handle.shutdown(Duration::from_millis(100));
    assert_eq!(report.still_running, [UNARY], "{report}");
}

#[test]
fn nothing_is_left_of_a_server() {
    let served = serve_within(Limits::default(), 4, "tw-gone");
    let clients: Vec<_> = (0..5).map(|_| served.client()).collect();
    thread::scope(|scope| {
        for client in &clients {
            scope.spawn(|| (0..20).for_each(|_| drop(client.unary(ask("x")).unwrap())));
        }
    });
    assert!(threads("tw-gone") >= 6, "readers, workers and the accepting thread");
    let report = served.handle.shutdown(LONG);
    assert!(report.is_clean(), "{report}");
    // The system may show a thread for a moment after it was joined.
    let begin = Instant::now();
    while threads("tw-gone") > 0 {
        assert!(begin.elapsed() < LONG, "{} threads are left", threads("tw-gone"));
        thread::yield_now();
    }
}

#[test]
fn a_dropped_handle_ends_the_server_without_waiting() {
    let served = serve();
    let client = served.client();
    let behaviour = served.behaviour.clone();
    let running = thread::spawn(move || (client.unary(waits()), client));
    behaviour.until_waiting(1);
    let begin = Instant::now();
    drop(served);
    assert!(begin.elapsed() < Duration::from_secs(5));
    behaviour.release();
    let (reply, client) = running.join().unwrap();
    reply.unwrap();
    assert_eq!(client.unary(ask("x")).unwrap_err().code(), Code::Unavailable);
}

#[test]
fn calls_beyond_the_queue_are_refused() {
    let mut limits = Limits::default();
    limits.queued_calls = 3;
    let served = serve_within(limits, 2, "threadwire");
    let mut raw = Raw::client(served.address);
    let mut stream = 1;
    let mut begin = |raw: &mut Raw, ask: &Ask| {
        raw.open(stream, UNARY, &[], 0);
        raw.write(&frame(DATA, END_STREAM, stream, &body(ask)));
        stream += 2;
        stream - 2
    };
    // Two run, three wait.
    for number in 1..=2 {
        begin(&mut raw, &waits());
        served.behaviour.until_waiting(number);
    }
    let queued: Vec<u32> = (0..3).map(|_| begin(&mut raw, &ask("queued"))).collect();
    let refused = begin(&mut raw, &ask("one too many"));
    assert_eq!(raw.outcome(refused).status(), "8");
    served.behaviour.release();
    let mut outcomes: Vec<u32> = Vec::new();
    while outcomes.len() < 3 {
        let frame = raw.next_of(HEADERS);
        let fields = raw.decode(&frame.payload);
        if queued.contains(&frame.stream) && fields.get("grpc-status").is_some_and(|status| status == "0") {
            outcomes.push(frame.stream);
        }
    }
}

#[test]
fn a_queued_call_that_is_given_up_never_runs() {
    let served = serve_within(Limits::default(), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
    served.behaviour.until_waiting(1);
    assert_eq!(raw.call(3, UNARY, &[("grpc-timeout", "50m")], &body(&ask("late"))).status(), "4");
    served.behaviour.release();
    assert_eq!(raw.outcome(1).status(), "0");
    assert_eq!(raw.call(5, UNARY, &[], &body(&ask("next"))).status(), "0");
    assert_eq!(served.behaviour.calls(), 2);
}

#[test]
fn unfinished_requests_are_bounded() {
    let mut limits = Limits::default();
    limits.unfinished_message_bytes = 100_000;
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::client(served.address);
    // Three requests of a megabyte, of which 40,000 bytes come each.
    let part = prefixed(&vec![0; 1 << 20]);
    for stream in [1, 3, 5] {
        raw.open(stream, UNARY, &[], 0);
        for piece in part[..40_000].chunks(10_000) {
            raw.write(&frame(DATA, 0, stream, piece));
        }
    }
    assert_eq!(raw.outcome(5).status(), "8");
    // One that ends gives its share free.
    raw.write(&frame(support::RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    assert_eq!(raw.call(7, UNARY, &[], &body(&Ask { payload: vec![1; 15_000], ..Default::default() })).status(), "0");
}

#[test]
fn connections_beyond_the_limit_are_told() {
    let mut limits = Limits::default();
    limits.connections = 2;
    let served = serve_within(limits, 1, "threadwire");
    let first = served.client();
    let mut second = Raw::client(served.address);
    second.call(1, UNARY, &[], &body(&ask("x")));
    let mut third = Raw::client(served.address);
    let frames = third.rest();
    let last = frames.last().unwrap();
    assert_eq!((last.kind, &last.payload[..8]), (GOAWAY, &[0; 8][..]));
    assert_eq!(&last.payload[8..], b"too many connections");
    // A client says so.
    let status = ProbeClient::new(Channel::builder(&served.address.to_string()).connect_lazy().unwrap());
    assert_eq!(status.unary(ask("x")).unwrap_err().code(), Code::Unavailable);
    // And a place that becomes free is taken.
    drop(second);
    let begin = Instant::now();
    while served.handle.connections() > 1 {
        assert!(begin.elapsed() < LONG);
        thread::yield_now();
    }
    served.client().unary(ask("x")).unwrap();
    first.unary(ask("x")).unwrap();
}

/// Numbers that look random and are the same each time (an xorshift).
fn dice(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |number| {
        let number = number ^ (number << 13);
        let number = number ^ (number >> 7);
        Some(number ^ (number << 17))
    })
    .skip(1)
}

#[test]
fn random_bytes_leave_nothing_behind() {
    let served = serve_within(Limits::default(), 2, "tw-noise");
    let client = served.client();
    let begun = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let mut dice = dice(7);
    for round in 0..60 {
        let noise: Vec<u8> = dice.by_ref().take(1 + round * 20).map(|number| number.to_le_bytes()[3]).collect();
        for begin in [&b""[..], PREFACE, &begun] {
            let mut raw = Raw::connect(served.address);
            // The server may have ended it already.
            let _ = std::io::Write::write_all(&mut raw.stream, &[begin, &noise].concat());
        }
        // Frames that are whole, with anything in them.
        let mut raw = Raw::client(served.address);
        for _ in 0..20 {
            let numbers: Vec<u64> = dice.by_ref().take(4).collect();
            let payload: Vec<u8> = dice.by_ref().take((numbers[0] % 40) as usize).map(|n| n.to_le_bytes()[2]).collect();
            let random = frame((numbers[1] % 11) as u8, numbers[2] as u8, (numbers[3] % 6) as u32, &payload);
            if std::io::Write::write_all(&mut raw.stream, &random).is_err() {
                break;
            }
        }
        drop(raw);
        client.unary(ask("still here")).unwrap();
    }
    let begin = Instant::now();
    while served.handle.connections() > 1 {
        assert!(begin.elapsed() < LONG, "{} connections are left", served.handle.connections());
        thread::yield_now();
    }
    assert!(served.handle.shutdown(LONG).is_clean());
}
