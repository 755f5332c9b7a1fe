//! [`Duration`] and [`std::time::Duration`] (google/protobuf/duration.proto).

use std::time::Duration as StdDuration;

use super::error::{check_nanos, check_seconds};
use super::{Duration, TimeError};

const MAX_NANOS: i32 = 999_999_999;

/// A span of time, which may be negative: then the seconds and the nanoseconds both are, or zero.
impl Duration {
    /// The most seconds there are, in either direction: about 10,000 years.
    pub const MAX_SECONDS: i64 = 315_576_000_000;

    /// So many seconds and nanoseconds.
    ///
    /// # Errors
    ///
    /// When there are more than [`MAX_SECONDS`](Self::MAX_SECONDS), more than 999,999,999 nanoseconds, or the two have
    /// different signs.
    ///
    /// ```
    /// use threadwire::protobuf::well_known::Duration;
    /// assert!(Duration::new(-1, -500_000_000).is_ok());
    /// let error = Duration::new(-1, 500_000_000).unwrap_err();
    /// assert_eq!(error.to_string(), "-1 seconds and 500000000 nanoseconds, both must have the same sign");
    /// ```
    pub fn new(seconds: i64, nanos: i32) -> Result<Self, TimeError> {
        let duration = Self { seconds, nanos, ..Self::default() };
        duration.check()?;
        Ok(duration)
    }

    /// Whether the fields keep the rules of the type; what comes from a peer need not.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn check(&self) -> Result<(), TimeError> {
        let Self { seconds, nanos, .. } = *self;
        check_seconds(seconds.into(), -Self::MAX_SECONDS, Self::MAX_SECONDS)?;
        check_nanos(nanos, -MAX_NANOS, MAX_NANOS)?;
        if (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0) {
            return Err(TimeError::Signs { seconds, nanos });
        }
        Ok(())
    }
}

/// Fails for more than [`Duration::MAX_SECONDS`].
impl TryFrom<StdDuration> for Duration {
    type Error = TimeError;

    fn try_from(duration: StdDuration) -> Result<Self, TimeError> {
        let seconds = check_seconds(duration.as_secs().into(), -Self::MAX_SECONDS, Self::MAX_SECONDS)?;
        Ok(Self { seconds, nanos: duration.subsec_nanos().cast_signed(), ..Self::default() })
    }
}

/// Fails for a duration that breaks the rules, and for one that is less than zero.
impl TryFrom<Duration> for StdDuration {
    type Error = TimeError;

    fn try_from(duration: Duration) -> Result<Self, TimeError> {
        duration.check()?;
        let Duration { seconds, nanos, .. } = duration;
        match (u64::try_from(seconds), u32::try_from(nanos)) {
            (Ok(seconds), Ok(nanos)) => Ok(Self::new(seconds, nanos)),
            _ => Err(TimeError::Negative { seconds, nanos }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, StdDuration, TimeError};

    #[test]
    fn there_and_back() {
        for (seconds, nanos) in [(0, 0), (0, 1), (0, 999_999_999), (1, 0), (315_576_000_000, 999_999_999)] {
            let std = StdDuration::new(seconds, nanos);
            let message = Duration::try_from(std).unwrap();
            assert_eq!((message.seconds, message.nanos), (seconds.cast_signed(), nanos.cast_signed()));
            assert_eq!(message.check(), Ok(()));
            assert_eq!(StdDuration::try_from(message), Ok(std));
        }
    }

    #[test]
    fn the_longest() {
        let most = Duration::MAX_SECONDS;
        for seconds in [315_576_000_001, u64::MAX] {
            let expected = TimeError::Seconds { seconds: seconds.into(), least: -most, most };
            assert_eq!(Duration::try_from(StdDuration::from_secs(seconds)), Err(expected));
        }
        assert!(Duration::new(-most, -999_999_999).is_ok());
        assert!(matches!(Duration::new(-most - 1, 0), Err(TimeError::Seconds { .. })));
        assert!(matches!(Duration::new(i64::MIN, 0), Err(TimeError::Seconds { .. })));
    }

    #[test]
    fn signs() {
        assert_eq!(Duration::new(1, -1), Err(TimeError::Signs { seconds: 1, nanos: -1 }));
        assert_eq!(Duration::new(-1, 1), Err(TimeError::Signs { seconds: -1, nanos: 1 }));
        for (seconds, nanos) in [(0, -1), (-1, 0), (-1, -1)] {
            let message = Duration::new(seconds, nanos).unwrap();
            assert_eq!(StdDuration::try_from(message), Err(TimeError::Negative { seconds, nanos }));
        }
        let error = TimeError::Negative { seconds: -1, nanos: 0 };
        assert_eq!(
            error.to_string(),
            "-1 seconds and 0 nanoseconds are less than zero, which std's Duration cannot be"
        );
        for nanos in [1_000_000_000, -1_000_000_000] {
            let wrong = Duration { nanos, ..Duration::default() };
            assert_eq!(wrong.check(), Err(TimeError::Nanos { nanos, least: -999_999_999, most: 999_999_999 }));
        }
    }
}
