//! The end of every connection, whoever decides it: what is owed is sent, our output is ended, the peer's is read and
//! thrown away until its end, and only then the socket is closed.
//!
//! A socket closed with unread input makes TCP send a reset, which overtakes what was sent last: the peer never reads
//! why (GOAWAY, a Close frame). So input is drained, but only for a second and 256 KiB.

use super::io::{Filled, Io};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// How long, and how many bytes, the peer may still send.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_BYTES: usize = 256 * 1024;

/// A connection that is ending.
#[derive(Debug)]
pub(super) struct End {
    until: Instant,
    shut: bool,
    drained: usize,
}

impl End {
    /// What is owed may take until `flush_until` to leave.
    pub(super) fn new(flush_until: Instant) -> Self {
        Self { until: flush_until, shut: false, drained: 0 }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    /// Goes on with the end. True: it is over, and the socket is to be closed.
    pub(super) fn step(&mut self, io: &mut Io, now: Instant) -> bool {
        io.send(now);
        if io.has_failed() || now >= self.until {
            return true;
        }
        if io.is_flushed() && !self.shut {
            match io.shutdown_write() {
                Ok(()) => {
                    self.shut = true;
                    self.until = self.until.min(now + DRAIN_TIME);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return true,
            }
        }
        while self.drained <= DRAIN_BYTES {
            match io.fill() {
                Ok(Filled::Some) => {
                    let count = io.input().len();
                    self.drained += count;
                    io.consume(count);
                }
                Ok(Filled::Nothing) => return false,
                Ok(Filled::End) => return self.shut,
                Err(_) => return true,
            }
        }
        // More than its share: closed as it is, once our own last words have left.
        self.shut
    }
}
