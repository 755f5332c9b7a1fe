//! The outbox: bytes that wait to be sent, in order, bounded, with a watch on their progress.

use bytes::{Buf, BytesMut};
use std::time::Instant;

/// Above this many bytes an empty buffer is given back rather than kept for the next use.
const KEEP: usize = 512;

/// Bytes on their way out. Nobody writes past it: what is put in first leaves first.
#[derive(Debug)]
pub(crate) struct Outbox {
    bytes: BytesMut,
    bound: usize,
    stalled_since: Option<Instant>,
}

impl Outbox {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bytes: BytesMut::new(), bound, stalled_since: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the bound has been reached. One piece may go over it by its own length.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= self.bound
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn pending(&self) -> &[u8] {
        &self.bytes
    }

    /// `count` bytes have been sent.
    pub(crate) fn sent(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
        self.stalled_since = None;
    }

    /// All has left, what a layer below had kept, too.
    pub(crate) fn flows(&mut self) {
        self.stalled_since = None;
    }

    /// The socket has no room at `now`.
    pub(crate) fn stalled(&mut self, now: Instant) {
        self.stalled_since.get_or_insert(now);
    }

    /// Since when nothing could be sent.
    pub(crate) fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// Throws away what waits: the connection is lost.
    pub(crate) fn clear(&mut self) {
        self.bytes = BytesMut::new();
        self.stalled_since = None;
    }

    /// Gives a large empty buffer back before a sleep.
    pub(crate) fn rest(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > KEEP {
            self.bytes = BytesMut::new();
        }
    }
}
