//! What an open connection does as time passes: it asks a silent peer whether it is there, closes when nothing is said,
//! gives a message up that does not end, and counts frames that carry nothing. No I/O and no clock: `now` is an
//! argument.

use crate::Limits;
use crate::link::{Due, Keepalive};
use crate::net::wait;
use std::time::{Duration, Instant};

/// How long control frames are counted before the count begins again.
const WINDOW: Duration = Duration::from_secs(10);

/// What a step came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    /// Bytes were read, or could not be, since nobody takes what they hold.
    pub(super) heard: bool,
    /// A message was received.
    pub(super) received: bool,
    /// One was sent.
    pub(super) sent: bool,
    /// A message of the peer has begun, and the rest of it was read for.
    pub(super) within: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Nothing,
    Ask,
    /// Nobody has answered.
    GiveUp,
    /// Nothing has been said for too long.
    CloseIdle,
    /// A message took too long.
    CloseLate,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Upkeep {
    keepalive: Keepalive,
    idle_timeout: Option<Duration>,
    /// When a message was last received or sent.
    message: Option<Instant>,
    message_timeout: Duration,
    /// Since when a message is on its way.
    within: Option<Instant>,
    controls: Controls,
}

impl Upkeep {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            keepalive: Keepalive::new(limits.keepalive_interval, limits.keepalive_timeout),
            idle_timeout: limits.idle_timeout,
            message: None,
            message_timeout: limits.message_timeout,
            within: None,
            controls: Controls { most: limits.control_frames, since: None, frames: 0, messages: 0 },
        }
    }

    /// To be called at each step while the connection is open.
    pub(super) fn look(&mut self, now: Instant, moved: Moved) -> Task {
        if moved.received || moved.sent {
            self.message = Some(now);
        }
        self.message.get_or_insert(now);
        // Each message has its own time.
        if !moved.within || moved.received {
            self.within = None;
        }
        if moved.within {
            self.within.get_or_insert(now);
        }
        match self.keepalive.look(now, moved.heard, true) {
            Due::Ask => return Task::Ask,
            Due::Gone => return Task::GiveUp,
            Due::Nothing => {}
        }
        let is_over = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if is_over(self.late_by()) {
            Task::CloseLate
        } else if is_over(self.idle_by()) {
            Task::CloseIdle
        } else {
            Task::Nothing
        }
    }

    /// When to look at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.keepalive.deadline(), self.idle_by(), self.late_by()].into_iter().flatten().min()
    }

    fn idle_by(&self) -> Option<Instant> {
        Some(wait::deadline(self.message?, self.idle_timeout?))
    }

    fn late_by(&self) -> Option<Instant> {
        Some(wait::deadline(self.within?, self.message_timeout))
    }

    /// How long the peer had to answer.
    pub(super) fn keepalive_timeout(&self) -> Duration {
        self.keepalive.timeout()
    }

    /// A message has been received.
    pub(super) fn message(&mut self) {
        self.controls.messages += 1;
    }

    /// Counts a Ping or Pong of the peer. False: it is one too many.
    pub(super) fn control(&mut self, now: Instant) -> bool {
        self.controls.count(now)
    }
}

/// Control frames in a window of time. Each is answered or thrown away, which costs little; as many as may come, it
/// would be all that is done.
#[derive(Debug)]
struct Controls {
    most: usize,
    since: Option<Instant>,
    frames: usize,
    /// Each lets one more come: some peers measure the way with each message.
    messages: usize,
}

impl Controls {
    fn count(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            self.since = Some(now);
            self.frames = 0;
            self.messages = 0;
        }
        self.frames += 1;
        self.frames <= self.most.saturating_add(self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, Task, Upkeep, WINDOW};
    use crate::Limits;
    use std::time::{Duration, Instant};

    const SECOND: Duration = Duration::from_secs(1);
    const NOTHING: Moved = Moved { heard: false, received: false, sent: false, within: false };
    const READ: Moved = Moved { heard: true, ..NOTHING };
    const MESSAGE: Moved = Moved { received: true, ..READ };
    const WITHIN: Moved = Moved { within: true, ..READ };

