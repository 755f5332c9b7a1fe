//! The Link's Io behind the traits that h2 reads and writes through.
//!
//! No waker is kept: the Link itself runs the engine again when there is input or room.

use super::flood::Breach;
use super::intake::{Frames, Inflow};
use super::opening::Opening;
use super::watch::{self, Watch};
use crate::link::{Filled, SharedIo, lock};
use bytes::{Buf, Bytes};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read in one step: then what was gathered leaves, deadlines are looked at, and others of the same thread
/// get their turn. (h2 itself reads as long as there is input.)
const STEP_BYTES: usize = 64 * 1024;

/// One connection's bytes, as h2 sees them.
#[derive(Debug)]
pub(super) struct Adapter {
    io: SharedIo,
    /// What was read before h2 was there.
    replay: Bytes,
    opening: Opening,
    watch: Watch,
    inflow: Arc<Inflow>,
    frames: Frames,
}

impl Adapter {
    /// `replay` comes before all other input: the preface of a client. `opening` sees the peer's first bytes, `watch`
    /// all of both directions.
    pub(super) fn new(io: SharedIo, replay: Bytes, opening: Opening, watch: Watch, inflow: &Arc<Inflow>) -> Self {
        let frames = Frames::behind(replay.len());
        Self { io, replay, opening, watch, inflow: Arc::clone(inflow), frames }
    }

    /// Tells the peer that it has gone too far, if it can be told. With what comes back h2 ends the connection.
    fn break_off(&self, breach: Breach) -> io::Error {
        if let Some(words) = self.watch.last_words(breach) {
            // A peer that takes nothing is not told.
            let _ = lock(&self.io).gather(&words, Instant::now);
        }
        watch::failure(breach)
    }

    fn take(&mut self, into: &mut ReadBuf<'_>) -> io::Result<bool> {
        let from = into.filled().len();
        if self.replay.is_empty() {
            let mut io = lock(&self.io);
            match io.fill()? {
                Filled::Nothing => return Ok(false),
                Filled::End => return Ok(true),
                Filled::Some => {}
            }
            let fits = io.input().len().min(into.remaining());
            let count = self.inflow.let_in(&mut self.frames, io.input().get(..fits).unwrap_or_default());
            into.put_slice(io.input().get(..count).unwrap_or_default());
            io.consume(count);
        } else {
            let fits = self.replay.len().min(into.remaining());
            let count = self.inflow.let_in(&mut self.frames, self.replay.get(..fits).unwrap_or_default());
            into.put_slice(self.replay.get(..count).unwrap_or_default());
            self.replay.advance(count);
        }
        let new = into.filled().get(from..).unwrap_or_default();
        self.opening.see(new)?;
        self.watch.received(new).map_err(|breach| self.break_off(breach))?;
        Ok(true)
    }
}

impl AsyncRead for Adapter {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if lock(&self.io).taken() >= STEP_BYTES || self.inflow.is_over() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.take(into) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Adapter {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let (gathered, sent) = {
            let mut io = lock(&self.io);
            (io.gather(bytes, Instant::now), io.sent())
        };
        match gathered {
            Ok(()) => match self.watch.gathered(bytes, sent) {
                Ok(()) => Poll::Ready(Ok(bytes.len())),
                Err(breach) => Poll::Ready(Err(self.break_off(breach))),
            },
            Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Nothing to do: the Link sends all that was gathered with one call after the step.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Nothing to do: the Link ends every connection in the same way.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
