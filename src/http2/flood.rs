//! Whether a peer sends frames for their own sake. h2 answers what asks for nothing (PING, SETTINGS) or throws it away,
//! as much as comes; it hides these frames, so they are counted on the bytes as they pass. No I/O and no clock.
//!
//! | what | most in [`WINDOW`] | why so many |
//! | --- | --- | --- |
//! | frames that carry nothing | `Limits::control_frames` (10,000), and [`CREDIT`] for each HEADERS of the peer and each HEADERS or DATA that it was sent | below one percent of a core; peers give window back at most twice a DATA frame, reprioritize a stream a few times, and measure with a PING a round trip while they are sent data |
//! | SETTINGS count for [`SETTINGS_COST`] | | each is acknowledged, and may change the window of every stream; peers send one, and a few while they tune windows |
//! | streams that are reset within [`RAPID`] and unanswered, whoever does it | `Limits::rapid_resets` (1,000), or half of those opened if that is more | a client may give up most of what it asks for, but not before anybody could answer; slower ones are bounded by how many may be open. nghttp2 allows 1,000 and 33 a second, Envoy 500 or half |
//! | heads of responses without an end, from a server, in the connection's whole life | one for each stream, and [`INTERIM`] | h2 keeps each until somebody looks at the stream; servers of gRPC send no 1xx |
//! | PING to a server without open streams, which has sent no HEADERS or DATA since the last | [`STRIKES`] that come sooner than `Limits::least_ping_interval` (5 min), and unless that is allowed [`UNUSED`] | what gRPC's own servers allow; they count those of clients with open calls, too, but a client that waits for an answer has reason to ask |
//!
//! h2 itself bounds: CONTINUATION (5 a header list of 16 KiB), empty DATA (100 in a connection's life), small DATA that
//! nobody has taken (`Settings::data_frame_budget`), streams that are reset before they were accepted, and resets for
//! what the peer does wrong (`server`).

use super::heads::{Head, kind};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long is counted before the count begins again.
const WINDOW: Duration = Duration::from_secs(10);
/// How many frames may come in vain for each that does not.
const CREDIT: usize = 10;
const SETTINGS_COST: usize = 10;
const RAPID: Duration = Duration::from_millis(100);
/// Young streams that are remembered: more than may be open, since one of which this side has not sent the refusal yet
/// is one, too.
const MOST_YOUNG: usize = 4096;
const INTERIM: usize = 1_000;
const STRIKES: u32 = 2;
const UNUSED: Duration = Duration::from_secs(2 * 60 * 60);

/// What a peer did too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    Pings,
    Resets,
    Responses,
    ControlFrames,
}

impl Breach {
    /// The debug data of the GOAWAY; gRPC's clients know the first.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pings => "too_many_pings",
            Self::Resets => "too_many_resets",
            Self::Responses => "too_many_responses",
            Self::ControlFrames => "too_many_control_frames",
        }
    }
}

/// What is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    pub(super) control_frames: usize,
    pub(super) peer: Peer,
}

/// What the peer is; a server opens no streams, and may reset and ask what it likes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    Client { rapid_resets: usize, pings: Option<PingRule> },
    Server,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PingRule {
    pub(super) least_interval: Duration,
    pub(super) without_streams: bool,
}

/// The counts of one connection.
#[derive(Debug)]
pub(super) struct Flood {
    allowance: Allowance,
    since: Instant,
    control_frames: usize,
    useful_frames: usize,
    opened: usize,
    rapid_resets: usize,
    /// Streams that this side has opened to a server, and heads without an end that came; in the connection's life.
    asked: usize,
    answered: usize,
    /// Streams that were opened a moment ago and have not been answered, in their order.
    young: VecDeque<(u32, Instant)>,
    /// The last that the peer has opened, and that this side has.
    last_stream: u32,
    last_own: u32,
    last_ping: Option<Instant>,
    strikes: u32,
    /// HEADERS or DATA has been sent since the last PING.
    has_sent: bool,
}

