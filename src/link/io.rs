//! The Link's Io: one transport, what was read of it and not yet used, and what is to be sent on it.
//!
//! Reading is allowed only when the wait has shown that there is input (or the layer below keeps some), so that a
//! step costs no system call to learn that there is nothing. Writing gathers, and one call sends it all after the step.
//! What to wait for follows from that: input only if the last read ended short, room only while output is held.

use super::outbox::Outbox;
use super::spare;
use crate::net::wait::{self, Readiness};
use crate::net::{Direction, Interest, Observer, Transport};
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The sizes of reads: the first of a burst, and the most that it grows to while reads come back full.
const READ_FIRST: usize = 8 * 1024;
const READ_MOST: usize = 64 * 1024;

/// An Io as the Link, the engine and its adapter share it. Held for one call each; under it stand only what is
/// published for the reader, and the observer.
pub(crate) type SharedIo = Arc<Mutex<Io>>;

/// What a read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// There is (more) unused input.
    Some,
    /// Nothing now.
    Nothing,
    /// The peer has ended its output, and all of it has been used.
    End,
}

/// One transport and the bytes on their way through it.
pub(crate) struct Io {
    transport: Option<Box<dyn Transport>>,
    input: Vec<u8>,
    used: usize,
    filled: usize,
    read_size: usize,
    /// The last read was full, or the wait has shown input since.
    readable: bool,
    ended: bool,
    lost: bool,
    failure: Option<(ErrorKind, String)>,
    /// The failure is one of writing: what the peer sent before it went (why it went, perhaps) may still be read.
    last_words: bool,
    outbox: Outbox,
    /// Somebody found no room since the last [`Io::has_room_again`].
    refused: bool,
    /// Bytes read since the last [`Io::rest`].
    taken: usize,
    /// Bytes that were handed to the system.
    sent: u64,
    write_timeout: Duration,
    connection: u64,
    observer: Option<Arc<dyn Observer>>,
}

impl Io {
    /// `outbox_bytes` bounds what waits to be sent; output that does not shrink for `write_timeout` is a failure.
    pub(crate) fn new(transport: Box<dyn Transport>, outbox_bytes: usize, write_timeout: Duration) -> Self {
        Self {
            transport: Some(transport),
            input: Vec::new(),
            used: 0,
            filled: 0,
            read_size: READ_FIRST,
            readable: true,
            ended: false,
            lost: false,
            failure: None,
            last_words: false,
            // Without any room nothing would ever be sent.
            outbox: Outbox::new(outbox_bytes.max(1)),
            refused: false,
            taken: 0,
            sent: 0,
            write_timeout,
            connection: 0,
            observer: None,
        }
    }

    /// Shows all bytes to `observer`, as those of connection number `connection`.
    pub(crate) fn observed_by(mut self, observer: Option<Arc<dyn Observer>>, connection: u64) -> Self {
        self.observer = observer;
        self.connection = connection;
        self
    }

    /// What was read and not yet used.
    pub(crate) fn input(&self) -> &[u8] {
        self.input.get(self.used..self.filled).unwrap_or_default()
    }

