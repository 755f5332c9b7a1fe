//! Counting the messages of a stream, and the line in which a client reports them.

use crate::calls::{Window, cpu_seconds};
use std::io;
use std::time::Instant;

/// Bytes between two looks at the clock, so that looking counts for nothing.
const BETWEEN_LOOKS: u64 = 1 << 14;

/// A stream of messages of one size.
#[derive(Debug)]
pub struct Flow {
    window: Window,
    size: u64,
    all: u64,
    since_look: u64,
    begin: Option<(u64, Instant)>,
}

impl Flow {
    /// Of messages whose field has `size` bytes.
    pub fn new(window: Window, size: usize) -> Self {
        Self { window, size: size as u64, all: 0, since_look: 0, begin: None }
    }

    /// A message has passed; whether there is to be another.
    pub fn passed(&mut self) -> bool {
        self.all += 1;
        self.since_look += self.size;
        if self.since_look < BETWEEN_LOOKS {
            return true;
        }
        self.since_look = 0;
        if self.begin.is_none() && self.window.is_open() {
            self.begin = Some((self.all, Instant::now()));
        }
        !self.window.is_over()
    }

    /// How many have passed.
    pub fn all(&self) -> u64 {
        self.all
    }

    /// Prints what the runner reads: the messages of the window and its seconds, all messages, the CPU time of this
    /// process in seconds, the megabytes (10^6) of the field a second.
    ///
    /// # Errors
    /// There were no messages, or the system does not tell the CPU time.
    pub fn report(&self) -> io::Result<()> {
        let (first, begin) = self.begin.ok_or_else(|| io::Error::other("no message was measured"))?;
        let (calls, seconds) = (self.all - first, begin.elapsed().as_secs_f64());
        let megabytes = (calls * self.size) as f64 / 1e6 / seconds;
        println!("calls={calls} seconds={seconds} all={} cpu={} megabytes={megabytes}", self.all, cpu_seconds()?);
        Ok(())
    }
}
