//! One connection to one target: made for the first call that needs it, and again for the first after its loss.
//!
//! ```text
//!            a call                    SETTINGS have come
//!   Idle ────────────► Connecting ──────────────────────────► Ready
//!                        ▲     │ fails                          │ lost, or GOAWAY
//!       a call, once the │     ▼                                │
//!        backoff is over └── Failed              Connecting ◄───┘ the next call
//! ```
//! An attempt is made on a thread of its own (`attempt`), so that no call waits longer than it may, and none that gives
//! up takes the attempt from the others. While the backoff lasts, calls fail at once, and are told why; those that wait
//! for readiness wait, and the first of them that sees its end starts the next attempt. Nothing happens without a call.
//!
//! One lock guards what there is; it is never held while a connection is made or a thread is started. Whoever changes it
//! tells all, and so does the alarm of a call that waits, with the lock in between: so a change is seen by the look
//! before the wait, or it ends the wait. An attempt always ends, and tells how.

use super::super::Status;
use super::super::mapping::deadline_exceeded;
use super::Driver;
use super::attempt::{self, Attempt};
use super::backoff::{Backoff, chance};
use super::terms::Terms;
use crate::http2::Requests;
use crate::link::lock;
use crate::net::{Observer, Target};
use crate::threads::Process;
use crate::{Error, Limits, Threads};
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// What a connection is made with.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) target: Target,
    pub(super) limits: Limits,
    pub(super) threads: Threads,
    pub(super) driver: Driver,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) backoff: Backoff,
}

/// See the head of this file.
pub(super) struct Connector {
    shared: Arc<Shared>,
    process: Process,
}

pub(super) struct Shared {
    plan: Plan,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// How many connections have been tried.
    attempts: u64,
    /// How many have failed in a row.
    failures: u32,
    /// How the last attempt failed.
    failure: Option<Failure>,
    /// How often a server was asked too often whether it is there.
    calmed: u32,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    Connecting,
    Ready(Arc<Requests>),
    /// Until then, no attempt is made.
    Failed(Instant),
}

struct Failure {
    attempt: u64,
    text: String,
    /// For the first who asks.
    error: Option<Error>,
}

/// How a channel stands with its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelState {
    /// There is no connection; the next call makes one.
    Idle,
    /// A connection is being made.
    Connecting,
    /// There is a connection.
    Ready,
    /// The last attempt has failed, and the time for the next has not come.
    TransientFailure,
}

/// Why there is no connection for a call.
enum Unconnected {
    Failed { error: Error, next: Duration },
    Over(Status),
}

impl Connector {
    pub(super) fn new(plan: Plan) -> Self {
        let shared = Shared { plan, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), process: Process::this() }
    }

    /// The connection for a call, made if there is none.
    ///
    /// # Errors
    /// UNAVAILABLE if it cannot be made, and the call does not wait for it; how the call has ended meanwhile.
    pub(super) fn get(&self, terms: &Terms) -> Result<Arc<Requests>, Status> {
        // Before the lock, which a thread may have held that is not in this process.
        if !self.process.is_this() {
            // No other attempt on this channel will have more luck.
            let error = Error::OtherProcess { what: "channel" };
            return Err(Status::failed_precondition(error.to_string()).with_source(error));
        }
        if let Phase::Ready(requests) = &lock(&self.shared.state).phase
            && requests.is_usable()
        {
            return Ok(Arc::clone(requests));
        }
        self.shared.wait_for(terms).map_err(|unconnected| match unconnected {
            Unconnected::Over(status) => status,
            Unconnected::Failed { error, next } => {
                let text = format!("{error}; the next attempt is due in {:.1} s", next.as_secs_f64());
                Status::unavailable(text).with_source(error)
            }
        })
    }

    /// Makes the first connection.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(super) fn connect(&self) -> Result<(), Error> {
        match self.shared.wait_for(&Terms::none()) {
            // A server may say at once that it takes no calls.
            Ok(requests) => requests.why_unusable().map_or(Ok(()), |why| Err(self.shared.failed(&why.to_string()))),
            Err(Unconnected::Failed { error, .. }) => Err(error),
            Err(Unconnected::Over(status)) => Err(self.shared.failed(&status.to_string())),
        }
    }

    /// This connection takes no new calls: the next call makes another.
    pub(super) fn forget(&self, requests: &Arc<Requests>) {
        let calmed = {
            let mut state = lock(&self.shared.state);
            // The caller still holds it: nothing ends under the lock.
            let ready = matches!(&state.phase, Phase::Ready(ready) if Arc::ptr_eq(ready, requests));
            if ready {
                state.phase = Phase::Idle;
            }
            ready && state.note_end(requests, &self.shared.plan)
        };
        if calmed {
            self.shared.tell_calmed();
        }
    }

    /// Lets `time` pass.
    ///
    /// # Errors
    /// The call has ended meanwhile.
    pub(super) fn pause(&self, terms: &Terms, time: Duration) -> Result<(), Status> {
        let _listening = self.shared.listen(terms);
        let until = Instant::now() + time;
        let mut state = lock(&self.shared.state);
        while Instant::now() < until {
            state = self.shared.sleep(state, terms, Some(until))?;
        }
        Ok(())
    }

    pub(super) fn state(&self) -> ChannelState {
        match &lock(&self.shared.state).phase {
            Phase::Ready(requests) if requests.is_usable() => ChannelState::Ready,
            Phase::Failed(until) if Instant::now() < *until => ChannelState::TransientFailure,
            Phase::Ready(_) | Phase::Idle | Phase::Failed(_) => ChannelState::Idle,
            Phase::Connecting => ChannelState::Connecting,
        }
    }
}

