//! The atomics of the wake protocol: the standard ones, or the model checker's in a model-checking run.

#[cfg(all(test, threadwire_model))]
pub(crate) use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(all(test, threadwire_model)))]
pub(crate) use std::sync::atomic::{AtomicU8, Ordering};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, also after a panic of another holder: every holder leaves what it guards whole at each step.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
