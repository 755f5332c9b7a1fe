//! Peers that send HTTP/2 frames for their own sake, as fast as they can: each is told that it is too much, and let go;
//! others go on being served meanwhile, and nothing is left of it.

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

use process::{alone, comes_true};
use scene::{CALM, Cut, PROTOCOL_ERROR, Scene, cut, goaway};
use std::time::Duration;
use support::proto::Ask;
use support::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, Raw, SETTINGS,
    UNARY, WINDOW_UPDATE, ask, block, body, call_head, frame, headers, serve_within, waits,
};
use threadwire::Limits;
use threadwire::grpc::CancelCause;

const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A flood of `bytes` is cut so, whatever was sent before.
fn is_cut(name: &'static str, limits: Limits, before: &[u8], bytes: &[u8], expected: &Cut) {
    let _alone = alone();
    let mut scene = Scene::new(name, limits);
    scene.raw.write(before);
    let piece = bytes.repeat(20_000 / bytes.len() + 1);
    // 400 MB: a second's worth or more.
    let frames = scene.floods(20_000, move |_| piece.clone());
    assert_eq!(goaway(&frames), *expected);
    // It did not cost more than the counting.
    let spent = scene.attacker_time();
    assert!(spent < Duration::from_secs(2), "{spent:?}");
    scene.ends();
}

fn without_ping_rule() -> Limits {
    let mut limits = Limits::default();
    limits.least_ping_interval = Duration::ZERO;
    limits
}

/// The head of a call, without an end, and perhaps with a header more.
fn head(stream: u32, extra: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(&call_head(UNARY, extra)))
}

#[test]
fn pings() {
    let ping = frame(PING, 0, 0, b"are here");
    is_cut("tw-ping", Limits::default(), &[], &ping, &cut(CALM, "too_many_pings"));
    is_cut("tw-pingz", without_ping_rule(), &[], &ping, &cut(CALM, "too_many_pings"));
}

/// gRPC's own rule (its keepalive document): not more often than every five minutes, but for two.
#[test]
fn the_pings_that_are_too_many() {
    let _alone = alone();
    let served = serve_within(Limits::default(), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    for _ in 0..3 {
        raw.ping();
    }
    // It was sent something: whoever measures the way with a PING for it is no attacker.
    assert_eq!(raw.call(1, UNARY, &[], &body(&ask("x"))).status(), "0");
    raw.ping();
    // Those that come while the call is still open are none too many.
    raw.write(&frame(PING, 0, 0, b"are here").repeat(20));
    assert_eq!(goaway(&raw.until_cut()), cut(CALM, "too_many_pings"));
}

#[test]
fn acknowledgements_of_nothing() {
    let ping = frame(PING, ACK, 0, b"are here");
    is_cut("tw-pong", Limits::default(), &[], &ping, &cut(CALM, "too_many_control_frames"));
}

#[test]
fn settings() {
    // SETTINGS_INITIAL_WINDOW_SIZE, which concerns every stream, back and forth.
    let settings = [[0, 4, 0, 0, 0, 0], [0, 4, 0, 0, 255, 255]].map(|setting| frame(SETTINGS, 0, 0, &setting)).concat();
    let streams: Vec<u8> = (1..400).step_by(2).flat_map(|stream| head(stream, &[])).collect();
    is_cut("tw-sett", Limits::default(), &streams, &settings, &cut(CALM, "too_many_control_frames"));
}

#[test]
fn empty_data() {
    let empty = frame(DATA, 0, 1, &[]);
    is_cut("tw-empty", Limits::default(), &head(1, &[]), &empty, &cut(CALM, "too_many_data_frames"));
    // Padding alone is empty, too.
    let padded = frame(DATA, 8, 1, &[3, 0, 0, 0]);
    is_cut("tw-padd", Limits::default(), &head(1, &[]), &padded, &cut(CALM, "too_many_data_frames"));
}

#[test]
fn priorities() {
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]);
    is_cut("tw-prio", Limits::default(), &[], &priority, &cut(CALM, "too_many_control_frames"));
}