impl Flood {
    pub(super) fn new(allowance: Allowance, now: Instant) -> Self {
        Self {
            allowance,
            since: now,
            control_frames: 0,
            useful_frames: 0,
            opened: 0,
            rapid_resets: 0,
            asked: 0,
            answered: 0,
            young: VecDeque::new(),
            last_stream: 0,
            last_own: 0,
            last_ping: None,
            strikes: 0,
            has_sent: false,
        }
    }

    /// The last stream that the peer has opened.
    pub(super) fn last_stream(&self) -> u32 {
        self.last_stream
    }

    /// Counts a frame of the peer. `in_use`: streams are open.
    ///
    /// # Errors
    /// It is one too many.
    pub(super) fn received(&mut self, head: Head, now: Instant, in_use: impl FnOnce() -> bool) -> Result<(), Breach> {
        if now.saturating_duration_since(self.since) >= WINDOW {
            self.since = now;
            (self.control_frames, self.useful_frames, self.opened, self.rapid_resets) = (0, 0, 0, 0);
        }
        match head.kind {
            kind::HEADERS => match self.allowance.peer {
                Peer::Client { .. } => self.opens(head.stream, now),
                Peer::Server => self.answers(head)?,
            },
            kind::CONTINUATION => {}
            kind::DATA if head.length > 0 || head.ends_stream() => {}
            kind::PING if !head.acknowledges() => {
                self.pinged(now, in_use)?;
                self.count(1, Breach::Pings)?;
            }
            kind::SETTINGS => self.count(SETTINGS_COST, Breach::ControlFrames)?,
            kind::RST_STREAM => {
                self.is_reset(head.stream, now)?;
                self.count(1, Breach::Resets)?;
            }
            _ => self.count(1, Breach::ControlFrames)?,
        }
        Ok(())
    }

