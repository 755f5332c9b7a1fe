//! How threads are started, and owned: one setting for every thread of a server, channel or connection, and the
//! registry that knows and joins those of a server.

#[cfg_attr(not(any(feature = "grpc", feature = "websocket")), allow(dead_code, reason = "only a part of it is used"))]
mod process;
#[cfg(any(feature = "grpc", feature = "websocket"))]
mod registry;

#[cfg(any(feature = "grpc", feature = "websocket"))]
pub(crate) use process::Known;
pub(crate) use process::Process;
#[cfg(any(feature = "grpc", feature = "websocket"))]
pub(crate) use registry::{Place, Registry};

use crate::Error;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// The settings of the threads that this library starts.
///
/// ```
/// let threads = threadwire::Threads::new().stack_size(256 * 1024).name_prefix("billing");
/// assert_eq!(threads.name("reader"), "billing-reader");
/// ```
#[derive(Clone)]
pub struct Threads {
    stack_size: usize,
    name_prefix: Arc<str>,
    on_start: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Threads {
    /// Stacks of 512 KiB, names that begin with `threadwire`, nothing run at the start.
    pub fn new() -> Self {
        Self { stack_size: 512 * 1024, name_prefix: "threadwire".into(), on_start: None }
    }

    /// The size of each stack, in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// What every thread's name begins with. (Linux shows the first 15 bytes of a name.)
    pub fn name_prefix(mut self, prefix: &str) -> Self {
        self.name_prefix = prefix.into();
        self
    }

    /// Runs first on every thread that is started: to block signals, to set a priority.
    ///
    /// If it panics, an error is logged, and the thread does its work all the same: it has a connection or a call that
    /// must not be left alone.
    pub fn on_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_start = Some(Arc::new(hook));
        self
    }

    /// The whole name of the thread that does `work`.
    pub fn name(&self, work: &str) -> String {
        format!("{}-{work}", self.name_prefix)
    }

    /// Whether threads are started in the same way.
    #[cfg(any(feature = "grpc", feature = "websocket"))]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_hook = match (&self.on_start, &other.on_start) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_hook && self.stack_size == other.stack_size && self.name_prefix == other.name_prefix
    }

    /// Starts a thread that does `work` (a word or two for its name).
    ///
    /// # Errors
    /// [`Error::Thread`] if the system refuses another thread; nothing has run then.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: &str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>, Error> {
        let name = self.name(work);
        let on_start = self.on_start.clone();
        let thread = name.clone();
        let run = move || {
            if let Some(hook) = on_start
                && let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook()))
            {
                discard(payload);
                log::error!(target: "threadwire::threads", "what is to run at the start of '{thread}' panicked");
            }
            body()
        };
        Builder::new()
            .name(name.clone())
            .stack_size(self.stack_size)
            .spawn(run)
            .map_err(|source| Error::Thread { name, source })
    }
}

/// Drops what a panic of user code left. That is user code, too: its drop may panic again, and what that leaves is let
/// be.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

impl Default for Threads {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("stack_size", &self.stack_size)
            .field("name_prefix", &self.name_prefix)
            .finish_non_exhaustive()
    }
}
