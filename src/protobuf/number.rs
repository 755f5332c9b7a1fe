//! Floating-point numbers in the text form: C's `%g` with as few digits as bring the same number back.
//!
//! As the other implementations do it: six (float) or fifteen (double) digits if they suffice, else nine or seventeen.

/// A `float`, as in `0.1`, `1e+10`, `-0`, `inf`.
pub(super) fn float(value: f32) -> String {
    let short = general(f64::from(value), 6);
    if short.parse() == Ok(value) || value.is_nan() { short } else { general(f64::from(value), 9) }
}

/// A `double`.
pub(super) fn double(value: f64) -> String {
    let short = general(value, 15);
    if short.parse() == Ok(value) || value.is_nan() { short } else { general(value, 17) }
}

/// `%.{digits}g` of C.
fn general(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    // Rust's `{:e}` rounds rightly and shows the exponent that `%g` decides by.
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs());
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or_default();
    without_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::{double, float};

    // What Python's protobuf 7.36 prints.
    #[test]
    fn as_python_prints() {
        let floats = [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e10, "1e+10"),
            (1e-5, "1e-05"),
            (f32::MAX, "3.40282347e+38"),
            (1.0 / 3.0, "0.333333343"),
            (16_777_216.0, "16777216"),
            (123_456_789.0, "123456792"),
            (1e16, "1e+16"),
            (0.0001, "0.0001"),
            (1.5, "1.5"),
            (f32::INFINITY, "inf"),
            (f32::NEG_INFINITY, "-inf"),
            (f32::NAN, "nan"),
        ];
        for (value, text) in floats {
            assert_eq!(float(value), text);
        }
        let doubles = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1e10, "10000000000"),
            (1e-5, "1e-05"),
            (f64::MAX, "1.7976931348623157e+308"),
            (1.0 / 3.0, "0.33333333333333331"),
            (0.1, "0.1"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1e+15"),
            (100_000.0, "100000"),
            (5e-324, "4.94065645841247e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e100, "1e+100"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in doubles {
            assert_eq!(double(value), text);
        }
    }
}