#[test]
fn window_updates() {
    let done = [head(1, &[]), frame(RST_STREAM, 0, 1, &CANCEL)].concat();
    let update = frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
    is_cut("tw-wind", Limits::default(), &done, &update, &cut(CALM, "too_many_control_frames"));
    // Of a stream that was never opened: an error of the connection (RFC 9113 §5.1).
    is_cut("tw-windi", Limits::default(), &[], &update, &cut(PROTOCOL_ERROR, ""));
}

#[test]
fn frames_that_nobody_knows() {
    let unknown = frame(77, 0, 0, &[]);
    is_cut("tw-unkn", Limits::default(), &[], &unknown, &cut(CALM, "too_many_control_frames"));
    let large = frame(77, 255, 5, &[0; 16_384]);
    is_cut("tw-unknl", Limits::default(), &[], &large, &cut(CALM, "too_many_control_frames"));
}

#[test]
fn resets_of_what_is_over() {
    let done = [head(1, &[]), frame(RST_STREAM, 0, 1, &CANCEL)].concat();
    let reset = frame(RST_STREAM, 0, 1, &CANCEL);
    is_cut("tw-rst", Limits::default(), &done, &reset, &cut(CALM, "too_many_resets"));
}

#[test]
fn continuations() {
    let begun = frame(HEADERS, 0, 1, &block(&call_head(UNARY, &[])));
    let more = frame(CONTINUATION, 0, 1, &headers(&[("x", "y")]));
    is_cut("tw-cont", Limits::default(), &begun, &more, &cut(CALM, "too_many_continuations"));
    let empty = frame(CONTINUATION, 0, 1, &[]);
    is_cut("tw-contz", Limits::default(), &begun, &empty, &cut(CALM, "too_many_continuations"));
}

/// `bytes` for one stream after the other, as fast as they are taken.
fn streams_are_cut(name: &'static str, expected: &Cut, bytes: impl Fn(u32) -> Vec<u8> + Send + 'static) -> usize {
    let _alone = alone();
    let mut scene = Scene::new(name, Limits::default());
    // Two calls that run when it happens.
    for stream in [1, 3] {
        scene.raw.open(stream, UNARY, &[], 0);
        scene.raw.write(&frame(DATA, END_STREAM, stream, &body(&waits())));
    }
    scene.served.behaviour.until_waiting(2);
    let frames = scene.floods(40_000, move |round| bytes(u32::try_from(round).unwrap() * 2 + 5));
    assert_eq!(goaway(&frames), *expected, "{name}");
    let lost =
        || scene.served.behaviour.causes(2).into_iter().filter(|cause| *cause == Some(CancelCause::ConnectionLost));
    assert!(comes_true(|| lost().count() == 2), "{:?}", scene.served.behaviour.causes(2));
    scene.ends();
    frames.iter().filter(|frame| frame.kind == RST_STREAM).count()
}

