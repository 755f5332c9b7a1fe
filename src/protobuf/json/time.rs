//! `Timestamp` and `Duration` as strings.
//!
//! A timestamp is RFC 3339 from year 1 to 9999, printed in UTC; a duration is seconds with an `s`. Both have 0, 3, 6 or
//! 9 digits behind the point when printed, and any number up to 9 when read.

use std::fmt::Write as _;

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// About 10,000 years.
const DURATION_SECONDS: i64 = 315_576_000_000;
const NANOS: i32 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Seconds and nanoseconds since 1970 as a date and a time.
pub(super) fn timestamp(seconds: i64, nanos: i32) -> Option<String> {
    if !TIMESTAMP_SECONDS.contains(&seconds) || !(0..NANOS).contains(&nanos) {
        return None;
    }
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    push_fraction(&mut text, nanos);
    text.push('Z');
    Some(text)
}

/// A date and a time as seconds and nanoseconds since 1970.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.number(4)?;
    cursor.sign(b'-')?;
    let month = cursor.number(2)?;
    cursor.sign(b'-')?;
    let day = cursor.number(2)?;
    cursor.sign(b'T')?;
    let second_of_day = cursor.time_of_day()? + {
        cursor.sign(b':')?;
        cursor.number(2).filter(|second| *second < 60)?
    };
    let nanos = cursor.fraction()?;
    let offset = match cursor.next()? {
        b'Z' => 0,
        b'+' => cursor.time_of_day()?,
        b'-' => -cursor.time_of_day()?,
        _ => return None,
    };
    if !cursor.0.is_empty() || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let seconds = days(year, month, day) * DAY + second_of_day - offset;
    TIMESTAMP_SECONDS.contains(&seconds).then_some((seconds, nanos))
}

/// Seconds and nanoseconds as a duration.
pub(super) fn duration(seconds: i64, nanos: i32) -> Option<String> {
    let is_of_one_sign = seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0);
    if seconds.unsigned_abs() > DURATION_SECONDS.unsigned_abs()
        || nanos.unsigned_abs() >= NANOS.unsigned_abs()
        || !is_of_one_sign
    {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let mut text = format!("{sign}{}", seconds.unsigned_abs());
    push_fraction(&mut text, nanos.abs());
    text.push('s');
    Some(text)
}

/// A duration as seconds and nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let seconds = text.get(..digits)?.parse::<i64>().ok().filter(|seconds| *seconds <= DURATION_SECONDS)?;
    let mut cursor = Cursor(text.as_bytes().get(digits..)?);
    let nanos = cursor.fraction()?;
    cursor.sign(b's')?;
    cursor.0.is_empty().then_some((i64::from(sign) * seconds, sign * nanos))
}

/// What is left to be read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn sign(&mut self, sign: u8) -> Option<()> {
        (self.next()? == sign).then_some(())
    }

    /// A number of so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let mut number = 0;
        for _ in 0..digits {
            let digit = char::from(self.next()?).to_digit(10)?;
            number = number * 10 + i64::from(digit);
        }
        Some(number)
    }

    /// Hours and minutes, in seconds.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.number(2).filter(|hour| *hour < 24)?;
        self.sign(b':')?;
        let minute = self.number(2).filter(|minute| *minute < 60)?;
        Some(hour * 3600 + minute * 60)
    }

    /// A point and one to nine digits, in nanoseconds; or nothing.
    fn fraction(&mut self) -> Option<i32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.next()?;
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let number = self.number(count)?;
        let scale = 10_i64.pow(9 - u32::try_from(count).ok()?);
        i32::try_from(number * scale).ok()
    }
}

/// The nanoseconds behind the point, in as few groups of three digits as show them all.
fn push_fraction(text: &mut String, nanos: i32) {
    // A String takes everything.
    let _ = match (nanos, nanos % 1_000, nanos % 1_000_000) {
        (0, ..) => Ok(()),
        (_, _, 0) => write!(text, ".{:03}", nanos / 1_000_000),
        (_, 0, _) => write!(text, ".{:06}", nanos / 1_000),
        _ => write!(text, ".{nanos:09}"),
    };
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days since 1970-01-01. Years begin in March here, so that a leap day is a year's last; 400 of them, an era, have
/// 146,097 days.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    year.div_euclid(400) * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The other way: year, month and day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (days.div_euclid(146_097) * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{DAY, TIMESTAMP_SECONDS, date, days, duration, parse_duration, parse_timestamp, timestamp};

    #[test]
    fn every_day_there_and_back() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for number in TIMESTAMP_SECONDS.start() / DAY..=TIMESTAMP_SECONDS.end() / DAY {
            assert_eq!(days(year, month, day), number);
            assert_eq!(date(number), (year, month, day));
            day += 1;
            if day > super::days_of(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (10_000, 1, 1));
    }

    #[test]
    fn a_fraction_has_nine_digits_at_most() {
        for digits in ["", "0000000000", &"6".repeat(60), &"0".repeat(10_000)] {
            assert_eq!(parse_timestamp(&format!("1970-01-01T00:00:00.{digits}Z")), None, "{digits}");
            assert_eq!(parse_duration(&format!("1.{digits}s")), None, "{digits}");
        }
    }

    #[test]
    fn timestamps() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799, 999_999_999),
            ("1969-12-31T23:59:59.500Z", -1, 500_000_000),
            ("2000-02-29T12:30:45.000001Z", 951_827_445, 1_000),
        ] {
            assert_eq!(parse_timestamp(text), Some((seconds, nanos)), "{text}");
            assert_eq!(timestamp(seconds, nanos).as_deref(), Some(text));
        }
        assert_eq!(parse_timestamp("1970-01-01T08:00:01+08:00"), Some((1, 0)));
        assert_eq!(parse_timestamp("1969-12-31T16:00:01.5-08:00"), Some((1, 500_000_000)));
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01 00:00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "1970-01-32T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+0800",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00ZZ",
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "+970-01-01T00:00:00Z",
            "197٠-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
        for (seconds, nanos) in [(-62_135_596_801, 0), (253_402_300_800, 0), (0, -1), (0, 1_000_000_000)] {
            assert_eq!(timestamp(seconds, nanos), None);
        }
    }

    #[test]
    fn durations() {
        for (text, seconds, nanos) in [
            ("0s", 0, 0),
            ("1.500s", 1, 500_000_000),
            ("-0.000000001s", 0, -1),
            ("-315576000000.999999999s", -315_576_000_000, -999_999_999),
            ("315576000000.999999999s", 315_576_000_000, 999_999_999),
            ("0.000340s", 0, 340_000),
        ] {
            assert_eq!(parse_duration(text), Some((seconds, nanos)), "{text}");
            assert_eq!(duration(seconds, nanos).as_deref(), Some(text));
        }
        assert_eq!(parse_duration("1.5s"), Some((1, 500_000_000)));
        for text in ["", "s", "1", "1.s", ".5s", "1.1234567890s", "315576000001s", "--1s", "+1s", "1 s", "1s ", "1e3s"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        for (seconds, nanos) in
            [(315_576_000_001, 0), (1, -1), (-1, 1), (0, 1_000_000_000), (0, i32::MIN), (i64::MIN, 0)]
        {
            assert_eq!(duration(seconds, nanos), None);
        }
    }
}
