//! The handle of a server that runs: where it listens, and its end.

use super::Core;
use crate::Error;
use crate::net::wait;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long, after the grace, what was cut off is given to be gone: the Link's orderly end of a connection takes up to
/// a second.
const AFTER_CUT: Duration = Duration::from_millis(1_200);

/// A server that runs on threads of its own. Dropped, it ends as by a shutdown that nobody waits for.
///
/// In a process that was forked from the one that made it, it does nothing: the server is the parent's.
#[must_use = "a server whose handle is dropped ends"]
#[derive(Debug)]
pub struct ServerHandle {
    core: Arc<Core>,
    accepting: Option<JoinHandle<Result<(), Error>>>,
}

/// What came of a shutdown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Connections that were open when it began.
    pub open: usize,
    /// Those of them that had to be cut off after the grace.
    pub cut_off: usize,
    /// Calls that had no answer when their connection was cut off.
    pub cut_calls: usize,
    /// The methods whose handler still runs: a thread cannot be ended from outside.
    pub still_running: Vec<String>,
}

impl ShutdownReport {
    /// Whether all ended within the grace.
    pub fn is_clean(&self) -> bool {
        self.cut_off == 0 && self.still_running.is_empty()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.open - self.cut_off.min(self.open);
        write!(f, "{closed} gRPC connection{} closed", if closed == 1 { "" } else { "s" })?;
        if self.cut_off > 0 {
            write!(f, ", {} cut off with {} of their calls", self.cut_off, self.cut_calls)?;
        }
        for path in &self.still_running {
            write!(f, ", a handler of {path} still runs")?;
        }
        Ok(())
    }
}

impl ServerHandle {
    /// `accepting` is the thread that accepts, if there is one.
    pub(super) fn new(core: Arc<Core>, accepting: Option<JoinHandle<Result<(), Error>>>) -> Self {
        Self { core, accepting }
    }

    /// The addresses of TCP that it listens on.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.core.local_addresses()
    }

    /// How many connections there are now, those that begin or end included.
    pub fn connections(&self) -> usize {
        self.core.connections.count()
    }

    /// Ends the server: accepts nothing more, tells every client so (GOAWAY), and waits for the calls that run, at most
    /// for `grace`; then cuts off the rest, which has about a second more for its end. Never waits for a handler that
    /// does not return.
    pub fn shutdown(mut self, grace: Duration) -> ShutdownReport {
        if let Err(error) = self.core.is_ours() {
            log::error!(target: "threadwire::grpc", "{error}; it is not shut down from here");
            return ShutdownReport::default();
        }
        let deadline = wait::deadline(Instant::now(), grace);
        let core = &self.core;
        let open = core.drain();
        let accepting = self.accepting.take();
        if let Some(Err(_)) = accepting.map(JoinHandle::join) {
            log::error!(target: "threadwire::grpc", "the accepting thread panicked");
        }
        core.connections.wait_until_empty(deadline);
        // A connection may be closed though a handler on its thread still runs.
        let left: Vec<_> = core.live().into_iter().filter(|served| !served.is_closed()).collect();
        let cut_off = left.len();
        left.iter().for_each(|served| served.cut_off());
        drop(left);
        let last = deadline.max(Instant::now() + AFTER_CUT);
        core.connections.wait_until_empty(Instant::now() + AFTER_CUT);
        core.connections.join_finished();
        // Handlers of calls that nobody waits for any more have the rest of the grace.
        let mut still_running = core.pool.wait_until_empty(last);
        core.streams.wait_until_empty(last);
        core.streams.join_finished();
        still_running.extend(core.streams.collect(|path| Some(path.to_string())));
        still_running.extend(core.live().iter().filter_map(|served| Some(served.running_path()?.to_string())));
        core.attendant.dismiss(last);
        ShutdownReport { open, cut_off, cut_calls: core.cut_calls.load(Ordering::Relaxed), still_running }
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        if self.core.is_ours().is_ok() {
            self.core.drain();
        }
    }
}