/// CVE-2023-44487: far more than may be open at once, since each is given up at once.
#[test]
fn streams_that_are_opened_and_given_up() {
    streams_are_cut("tw-rapid", &cut(CALM, "too_many_resets"), |stream| {
        [head(stream, &[]), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
    });
}

#[test]
fn calls_that_are_made_and_given_up() {
    streams_are_cut("tw-rapidc", &cut(CALM, "too_many_resets"), |stream| {
        let request = frame(DATA, END_STREAM, stream, &body(&waits()));
        [head(stream, &[]), request, frame(RST_STREAM, 0, stream, &CANCEL)].concat()
    });
}

/// CVE-2025-8671: the same, but it is the server that is made to reset them.
#[test]
fn streams_that_this_side_is_made_to_reset() {
    let window: fn(u32) -> Vec<u8> = |stream| frame(WINDOW_UPDATE, 0, stream, &[0x7f, 255, 255, 255]);
    let itself: fn(u32) -> Vec<u8> = |stream| frame(PRIORITY, 0, stream, &[&stream.to_be_bytes()[..], &[1]].concat());
    let length: fn(u32) -> Vec<u8> = |stream| frame(DATA, 0, stream, b"more than was said");
    for (name, trick) in [("tw-windo", window), ("tw-depen", itself), ("tw-lengt", length)] {
        let resets = streams_are_cut(name, &cut(CALM, "too_many_resets"), move |stream| {
            [head(stream, &[("content-length", "5")]), trick(stream)].concat()
        });
        assert!(resets > 900, "{name}: only {resets}");
    }
}

/// What RFC 9113 makes an error of the connection is one, at the first stream.
#[test]
fn tricks_that_end_the_connection() {
    let _alone = alone();
    let served = serve_within(Limits::default(), 1, "threadwire");
    let request = [head(1, &[]), frame(DATA, END_STREAM, 1, &body(&waits()))].concat();
    for (number, (trick, code)) in [
        (frame(WINDOW_UPDATE, 0, 1, &[0; 4]), PROTOCOL_ERROR),
        (frame(WINDOW_UPDATE, 0, 0, &[0x7f, 255, 255, 255]), 3),
        (frame(DATA, 0, 1, b"x"), PROTOCOL_ERROR),
        (frame(RST_STREAM, 0, 0, &CANCEL), PROTOCOL_ERROR),
        (frame(PRIORITY, 0, 0, &[0, 0, 0, 1, 1]), PROTOCOL_ERROR),
        (frame(5, END_HEADERS, 1, &[0, 0, 0, 2]), PROTOCOL_ERROR),
        (frame(CONTINUATION, END_HEADERS, 1, &[]), PROTOCOL_ERROR),
        (frame(PING, 0, 0, b"short"), PROTOCOL_ERROR),
        (frame(PING, 0, 1, b"on a one"), PROTOCOL_ERROR),
    ]
    .into_iter()
    .enumerate()
    {
        let mut raw = Raw::client(served.address);
        raw.write(&request);
        served.behaviour.until_waiting(number + 1);
        raw.write(&trick);
        assert_eq!(goaway(&raw.until_cut()), cut(code, ""), "{number}");
        assert_eq!(served.behaviour.causes(number + 1)[number], Some(CancelCause::ConnectionLost), "{number}");
    }
}

/// Thousands of calls in a moment, of which three in ten are given up at once, some before they could be looked at.
#[test]
fn a_client_that_gives_up_much_is_no_attacker() {
    let _alone = alone();
    const CALLS: u32 = 10_000;
    const BATCH: u32 = 100;
    let served = serve_within(Limits::default(), 4, "threadwire");
    let mut raw = Raw::client(served.address);
    let request = body(&ask("x"));
    let mut answered = 0;
    for batch in (0..CALLS).step_by(BATCH as usize) {
        let mut bytes = Vec::new();
        for stream in (batch..batch + BATCH).map(|number| number * 2 + 1) {
            bytes.extend(head(stream, &[]));
            bytes.extend(frame(DATA, END_STREAM, stream, &request));
            if stream / 2 % 10 < 3 {
                bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL));
            }
        }
        raw.write(&bytes);
        let expected = BATCH * 7 / 10;
        let mut here = 0;
        while here < expected {
            let frame = raw.next().expect("it was cut");
            assert_ne!(frame.kind, GOAWAY, "{frame:?}");
            let ends = frame.kind == HEADERS && frame.flags & END_STREAM != 0;
            here += u32::from(ends && frame.stream / 2 % 10 >= 3);
        }
        answered += here;
    }
    assert_eq!(answered, CALLS * 7 / 10);
}

