//! Peers of HTTP/2 that are slow, or stop half-way, or take nothing: each costs its own connection, for a bounded time
//! and without work; others go on being served meanwhile, and nothing is left of it.

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

#[path = "support/process.rs"]
mod process;

#[path = "support/scene.rs"]
mod scene;

use process::{alone, comes_true, memory, threads};
use scene::{Bystander, Scene, cut, goaway};
use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};
use support::proto::Ask;
use support::{
    ACK, DATA, END_STREAM, Frame, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, Raw, SETTINGS, UNARY, WINDOW_UPDATE, ask,
    block, body, call_head, frame, serve_within, waits,
};
use threadwire::Limits;
use threadwire::grpc::CancelCause;

const DOWNLOAD: &str = "/probe.v1.Probe/Download";
const SHORT: Duration = Duration::from_millis(300);
/// Between two bytes of a peer that sends them one by one.
const PACE: Duration = Duration::from_millis(10);

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn kinds(frames: &[Frame]) -> Vec<u8> {
    frames.iter().map(|frame| frame.kind).collect()
}

#[test]
fn a_peer_that_sends_byte_by_byte_is_served() {
    let served = serve_within(Limits::default(), 1, "threadwire");
    let mut raw = Raw::connect(served.address);
    let head = frame(HEADERS, 4, 1, &block(&call_head(UNARY, &[])));
    let request = frame(DATA, END_STREAM, 1, &body(&ask("slow")));
    for byte in [PREFACE, &frame(SETTINGS, 0, 0, &[]), &head, &request].concat() {
        raw.write(&[byte]);
    }
    assert_eq!(raw.outcome(1).status(), "0");
}

/// Two hundred that begin and do not go on, one of four ways each, while another is served.
#[test]
fn openings_that_come_to_nothing() {
    let _alone = alone();
    let served = serve_within(limits(|limits| limits.handshake_timeout = Duration::from_secs(1)), 4, "tw-slow");
    let bystander = Bystander::of(&served);
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let beginnings: [&[u8]; 4] = [b"", &PREFACE[..10], PREFACE, &[PREFACE, &settings[..12]].concat()];
    let mut peers: Vec<_> = (0..200)
        .map(|number| {
            let mut raw = Raw::connect(served.address);
            raw.write(beginnings[number % 4]);
            raw
        })
        .collect();
    assert!(comes_true(|| served.handle.connections() == 201), "{}", served.handle.connections());
    for (number, raw) in peers.iter_mut().enumerate() {
        // A server's own beginning is all they get, if they have got as far as that.
        let expected: &[u8] = if number % 4 < 2 { &[] } else { &[SETTINGS, WINDOW_UPDATE] };
        assert_eq!(kinds(&raw.until_cut()), expected, "{number}");
    }
    drop(peers);
    assert!(comes_true(|| served.handle.connections() == 1), "{}", served.handle.connections());
    bystander.was_served();
}

