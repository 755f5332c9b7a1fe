//! The threads of a server: how many there are, what each is at, and joining every one of them.
//!
//! One lock guards it, held for a few instructions, and never while a thread is started, joined or at work. A [`Place`]
//! is the last thing that its thread drops, so that an empty registry means: nothing of those threads' work is left.

use super::Threads;
use crate::Error;
use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Threads, each with a stage `S` that says what it is at.
pub(crate) struct Registry<S> {
    state: Arc<State<S>>,
}

struct State<S> {
    table: Mutex<Table<S>>,
    /// Told whenever a thread has left.
    left: Condvar,
}

struct Table<S> {
    live: HashMap<u64, Live<S>>,
    next: u64,
    /// Threads that have nothing left to do but to end.
    finished: Vec<JoinHandle<()>>,
    stopping: bool,
}

struct Live<S> {
    stage: S,
    thread: Option<JoinHandle<()>>,
}

/// A place in a registry, until it is dropped.
pub(crate) struct Place<S> {
    number: u64,
    state: Arc<State<S>>,
}

impl<S> State<S> {
    fn table(&self) -> MutexGuard<'_, Table<S>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + 'static> Registry<S> {
    pub(crate) fn new() -> Self {
        let table = Table { live: HashMap::new(), next: 0, finished: Vec::new(), stopping: false };
        Self { state: Arc::new(State { table: Mutex::new(table), left: Condvar::new() }) }
    }

    /// A place, unless there are `most` already, or [`Registry::stop`] was called.
    pub(crate) fn enter(&self, most: usize, stage: S) -> Option<Place<S>> {
        let mut table = self.state.table();
        if table.live.len() >= most || table.stopping {
            return None;
        }
        let number = table.next;
        table.next += 1;
        table.live.insert(number, Live { stage, thread: None });
        Some(Place { number, state: Arc::clone(&self.state) })
    }

    /// Starts a thread in that place, which does `body` with `cargo`. Without a thread the cargo comes back.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        threads: &Threads,
        work: &str,
        place: Place<S>,
        cargo: T,
        body: impl FnOnce(T, &Place<S>) + Send + 'static,
    ) -> Result<(), (Error, T)> {
        self.join_finished();
        let number = place.number;
        // The thread takes both out; if there is none, they are still here.
        let slot = Arc::new(Mutex::new(Some((cargo, place))));
        let taken = Arc::clone(&slot);
        let run = move || {
            let taken = take(&taken);
            if let Some((cargo, place)) = taken {
                body(cargo, &place);
            }
        };
        match threads.spawn(work, run) {
            Ok(thread) => {
                let mut table = self.state.table();
                // It may be over already.
                match table.live.get_mut(&number) {
                    Some(live) => live.thread = Some(thread),
                    None => table.finished.push(thread),
                }
                Ok(())
            }
            Err(error) => match take(&slot) {
                Some((cargo, _place)) => Err((error, cargo)),
                // A thread that was refused has taken nothing.
                None => Ok(()),
            },
        }
    }

    /// Joins the threads that are over.
    pub(crate) fn join_finished(&self) {
        let finished = mem::take(&mut self.state.table().finished);
        for thread in finished {
            // A panic of user code has been caught and told before.
            let _ = thread.join();
        }
    }

    /// No more places from now on. Answers how many are taken.
    pub(crate) fn stop(&self) -> usize {
        let mut table = self.state.table();
        table.stopping = true;
        table.live.len()
    }

    /// Whether [`Registry::stop`] was called.
    #[cfg(feature = "grpc")]
    pub(crate) fn is_stopping(&self) -> bool {
        self.state.table().stopping
    }

    /// What `look` finds in the stages. It is called under the lock.
    pub(crate) fn collect<R>(&self, look: impl FnMut(&S) -> Option<R>) -> Vec<R> {
        self.state.table().live.values().map(|live| &live.stage).filter_map(look).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.state.table().live.len()
    }

    /// Waits until all have left, or until `deadline`; answers how many are left.
    pub(crate) fn wait_until_empty(&self, deadline: Instant) -> usize {
        let mut table = self.state.table();
        while !table.live.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            table = self.state.left.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        table.live.len()
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl<S> Place<S> {
    /// Notes another stage. True: the registry stops, and its `stop` may have seen the stage before.
    pub(crate) fn change(&self, stage: S) -> bool {
        let (old, stopping) = {
            let mut table = self.state.table();
            let old = table.live.get_mut(&self.number).map(|live| mem::replace(&mut live.stage, stage));
            (old, table.stopping)
        };
        // Not under the lock, as below.
        drop(old);
        stopping
    }
}

impl<S> Drop for Place<S> {
    fn drop(&mut self) {
        let gone = {
            let mut table = self.state.table();
            let mut gone = table.live.remove(&self.number);
            table.finished.extend(gone.as_mut().and_then(|live| live.thread.take()));
            gone
        };
        self.state.left.notify_all();
        // A stage may do anything when it is dropped, but not under the lock.
        drop(gone);
    }
}

impl<S> fmt::Debug for Registry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("live", &self.state.table().live.len()).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Place<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::Threads;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    #[test]
    fn places_are_counted_and_threads_joined() {
        let registry = Registry::new();
        let place = registry.enter(1, "first").unwrap();
        assert!(registry.enter(1, "second").is_none());
        let (go, wait) = mpsc::channel::<()>();
        let body = |wait: mpsc::Receiver<()>, place: &super::Place<_>| {
            assert!(!place.change("working"));
            wait.recv().unwrap();
            assert!(place.change("leaving"));
        };
        registry.spawn(&Threads::new(), "test", place, wait, body).unwrap();
        while registry.collect(|stage| (*stage == "working").then_some(())).is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(registry.wait_until_empty(Instant::now()), 1);
        registry.stop();
        assert!(registry.enter(5, "third").is_none());
        go.send(()).unwrap();
        assert_eq!(registry.wait_until_empty(Instant::now() + Duration::from_secs(30)), 0);
        registry.join_finished();
        assert_eq!(registry.count(), 0);
    }

    #[test]
    fn without_a_thread_the_cargo_comes_back_and_the_place_is_free() {
        let registry = Registry::new();
        let place = registry.enter(1, ()).unwrap();
        // No system gives a stack of this size.
        let threads = Threads::new().stack_size(usize::MAX / 2);
        let (_, cargo) = registry.spawn(&threads, "test", place, "cargo", |_, _| ()).unwrap_err();
        assert_eq!((cargo, registry.count()), ("cargo", 0));
    }
}
