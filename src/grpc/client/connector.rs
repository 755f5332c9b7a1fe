//! One connection to one target: made by the first call that needs it, made again by the first call after its loss.
//!
//! One lock guards what there is; it is never held while a connection is made. One thread makes it, the others that
//! need it wait for that, each for its own time. When it fails, it fails for all that waited, unless the maker's own
//! time was too short: then the next of them tries. The state always leaves `Connecting` (a guard sees to it), and
//! whoever changes it tells all.

use super::super::Status;
use super::super::mapping::{deadline_exceeded, has_passed};
use super::Driver;
use crate::http2::{self, Failure, Requests, Settings};
use crate::link::{Attendant, Io};
use crate::net::{Observer, Target, wait};
use crate::threads::Process;
use crate::{Error, Limits, Threads};
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// See the head of this file.
pub(super) struct Connector {
    target: Target,
    limits: Limits,
    threads: Threads,
    observer: Option<Arc<dyn Observer>>,
    process: Process,
    driver: Driver,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// How many connections have been tried.
    attempts: u64,
    /// Why the last attempt failed, for those who waited for it.
    failure: Option<(u64, String)>,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    Connecting,
    Ready(Arc<Requests>),
}

impl Connector {
    pub(super) fn new(
        target: Target,
        limits: &Limits,
        threads: &Threads,
        driver: Driver,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        Self {
            target,
            limits: limits.clone(),
            threads: threads.clone(),
            observer,
            process: Process::this(),
            driver,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, made if there is none; in all it takes at most until `deadline`, or [`Limits::connect_timeout`].
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn get(&self, deadline: Option<Instant>) -> Result<Arc<Requests>, Error> {
        // Before the lock, which a thread may have held that is not in this process.
        if !self.process.is_this() {
            return Err(Error::OtherProcess { what: "channel" });
        }
        let begin = Instant::now();
        let own = wait::deadline(begin, self.limits.connect_timeout);
        let until = deadline.map_or(own, |deadline| deadline.min(own));
        match self.existing(until)? {
            Some(requests) => Ok(requests),
            None => self.make(begin, until, until < own),
        }
    }

    /// The connection that there is, or that another thread is making. None: this thread is to make it.
    fn existing(&self, until: Instant) -> Result<Option<Arc<Requests>>, Error> {
        let begin = Instant::now();
        let mut state = self.state();
        loop {
            match &state.phase {
                Phase::Ready(requests) if requests.is_usable() => return Ok(Some(Arc::clone(requests))),
                Phase::Ready(_) | Phase::Idle => {
                    let old = std::mem::replace(&mut state.phase, Phase::Connecting);
                    state.attempts += 1;
                    drop(state);
                    // Perhaps the last to hold the old connection: it ends here, outside the lock.
                    drop(old);
                    return Ok(None);
                }
                Phase::Connecting => {}
            }
            let attempt = state.attempts;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.timed_out(begin));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            if let Some((failed, why)) = &state.failure
                && *failed == attempt
            {
                return Err(self.failed(io::Error::other(why.clone())));
            }
        }
    }

    fn make(&self, begin: Instant, until: Instant, is_short: bool) -> Result<Arc<Requests>, Error> {
        let mut turn = Turn { connector: self, phase: Phase::Idle, failure: None };
        let made = self.connect(begin, until);
        match &made {
            Ok(requests) => turn.phase = Phase::Ready(Arc::clone(requests)),
            Err(Error::TimedOut { .. }) if is_short => {}
            Err(Error::Connect { source, .. }) => turn.failure = Some(source.to_string()),
            Err(error) => turn.failure = Some(error.to_string()),
        }
        made
    }

    fn connect(&self, begin: Instant, until: Instant) -> Result<Arc<Requests>, Error> {
        let left = until.saturating_duration_since(Instant::now());
        let transport = self.target.connect(&self.threads, left)?;
        let attempt = self.state().attempts;
        let io = Io::new(transport, self.limits.outbox_bytes, self.limits.write_timeout)
            .observed_by(self.observer.clone(), attempt);
        let no_descriptor = |source| Error::Io { operation: "making a descriptor to be woken by", source };
        let attendant = Attendant::of_clients(&self.threads).map_err(no_descriptor)?;
        let settings = Settings::new(&self.limits);
        let requests = http2::connect(io, &attendant, &settings).map_err(no_descriptor)?;
        if self.driver == Driver::Background {
            requests.read_in_background();
        }
        match requests.wait_begun(Some(until)) {
            Ok(()) => Ok(Arc::new(requests)),
            Err(Failure::TimedOut) => Err(self.timed_out(begin)),
            Err(failure) => Err(self.failed(io::Error::other(failure.to_string()))),
        }
    }

    /// This connection takes no new calls: the next call makes another.
    pub(super) fn forget(&self, requests: &Arc<Requests>) {
        let mut state = self.state();
        // The caller still holds it: nothing ends under the lock.
        if matches!(&state.phase, Phase::Ready(ready) if Arc::ptr_eq(ready, requests)) {
            state.phase = Phase::Idle;
        }
    }

    fn timed_out(&self, begin: Instant) -> Error {
        Error::TimedOut { operation: format!("connecting to {}", self.target.authority), after: begin.elapsed() }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Connect { address: self.target.authority.clone(), source }
    }
}

/// The turn of the thread that makes the connection; its end is always told.
struct Turn<'c> {
    connector: &'c Connector,
    phase: Phase,
    failure: Option<String>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        {
            let mut state = self.connector.state();
            state.phase = std::mem::take(&mut self.phase);
            state.failure = self.failure.take().map(|why| (state.attempts, why));
        }
        self.connector.changed.notify_all();
    }
}

/// The status of a call that found no connection.
pub(super) fn status_of(error: Error, deadline: Option<Instant>) -> Status {
    match error {
        Error::TimedOut { .. } if has_passed(deadline) => deadline_exceeded().with_source(error),
        // No other attempt on this channel will have more luck.
        Error::OtherProcess { .. } => Status::failed_precondition(error.to_string()).with_source(error),
        error => Status::unavailable(error.to_string()).with_source(error),
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("target", &self.target.authority).finish_non_exhaustive()
    }
}
