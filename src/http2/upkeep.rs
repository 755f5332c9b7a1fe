//! What an open connection does as time passes: it asks a silent peer whether it is there, and leaves one that does not
//! use it.

use super::open::{Idle, Open, Unused};
use crate::Limits;
use crate::link::{Due, Keepalive};
use h2::{Ping, PingPong};
use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

/// How long a server waits that is told nothing: gRPC's own default.
const SERVER_INTERVAL: Duration = Duration::from_secs(2 * 60 * 60);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Upkeep {
    keepalive: Keepalive,
    /// The peer is asked although there are no streams.
    without_streams: bool,
    /// Of a server.
    idle: Option<Idle>,
    pings: Option<PingPong>,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Task {
    Nothing,
    Ask,
    /// Nobody is there any more: the connection has failed so.
    Fail(io::Error),
    Drain,
    /// The connection is over, in order.
    End,
}

impl Upkeep {
    pub(super) fn of_server(limits: &Limits, open: &Arc<Open>) -> Self {
        let interval = limits.keepalive_interval.unwrap_or(SERVER_INTERVAL);
        Self {
            keepalive: Keepalive::new(Some(interval), limits.keepalive_timeout),
            without_streams: true,
            idle: Some(Idle::new(open, limits.idle_timeout, limits.close_timeout)),
            pings: None,
        }
    }

    pub(super) fn of_client(limits: &Limits) -> Self {
        Self {
            keepalive: Keepalive::new(limits.keepalive_interval, limits.keepalive_timeout),
            without_streams: limits.keepalive_without_calls,
            idle: None,
            pings: None,
        }
    }

    /// To be called at each step. `heard`: something was read, or cannot be now; `has_streams` says whether a client
    /// has some open.
    pub(super) fn look(&mut self, now: Instant, heard: bool, has_streams: impl FnOnce() -> bool) -> Task {
        match self.keepalive.look(now, heard, self.without_streams || has_streams()) {
            Due::Ask => return Task::Ask,
            Due::Gone => {
                let text = format!("the peer has not answered PING within {:?}", self.keepalive.timeout());
                return Task::Fail(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            Due::Nothing => {}
        }
        match self.idle.as_mut().map(|idle| idle.look(now)) {
            None | Some(Unused::Stay) => Task::Nothing,
            Some(Unused::Drain) => Task::Drain,
            Some(Unused::Leave) => Task::End,
        }
    }

    /// Sends a PING. `handle` gives h2's handle for it, which it gives once.
    pub(super) fn ask(&mut self, handle: impl FnOnce() -> Option<PingPong>) {
        if self.pings.is_none() {
            self.pings = handle();
        }
        let Some(pings) = &mut self.pings else { return };
        // Takes the answer to the last one; h2 sends no other before.
        let _ = pings.poll_pong(&mut Context::from_waker(Waker::noop()));
        // One that has not been answered asks as well.
        let _ = pings.send_ping(Ping::opaque());
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let idle = self.idle.as_ref().and_then(Idle::deadline);
        [self.keepalive.deadline(), idle].into_iter().flatten().min()
    }
}
