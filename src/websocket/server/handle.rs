//! The handle of a server that runs: where it listens, and its end.

use super::super::Error;
use super::Core;
use super::stage::Stage;
use crate::net::{Listener, wait};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long, after the grace, connections that were cut off are given to be gone.
const AFTER_CUT: Duration = Duration::from_millis(500);

/// A server that runs on threads of its own. Dropped, it ends as by a shutdown that nobody waits for.
///
/// In a process that was forked from the one that made it, it does nothing: the server is the parent's.
#[must_use = "a server whose handle is dropped ends"]
#[derive(Debug)]
pub struct ServerHandle {
    core: Arc<Core>,
    /// Owned by the accepting thread.
    listener: Weak<Listener>,
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
    /// The peers of those whose handler still runs: a thread cannot be ended from outside.
    pub still_running: Vec<SocketAddr>,
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
        write!(f, "{closed} WebSocket connection{} closed", if closed == 1 { "" } else { "s" })?;
        if self.cut_off > 0 {
            write!(f, ", {} cut off", self.cut_off)?;
        }
        for peer in &self.still_running {
            write!(f, ", the handler of {peer} still runs")?;
        }
        Ok(())
    }
}

impl ServerHandle {
    pub(super) fn new(core: Arc<Core>, listener: Weak<Listener>, accepting: JoinHandle<Result<(), Error>>) -> Self {
        Self { core, listener, accepting: Some(accepting) }
    }

    /// The addresses it listens on; none if listening has broken.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listener.upgrade().map(|listener| listener.local_addresses()).unwrap_or_default()
    }

    /// How many connections there are now, those in their handshake or their end included.
    pub fn connections(&self) -> usize {
        self.core.registry.count()
    }

    /// Ends the server: accepts nothing more, closes every connection with 1001 and waits for all to end, at most for
    /// `grace`; then cuts off the rest, which has half a second more to be gone. Never waits for a handler that does
    /// not return.
    pub fn shutdown(mut self, grace: Duration) -> ShutdownReport {
        if let Err(error) = self.core.is_ours() {
            log::error!(target: "threadwire::websocket", "{error}; it is not shut down from here");
            return ShutdownReport::default();
        }
        let deadline = wait::deadline(Instant::now(), grace);
        let open = self.stop();
        let accepting = self.accepting.take();
        if let Some(Err(_)) = accepting.map(JoinHandle::join) {
            log::error!(target: "threadwire::websocket", "the accepting thread panicked");
        }
        let registry = &self.core.registry;
        let cut_off = registry.wait_until_empty(deadline);
        let gone_by = Instant::now() + AFTER_CUT;
        if cut_off > 0 {
            self.core.stages().iter().for_each(Stage::abort);
            registry.wait_until_empty(gone_by);
        }
        let still_running = registry.collect(Stage::in_handler);
        registry.join_finished();
        self.core.attendant.dismiss(deadline.max(gone_by));
        ShutdownReport { open, cut_off, still_running }
    }

    /// Answers how many connections there were.
    fn stop(&self) -> usize {
        if let Some(listener) = self.listener.upgrade() {
            listener.close();
        }
        let open = self.core.registry.stop();
        self.core.stages().iter().for_each(Stage::stop);
        open
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        if self.core.is_ours().is_ok() {
            self.stop();
        }
    }
}
