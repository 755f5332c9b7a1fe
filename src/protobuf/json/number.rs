//! Numbers of JSON: what one looks like, which whole number it is, how one is written.
//!
//! RFC 8259, section 6.

use std::fmt::Write as _;

use crate::protobuf::descriptor::Kind;

/// How many bytes of the text, from its beginning, are a number.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let at = |place: usize| text.get(place).copied();
    let mut end = usize::from(at(0) == Some(b'-'));
    match (at(end), digits(end)) {
        (_, 0) => return None,
        (Some(b'0'), count) if count > 1 => return None,
        (_, count) => end += count,
    }
    if at(end) == Some(b'.') {
        let count = digits(end + 1);
        if count == 0 {
            return None;
        }
        end += 1 + count;
    }
    if matches!(at(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(at(end + 1), Some(b'+' | b'-')));
        let count = digits(end + 1 + sign);
        if count == 0 {
            return None;
        }
        end += 1 + sign + count;
    }
    Some(end)
}

/// Whether all of the text is a number.
pub(super) fn is_number(text: &str) -> bool {
    length(text.as_bytes()) == Some(text.len())
}

/// The whole number that a number is, exactly; of no more digits than 64 bits have.
pub(super) fn whole(number: &str) -> Option<i128> {
    const MOST_DIGITS: i64 = 20;
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let significant = digits.trim_end_matches('0');
    let zeros = digits.len() - significant.len();
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // An exponent that does not fit moves the point farther than any digits reach.
    let exponent = exponent.parse::<i64>().ok()?;
    let zeros = exponent.checked_add(i64::try_from(zeros).ok()?)?.checked_sub(i64::try_from(after.len()).ok()?)?;
    let count = i64::try_from(significant.len()).ok()?.checked_add(zeros)?;
    if zeros < 0 || count > MOST_DIGITS {
        return None;
    }
    let power = 10_i128.checked_pow(u32::try_from(zeros).ok()?)?;
    Some(sign * significant.parse::<i128>().ok()? * power)
}

/// The bits of a `float` or `double`, if the number is in its range.
pub(super) fn float_bits(kind: Kind, number: &str) -> Option<u64> {
    if matches!(kind, Kind::Float) {
        number.parse::<f32>().ok().filter(|value| value.is_finite()).map(|value| u64::from(value.to_bits()))
    } else {
        number.parse::<f64>().ok().filter(|value| value.is_finite()).map(f64::to_bits)
    }
}

/// The bits of what is written as a string, since JSON has no such number.
pub(super) fn special_bits(kind: Kind, name: &str) -> Option<u64> {
    let value = match name {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some(if matches!(kind, Kind::Float) { u64::from((value as f32).to_bits()) } else { value.to_bits() })
}

/// Writes a `float` or `double` with as few digits as bring it back.
pub(super) fn print(kind: Kind, bits: u64, out: &mut String) {
    let is_float = matches!(kind, Kind::Float);
    let value = if is_float { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) };
    let size = value.abs();
    let is_plain = size == 0.0 || (1e-6..1e21).contains(&size); // as JavaScript writes them
    // A String takes everything.
    let _ = match (value.is_finite(), is_float, is_plain) {
        (false, ..) if value.is_nan() => write!(out, "\"NaN\""),
        (false, ..) => write!(out, "\"{}Infinity\"", if value < 0.0 { "-" } else { "" }),
        (true, true, true) => write!(out, "{}", f32::from_bits(bits as u32)),
        (true, true, false) => write!(out, "{:e}", f32::from_bits(bits as u32)),
        (true, false, true) => write!(out, "{value}"),
        (true, false, false) => write!(out, "{value:e}"),
    };
}

#[cfg(test)]
mod tests {
    use super::{Kind, float_bits, is_number, length, print, whole};

    #[test]
    fn what_is_a_number() {
        for text in ["0", "-0", "10", "1.5", "-1.50", "1e5", "1E+05", "0.1e-2", "123456789012345678901234567890"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "+1", "01", "-01", ".5", "1.", "1e", "1e+", "0x1", "1_0", " 1", "1 ", "NaN", "١"] {
            assert!(!is_number(text), "{text}");
        }
        assert_eq!(length(b"1,2"), Some(1));
    }

    #[test]
    fn whole_numbers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("1e2", Some(100)),
            ("1.50e1", Some(15)),
            ("100000e-5", Some(1)),
            ("-100.00", Some(-100)),
            ("18446744073709551615", Some(i128::from(u64::MAX))),
            ("1844674407370955161.5e1", Some(i128::from(u64::MAX))),
            ("0.5", None),
            ("15e-1", None),
            ("1e20", None),
            ("1e999999999999999999999", None),
            ("1e-999999999999999999999", None),
            ("1e9223372036854775807", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_have_a_range() {
        assert!(float_bits(Kind::Float, "3.4028235e38").is_some());
        assert!(float_bits(Kind::Float, "3.5e38").is_none());
        assert!(float_bits(Kind::Double, "-1.8e308").is_none());
        assert_eq!(float_bits(Kind::Double, "1e-999"), Some(0));
    }

    #[test]
    fn floats_are_written_short() {
        let double = |value: f64| {
            let mut out = String::new();
            print(Kind::Double, value.to_bits(), &mut out);
            out
        };
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e21"),
            (1.5e-7, "1.5e-7"),
            (f64::MAX, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(double(value), text);
        }
        let mut out = String::new();
        print(Kind::Float, u64::from(0.1_f32.to_bits()), &mut out);
        assert_eq!(out, "0.1");
    }
}
