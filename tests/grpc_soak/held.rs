//! What the process holds: threads, descriptors, memory.

use super::process::{comes_true, descriptors, threads};
use std::fmt;
use threadwire_test_host::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// What may be more: the buffers that the library keeps for the next connections, 32 of at most 16 KiB.
const KEPT_BLOCKS: usize = 32;
const KEPT_BYTES: usize = KEPT_BLOCKS * 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    threads: usize,
    descriptors: usize,
    blocks: usize,
    bytes: usize,
}

impl Held {
    fn now() -> Self {
        let (threads, descriptors) = (threads(""), descriptors());
        Self { threads, descriptors, blocks: MEMORY.blocks(), bytes: MEMORY.now() }
    }

    /// Once nothing has changed for a while.
    pub fn at_rest() -> Self {
        let (mut last, mut same) = (Self::now(), 0);
        let rests = comes_true(|| {
            let now = Self::now();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            same == 100
        });
        assert!(rests, "it never rests: {last}");
        last
    }

    pub fn is_no_more_than(&self, before: &Self) {
        let what = format!("{self}; before {before}");
        assert!(self.threads <= before.threads, "threads are left: {what}");
        assert!(self.descriptors <= before.descriptors, "descriptors are left: {what}");
        assert!(self.blocks <= before.blocks + KEPT_BLOCKS, "memory is left: {what}");
        assert!(self.bytes <= before.bytes + KEPT_BYTES, "memory is left: {what}");
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, descriptors, blocks, bytes } = self;
        write!(f, "{threads} threads, {descriptors} descriptors, {blocks} blocks of {bytes} bytes")
    }
}
