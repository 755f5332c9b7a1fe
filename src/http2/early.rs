//! Streams of a client that still sends on them: it is told when the server has ended its half, when a head has come,
//! and whether a GOAWAY names a stream before this one as the last that the server looks after.
//!
//! A server may answer before it has all of a request (RFC 9113 §8.1), and need not reset the stream. h2 tells the end
//! of the server's half to whoever receives alone; one who waits for window, which will not come any more, would wait
//! on. So the ends are seen on the bytes as they pass, and told here.
//!
//! Why none of it is missed: a stream is announced ([`Early::begin`]) before h2 has its head, so before the server can know
//! of it. An end that comes before its number is known here ([`Beginning::opened`]) is kept until then. Who waits
//! makes himself heard first, and then looks whether the end has come. What has come is noted before h2 has its bytes,
//! so it is known to whoever learns of a later reset from h2.

use super::stream::Half;
use crate::link::lock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// The streams of one connection that are still sent on.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// How many there are, those that begin among them. Without any, ends are passed over.
    count: AtomicUsize,
    /// GOAWAY has come, and this is the least of the streams that one has named as the last.
    goes_away: AtomicBool,
    last: AtomicU32,
    // Guards what there is, for a look or a change; nobody is woken under it.
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    beginning: usize,
    sending: HashMap<u32, Weak<Half>>,
    /// What came of streams while some were beginning.
    news: Vec<(u32, News)>,
}

/// What comes of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum News {
    /// A head of the server's.
    Answered,
    /// The server has ended its half.
    Ended,
}

impl News {
    fn tell(self, half: &Half) {
        match self {
            Self::Answered => half.peer_has_answered(),
            Self::Ended => half.peer_has_ended(),
        }
    }
}

impl Early {
    /// A stream is about to be opened.
    pub(super) fn begin(self: &Arc<Self>) -> Beginning {
        self.count.fetch_add(1, Ordering::AcqRel);
        lock(&self.streams).beginning += 1;
        Beginning { early: Some(Arc::clone(self)) }
    }

    /// The server looks after no stream above `last` (RFC 9113 §6.8).
    pub(super) fn goes_away(&self, last: u32) {
        // Whoever drives alone calls this.
        if !self.goes_away.load(Ordering::Relaxed) || last < self.last.load(Ordering::Relaxed) {
            self.last.store(last, Ordering::Release);
        }
        self.goes_away.store(true, Ordering::Release);
    }

    /// Something has come of `stream`.
    pub(super) fn note(&self, stream: u32, news: News) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let half = {
            let mut streams = lock(&self.streams);
            if streams.beginning > 0 {
                streams.news.push((stream, news));
            }
            streams.sending.get(&stream).and_then(Weak::upgrade)
        };
        if let Some(half) = half {
            news.tell(&half);
        }
    }
}

impl Streams {
    fn begun(&mut self) {
        self.beginning -= 1;
        if self.beginning == 0 {
            self.news = Vec::new();
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
        let news: Vec<_> = {
            let mut streams = lock(&early.streams);
            streams.sending.insert(number, Arc::downgrade(half));
            let news = streams.news.iter().filter(|(stream, _)| *stream == number).map(|(_, news)| *news).collect();
            streams.begun();
            news
        };
        for news in news {
            news.tell(half);
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

impl Announced {
    /// Whether a GOAWAY has named an earlier stream as the last.
    pub(super) fn is_turned_away(&self) -> bool {
        self.early.goes_away.load(Ordering::Acquire) && self.number > self.early.last.load(Ordering::Acquire)
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let half = lock(&self.early.streams).sending.remove(&self.number);
        drop(half);
        self.early.count.fetch_sub(1, Ordering::AcqRel);
    }
}
