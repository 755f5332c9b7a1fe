//! Why a [`Timestamp`](super::Timestamp) or [`Duration`](super::Duration) is no time, or a time has no message.

use std::fmt;

/// A time that cannot be converted: the message breaks the rules of its type, or the other side has no such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// The seconds are beyond what the type allows.
    Seconds {
        /// The seconds that were given.
        seconds: i128,
        /// The least that is allowed.
        least: i64,
        /// The most that is allowed.
        most: i64,
    },
    /// The nanoseconds are beyond what the type allows.
    Nanos {
        /// The nanoseconds that were given.
        nanos: i32,
        /// The least that is allowed.
        least: i32,
        /// The most that is allowed.
        most: i32,
    },
    /// The seconds of a duration have one sign, its nanoseconds the other.
    Signs {
        /// The seconds that were given.
        seconds: i64,
        /// The nanoseconds that were given.
        nanos: i32,
    },
    /// The duration is less than zero; a [`std::time::Duration`] cannot be.
    Negative {
        /// The seconds that were given.
        seconds: i64,
        /// The nanoseconds that were given.
        nanos: i32,
    },
    /// This system's [`SystemTime`](std::time::SystemTime) does not reach that far.
    SystemTime {
        /// The seconds since 1970 that were given.
        seconds: i64,
    },
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds { seconds, least, most } => write!(f, "{seconds} seconds, allowed are {least} to {most}"),
            Self::Nanos { nanos, least, most } => write!(f, "{nanos} nanoseconds, allowed are {least} to {most}"),
            Self::Signs { seconds, nanos } => {
                write!(f, "{seconds} seconds and {nanos} nanoseconds, both must have the same sign")
            }
            Self::Negative { seconds, nanos } => {
                write!(
                    f,
                    "{seconds} seconds and {nanos} nanoseconds are less than zero, which std's Duration cannot be"
                )
            }
            Self::SystemTime { seconds } => {
                write!(f, "{seconds} seconds since 1970 are beyond what this system's SystemTime holds")
            }
        }
    }
}

impl std::error::Error for TimeError {}

/// Refuses what lies outside.
pub(super) fn check_seconds(seconds: i128, least: i64, most: i64) -> Result<i64, TimeError> {
    let allowed = i64::try_from(seconds).ok().filter(|seconds| (least..=most).contains(seconds));
    allowed.ok_or(TimeError::Seconds { seconds, least, most })
}

/// Refuses what lies outside.
pub(super) fn check_nanos(nanos: i32, least: i32, most: i32) -> Result<(), TimeError> {
    if (least..=most).contains(&nanos) { Ok(()) } else { Err(TimeError::Nanos { nanos, least, most }) }
}
