//! Which streams of a client have begun to leave: what has not cannot have been seen by the server, and may be asked
//! for again elsewhere. No I/O and no clock: how many bytes have been sent is an argument.
//!
//! h2 gathers frames, and the Link sends them later. So for the first of the streams whose heads were gathered since
//! bytes were sent last, the count of sent bytes at that moment is remembered: as long as it stays, none of them has
//! left. Only whoever drives the connection changes it; all of it is read after the connection's end.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The departures of one connection.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// The last stream whose head was gathered.
    last: AtomicU32,
    /// The first that was gathered since `sent` bytes had been sent.
    first_waiting: AtomicU32,
    sent: AtomicU64,
}

impl Departures {
    /// Notes that the head of `stream` was gathered when `sent` bytes had been sent.
    pub(super) fn gathered(&self, stream: u32, sent: u64) {
        // Trailers, and streams of the other side.
        if stream <= self.last.load(Ordering::Relaxed) {
            return;
        }
        self.last.store(stream, Ordering::Relaxed);
        if self.first_waiting.load(Ordering::Relaxed) == 0 || self.sent.load(Ordering::Relaxed) != sent {
            self.first_waiting.store(stream, Ordering::Relaxed);
            self.sent.store(sent, Ordering::Relaxed);
        }
    }

    /// The first stream that has not left, and that will not: `sent` bytes have been sent. `thrown_away`: what was
    /// gathered and not sent never will be.
    pub(super) fn first_left_behind(&self, sent: u64, thrown_away: bool) -> u32 {
        let waiting = self.first_waiting.load(Ordering::Relaxed);
        if thrown_away && waiting != 0 && self.sent.load(Ordering::Relaxed) == sent {
            return waiting;
        }
        self.last.load(Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Departures;

    #[test]
    fn a_stream_has_left_once_a_byte_was_sent_behind_its_gathering() {
        let departures = Departures::default();
        assert_eq!(departures.first_left_behind(0, true), 1);
        departures.gathered(1, 57);
        departures.gathered(3, 57);
        departures.gathered(1, 57);
        assert_eq!(departures.first_left_behind(57, true), 1);
        // It may still be sent.
        assert_eq!(departures.first_left_behind(57, false), 4);
        assert_eq!(departures.first_left_behind(58, true), 4);
        departures.gathered(5, 58);
        departures.gathered(7, 58);
        assert_eq!(departures.first_left_behind(58, true), 5);
        assert_eq!(departures.first_left_behind(59, true), 8);
    }
}
