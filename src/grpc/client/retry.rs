//! Transparent retries (gRFC A6, *Transparent Retries*; grpc.md rule 17): a call that no server has looked at is made
//! again, whatever the method.
//!
//! ```text
//!   never left: the connection took no stream, or was lost before a byte of it was sent  ─► again, until the deadline
//!   refused: REFUSED_STREAM, or above the last stream of a GOAWAY                        ─► again, once
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
    /// How often the call has not left.
    stayed: u32,
}

/// So often a call that has not left is made again at once; then pauses come, which grow: its server may be one that
/// ends every connection as soon as it is there.
const AT_ONCE: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MOST_DOUBLED: u32 = 7;

impl Retries {
    /// Whether the call is to be made again.
    ///
    /// # Errors
    /// The status of the attempt, if it is not.
    pub(super) fn after(&mut self, failed: Failed) -> Result<(), Status> {
        let again = match failed.unseen {
            Some(Unseen::NeverLeft) => {
                self.never_left();
                true
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
    /// An attempt has found its connection gone.
    pub(super) fn never_left(&mut self) {
        self.stayed = self.stayed.saturating_add(1);
    }

    /// How long to wait before the next attempt, if at all.
    pub(super) fn pause(&self) -> Option<Duration> {
        let doubled = self.stayed.checked_sub(AT_ONCE)?.min(MOST_DOUBLED);
        Some(FIRST_PAUSE * (1 << doubled))
    }
}

#[cfg(test)]
mod tests {
    use super::{Failed, Retries};
    use crate::http2::Failure;
    use std::time::Duration;

    #[test]
    fn once_when_refused_and_always_when_it_never_left() {
        let never_left = || Failed::of(&Failure::NeverLeft("x".into()), None);
        let refusals =
            [Failure::Reset { code: 7, by_peer: true }, Failure::GoAway { code: 0, by_peer: true }].map(|refusal| {
                let mut retries = Retries::default();
                retries.after(never_left()).unwrap();
                retries.after(Failed::of(&refusal, None)).unwrap();
                retries.after(never_left()).unwrap();
                retries.after(Failed::of(&refusal, None)).unwrap_err()
            });
        assert!(refusals.iter().all(|status| status.code() == crate::grpc::Code::Unavailable));
    }

    #[test]
    fn pauses_grow_to_a_second_or_so() {
        let mut retries = Retries::default();
        let pauses: Vec<_> = (0..100)
            .map(|_| {
                retries.never_left();
                retries.pause()
            })
            .collect();
        assert_eq!(pauses[..2], [None, None]);
        assert_eq!(pauses[2..5], [10, 20, 40].map(|time| Some(Duration::from_millis(time))));
        assert_eq!(pauses[99], Some(Duration::from_millis(1_280)));
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
