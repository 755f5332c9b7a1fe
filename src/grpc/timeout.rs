//! The header `grpc-timeout` (PROTOCOL-HTTP2.md): 1 to 8 digits and a unit.

use std::time::Duration;

/// The units, the finest first, in nanoseconds.
const UNITS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];
const MOST_DIGITS: usize = 8;
const LARGEST: u128 = 99_999_999;

/// Reads the header's value. None: it is malformed.
pub(super) fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (_, nanoseconds) = UNITS.iter().find(|(letter, _)| letter == unit)?;
    let count = digits.iter().fold(0, |count, digit| count * 10 + u64::from(digit - b'0'));
    // At most 10^8 hours, far from the largest `Duration`.
    let total = u128::from(count) * u128::from(*nanoseconds);
    Some(Duration::new(u64::try_from(total / 1_000_000_000).ok()?, u32::try_from(total % 1_000_000_000).ok()?))
}

/// Writes the header's value: the finest unit that can say it, rounded up, so that a server never gives up before its
/// client. What no unit can say becomes the most that can be said.
pub(super) fn format(timeout: Duration) -> String {
    let total = timeout.as_nanos();
    for (letter, nanoseconds) in UNITS {
        let count = total.div_ceil(u128::from(nanoseconds));
        if count <= LARGEST {
            return format!("{count}{}", char::from(letter));
        }
    }
    format!("{LARGEST}H")
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use std::time::Duration;

    #[test]
    fn what_is_written_is_read() {
        for (timeout, text) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_000), "100000u"),
            (Duration::from_millis(1_500), "1500000u"),
            (Duration::from_secs(20), "20000000u"),
            (Duration::from_secs(100), "100000m"),
            (Duration::from_secs(99_999_999), "99999999S"),
            (Duration::from_secs(60 * 99_999_999), "99999999M"),
            (Duration::from_secs(3_600 * 99_999_999), "99999999H"),
        ] {
            assert_eq!(format(timeout), text);
            assert_eq!(parse(text.as_bytes()), Some(timeout), "{text}");
        }
    }

    #[test]
    fn rounding_is_up_and_saturates() {
        assert_eq!(format(Duration::from_nanos(100_000_001)), "100001u");
        assert_eq!(format(Duration::MAX), "99999999H");
    }

    #[test]
    fn malformed_values_are_none() {
        for text in ["", "n", "1", "1s", "-1S", "+1S", "1.5S", " 1S", "1S ", "123456789n", "1nn", "１S"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"000000001m"), None);
        assert_eq!(parse(b"00000001m"), Some(Duration::from_millis(1)));
    }
}
