//! Floating-point numbers as C++ prints them in descriptors: `%g` with as few digits as bring the same number back.
//!
//! Six (float) or fifteen (double) digits if they suffice, else nine or seventeen: protobuf's `SimpleFtoa` and
//! `SimpleDtoa`. The former does not trust six digits of a subnormal number, because `strtof` says of it that it is too
//! small.

/// A `float`, as in `0.1`, `9e+09`, `-0`, `inf`.
pub(crate) fn float(value: f32) -> String {
    let short = general(f64::from(value), 6);
    if short.parse() == Ok(value) && !value.is_subnormal() { short } else { general(f64::from(value), 9) }
}

/// A `double`.
pub(crate) fn double(value: f64) -> String {
    let short = general(value, 15);
    if short.parse() == Ok(value) { short } else { general(value, 17) }
}

/// `%.{digits}g` of C.
fn general(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return value.to_string().to_ascii_lowercase();
    }
    // Rust's `{:e}` rounds rightly and shows the exponent that `%g` decides by.
    let scientific = format!("{value:.*e}", usize::try_from(digits - 1).unwrap_or_default());
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
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

    // What protoc 35 makes of them.
    #[test]
    fn as_in_descriptors() {
        let floats = [
            (0.1, "0.1"),
            (-0.0, "-0"),
            (9e9, "9e+09"),
            (0.333_333_34, "0.333333343"),
            (16_777_217.0, "16777216"),
            (f32::MAX, "3.40282347e+38"),
            (f32::from_bits(1), "1.40129846e-45"),
            (f32::INFINITY, "inf"),
            (f32::NEG_INFINITY, "-inf"),
            (f32::NAN, "nan"),
        ];
        for (value, text) in floats {
            assert_eq!(float(value), text);
        }
        let doubles = [
            (7e22, "7e+22"),
            (9e9, "9000000000"),
            (std::f64::consts::PI, "3.1415926535897931"),
            (5e-324, "4.94065645841247e-324"),
            (1e-5, "1e-05"),
            (1e-4, "0.0001"),
            (100_000.0, "100000"),
            (f64::NAN, "nan"),
        ];
        for (value, text) in doubles {
            assert_eq!(double(value), text);
        }
    }
}