    /// `count` bytes of the input have been used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.used = self.filled.min(self.used + count);
    }

    /// Sees to it that there is input, if any can be had without blocking.
    ///
    /// # Errors
    /// The failure that ended the connection; it stays. If writing has failed, that comes after all input.
    pub(crate) fn fill(&mut self) -> io::Result<Filled> {
        if self.used < self.filled {
            return Ok(Filled::Some);
        }
        if self.last_words && matches!(self.read(), Ok(Filled::Some)) {
            return Ok(Filled::Some);
        }
        self.last_words = false;
        self.check()?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Filled> {
        let Some(transport) = &mut self.transport else { return Ok(Filled::End) };
        if self.ended {
            return Ok(Filled::End);
        }
        if !self.readable && !transport.holds_input() {
            return Ok(Filled::Nothing);
        }
        if self.input.is_empty() {
            self.input = spare::INPUT.take();
        }
        if self.input.len() < self.read_size {
            self.input = vec![0; self.read_size];
        }
        match transport.read(&mut self.input) {
            Ok(0) => {
                self.ended = true;
                Ok(Filled::End)
            }
            Ok(count) => {
                let full = count == self.input.len();
                self.taken += count;
                // What is lost is not waited for again: it is read until its end, however short the pieces.
                self.readable = full || self.is_lost();
                if full {
                    self.read_size = READ_MOST.min(self.read_size * 4);
                }
                self.used = 0;
                self.filled = count;
                self.observe(Direction::Received, self.input.get(..count).unwrap_or_default());
                Ok(Filled::Some)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(Filled::Nothing)
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    /// Takes all of `bytes` to be sent after the step.
    ///
    /// # Errors
    /// `WouldBlock` while the outbox is full and the socket has no room: nothing was taken. Else the failure that ended
    /// the connection.
    pub(crate) fn gather(&mut self, bytes: &[u8], now: impl FnOnce() -> Instant) -> io::Result<()> {
        self.check()?;
        if self.transport.is_none() {
            return Err(ErrorKind::NotConnected.into());
        }
        if self.outbox.is_full() {
            self.send(now());
            self.check()?;
            if self.outbox.is_full() {
                self.refused = true;
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        self.observe(Direction::Sent, bytes);
        self.outbox.push(bytes);
        Ok(())
    }

    /// Sends what was gathered, as far as there is room. A failure is kept for the next `fill` or `gather`.
    pub(crate) fn send(&mut self, now: Instant) {
        let Some(transport) = &mut self.transport else { return };
        if self.failure.is_some() {
            return;
        }
        let mut result = Ok(());
        while result.is_ok() && !self.outbox.is_empty() {
            result = match transport.write(self.outbox.pending()) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.outbox.sent(count);
                    self.sent += count as u64;
                    Ok(())
                }
                Err(error) => Err(error),
            };
        }
        match result.and_then(|()| transport.flush()) {
            Ok(()) => self.outbox.flows(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.outbox.stalled(now);
                if self.stall_deadline().is_some_and(|deadline| deadline <= now) {
                    let text = format!("the peer took no output for {:?}", self.write_timeout);
                    self.fail(&io::Error::new(ErrorKind::TimedOut, text));
                }
            }
            Err(error) => {
                self.fail(&error);
                self.readable = true;
                self.last_words = true;
            }
        }
    }

    /// When output that makes no progress ends the connection.
    pub(crate) fn stall_deadline(&self) -> Option<Instant> {
        self.outbox.stalled_since().map(|since| wait::deadline(since, self.write_timeout))
    }

    /// What is to be waited for.
    pub(crate) fn interest(&self) -> Interest {
        let Some(transport) = &self.transport else { return Interest::NONE };
        if self.failure.is_some() || self.lost {
            return Interest::NONE;
        }
        let own = Interest {
            readable: !self.readable && !self.ended && self.used == self.filled,
            writable: !self.outbox.is_empty(),
        };
        own.or(transport.interest())
    }

    /// Notes what a wait has found.
    pub(crate) fn note(&mut self, found: Readiness) {
        // A layer that waited for the other direction may go on reading now.
        let layer_waited = self.transport.as_ref().is_some_and(|transport| transport.interest() != Interest::NONE);
        self.readable |= found.readable || found.lost || (found.writable && layer_waited);
        self.lost |= found.lost;
    }

    /// Whether a wait has shown both directions gone: the descriptor says nothing new, and must not be waited for.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost || self.failure.is_some()
    }

    /// Whether the connection has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The failure that ended the connection, if one did.
    ///
    /// # Errors
    /// That failure.
    pub(crate) fn check(&self) -> io::Result<()> {
        match &self.failure {
            Some((kind, text)) => Err(io::Error::new(*kind, text.clone())),
            None => Ok(()),
        }
    }

    /// Ends the connection: nothing is read or sent any more.
    pub(crate) fn fail(&mut self, error: &io::Error) {
        self.failure.get_or_insert_with(|| (error.kind(), error.to_string()));
        self.outbox.clear();
    }

    /// Whether all that was gathered has been handed to the system.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Whether no more can be gathered now.
    #[cfg(test)]
    pub(crate) fn is_full(&mut self) -> bool {
        self.refused |= self.outbox.is_full();
        self.outbox.is_full()
    }

    /// Whether somebody found no room and there is some now: no wait will tell him.
    pub(super) fn has_room_again(&mut self) -> bool {
        std::mem::take(&mut self.refused) && !self.outbox.is_full()
    }

    /// Bytes read in this step.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// How many bytes have been handed to the system in all.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Says the end of our output to the peer.
    ///
    /// # Errors
    /// `WouldBlock`, or the failure that ends the connection.
    pub(crate) fn shutdown_write(&mut self) -> io::Result<()> {
        self.transport.as_mut().map_or(Ok(()), |transport| transport.shutdown_write())
    }

    /// Gives buffers back before a sleep.
    pub(crate) fn rest(&mut self) {
        self.taken = 0;
        if self.used == self.filled && !self.readable && !self.input.is_empty() {
            spare::INPUT.give(std::mem::take(&mut self.input));
            self.used = 0;
            self.filled = 0;
            self.read_size = READ_FIRST;
        }
        self.outbox.rest();
    }

    /// The descriptor to wait on; none after the close.
    pub(crate) fn descriptor(&self) -> Option<Arc<dyn AsFd + Send + Sync>> {
        self.transport.as_ref().map(|transport| transport.descriptor())
    }

    /// Closes the transport.
    pub(crate) fn close(&mut self) {
        if self.transport.take().is_some() {
            self.input = Vec::new();
            self.used = 0;
            self.filled = 0;
            self.outbox.clear();
            if let Some(observer) = self.observer.take() {
                observer.closed(self.connection);
            }
        }
    }

    fn observe(&self, direction: Direction, bytes: &[u8]) {
        if let Some(observer) = &self.observer {
            observer.bytes(self.connection, direction, Instant::now(), bytes);
        }
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("connection", &self.connection)
            .field("transport", &self.transport)
            .field("unused", &(self.filled - self.used))
            .field("ended", &self.ended)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
