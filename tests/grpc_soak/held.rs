//! What the process holds: threads, descriptors, memory.

use super::process::{comes_true, descriptors, threads};
use std::fmt;
use threadwire_test_host::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// What the library keeps for the next connections: 32 buffers of at most 16 KiB.
const KEPT_BLOCKS: usize = 32;
const KEPT_BYTES: usize = KEPT_BLOCKS * 16 * 1024;
/// What one connection may have learnt that another has not: the table of HPACK for each direction at both ends, with
/// 4,096 bytes of entries that count 32 bytes and more, and have a name and a value.
const TABLES_BLOCKS: usize = 4 * 2 * 4096 / 32;
const TABLES_BYTES: usize = 4 * 4 * 4096;

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

    /// Once all has ended that was begun. (The thread of all clients of a process leaves 2 s after the last of them.)
    pub fn falls_to(before: &Self) -> Self {
        comes_true(|| threads("") <= before.threads && descriptors() <= before.descriptors);
        let after = Self::at_rest();
        after.is_within(before, 0, KEPT_BLOCKS, KEPT_BYTES);
        after
    }

    /// While the server and the channels are there. Some threads may have been started that were not needed before; and
    /// where connections are cut, the one that is there may be older.
    pub fn is_as_much_as(&self, before: &Self, threads: usize) {
        self.is_within(before, threads, KEPT_BLOCKS + TABLES_BLOCKS, KEPT_BYTES + TABLES_BYTES);
    }

    fn is_within(&self, before: &Self, threads: usize, blocks: usize, bytes: usize) {
        let what = format!("{self}; before {before}");
        assert!(self.threads <= before.threads + threads, "threads are left: {what}");
        assert!(self.descriptors <= before.descriptors, "descriptors are left: {what}");
        assert!(self.blocks <= before.blocks + blocks, "memory is left: {what}");
        assert!(self.bytes <= before.bytes + bytes, "memory is left: {what}");
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, descriptors, blocks, bytes } = self;
        write!(f, "{threads} threads, {descriptors} descriptors, {blocks} blocks of {bytes} bytes")
    }
}
