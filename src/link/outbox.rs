//! The outbox: bytes that wait to be sent, in order, bounded, with a watch on their progress.

use super::spare;
use std::time::Instant;

/// Up to this many bytes an empty buffer is kept for the next use rather than given back.
const KEEP: usize = 512;

/// Bytes on their way out. Nobody writes past it: what is put in first leaves first.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// What has been sent, and then what waits.
    bytes: Vec<u8>,
    sent: usize,
    bound: usize,
    stalled_since: Option<Instant>,
}

impl Outbox {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bytes: Vec::new(), sent: 0, bound, stalled_since: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    /// Whether the bound has been reached. One piece may go over it by its own length.
    pub(crate) fn is_full(&self) -> bool {
        self.pending().len() >= self.bound
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes = spare::OUTPUT.take();
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn pending(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// `count` bytes have been sent.
    pub(crate) fn sent(&mut self, count: usize) {
        self.sent = self.bytes.len().min(self.sent + count);
        // Seldom enough that each byte is moved once at most.
        if self.sent * 2 >= self.bytes.len() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
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
        self.bytes = Vec::new();
        self.sent = 0;
        self.stalled_since = None;
    }

    /// Gives a large empty buffer back before a sleep.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() && self.bytes.capacity() > KEEP {
            spare::OUTPUT.give(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outbox;

    #[test]
    fn what_is_pushed_is_pending_until_it_has_been_sent() {
        let text: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let (mut outbox, mut sent) = (Outbox::new(100), Vec::new());
        let mut pieces = text.chunks(37);
        // Pieces of all sizes leave while others come; the bound is reached now and then.
        for turn in 0.. {
            while !outbox.is_full() {
                let Some(piece) = pieces.next() else { break };
                outbox.push(piece);
            }
            if outbox.is_empty() {
                break;
            }
            assert!(outbox.pending().len() < 100 + 37);
            let count = outbox.pending().len().min(1 + turn % 60);
            sent.extend_from_slice(outbox.pending().get(..count).unwrap());
            outbox.sent(count);
            if turn % 7 == 0 {
                outbox.rest();
            }
        }
        assert!(sent == text, "{} bytes of {}", sent.len(), text.len());
        outbox.push(b"more");
        outbox.clear();
        assert!(outbox.is_empty());
    }
}
