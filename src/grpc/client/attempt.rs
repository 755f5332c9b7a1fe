//! One attempt to make a connection, on a thread of its own, which ends with it: at the latest after
//! `Limits::connect_timeout`. However it ends, and be it by a panic, the connector is told.

use super::Driver;
use super::connector::{Plan, Shared};
use crate::http2::{self, Failure, Requests, Settings};
use crate::link::{Attendant, Io};
use crate::net::wait;
use crate::{Error, Limits};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the head of this file.
pub(super) struct Attempt {
    shared: Arc<Shared>,
    number: u64,
    /// How often servers have been asked too often whether they are there.
    calmed: u32,
    begin: Instant,
    outcome: Option<Result<Arc<Requests>, Error>>,
}

impl Attempt {
    pub(super) fn new(shared: &Arc<Shared>, number: u64, calmed: u32) -> Self {
        Self { shared: Arc::clone(shared), number, calmed, begin: Instant::now(), outcome: None }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let outcome = outcome.unwrap_or_else(|| Err(Error::Thread { name: "connect".to_owned(), source: unstarted() }));
        self.shared.end_attempt(self.begin, outcome);
    }
}

fn unstarted() -> io::Error {
    io::Error::other("there is no thread to connect on")
}

/// Makes the attempt, on its thread.
pub(super) fn start(plan: &Plan, mut attempt: Attempt) {
    let with = plan.clone();
    // Without a thread the attempt is dropped, and has failed.
    let started = plan.threads.spawn("connect", move || attempt.run(&with));
    if let Err(error) = started {
        log::debug!(target: "threadwire::grpc", "{error}");
    }
}

impl Attempt {
    fn run(&mut self, plan: &Plan) {
        self.outcome = Some(self.make(plan));
    }

    fn make(&self, plan: &Plan) -> Result<Arc<Requests>, Error> {
        let until = wait::deadline(self.begin, plan.limits.connect_timeout);
        let left = until.saturating_duration_since(Instant::now());
        let limits = &self.limits(plan);
        let transport = plan.target.connect(&plan.threads, left, limits.dead_peer_timeout)?;
        let io = Io::new(transport, limits.outbox_bytes, limits.write_timeout)
            .observed_by(plan.observer.clone(), self.number);
        let no_descriptor = |source| Error::Io { operation: "making a descriptor to be woken by", source };
        let attendant = Attendant::of_clients(&plan.threads).map_err(no_descriptor)?;
        let requests = http2::connect(io, &attendant, &Settings::new(limits)).map_err(no_descriptor)?;
        if plan.driver == Driver::Background {
            requests.read_in_background();
        }
        match requests.wait_begun(Some(until)) {
            Ok(()) => Ok(Arc::new(requests)),
            Err(Failure::TimedOut) => {
                let operation = format!("connecting to {}", plan.target.authority);
                Err(Error::TimedOut { operation, after: self.begin.elapsed() })
            }
            Err(failure) => {
                let (address, source) = (plan.target.authority.clone(), io::Error::other(failure.to_string()));
                Err(Error::Connect { address, source })
            }
        }
    }

    fn limits(&self, plan: &Plan) -> Limits {
        let mut limits = plan.limits.clone();
        limits.keepalive_interval = limits.keepalive_interval.map(|interval| calmer(interval, self.calmed));
        limits
    }
}

/// The interval for a server that was asked too often so many times (gRFC A8).
fn calmer(interval: Duration, times: u32) -> Duration {
    interval.saturating_mul(2_u32.saturating_pow(times))
}

#[cfg(test)]
mod tests {
    use super::calmer;
    use std::time::Duration;

    #[test]
    fn the_interval_doubles_each_time() {
        let interval = Duration::from_secs(10);
        assert_eq!([0, 1, 2, 3].map(|times| calmer(interval, times).as_secs()), [10, 20, 40, 80]);
        assert!(calmer(Duration::MAX, u32::MAX) == Duration::MAX);
    }
}