/// Header lists above the limit: one that is a little too long costs its call, one that is far too long its connection.
#[test]
fn header_lists_that_are_too_long() {
    let _alone = alone();
    let served = serve_within(Limits::default(), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    let long = "y".repeat(16 * 1024);
    raw.write(&frame(HEADERS, 0, 1, &block(&call_head(UNARY, &[]))));
    raw.write(&frame(CONTINUATION, END_HEADERS, 1, &headers(&[("x", &long[..16_200])])));
    assert_eq!(raw.outcome(1).http(), "431");
    assert_eq!(raw.next_of(RST_STREAM).payload, [0, 0, 0, 1]);
    // Nothing else of the connection is touched.
    assert_eq!(raw.call(3, UNARY, &[], &body(&ask("x"))).status(), "0");
    // One header into the table (RFC 7541 §6.2.1), then named a hundred times, with one byte each.
    let mut bomb = headers(&[("x", &long[..3_900])]);
    bomb[0] = 0x40;
    bomb.extend([0xbe; 100]);
    raw.write(&frame(HEADERS, END_HEADERS, 5, &[block(&call_head(UNARY, &[])), bomb].concat()));
    assert_eq!(goaway(&raw.until_cut()), cut(CALM, "header_list_way_too_large"));
}

/// Calls that were given up while they waited for a thread are no reason to refuse those of others.
#[test]
fn calls_that_were_given_up_take_no_place_in_the_queue() {
    let _alone = alone();
    let mut limits = without_ping_rule();
    limits.queued_calls = 10;
    let served = serve_within(limits, 1, "threadwire");
    let mut raw = Raw::client(served.address);
    raw.write(&[head(1, &[]), frame(DATA, END_STREAM, 1, &body(&waits()))].concat());
    served.behaviour.until_waiting(1);
    let mut attacker = Raw::client(served.address);
    for stream in (1..20).step_by(2) {
        attacker.write(&[head(stream, &[]), frame(DATA, END_STREAM, stream, &body(&waits()))].concat());
    }
    attacker.write(&[head(21, &[]), frame(DATA, END_STREAM, 21, &body(&waits()))].concat());
    assert_eq!(attacker.outcome(21).status(), "8");
    for stream in (1..20).step_by(2) {
        attacker.write(&frame(RST_STREAM, 0, stream, &CANCEL));
    }
    // They are noticed at some moment: until then calls are refused, afterwards they find a place.
    let mut waiting = Vec::new();
    let mut next = 3;
    let noticed = comes_true(|| {
        waiting = (next..next + 22).step_by(2).collect();
        next += 22;
        for stream in &waiting {
            raw.write(&[head(*stream, &[]), frame(DATA, END_STREAM, *stream, &body(&ask("x")))].concat());
        }
        // The first is answered when all was read, the second when what was read has been looked at.
        for _ in 0..2 {
            raw.write(&frame(PING, 0, 0, b"are here"));
            loop {
                let told = raw.next().unwrap();
                match told.kind {
                    HEADERS => {
                        raw.decode(&told.payload);
                        waiting.retain(|stream| *stream != told.stream);
                    }
                    PING => break,
                    _ => {}
                }
            }
        }
        !waiting.is_empty()
    });
    assert!(noticed);
    served.behaviour.release();
    let statuses: Vec<_> = waiting.iter().map(|stream| raw.outcome(*stream).status().to_owned()).collect();
    assert!(statuses.iter().all(|status| status == "0"), "{statuses:?}");
    assert_eq!(served.behaviour.calls(), 1 + waiting.len());
}

/// CVE-2019-9511: a large answer, of which the peer takes a byte at a time.
#[test]
fn window_given_byte_by_byte() {
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let large = body(&Ask { size: 4 << 20, ..Default::default() });
    let request = [settings, head(1, &[]), frame(DATA, END_STREAM, 1, &large)].concat();
    let update = frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
    is_cut("tw-drib", Limits::default(), &request, &update, &cut(CALM, "too_many_control_frames"));
}
