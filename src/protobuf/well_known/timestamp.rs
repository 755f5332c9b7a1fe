//! [`Timestamp`] and [`SystemTime`] (google/protobuf/timestamp.proto).

use std::time::{Duration as StdDuration, SystemTime};

use super::error::{check_nanos, check_seconds};
use super::{TimeError, Timestamp};

const MAX_NANOS: i32 = 999_999_999;

/// A moment: seconds since 1970-01-01T00:00:00Z without leap seconds, and nanoseconds that always count forwards, so
/// that half a second before 1970 is −1 s and 500,000,000 ns.
impl Timestamp {
    /// The seconds of 0001-01-01T00:00:00Z, the first moment there is.
    pub const MIN_SECONDS: i64 = -62_135_596_800;
    /// The seconds of 9999-12-31T23:59:59Z; the last moment is 999,999,999 ns later.
    pub const MAX_SECONDS: i64 = 253_402_300_799;

    /// The moment of so many seconds and nanoseconds.
    ///
    /// # Errors
    ///
    /// When it is before year 1 or after year 9999, or the nanoseconds are not from 0 to 999,999,999.
    ///
    /// ```
    /// use threadwire::protobuf::well_known::Timestamp;
    /// assert!(Timestamp::new(-1, 500_000_000).is_ok());
    /// let error = Timestamp::new(0, -1).unwrap_err();
    /// assert_eq!(error.to_string(), "-1 nanoseconds, allowed are 0 to 999999999");
    /// ```
    pub fn new(seconds: i64, nanos: i32) -> Result<Self, TimeError> {
        let timestamp = Self { seconds, nanos, ..Self::default() };
        timestamp.check()?;
        Ok(timestamp)
    }

    /// The moment of this call, by the system's clock; year 1 or 9999 if that is beyond them.
    #[must_use]
    pub fn now() -> Self {
        let now = SystemTime::now();
        let edge = if now < SystemTime::UNIX_EPOCH { Self::MIN_SECONDS } else { Self::MAX_SECONDS };
        Self::try_from(now).unwrap_or_else(|_| Self { seconds: edge, ..Self::default() })
    }

    /// Whether the fields keep the rules of the type; what comes from a peer need not.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn check(&self) -> Result<(), TimeError> {
        check_seconds(self.seconds.into(), Self::MIN_SECONDS, Self::MAX_SECONDS)?;
        check_nanos(self.nanos, 0, MAX_NANOS)
    }
}

/// Fails for what is before year 1 or after year 9999.
impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Err(error) => {
                let before = error.duration();
                let seconds = -i128::from(before.as_secs());
                // The nanoseconds count forwards from the second before.
                match before.subsec_nanos() {
                    0 => (seconds, 0),
                    nanos => (seconds - 1, 1_000_000_000 - nanos),
                }
            }
        };
        let seconds = check_seconds(seconds, Self::MIN_SECONDS, Self::MAX_SECONDS)?;
        Ok(Self { seconds, nanos: nanos.cast_signed(), ..Self::default() })
    }
}

/// Fails for a timestamp that breaks the rules, and for a moment that the system's `SystemTime` does not reach.
impl TryFrom<Timestamp> for SystemTime {
    type Error = TimeError;

    fn try_from(timestamp: Timestamp) -> Result<Self, TimeError> {
        timestamp.check()?;
        let Timestamp { seconds, nanos, .. } = timestamp;
        let whole = StdDuration::from_secs(seconds.unsigned_abs());
        let second =
            if seconds < 0 { Self::UNIX_EPOCH.checked_sub(whole) } else { Self::UNIX_EPOCH.checked_add(whole) };
        let moment = second.and_then(|second| second.checked_add(StdDuration::from_nanos(nanos.unsigned_abs().into())));
        moment.ok_or(TimeError::SystemTime { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::{StdDuration, SystemTime, TimeError, Timestamp};

    #[track_caller]
    fn same(time: SystemTime, seconds: i64, nanos: i32) {
        let timestamp = Timestamp::new(seconds, nanos).unwrap();
        assert_eq!(Timestamp::try_from(time), Ok(timestamp.clone()));
        assert_eq!(SystemTime::try_from(timestamp), Ok(time));
    }

    fn before(seconds: u64, nanos: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH - StdDuration::new(seconds, nanos)
    }

    fn after(seconds: u64, nanos: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + StdDuration::new(seconds, nanos)
    }

    #[test]
    fn there_and_back() {
        same(SystemTime::UNIX_EPOCH, 0, 0);
        same(after(0, 1), 0, 1);
        same(after(1_700_000_000, 999_999_999), 1_700_000_000, 999_999_999);
        same(before(0, 1), -1, 999_999_999);
        same(before(0, 999_999_999), -1, 1);
        same(before(1, 0), -1, 0);
        same(before(1, 500_000_000), -2, 500_000_000);
    }

    #[test]
    fn the_first_and_the_last_moment() {
        same(before(62_135_596_800, 0), Timestamp::MIN_SECONDS, 0);
        same(after(253_402_300_799, 999_999_999), Timestamp::MAX_SECONDS, 999_999_999);
        let least = Timestamp::MIN_SECONDS;
        let most = Timestamp::MAX_SECONDS;
        let early = TimeError::Seconds { seconds: i128::from(least) - 1, least, most };
        assert_eq!(Timestamp::try_from(before(62_135_596_800, 1)), Err(early));
        assert_eq!(Timestamp::new(least - 1, 999_999_999), Err(early));
        let late = TimeError::Seconds { seconds: i128::from(most) + 1, least, most };
        assert_eq!(Timestamp::try_from(after(253_402_300_800, 0)), Err(late));
        assert_eq!(Timestamp::new(most + 1, 0), Err(late));
        assert_eq!(late.to_string(), "253402300800 seconds, allowed are -62135596800 to 253402300799");
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for nanos in [-1, 1_000_000_000, i32::MIN, i32::MAX] {
            let wrong = Timestamp { nanos, ..Timestamp::default() };
            let expected = TimeError::Nanos { nanos, least: 0, most: 999_999_999 };
            assert_eq!(wrong.check(), Err(expected));
            assert_eq!(SystemTime::try_from(wrong), Err(expected));
        }
        for seconds in [i64::MIN, i64::MAX] {
            let wrong = Timestamp { seconds, ..Timestamp::default() };
            assert!(matches!(SystemTime::try_from(wrong), Err(TimeError::Seconds { .. })));
        }
    }

    #[test]
    fn now_is_between_two_looks_at_the_clock() {
        let begin = SystemTime::now();
        let now = SystemTime::try_from(Timestamp::now()).unwrap();
        assert!(begin <= now && now <= SystemTime::now());
    }
}
