//! The atomics of the wake protocol, and the parking of threads: the standard ones, or the model checker's in a
//! model-checking run.

#[cfg(all(test, threadwire_model))]
pub(crate) use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(all(test, threadwire_model))]
pub(super) use loom::thread::{Thread, current, park};
#[cfg(not(all(test, threadwire_model)))]
pub(crate) use std::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(all(test, threadwire_model)))]
pub(super) use std::thread::{Thread, current, park, park_timeout};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// In a model, any time may be over at once.
#[cfg(all(test, threadwire_model))]
pub(super) fn park_timeout(_: std::time::Duration) {
    loom::thread::yield_now();
}

/// Locks `mutex`, also after a panic of another holder: every holder leaves what it guards whole at each step.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