    /// Notes a frame that was sent.
    ///
    /// # Errors
    /// What the peer did made this side reset one stream too many.
    pub(super) fn sent(&mut self, head: Head, now: impl FnOnce() -> Instant) -> Result<(), Breach> {
        match head.kind {
            kind::HEADERS => {
                self.useful_frames += 1;
                self.has_sent = true;
                self.forget(head.stream);
                if head.stream > self.last_own {
                    self.last_own = head.stream;
                    self.asked += 1;
                }
            }
            kind::DATA => {
                self.useful_frames += 1;
                self.has_sent = true;
            }
            kind::RST_STREAM => self.is_reset(head.stream, now())?,
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, cost: usize, breach: Breach) -> Result<(), Breach> {
        self.control_frames += cost;
        let most = self.allowance.control_frames.saturating_add(self.useful_frames * CREDIT);
        if self.control_frames > most { Err(breach) } else { Ok(()) }
    }

    fn opens(&mut self, stream: u32, now: Instant) {
        // Trailers open none.
        if stream <= self.last_stream {
            return;
        }
        self.last_stream = stream;
        self.opened += 1;
        self.useful_frames += 1;
        let is_old = |opened: &Instant| now.saturating_duration_since(*opened) >= RAPID;
        while self.young.front().is_some_and(|(_, opened)| self.young.len() >= MOST_YOUNG || is_old(opened)) {
            self.young.pop_front();
        }
        self.young.push_back((stream, now));
    }

    fn answers(&mut self, head: Head) -> Result<(), Breach> {
        self.answered += usize::from(!head.ends_stream());
        if self.answered > self.asked + INTERIM { Err(Breach::Responses) } else { Ok(()) }
    }

    fn forget(&mut self, stream: u32) -> Option<Instant> {
        let place = self.young.binary_search_by_key(&stream, |(stream, _)| *stream).ok()?;
        self.young.remove(place).map(|(_, opened)| opened)
    }

    fn is_reset(&mut self, stream: u32, now: Instant) -> Result<(), Breach> {
        let Peer::Client { rapid_resets: most, .. } = self.allowance.peer else { return Ok(()) };
        let Some(opened) = self.forget(stream) else { return Ok(()) };
        if now.saturating_duration_since(opened) >= RAPID {
            return Ok(());
        }
        self.rapid_resets += 1;
        if self.rapid_resets > most && self.rapid_resets > self.opened / 2 { Err(Breach::Resets) } else { Ok(()) }
    }

    fn pinged(&mut self, now: Instant, in_use: impl FnOnce() -> bool) -> Result<(), Breach> {
        let Peer::Client { pings: Some(rule), .. } = self.allowance.peer else { return Ok(()) };
        let last = self.last_ping.replace(now);
        if std::mem::take(&mut self.has_sent) || in_use() {
            self.strikes = 0;
            return Ok(());
        }
        let least = if rule.without_streams { rule.least_interval } else { rule.least_interval.max(UNUSED) };
        if last.is_some_and(|last| now.saturating_duration_since(last) < least) {
            self.strikes += 1;
        }
        if self.strikes > STRIKES { Err(Breach::Pings) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Breach, Flood, INTERIM, Peer, PingRule, RAPID, UNUSED, WINDOW};
    use crate::http2::heads::Head;
    use std::time::{Duration, Instant};

    const MINUTE: Duration = Duration::from_secs(60);

    struct Watched {
        flood: Flood,
        now: Instant,
        in_use: bool,
    }

    impl Watched {
        fn new(control_frames: usize, rapid_resets: usize) -> Self {
            let pings = PingRule { least_interval: 5 * MINUTE, without_streams: false };
            Self::of(control_frames, Peer::Client { rapid_resets, pings: Some(pings) })
        }

        fn of(control_frames: usize, peer: Peer) -> Self {
            let now = Instant::now();
            Self { flood: Flood::new(Allowance { control_frames, peer }, now), now, in_use: true }
        }

        fn sends(&mut self, kind: u8, stream: u32) -> Result<(), Breach> {
            self.flood.received(Head { length: 0, kind, flags: 0, stream }, self.now, || self.in_use)
        }

        fn is_sent(&mut self, kind: u8, stream: u32) -> Result<(), Breach> {
            self.flood.sent(Head { length: 0, kind, flags: 0, stream }, || self.now)
        }

        /// How many frames of this kind are taken, of 1,000.
        fn takes(&mut self, kind: u8) -> usize {
            (0..1000).take_while(|_| self.sends(kind, 0).is_ok()).count()
        }
    }

    #[test]
    fn what_carries_nothing_is_bounded_in_a_window() {
        // Empty DATA, PRIORITY, GOAWAY, WINDOW_UPDATE, one that nobody knows; a PING, whatever the other rules say.
        for kind in [0, 2, 7, 8, 77, 6] {
            let mut peer = Watched::of(50, Peer::Client { rapid_resets: 0, pings: None });
            assert_eq!(peer.takes(kind), 50, "{kind}");
            peer.now += WINDOW;
            assert_eq!(peer.takes(kind), 50, "{kind}");
        }
        let mut peer = Watched::new(50, 0);
        assert_eq!(peer.takes(4), 5);
    }

    #[test]
    fn an_end_of_a_stream_and_trailers_carry_something() {
        let mut peer = Watched::new(0, 0);
        for stream in (1..1000).step_by(2) {
            peer.sends(1, stream).unwrap();
            let end = Head { length: 0, kind: 0, flags: 1, stream };
            peer.flood.received(end, peer.now, || true).unwrap();
        }
    }

    #[test]
    fn whoever_is_sent_something_may_say_more() {
        let mut peer = Watched::new(50, 0);
        peer.sends(1, 1).unwrap();
        for _ in 0..3 {
            peer.is_sent(0, 1).unwrap();
        }
        assert_eq!(peer.takes(8), 90);
    }

    #[test]
    fn streams_that_are_reset_at_once_are_counted_whoever_does_it() {
        for by_peer in [true, false] {
            let mut peer = Watched::new(1000, 20);
            let mut taken = 0;
            for stream in (1..).step_by(2) {
                peer.sends(1, stream).unwrap();
                let reset = if by_peer { peer.sends(3, stream) } else { peer.is_sent(3, stream) };
                if reset.is_err() {
                    break;
                }
                taken += 1;
            }
            assert_eq!(taken, 20);
        }
    }

    #[test]
    fn streams_that_were_answered_or_waited_for_are_not_counted() {
        let mut peer = Watched::new(1000, 0);
        for stream in (1..2000).step_by(2) {
            peer.sends(1, stream).unwrap();
            if stream % 4 == 1 {
                peer.is_sent(1, stream).unwrap();
            } else {
                peer.now += RAPID;
            }
            peer.sends(3, stream).unwrap();
            // It is closed already.
            peer.is_sent(3, stream).unwrap();
        }
    }

    #[test]
    fn less_than_half_may_be_given_up() {
        let mut peer = Watched::new(0, 10);
        for stream in (1..20_000).step_by(2) {
            peer.sends(1, stream).unwrap();
            if stream % 20 < 8 {
                peer.sends(3, stream).unwrap();
            } else {
                peer.is_sent(1, stream).unwrap();
            }
        }
    }

    #[test]
    fn a_server_has_one_head_for_each_stream_and_some() {
        let mut peer = Watched::of(0, Peer::Server);
        for stream in (1..4000).step_by(2) {
            peer.is_sent(1, stream).unwrap();
            // Trailers of this side, which no client of gRPC sends, are no stream.
            peer.is_sent(1, stream).unwrap();
            peer.sends(1, stream).unwrap();
            let end = Head { length: 0, kind: 1, flags: 1, stream };
            peer.flood.received(end, peer.now, || true).unwrap();
        }
        for _ in 0..INTERIM {
            peer.now += WINDOW;
            peer.sends(1, 1).unwrap();
        }
        assert_eq!(peer.sends(1, 1), Err(Breach::Responses));
    }

    #[test]
    fn the_third_ping_that_comes_too_soon_is_too_many() {
        let mut peer = Watched::new(1000, 0);
        // Whoever waits for an answer has reason to ask.
        assert_eq!(peer.takes(6), 1000);
        // Nobody needs to know whether an unused connection is there.
        let mut peer = Watched::new(1000, 0);
        peer.in_use = false;
        assert_eq!(peer.takes(6), 3);
        let mut peer = Watched::new(1000, 0);
        peer.in_use = false;
        for _ in 0..3 {
            peer.now += 5 * MINUTE;
            peer.sends(6, 0).unwrap();
        }
        peer.now += UNUSED;
        peer.sends(6, 0).unwrap();
        peer.now += 5 * MINUTE;
        assert_eq!(peer.sends(6, 0), Err(Breach::Pings));
    }

    #[test]
    fn without_streams_they_may_ask_more_often_if_that_is_allowed() {
        let pings = PingRule { least_interval: 5 * MINUTE, without_streams: true };
        let mut peer = Watched::of(1000, Peer::Client { rapid_resets: 0, pings: Some(pings) });
        peer.in_use = false;
        for _ in 0..1000 {
            peer.now += 5 * MINUTE;
            peer.sends(6, 0).unwrap();
        }
        assert_eq!(peer.takes(6), 2);
    }

    #[test]
    fn a_ping_for_each_frame_that_was_sent_is_none_too_many() {
        let mut peer = Watched::new(1000, 0);
        peer.in_use = false;
        for kind in [0, 1].repeat(500) {
            peer.is_sent(kind, 1).unwrap();
            peer.sends(6, 0).unwrap();
        }
        assert_eq!(peer.takes(6), 2);
    }
}