#[test]
fn an_opening_that_comes_byte_by_byte_has_its_time() {
    let served = serve_within(limits(|limits| limits.handshake_timeout = SHORT), 1, "threadwire");
    let begin = Instant::now();
    let mut raw = Raw::connect(served.address);
    let mut out = raw.stream.try_clone().unwrap();
    let sending = thread::spawn(move || {
        // All of it would take twice the time.
        for byte in PREFACE {
            thread::sleep(SHORT / 12);
            if out.write_all(&[*byte]).is_err() {
                break;
            }
        }
    });
    assert_eq!(raw.until_cut(), []);
    assert!(begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
    sending.join().unwrap();
}

/// Calls without a deadline whose request begins, and goes on for ever or not at all.
#[test]
fn requests_that_never_come() {
    let served = serve_within(limits(|limits| limits.message_timeout = SHORT), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    // A handler may take its time.
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
    raw.open(3, UNARY, &[], 0);
    raw.open(5, UNARY, &[], 0);
    let mut out = raw.stream.try_clone().unwrap();
    let sending = thread::spawn(move || {
        let large = body(&Ask { payload: vec![1; 10_000], ..Default::default() });
        for byte in large.iter().take(200) {
            out.write_all(&frame(DATA, 0, 5, &[*byte])).unwrap();
            thread::sleep(PACE);
        }
    });
    let mut outcomes = Vec::new();
    while outcomes.len() < 4 {
        let frame = raw.next().unwrap();
        assert_ne!(frame.kind, GOAWAY, "{frame:?}");
        match frame.kind {
            HEADERS => {
                let fields = raw.decode(&frame.payload);
                assert!(fields["grpc-message"].contains("not whole"), "{fields:?}");
                outcomes.push((frame.stream, fields["grpc-status"].clone()));
            }
            RST_STREAM => outcomes.push((frame.stream, format!("{:?}", frame.payload))),
            _ => {}
        }
    }
    outcomes.sort();
    let expected = [(3, "4"), (3, "[0, 0, 0, 0]"), (5, "4"), (5, "[0, 0, 0, 0]")];
    assert_eq!(outcomes, expected.map(|(stream, outcome)| (stream, outcome.to_owned())));
    served.behaviour.release();
    assert_eq!(raw.outcome(1).status(), "0");
    // What still comes for a stream that was reset harms nobody.
    sending.join().unwrap();
    assert_eq!(raw.call(7, UNARY, &[], &body(&ask("x"))).status(), "0");
}

/// A client that shuts its side, or goes within a frame, loses its calls; their handlers are told.
#[test]
fn half_open_connections() {
    let _alone = alone();
    for (name, end) in [("tw-shut", &b""[..]), ("tw-half", &[0, 0, 100, 0])] {
        let mut scene = Scene::new(name, Limits::default());
        scene.raw.open(1, UNARY, &[], 0);
        scene.raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
        scene.served.behaviour.until_waiting(1);
        scene.raw.write(end);
        scene.raw.end_output();
        assert_eq!(scene.served.behaviour.causes(1), [Some(CancelCause::ConnectionLost)]);
        let rest = scene.raw.until_cut();
        assert!(rest.iter().all(|frame| frame.kind != HEADERS), "{rest:?}");
        scene.ends();
    }
}

/// Answers that nobody takes: what the windows are shut for is given up one by one, and the connection goes on.
#[test]
fn no_window_for_many_answers() {
    let _alone = alone();
    let mut scene = Scene::new("tw-zero", limits(|limits| limits.write_timeout = SHORT));
    scene.raw.ping();
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    scene.raw.write(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    let before = memory();
    let large = body(&Ask { size: 1 << 20, ..Default::default() });
    let streams = 1..401;
    for stream in streams.clone().step_by(2) {
        scene.raw.open(stream, UNARY, &[], 0);
        scene.raw.write(&frame(DATA, END_STREAM, stream, &large));
    }
    let (mut given_up, mut refused) = (0, 0);
    while given_up + refused < streams.clone().step_by(2).count() {
        let frame = scene.raw.next().unwrap();
        match frame.kind {
            RST_STREAM => {
                assert_eq!(frame.payload, [0, 0, 0, 8]);
                given_up += 1;
            }
            HEADERS if frame.flags & END_STREAM != 0 => refused += 1,
            GOAWAY => panic!("{frame:?}"),
            _ => {}
        }
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 200 << 20, "{grown} bytes");
    // 32 MiB of them may wait.
    assert!(given_up >= 30 && refused > 0, "{given_up} given up, {refused} refused");
    scene.raw.open(401, UNARY, &[], 0);
    scene.raw.write(&frame(DATA, END_STREAM, 401, &body(&Ask { code: 5, ..ask("") })));
    while scene.raw.next_of(HEADERS).stream != 401 {}
    scene.ends();
}

/// Fifty downloads, all the window there is, and a peer that reads nothing of it.
#[test]
fn a_peer_that_never_reads() {
    let _alone = alone();
    let mut scene = Scene::new("tw-mute", limits(|limits| limits.write_timeout = Duration::from_secs(2)));
    let before = memory();
    // SETTINGS_INITIAL_WINDOW_SIZE 2^31-1
    scene.raw.write(&frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 255, 255, 255]));
    scene.raw.write(&frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]));
    for stream in (1..101).step_by(2) {
        scene.raw.open(stream, DOWNLOAD, &[], 0);
        let much = body(&Ask { count: 10_000, size: 64 * 1024, ..Default::default() });
        scene.raw.write(&frame(DATA, END_STREAM, stream, &much));
    }
    assert!(comes_true(|| threads("tw-mute-stream") == 50));
    costs_nothing_while_stuck(&scene);
    let grown = memory().saturating_sub(before);
    assert!(grown < 200 << 20, "{grown} bytes");
    // Handlers and reader are let go.
    assert!(comes_true(|| threads("tw-mute-stream") == 0), "{}", threads("tw-mute-stream"));
    scene.ends();
}

