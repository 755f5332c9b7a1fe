//! What decoding takes of memory, whatever the bytes are: at most what `MEMORY_PER_BYTE` and `MEMORY_ALLOWANCE` say,
//! but for what the outermost list holds twice for a moment while it grows.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail")]

mod protobuf_proto;

use protobuf_proto::{Dear, dear};
use threadwire::protobuf::{MEMORY_ALLOWANCE, MEMORY_PER_BYTE, Message};
use threadwire_test_host::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// The most that is allocated while these bytes are decoded, and whether they are a message.
fn decoded(bytes: &[u8]) -> (usize, bool) {
    MEMORY.forget();
    let before = MEMORY.now();
    let is_message = Dear::decode(bytes).is_ok();
    (MEMORY.most() - before, is_message)
}

// One test: the count is of the whole process.
#[test]
fn elements_that_cost_few_bytes_are_bounded() {
    // A list in each of many elements, with one element, which is still in proportion; then a map with one entry, which
    // is not. Four bytes each.
    for (part, most_that_pass) in [([0x0a, 2, 0x0a, 0], usize::MAX), ([0x12, 2, 0x0a, 0], 10_000)] {
        for count in [1_000, 10_000, 100_000, 1_000_000] {
            let bytes = part.repeat(count);
            let (most, is_message) = decoded(&bytes);
            let bound = bytes.len() * MEMORY_PER_BYTE + MEMORY_ALLOWANCE;
            assert!(most <= bound + bound / 2, "{most} bytes for {}, at most {bound}", bytes.len());
            assert_eq!(is_message, count <= most_that_pass, "{count} of {part:?}");
        }
    }
    // What is ordinary takes little: lists of a few elements.
    let element = dear::Lone { scalars: vec![Default::default(); 3], ..Default::default() };
    let message = Dear { lones: vec![element; 1_000], ..Default::default() };
    let (most, is_message) = decoded(&message.encode_to_vec().unwrap());
    assert!(is_message && most < 2_000_000, "{most}");
}
