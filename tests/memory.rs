//! What a hostile peer can make a connection hold, in allocated bytes.

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

use std::sync::{Mutex, MutexGuard, PoisonError};
use support::{ACK, DATA, Raw, SETTINGS, body, frame, serve, waits};
use threadwire_test_host::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// The count is of the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame of a type that nobody knows: it is passed over.
fn filler(size: usize) -> Vec<u8> {
    frame(0xfa, 0, 0, &vec![0; size])
}

/// Each short frame lies alone in one of h2's buffers.
#[test]
fn short_frames_that_nobody_reads_hold_their_bytes_and_no_buffers() {
    let _alone = alone();
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.write(&frame(SETTINGS, ACK, 0, &[]));
    raw.open(1, "/probe.v1.Probe/Upload", &[], 0);
    raw.write(&frame(DATA, 0, 1, &body(&waits())));
    served.behaviour.until_waiting(1);
    raw.ping();
    let before = MEMORY.now();
    let (count, size) = (2_000, 256);
    for _ in 0..count {
        raw.write(&[frame(DATA, 0, 1, &vec![0; size]), filler(7_900)].concat());
    }
    raw.ping();
    let held = MEMORY.now() - before;
    assert!(held >= count * size, "they are not unread: {held}");
    assert!(held <= 2 * count * size + 64 * 1024, "{held}");
}
