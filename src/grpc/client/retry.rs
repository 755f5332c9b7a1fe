//! Transparent retries (gRFC A6, *Transparent Retries*; grpc.md rule 17): a call that no server has looked at is made
//! again, whatever the method.
//!
//! ```text
//!   never left: the connection took no stream, or was lost before a byte of it was sent  ┬► again, a few times; if the
//!   turned away: above the last stream of a GOAWAY; the next connection is another one   ┘  call waits for readiness,
//!                                                                                           until the deadline
//!   refused: REFUSED_STREAM                                                              ─► again, once
//! ```
//! Once the head of a response has come, the call is the server's, and nothing is made again. The deadline is that of
//! all attempts together.

use super::super::Status;
use super::super::mapping::status_of;
use crate::http2::Failure;
use std::time::{Duration, Instant};

/// Why it is sure that no server has looked at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unseen {
    NeverLeft,
    TurnedAway,
    Refused,
}

/// How an attempt has failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) status: Status,
    pub(super) unseen: Option<Unseen>,
}

impl Failed {
    pub(super) fn of(failure: &Failure, deadline: Option<Instant>) -> Self {
        let unseen = match failure {
            Failure::NeverLeft(_) => Some(Unseen::NeverLeft),
            Failure::GoAway { .. } if failure.is_refusal() => Some(Unseen::TurnedAway),
            failure if failure.is_refusal() => Some(Unseen::Refused),
            _ => None,
        };
        Self { status: status_of(failure, deadline), unseen }
    }
}

/// The server may have done something.
impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        Self { status, unseen: None }
    }
}

/// The retries of one call.
#[derive(Debug, Default)]
pub(super) struct Retries {
    was_refused: bool,
    /// How often the call has not left, and what it was told last.
    stayed: u32,
    last: Option<Status>,
}

/// So often a call that has not left is made again at once; then pauses come, which grow: its server may be one that
/// ends every connection as soon as it is there.
const AT_ONCE: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MOST_DOUBLED: u32 = 7;
/// So often in all a call tries that does not wait for readiness: a third of a second.
const MOST_ATTEMPTS: u32 = 8;

impl Retries {
    /// Whether the call is to be made again.
    ///
    /// # Errors
    /// The status of the attempt, if it is not.
    pub(super) fn after(&mut self, failed: Failed) -> Result<(), Status> {
        let again = match failed.unseen {
            Some(Unseen::NeverLeft | Unseen::TurnedAway) => {
                log::debug!(target: "threadwire::grpc", "its connection is over; a call is made again: {}", failed.status);
                self.never_left(failed.status);
                return Ok(());
            }
            Some(Unseen::Refused) => !std::mem::replace(&mut self.was_refused, true),
            None => false,
        };
        if again {
            log::debug!(target: "threadwire::grpc", "a call that no server has seen is made again: {}", failed.status);
            Ok(())
        } else {
            Err(failed.status)
        }
    }
}

impl Retries {
    /// An attempt has found its connection gone, which would have given it this status.
    pub(super) fn never_left(&mut self, status: Status) {
        self.stayed = self.stayed.saturating_add(1);
        self.last = Some(status);
    }

    /// How long to wait before the next attempt, if at all.
    ///
    /// # Errors
    /// There is to be none.
    pub(super) fn pause(&mut self, wait_for_ready: bool) -> Result<Option<Duration>, Status> {
        if self.stayed >= MOST_ATTEMPTS
            && !wait_for_ready
            && let Some(status) = self.last.take()
        {
            return Err(status);
        }
        let doubled = self.stayed.checked_sub(AT_ONCE).map(|doubled| doubled.min(MOST_DOUBLED));
        Ok(doubled.map(|doubled| FIRST_PAUSE * (1 << doubled)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Failed, Retries};
    use crate::grpc::{Code, Status};
    use crate::http2::Failure;
    use std::time::Duration;

    #[test]
    fn once_when_refused_and_a_few_times_when_the_connection_was_over() {
        let never_left = || Failed::of(&Failure::NeverLeft("x".into()), None);
        let turned_away = || Failed::of(&Failure::GoAway { code: 0, by_peer: true }, None);
        let refused = || Failed::of(&Failure::Reset { code: 7, by_peer: true }, None);
        let mut retries = Retries::default();
        for failed in [never_left(), turned_away(), refused(), never_left(), turned_away(), never_left()] {
            retries.after(failed).unwrap();
        }
        assert_eq!(retries.after(refused()).unwrap_err().code(), Code::Unavailable);
        retries.pause(false).unwrap();
        for _ in 0..3 {
            retries.after(turned_away()).unwrap();
        }
        assert_eq!(retries.pause(false).unwrap_err().code(), Code::Unavailable);
    }

    #[test]
    fn pauses_grow_to_a_second_or_so() {
        let mut retries = Retries::default();
        let pauses: Vec<_> = (0..100)
            .map(|_| {
                retries.never_left(Status::unavailable("x"));
                retries.pause(true).unwrap()
            })
            .collect();
        assert_eq!(pauses[..2], [None, None]);
        assert_eq!(pauses[2..5], [10, 20, 40].map(|time| Some(Duration::from_millis(time))));
        assert_eq!(pauses[99], Some(Duration::from_millis(1_280)));
        // Who does not wait gives up.
        assert_eq!(retries.pause(false).unwrap_err().message(), "x");
    }

    #[test]
    fn what_a_server_may_have_seen_is_not_made_again() {
        for failure in [
            Failure::Lost("x".into()),
            Failure::Reset { code: 8, by_peer: true },
            Failure::Reset { code: 7, by_peer: false },
            Failure::GoAway { code: 1, by_peer: false },
            Failure::TimedOut,
        ] {
            assert!(Retries::default().after(Failed::of(&failure, None)).is_err(), "{failure}");
        }
    }
}
