//! How long a channel lets pass between attempts to connect (gRPC's `connection-backoff.md`). No clock: what is computed
//! is how long, and chance is an argument.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The time between attempts to connect that fail, each from the beginning of one to that of the next.
///
/// It begins with `initial`, and is multiplied after each failure, up to `most`; a part of it is left to chance, so that
/// clients that have failed at the same moment do not all come back at the same moment. A connection that has been made
/// (the server's SETTINGS have come) starts it anew. The defaults are those of all gRPC implementations. How long an
/// attempt itself may take is [`Limits::connect_timeout`](crate::Limits::connect_timeout).
///
/// ```
/// use std::time::Duration;
/// use threadwire::grpc::{Backoff, Channel};
/// let mut backoff = Backoff::default();
/// backoff.most = Duration::from_secs(10);
/// let channel = Channel::builder("localhost:50051").backoff(backoff).connect_lazy()?;
/// # Ok::<(), threadwire::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// After the first failure. By default 1 s.
    pub initial: Duration,
    /// What it grows by after each further one; below 1 counts as 1. By default 1.6.
    pub multiplier: f64,
    /// The part of it that is left to chance, in both directions, from 0 to 1. By default 0.2.
    pub jitter: f64,
    /// The most that it grows to, before chance. By default 120 s.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), multiplier: 1.6, jitter: 0.2, most: Duration::from_secs(120) }
    }
}

impl Backoff {
    /// How long after the beginning of the last of `failures` attempts in a row the next may begin. `chance` is from 0
    /// to 1.
    pub(super) fn interval(&self, failures: u32, chance: f64) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let most = self.most.as_secs_f64();
        let grown = self.initial.as_secs_f64() * self.multiplier.max(1.0).powi(exponent);
        let jitter = 1.0 + self.jitter.clamp(0.0, 1.0) * (2.0 * chance - 1.0);
        Duration::try_from_secs_f64(grown.min(most) * jitter).unwrap_or(self.most)
    }
}

/// A number from 0 to 1, another each time; of no use for secrets.
pub(super) fn chance() -> f64 {
    // Each has keys of its own, from the system's randomness.
    let bits = RandomState::new().hash_one(0) >> 40;
    bits as f64 / f64::from(1 << 24)
}

#[cfg(test)]
mod tests {
    use super::{Backoff, chance};
    use std::time::Duration;

    #[test]
    fn it_grows_by_its_factor_up_to_its_most() {
        let backoff = Backoff::default();
        let plain = |failures| backoff.interval(failures, 0.5).as_secs_f64();
        let rounded: Vec<f64> = (1..=4).map(|failures| (plain(failures) * 1_000.0).round() / 1_000.0).collect();
        assert_eq!(rounded, [1.0, 1.6, 2.56, 4.096]);
        for failures in [12, 100, u32::MAX] {
            assert!((plain(failures) - 120.0).abs() < 1e-6, "{failures}");
        }
        assert!((plain(0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn chance_moves_it_within_its_bounds() {
        let backoff = Backoff::default();
        assert_eq!(backoff.interval(1, 0.0), Duration::from_millis(800));
        assert_eq!(backoff.interval(1, 1.0), Duration::from_millis(1_200));
        let drawn: Vec<f64> = (0..1_000).map(|_| chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..=1.0).contains(chance)));
        let mean = drawn.iter().sum::<f64>() / 1_000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }

    #[test]
    fn settings_that_make_no_sense_do_no_harm() {
        for (multiplier, jitter) in [(f64::NAN, f64::NAN), (-1.0, -1.0), (f64::INFINITY, 9.0), (0.0, 0.0)] {
            let backoff = Backoff { multiplier, jitter, ..Backoff::default() };
            assert!(backoff.interval(9, 1.0) <= 2 * backoff.most, "{multiplier} {jitter}");
        }
        let endless = Backoff { initial: Duration::MAX, most: Duration::MAX, ..Backoff::default() };
        assert!(endless.interval(3, 1.0) >= Duration::from_secs(u64::MAX / 2));
    }
}