impl Shared {
    fn wait_for(self: &Arc<Self>, terms: &Terms) -> Result<Arc<Requests>, Unconnected> {
        let _listening = self.listen(terms);
        let mut state = lock(&self.state);
        let mut waited_for = None;
        loop {
            let has_failed =
                state.failure.as_ref().is_some_and(|failure| waited_for.is_some_and(|n| failure.attempt >= n));
            if has_failed && !terms.wait_for_ready {
                return Err(state.failed(self));
            }
            match &state.phase {
                // One that was waited for and has ended already is the caller's to judge.
                Phase::Ready(requests) if requests.is_usable() || waited_for == Some(state.attempts) => {
                    return Ok(Arc::clone(requests));
                }
                Phase::Connecting => {
                    waited_for = Some(state.attempts);
                    state = self.sleep(state, terms, None).map_err(Unconnected::Over)?;
                }
                Phase::Failed(until) if Instant::now() < *until => {
                    if !terms.wait_for_ready {
                        return Err(state.failed(self));
                    }
                    let until = *until;
                    state = self.sleep(state, terms, Some(until)).map_err(Unconnected::Over)?;
                }
                Phase::Failed(_) | Phase::Ready(_) | Phase::Idle => state = self.start(state),
            }
        }
    }

    fn listen(self: &Arc<Self>, terms: &Terms) -> Option<crate::link::Listening> {
        terms.alarm().map(|alarm| alarm.listen(Waker::from(Arc::clone(self))))
    }

    /// Waits for a change, for as long as the call may, and until `until` at the latest.
    fn sleep<'s>(
        &self,
        state: MutexGuard<'s, State>,
        terms: &Terms,
        until: Option<Instant>,
    ) -> Result<MutexGuard<'s, State>, Status> {
        if let Some(status) = terms.cancelled() {
            return Err(status);
        }
        let now = Instant::now();
        if terms.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(self.late(&state));
        }
        Ok(match [terms.deadline, until].into_iter().flatten().min() {
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let time = until.saturating_duration_since(now);
                self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
            }
        })
    }

    /// Begins an attempt.
    fn start<'s>(self: &'s Arc<Self>, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let old = std::mem::replace(&mut state.phase, Phase::Connecting);
        let to_tell = matches!(&old, Phase::Ready(requests) if state.note_end(requests, &self.plan));
        state.attempts += 1;
        let (number, calmed) = (state.attempts, state.calmed);
        drop(state);
        // Perhaps the last to hold the old connection: it ends here, outside the lock.
        drop(old);
        if to_tell {
            self.tell_calmed();
        }
        attempt::start(&self.plan, Attempt::new(self, number, calmed));
        lock(&self.state)
    }

    /// The end of the attempt that began at `begin`.
    pub(super) fn end_attempt(&self, begin: Instant, made: Result<Arc<Requests>, Error>) {
        let failed = {
            let mut state = lock(&self.state);
            match made {
                Ok(requests) => {
                    state.phase = Phase::Ready(requests);
                    (state.failures, state.failure) = (0, None);
                    None
                }
                Err(error) => {
                    state.failures = state.failures.saturating_add(1);
                    let pause = self.plan.backoff.interval(state.failures, chance());
                    state.phase = Phase::Failed(crate::net::wait::deadline(begin, pause));
                    let (attempt, text) = (state.attempts, error.to_string());
                    let line = format!("{text}; the next attempt is due {pause:.1?} after this one");
                    state.failure = Some(Failure { attempt, text, error: Some(error) });
                    Some(line)
                }
            }
        };
        self.changed.notify_all();
        // Outside the lock: a logger may use this channel.
        if let Some(line) = failed {
            log::debug!(target: "threadwire::grpc", "{line}");
        }
    }

    /// A logger may use this channel: no lock is held here.
    fn tell_calmed(&self) {
        let authority = &self.plan.target.authority;
        log::warn!(target: "threadwire::grpc", "{authority} takes no PING this often; its interval is doubled");
    }

    fn failed(&self, why: &str) -> Error {
        Error::Connect { address: self.plan.target.authority.clone(), source: io::Error::other(why.to_owned()) }
    }

    /// The status of a call whose deadline has come before a connection.
    fn late(&self, state: &State) -> Status {
        let status = deadline_exceeded();
        let (text, authority) = (status.message(), &self.plan.target.authority);
        Status::deadline_exceeded(match &state.failure {
            Some(failure) => format!("{text} before there was a connection: {}", failure.text),
            None => format!("{text} before {authority} had answered"),
        })
    }
}

/// A call that waits here has been cancelled.
impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        // Whoever has looked already sleeps after this.
        drop(lock(&self.state));
        self.changed.notify_all();
    }
}

impl State {
    /// How the last attempt has failed, and when the next is due.
    fn failed(&mut self, shared: &Shared) -> Unconnected {
        let error = self.failure.as_mut().map(|Failure { text, error, .. }| error.take().ok_or_else(|| text.clone()));
        let error = error.unwrap_or(Err(String::new())).unwrap_or_else(|text| shared.failed(&text));
        let next = if let Phase::Failed(until) = &self.phase { Some(*until) } else { None };
        let next = next.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        Unconnected::Failed { error, next }
    }

    /// Looks why a connection has ended (gRFC A8: a server that was asked too often is asked half as often). True: the
    /// log is to be told, outside the lock.
    fn note_end(&mut self, requests: &Requests, plan: &Plan) -> bool {
        let calmed = requests.was_calmed() && plan.limits.keepalive_interval.is_some();
        self.calmed = self.calmed.saturating_add(u32::from(calmed));
        calmed
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = &self.shared.plan.target.authority;
        f.debug_struct("Connector").field("target", target).field("state", &self.state()).finish_non_exhaustive()
    }
}
