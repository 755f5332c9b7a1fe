//! Streams of a client that still sends on them: it is told when the server has ended its half.
//!
//! A server may answer before it has all of a request (RFC 9113 §8.1), and need not reset the stream. h2 tells the end
//! of the server's half to whoever receives alone; one who waits for window, which will not come any more, would wait
//! on. So the ends are seen on the bytes as they pass, and told here.
//!
//! Why no end is missed: a stream is announced ([`Early::begin`]) before h2 has its head, so before the server can know
//! of it. An end that comes before its number is known here ([`Beginning::opened`]) is kept until then. Who waits
//! makes himself heard first, and then looks whether the end has come.

use super::stream::Half;
use crate::link::lock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// The streams of one connection that are still sent on.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// How many there are, those that begin among them. Without any, ends are passed over.
    count: AtomicUsize,
    // Guards what there is, for a look or a change; nobody is woken under it.
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    beginning: usize,
    sending: HashMap<u32, Weak<Half>>,
    /// Those that have ended while some were beginning.
    ended: Vec<u32>,
}

impl Early {
    /// A stream is about to be opened.
    pub(super) fn begin(self: &Arc<Self>) -> Beginning {
        self.count.fetch_add(1, Ordering::AcqRel);
        lock(&self.streams).beginning += 1;
        Beginning { early: Some(Arc::clone(self)) }
    }

    /// The server has ended its half of `stream`.
    pub(super) fn ended(&self, stream: u32) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let half = {
            let mut streams = lock(&self.streams);
            if streams.beginning > 0 {
                streams.ended.push(stream);
            }
            streams.sending.get(&stream).and_then(Weak::upgrade)
        };
        if let Some(half) = half {
            half.peer_has_ended();
        }
    }
}

impl Streams {
    fn begun(&mut self) {
        self.beginning -= 1;
        if self.beginning == 0 {
            self.ended = Vec::new();
        }
    }
}

/// A stream that is about to be opened.
#[derive(Debug)]
pub(super) struct Beginning {
    early: Option<Arc<Early>>,
}

impl Beginning {
    /// It has been opened with this number.
    pub(super) fn opened(mut self, number: u32, half: &Arc<Half>) -> Option<Announced> {
        let early = self.early.take()?;
        let ended = {
            let mut streams = lock(&early.streams);
            streams.sending.insert(number, Arc::downgrade(half));
            let ended = streams.ended.contains(&number);
            streams.begun();
            ended
        };
        if ended {
            half.peer_has_ended();
        }
        Some(Announced { early, number })
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if let Some(early) = self.early.take() {
            lock(&early.streams).begun();
            early.count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A stream that is sent on until this is dropped.
#[derive(Debug)]
pub(super) struct Announced {
    early: Arc<Early>,
    number: u32,
}

impl Drop for Announced {
    fn drop(&mut self) {
        let half = lock(&self.early.streams).sending.remove(&self.number);
        drop(half);
        self.early.count.fetch_sub(1, Ordering::AcqRel);
    }
}