    fn upkeep(change: impl FnOnce(&mut Limits)) -> (Upkeep, Instant) {
        let mut limits = Limits { message_timeout: 60 * SECOND, ..Limits::default() };
        change(&mut limits);
        (Upkeep::new(&limits), Instant::now())
    }

    #[test]
    fn by_default_nothing_ends_an_open_connection() {
        let (mut upkeep, begin) = upkeep(|_| {});
        assert_eq!(upkeep.look(begin, MESSAGE), Task::Nothing);
        assert_eq!(upkeep.deadline(), None);
        assert_eq!(upkeep.look(begin + 1_000_000 * SECOND, NOTHING), Task::Nothing);
    }

    #[test]
    fn messages_alone_keep_a_connection_from_being_idle() {
        let (mut upkeep, begin) = upkeep(|limits| limits.idle_timeout = Some(10 * SECOND));
        assert_eq!(upkeep.look(begin, READ), Task::Nothing);
        assert_eq!(upkeep.look(begin + 9 * SECOND, MESSAGE), Task::Nothing);
        assert_eq!(upkeep.look(begin + 18 * SECOND, Moved { sent: true, ..NOTHING }), Task::Nothing);
        assert_eq!(upkeep.look(begin + 27 * SECOND, READ), Task::Nothing);
        assert_eq!(upkeep.deadline(), Some(begin + 28 * SECOND));
        assert_eq!(upkeep.look(begin + 28 * SECOND, READ), Task::CloseIdle);
    }

    #[test]
    fn a_message_has_its_time_while_it_is_read() {
        let (mut upkeep, begin) = upkeep(|_| {});
        upkeep.look(begin, WITHIN);
        assert_eq!(upkeep.deadline(), Some(begin + 60 * SECOND));
        assert_eq!(upkeep.look(begin + 59 * SECOND, Moved { sent: true, ..WITHIN }), Task::Nothing);
        assert_eq!(upkeep.deadline(), Some(begin + 60 * SECOND));
        // Another has begun.
        assert_eq!(upkeep.look(begin + 59 * SECOND, Moved { within: true, ..MESSAGE }), Task::Nothing);
        assert_eq!(upkeep.look(begin + 118 * SECOND, WITHIN), Task::Nothing);
        // This side does not read.
        assert_eq!(upkeep.look(begin + 200 * SECOND, READ), Task::Nothing);
        assert_eq!(upkeep.deadline(), None);
        assert_eq!(upkeep.look(begin + 300 * SECOND, WITHIN), Task::Nothing);
        assert_eq!(upkeep.look(begin + 360 * SECOND, NOTHING), Task::Nothing);
        upkeep.look(begin + 400 * SECOND, WITHIN);
        assert_eq!(upkeep.look(begin + 460 * SECOND, Moved { within: true, ..NOTHING }), Task::CloseLate);
    }

    #[test]
    fn a_silent_peer_is_asked_and_given_up() {
        let (mut upkeep, begin) = upkeep(|limits| limits.keepalive_interval = Some(SECOND));
        upkeep.look(begin, READ);
        assert_eq!(upkeep.look(begin + SECOND, NOTHING), Task::Ask);
        assert_eq!(upkeep.look(begin + 21 * SECOND, NOTHING), Task::GiveUp);
    }

    #[test]
    fn control_frames_are_bounded_in_a_window() {
        let (mut upkeep, begin) = upkeep(|limits| limits.control_frames = 10);
        let taken = |upkeep: &mut Upkeep, now| (0..100).take_while(|_| upkeep.control(now)).count();
        assert_eq!(taken(&mut upkeep, begin), 10);
        assert_eq!(taken(&mut upkeep, begin + WINDOW), 10);
        assert!(upkeep.control(begin + 2 * WINDOW));
        (0..5).for_each(|_| upkeep.message());
        assert_eq!(taken(&mut upkeep, begin + 2 * WINDOW), 14);
    }
}
