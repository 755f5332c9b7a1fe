//! The threads that run the handlers of unary calls: as many as are needed, up to a bound, behind a queue that is
//! bounded in calls and in bytes.
//!
//! One lock guards the queue and the counts; it is held for a few instructions, never while a handler runs or a thread
//! is started.
//!
//! Why no call waits beside a free thread: a call is put into the queue under the lock, and afterwards either a thread
//! that sleeps is told (it looks at the queue under the lock before it sleeps again), or, if there are more calls than
//! sleepers and room for a thread, one is started, which looks at the queue first. A thread that leaves does so under
//! the lock, with the queue empty.

use super::super::compression::Packed;
use super::super::quota::Share;
use super::super::{Request, Status};
use super::call::Call;
use super::service::Method;
use crate::link::lock;
use crate::threads::{Place, Registry};
use crate::{Limits, Threads};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread waits for a call before it leaves.
const IDLE: Duration = Duration::from_secs(2);

/// A call whose request has come whole.
pub(super) struct Job {
    pub(super) call: Arc<Call>,
    pub(super) method: Arc<Method>,
    pub(super) request: Request<Packed>,
    /// Among all calls; none of one that never waited for more than its connection's thread.
    pub(super) place: Option<Share>,
}

/// See the head of this file.
pub(super) struct Pool {
    state: Mutex<State>,
    changed: Condvar,
    /// Each thread, with the method that it runs.
    workers: Registry<Running>,
    most: usize,
    threads: Threads,
    limits: Limits,
}

/// What a thread runs, if anything. Its lock is held for a look or a store.
type Running = Arc<Mutex<Option<Arc<Method>>>>;

struct State {
    queue: VecDeque<Job>,
    bytes: usize,
    sleeping: usize,
    live: usize,
    /// Threads that run a handler.
    busy: usize,
    /// Threads that find nothing to do leave at once.
    retired: bool,
}

impl State {
    /// Takes the calls out that nobody waits for any more: they are no reason to refuse others.
    fn take_given_up(&mut self) -> VecDeque<Job> {
        if !self.queue.iter().any(|job| job.call.is_over()) {
            return VecDeque::new();
        }
        let (over, live) = std::mem::take(&mut self.queue).into_iter().partition(|job| job.call.is_over());
        self.queue = live;
        self.bytes = self.queue.iter().map(|job| job.request.message().len()).sum();
        over
    }
}

impl Pool {
    pub(super) fn new(most: usize, threads: &Threads, limits: &Limits) -> Arc<Self> {
        let state = State { queue: VecDeque::new(), bytes: 0, sleeping: 0, live: 0, busy: 0, retired: false };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            workers: Registry::new(),
            most: most.max(1),
            threads: threads.clone(),
            limits: limits.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a call run; if the queue is full, it is answered RESOURCE_EXHAUSTED.
    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let size = job.request.message().len();
        // Dropped outside the lock.
        let mut given_up = VecDeque::new();
        let start = {
            let mut state = self.state();
            if self.is_full(&state, size) {
                given_up = state.take_given_up();
            }
            if self.is_full(&state, size) {
                drop(state);
                return job.call.answer(Err(Status::resource_exhausted("too many calls wait for a thread")));
            }
            state.queue.push_back(job);
            state.bytes += size;
            let start = state.queue.len() > state.sleeping && state.live < self.most;
            state.live += usize::from(start);
            start
        };
        drop(given_up);
        if start {
            self.start();
        } else {
            self.changed.notify_one();
        }
    }

    /// Whether there is no room for one more call, with a request of `size` bytes.
    fn is_full(&self, state: &State, size: usize) -> bool {
        // A call that finds the queue empty waits for nothing but a thread.
        let waiting = (state.queue.len() + 1).saturating_sub(self.most - state.busy.min(self.most));
        waiting > self.limits.queued_calls
            || (waiting > 0
                && !state.queue.is_empty()
                && state.bytes.saturating_add(size) > self.limits.queued_call_bytes)
    }

    fn start(self: &Arc<Self>) {
        let running = Running::default();
        let Some(place) = self.workers.enter(usize::MAX, Arc::clone(&running)) else { return };
        let worker = Worker { pool: Arc::clone(self), running, busy: false, left: false };
        let work = |mut worker: Worker, _: &Place<_>| worker.work();
        let started = self.workers.spawn(&self.threads, "call", place, worker, work);
        if let Err((error, _worker)) = started {
            log::warn!(target: "threadwire::grpc", "{error}; calls wait for the threads that there are");
        }
    }

    /// From now on, threads that find nothing to do leave at once. Calls are still run.
    pub(super) fn retire(&self) {
        self.state().retired = true;
        self.changed.notify_all();
    }

    /// Waits until all threads have left, at most until `deadline`; answers the paths of the methods that still run.
    pub(super) fn wait_until_empty(&self, deadline: Instant) -> Vec<String> {
        self.workers.wait_until_empty(deadline);
        self.workers.join_finished();
        self.workers.collect(|running| lock(running).as_ref().map(|method| method.path.to_string()))
    }
}

/// One of the threads that the pool counts, from before it is started. However it ends, it is counted no more.
struct Worker {
    pool: Arc<Pool>,
    running: Running,
    busy: bool,
    /// The count has been changed, under the same lock that showed that there is nothing to do.
    left: bool,
}

impl Worker {
    fn work(&mut self) {
        while let Some(job) = self.next() {
            // Answered already: its deadline has passed, or its client has gone.
            if job.call.is_over() {
                continue;
            }
            let Job { call, method, request, place } = job;
            *lock(&self.running) = Some(Arc::clone(&method));
            let begin = Instant::now();
            let outcome = method.run(&call, request, call.packing);
            method.pace.note(begin.elapsed());
            // Its client's next call finds it free.
            drop(place);
            call.answer(outcome);
            *lock(&self.running) = None;
        }
    }

    /// The next call; none when the thread is to leave.
    fn next(&mut self) -> Option<Job> {
        let until = Instant::now() + IDLE;
        let mut state = self.pool.state();
        state.busy -= usize::from(std::mem::take(&mut self.busy));
        loop {
            if let Some(job) = state.queue.pop_front() {
                state.bytes -= job.request.message().len();
                state.busy += 1;
                self.busy = true;
                return Some(job);
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.retired || left.is_zero() {
                state.live -= 1;
                self.left = true;
                return None;
            }
            state.sleeping += 1;
            state = self.pool.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.sleeping -= 1;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        // It never ran, or died. The last one answers those that would wait for ever.
        let stranded = {
            let mut state = self.pool.state();
            state.live -= 1;
            state.busy -= usize::from(self.busy);
            if state.live > 0 {
                return;
            }
            state.bytes = 0;
            std::mem::take(&mut state.queue)
        };
        for job in stranded {
            job.call.answer(Err(Status::resource_exhausted("there is no thread to run the call")));
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Pool").field("live", &state.live).field("queued", &state.queue.len()).finish_non_exhaustive()
    }
}
