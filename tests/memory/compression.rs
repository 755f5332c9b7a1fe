//! Messages that inflate to far more than is allowed.

use super::compressed::{boasting_zstd, stored, zeros};
use super::support::{ACK, Raw, SETTINGS, UNARY, ask, body, frame, prefixed, serve_within};
use super::{Held, alone};
use threadwire::Limits;

/// Beside what came and what comes out, in bytes: the states of the decoders, and what a call takes.
const BESIDE: [(&str, usize); 3] = [("gzip", 96 * 1024), ("deflate", 96 * 1024), ("zstd", 512 * 1024)];

/// What a bomb can make the server hold is in proportion to the limit, whatever the bomb would become.
#[test]
fn a_bomb_holds_no_more_than_the_message_that_is_allowed() {
    let _alone = alone();
    for limit in [64 * 1024, 1024 * 1024] {
        let mut limits = Limits::small();
        limits.receive_message_bytes = limit;
        let served = serve_within(limits, 1, "threadwire");
        let mut raw = Raw::client(served.address);
        raw.write(&frame(SETTINGS, ACK, 0, &[]));
        let mut streams = (1..).step_by(2);
        // What the connection and its thread take is there before.
        for (name, _) in BESIDE {
            let whole = compressed(&stored(name, &body(&ask("a"))[5..]));
            let outcome = raw.call(streams.next().unwrap(), UNARY, &[("grpc-encoding", name)], &whole);
            assert_eq!(outcome.status(), "0");
        }
        for (name, beside) in BESIDE {
            // As much as fits into the window.
            let bomb = compressed(&zeros(name, if name == "zstd" { 256 << 20 } else { 2 << 20 }));
            let held = Held::from_now();
            let outcome = raw.call(streams.next().unwrap(), UNARY, &[("grpc-encoding", name)], &bomb);
            assert_eq!(outcome.status(), "8", "{name}");
            let (most, bound) = (held.most(), 2 * limit + 4 * bomb.len() + beside);
            println!("{name}, {limit}: {most} of {bound} bytes");
            assert!(most <= bound, "{name}: {most} bytes for a limit of {limit}, more than {bound}");
        }
    }
}

/// Nor what a block says of itself.
#[test]
fn blocks_that_say_more_than_they_have_hold_nothing_of_it() {
    let _alone = alone();
    let served = serve_within(Limits::small(), 1, "threadwire");
    let mut raw = Raw::client(served.address);
    for (stream, block) in (1..).step_by(2).zip(boasting_zstd().into_iter().chain(boasting_zstd())) {
        let held = Held::from_now();
        let outcome = raw.call(stream, UNARY, &[("grpc-encoding", "zstd")], &compressed(&block));
        assert_eq!(outcome.status(), "13");
        assert!(outcome.message().contains("a block says"), "{}", outcome.message());
        // The first call has a thread made.
        if stream > 1 {
            assert!(held.most() < 32 * 1024, "{}", held.most());
        }
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut message = prefixed(bytes);
    message[0] = 1;
    message
}
