//! When a silent peer is asked whether it is there, and when it is given up. No I/O and no clock: `now` is an argument.
//!
//! ```text
//!   heard from ──interval──► asked (a PING of HTTP/2, a Ping of WebSocket) ──timeout──► gone
//!       ▲  ▲                   │
//!       │  └── anything read ──┘
//!       └── anything read, or not in use
//! ```

use crate::net::wait;
use std::time::{Duration, Instant};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// The peer is to be asked.
    Ask,
    /// It has not answered in time.
    Gone,
}

/// The keepalive of one connection.
#[derive(Debug)]
pub(crate) struct Keepalive {
    interval: Option<Duration>,
    timeout: Duration,
    heard: Option<Instant>,
    asked: Option<Instant>,
}

impl Keepalive {
    /// After `interval` without a word the peer is asked, and has `timeout` to say something. Without an interval it
    /// never is.
    pub(crate) fn new(interval: Option<Duration>, timeout: Duration) -> Self {
        Self { interval, timeout, heard: None, asked: None }
    }

    /// To be called at each step. `heard`: something was read since the last call, or could not be. A connection that
    /// is not `in_use` is let be.
    pub(crate) fn look(&mut self, now: Instant, heard: bool, in_use: bool) -> Due {
        if heard || !in_use {
            self.heard = in_use.then_some(now);
            self.asked = None;
        }
        if !in_use {
            return Due::Nothing;
        }
        self.heard.get_or_insert(now);
        match self.deadline() {
            Some(deadline) if deadline <= now && self.asked.is_some() => Due::Gone,
            Some(deadline) if deadline <= now => {
                self.asked = Some(now);
                Due::Ask
            }
            _ => Due::Nothing,
        }
    }

    /// When to look again at the latest.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let interval = self.interval?;
        let asked = self.asked.map(|asked| wait::deadline(asked, self.timeout));
        asked.or(self.heard.map(|heard| wait::deadline(heard, interval)))
    }

    /// How long the peer has to answer.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }
}

#[cfg(all(test, not(threadwire_model)))]
mod tests {
    use super::{Due, Keepalive};
    use std::time::{Duration, Instant};

    const SECOND: Duration = Duration::from_secs(1);

    fn keepalive() -> Keepalive {
        Keepalive::new(Some(10 * SECOND), 3 * SECOND)
    }

    #[test]
    fn a_silent_peer_is_asked_once_and_then_given_up() {
        let (mut keepalive, begin) = (keepalive(), Instant::now());
        assert_eq!(keepalive.look(begin, true, true), Due::Nothing);
        assert_eq!(keepalive.deadline(), Some(begin + 10 * SECOND));
        assert_eq!(keepalive.look(begin + 9 * SECOND, false, true), Due::Nothing);
        assert_eq!(keepalive.look(begin + 10 * SECOND, false, true), Due::Ask);
        assert_eq!(keepalive.deadline(), Some(begin + 13 * SECOND));
        assert_eq!(keepalive.look(begin + 12 * SECOND, false, true), Due::Nothing);
        assert_eq!(keepalive.look(begin + 13 * SECOND, false, true), Due::Gone);
    }

    #[test]
    fn whatever_is_read_is_an_answer() {
        let (mut keepalive, begin) = (keepalive(), Instant::now());
        keepalive.look(begin, true, true);
        keepalive.look(begin + 10 * SECOND, false, true);
        assert_eq!(keepalive.look(begin + 12 * SECOND, true, true), Due::Nothing);
        assert_eq!(keepalive.deadline(), Some(begin + 22 * SECOND));
    }

    #[test]
    fn a_connection_is_asked_only_while_it_is_in_use() {
        let (mut keepalive, begin) = (keepalive(), Instant::now());
        keepalive.look(begin, true, false);
        assert_eq!(keepalive.deadline(), None);
        assert_eq!(keepalive.look(begin + 60 * SECOND, false, true), Due::Nothing);
        assert_eq!(keepalive.look(begin + 70 * SECOND, false, true), Due::Ask);
        // What it was asked for is over.
        assert_eq!(keepalive.look(begin + 71 * SECOND, false, false), Due::Nothing);
        assert_eq!(keepalive.deadline(), None);
    }

    #[test]
    fn without_an_interval_nobody_is_asked() {
        let mut keepalive = Keepalive::new(None, SECOND);
        let begin = Instant::now();
        assert_eq!(keepalive.look(begin, true, true), Due::Nothing);
        assert_eq!(keepalive.look(begin + 1_000_000 * SECOND, false, true), Due::Nothing);
        assert_eq!(keepalive.deadline(), None);
    }
}
