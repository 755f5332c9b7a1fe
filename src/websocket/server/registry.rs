//! The connections of a server: how many there are, how to end them, and their threads, each of which is joined.
//!
//! One lock guards it, held for a few instructions, and never while a connection is driven or a thread joined. A connection's
//! [`Place`] is the last thing its thread drops, so that an empty registry means: no socket is open, no handler runs.

use super::super::inner::Inner;
use super::super::{CloseCode, CloseFrame};
use crate::link::lock;
use rustix::net::Shutdown;
use std::collections::HashMap;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

type Descriptor = Arc<dyn AsFd + Send + Sync>;

#[derive(Debug, Default)]
pub(super) struct Registry {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Mutex<Table>,
    /// Told whenever a connection has gone.
    gone: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    live: HashMap<u64, Live>,
    /// Threads that have nothing left to do but to end.
    finished: Vec<JoinHandle<()>>,
    stopping: bool,
}

#[derive(Debug)]
struct Live {
    peer: SocketAddr,
    thread: Option<JoinHandle<()>>,
    stage: Stage,
}

enum Stage {
    /// Its thread sleeps on the descriptor alone.
    Handshake(Weak<dyn AsFd + Send + Sync>),
    Handler(Weak<Inner>),
    /// The handler has returned; the close is on its way.
    Closing(Weak<Inner>),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Handshake(_) => "Handshake",
            Self::Handler(_) => "Handler",
            Self::Closing(_) => "Closing",
        })
    }
}

/// A connection's place in the registry, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    state: Arc<State>,
}

/// Who was still there.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    pub(super) connections: usize,
    /// The peers of those whose handler has not returned.
    pub(super) handlers: Vec<SocketAddr>,
}

impl Registry {
    /// A place, unless there are `most` already, or the server stops.
    pub(super) fn enter(
        &self,
        number: u64,
        peer: SocketAddr,
        most: usize,
        descriptor: Option<&Descriptor>,
    ) -> Option<Place> {
        let mut table = lock(&self.state.table);
        if table.live.len() >= most || table.stopping {
            return None;
        }
        let stage = Stage::Handshake(Arc::downgrade(descriptor?));
        table.live.insert(number, Live { peer, thread: None, stage });
        Some(Place { number, state: Arc::clone(&self.state) })
    }

    /// Notes the thread of a connection, which may be over already.
    pub(super) fn started(&self, number: u64, thread: JoinHandle<()>) {
        let mut table = lock(&self.state.table);
        match table.live.get_mut(&number) {
            Some(live) => live.thread = Some(thread),
            None => table.finished.push(thread),
        }
    }

    /// Joins the threads that are over.
    pub(super) fn join_finished(&self) {
        let finished = mem::take(&mut lock(&self.state.table).finished);
        for thread in finished {
            // A panic of the handler has been caught and told before.
            let _ = thread.join();
        }
    }

    /// Takes no more connections, and asks every one to end: 1001, or cut off if it is no WebSocket yet. Answers how many
    /// there are.
    pub(super) fn stop(&self) -> usize {
        let mut open = Vec::new();
        let count = {
            let mut table = lock(&self.state.table);
            table.stopping = true;
            for live in table.live.values() {
                match &live.stage {
                    Stage::Handshake(descriptor) => cut(descriptor),
                    Stage::Handler(inner) | Stage::Closing(inner) => open.extend(inner.upgrade()),
                }
            }
            table.live.len()
        };
        // The code may be sent.
        open.iter().for_each(|inner| drop(inner.start_close(going_away())));
        count
    }

    /// Cuts off all that are left.
    pub(super) fn abort(&self) {
        let mut open = Vec::new();
        for live in lock(&self.state.table).live.values() {
            match &live.stage {
                Stage::Handshake(descriptor) => cut(descriptor),
                Stage::Handler(inner) | Stage::Closing(inner) => open.extend(inner.upgrade()),
            }
        }
        open.iter().for_each(|inner| inner.abort());
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.state.table).live.len()
    }

    /// Waits until all connections are gone, or until `deadline`; answers who is left.
    pub(super) fn wait_until_empty(&self, deadline: Instant) -> Remaining {
        let mut table = lock(&self.state.table);
        while !table.live.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            table = self.state.gone.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let in_handler = |live: &&Live| matches!(live.stage, Stage::Handler(_));
        let handlers = table.live.values().filter(in_handler).map(|live| live.peer).collect();
        Remaining { connections: table.live.len(), handlers }
    }
}

fn cut(descriptor: &Weak<dyn AsFd + Send + Sync>) {
    if let Some(descriptor) = descriptor.upgrade() {
        // One that is gone already has nothing to be shut.
        let _ = rustix::net::shutdown(&*descriptor, Shutdown::Both);
    }
}

fn going_away() -> CloseFrame {
    CloseFrame::new(CloseCode::GOING_AWAY, "")
}

impl Place {
    /// The handshake is over, the handler begins. To be called before the peer is told, so that none that knows itself
    /// connected is cut off without a word.
    pub(super) fn opened(&self, inner: &Arc<Inner>) {
        let stopping = {
            let mut table = lock(&self.state.table);
            if let Some(live) = table.live.get_mut(&self.number) {
                live.stage = Stage::Handler(Arc::downgrade(inner));
            }
            table.stopping
        };
        if stopping {
            // The code may be sent.
            let _ = inner.start_close(going_away());
        }
    }

    /// The handler has returned.
    pub(super) fn returned(&self) {
        if let Some(live) = lock(&self.state.table).live.get_mut(&self.number)
            && let Stage::Handler(inner) = &live.stage
        {
            live.stage = Stage::Closing(inner.clone());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = lock(&self.state.table);
        if let Some(thread) = table.live.remove(&self.number).and_then(|live| live.thread) {
            table.finished.push(thread);
        }
        self.state.gone.notify_all();
    }
}
