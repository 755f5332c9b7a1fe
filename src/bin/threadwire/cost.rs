//! What a message costs: its bytes in three formats, and the time to encode and to decode it, measured on the spot.

use crate::failure::Failure;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};
use threadwire::protobuf::{Bytes, Message};

/// What stands above the rows.
pub(crate) const HEAD: &str =
    "                      bytes       JSON        XML     encode     decode  shared decode\n";
/// For so long an operation is repeated.
const TIME: Duration = Duration::from_millis(50);
/// So long is a batch whose time is taken at once, so that taking it counts for nothing.
const BATCH: Duration = Duration::from_micros(100);

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    name: String,
    /// Encoded; as JSON, as XML.
    bytes: [usize; 3],
    /// In ns: to encode, to decode, to decode so that texts are shared.
    times: [f64; 3],
}

impl Row {
    /// Measures a message; `Shared` is its type as `threadwire_build::Builder::shared` makes it.
    pub(crate) fn of<M: Message, Shared: Message>(
        name: String,
        message: &M,
        json: usize,
        xml: usize,
    ) -> Result<Self, Failure> {
        let bytes = Bytes::from(message.encode_to_vec().map_err(refused)?);
        let times = [
            fastest(|| black_box(message).encode_to_vec())?,
            fastest(|| M::decode(black_box(&bytes)))?,
            fastest(|| Shared::decode_shared(black_box(&bytes)))?,
        ];
        Ok(Self { name, bytes: [bytes.len(), json, xml], times })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [bytes, json, xml] = self.bytes.map(grouped);
        let [encode, decode, shared] = self.times.map(time);
        writeln!(f, "{:<16} {bytes:>10} {json:>10} {xml:>10} {encode:>10} {decode:>10} {shared:>14}", self.name)
    }
}

/// The ns of one operation, its result dropped, in the fastest batch: what disturbs only adds to it.
fn fastest<T, E: fmt::Display>(operation: impl Fn() -> Result<T, E>) -> Result<f64, Failure> {
    let begin = Instant::now();
    black_box(operation().map_err(refused)?);
    let batch = (BATCH.as_nanos() / begin.elapsed().as_nanos().max(1)).clamp(1, 10_000) as u32;
    let mut least = f64::INFINITY;
    while least.is_infinite() || begin.elapsed() < TIME {
        let start = Instant::now();
        for _ in 0..batch {
            black_box(operation().map_err(refused)?);
        }
        least = least.min(start.elapsed().as_nanos() as f64 / f64::from(batch));
    }
    Ok(least)
}

fn refused(error: impl fmt::Display) -> Failure {
    Failure::refused(error.to_string())
}

/// `18 ns`, `1.2 µs`, `2.1 ms`
fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

/// `1,000,000`
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, time};

    #[test]
    fn figures_are_short() {
        assert_eq!([0, 999, 1_000, 1_000_020].map(grouped), ["0", "999", "1,000", "1,000,020"]);
        assert_eq!([18.4, 1_250.0, 2_140_000.0].map(time), ["18 ns", "1.2 µs", "2.1 ms"]);
    }
}