/// The attacker's connection is at rest for a while, and stays so.
fn costs_nothing_while_stuck(scene: &Scene) {
    let quiet = || {
        let before = scene.attacker_time();
        thread::sleep(Duration::from_millis(300));
        scene.attacker_time().saturating_sub(before)
    };
    assert!(comes_true(|| quiet() <= Duration::from_millis(10)), "it never rests");
    assert!(scene.is_served(), "it was cut off before that could be seen");
}

#[test]
fn pings_that_nobody_reads_the_answers_of() {
    is_not_read_for_ever("tw-mping", &frame(PING, 0, 0, b"are here"));
}

#[test]
fn settings_that_nobody_reads_the_answers_of() {
    is_not_read_for_ever("tw-msett", &frame(SETTINGS, 0, 0, &[]));
}

/// What asks for answers, from a peer that reads none: reading stops, nothing is done, and the connection is given up.
fn is_not_read_for_ever(name: &'static str, frame: &[u8]) {
    let _alone = alone();
    let unlimited = limits(|limits| {
        limits.least_ping_interval = Duration::ZERO;
        limits.control_frames = usize::MAX;
        limits.write_timeout = Duration::from_secs(2);
    });
    let mut scene = Scene::new(name, unlimited);
    scene.raw.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let frames = frame.repeat(1000);
    let mut sent = 0;
    let blocked = loop {
        match scene.raw.stream.write(&frames[sent % frames.len()..]) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < 64 << 20, "{sent} bytes have been read, and their answers kept");
    };
    assert!(matches!(blocked.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{blocked}");
    costs_nothing_while_stuck(&scene);
    assert!(comes_true(|| !scene.is_served()));
    scene.ends();
}

#[test]
fn a_silent_client_is_asked_and_given_up() {
    let limits = limits(|limits| {
        limits.keepalive_interval = Some(Duration::from_millis(50));
        limits.keepalive_timeout = SHORT;
    });
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
    served.behaviour.until_waiting(1);
    for _ in 0..5 {
        let asked = raw.next_of(PING);
        assert_eq!(asked.flags, 0);
        raw.write(&frame(PING, ACK, 0, &asked.payload));
    }
    let rest = raw.until_cut();
    assert!(kinds(&rest).iter().all(|kind| *kind == PING), "{rest:?}");
    assert_eq!(served.behaviour.causes(1), [Some(CancelCause::ConnectionLost)]);
}

const LAST: [u8; 8] = [0x7f, 255, 255, 255, 0, 0, 0, 0];

#[test]
fn a_client_that_makes_no_calls_is_sent_away() {
    let limits = limits(|limits| {
        limits.idle_timeout = Some(SHORT);
        limits.close_timeout = SHORT;
    });
    let served = serve_within(limits, 1, "threadwire");
    for answers in [true, false] {
        let mut raw = Raw::client(served.address);
        assert_eq!(raw.call(1, UNARY, &[], &body(&ask("x"))).status(), "0");
        assert_eq!(raw.next_of(GOAWAY).payload, LAST);
        let asked = raw.next_of(PING);
        if answers {
            raw.write(&frame(PING, ACK, 0, &asked.payload));
            // Now it is known that no call was on its way.
            assert_eq!(raw.next_of(GOAWAY).payload, [0, 0, 0, 1, 0, 0, 0, 0]);
        }
        let mut rest = Vec::new();
        raw.stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"", "{answers}");
    }
}

#[test]
fn a_call_keeps_its_connection() {
    let limits = limits(|limits| limits.idle_timeout = Some(SHORT));
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.open(1, UNARY, &[], 0);
    raw.write(&frame(DATA, END_STREAM, 1, &body(&waits())));
    raw.stream.set_read_timeout(Some(SHORT * 4)).unwrap();
    let mut frames = [0; 1024];
    // The acknowledgement of SETTINGS and the like; then nothing.
    let silence = loop {
        match raw.stream.read(&mut frames) {
            Ok(count) => assert!(!support::frames(&frames[..count]).iter().any(|frame| frame.kind == GOAWAY)),
            Err(error) => break error,
        }
    };
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    served.behaviour.release();
    assert_eq!(goaway(&raw.until_cut_answering()), cut(0, ""));
    assert_eq!(served.behaviour.causes(1), [None]);
}

/// A channel whose connection was sent away makes another for the next call.
#[test]
fn a_channel_that_was_sent_away_comes_back() {
    let served = serve_within(limits(|limits| limits.idle_timeout = Some(Duration::from_millis(20))), 1, "threadwire");
    let client = served.client();
    for _ in 0..10 {
        assert_eq!(client.unary(ask("x")).unwrap().message().text, "x");
        assert!(comes_true(|| served.handle.connections() == 0), "it stays");
    }
}
