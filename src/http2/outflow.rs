//! Short messages that a stream sends in quick succession: they gather, and leave together.
//!
//! A message that comes after a pause is handed to h2 and leaves at once, on the thread that sends it. One that comes
//! within [`PAUSE`] of the last is put into the stream's buffer, and whoever reads for the connection is told, once;
//! it hands on what it finds there when it comes to it, with all that was added meanwhile. So a lone message costs no
//! hop, and many cost a copy each instead of a frame and a system call. A buffer that is full is handed on by the
//! sender itself, which waits for the window then.
//!
//! Why nothing stays in a buffer: whoever adds to it puts the stream on the connection's list afterwards, if it is not
//! there, makes a wish and rings; the driver takes the stream off the list before it looks into the buffer. What the
//! window does not take stays, and h2 wakes the stream's `Ears` when there is room, which put it on the list again. The
//! order is kept: whoever hands something to h2 does it under the lock `begun` (the driver), or has emptied that and
//! the buffer before (the sender, the only one who adds to them).

use super::failure::Failure;
use super::stream::Half;
use crate::link::{Wish, lock};
use bytes::Bytes;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

/// A message that comes so soon after the last one is one of many: well below the time of a round trip, so that who
/// waits for an answer before each message has no delay.
const PAUSE: Duration = Duration::from_micros(20);
/// Longer ones are handed on as they are.
const SHORT: usize = 8 * 1024;
/// A buffer is full with this, or with `Limits::outbox_bytes` if that is less.
const FULL: usize = 64 * 1024;

/// The streams of one connection in whose buffers there may be something.
#[derive(Debug)]
pub(super) struct Outflow {
    /// With how much a buffer is full.
    full: usize,
    /// The peer takes no output now: h2 would hold an entry for each piece that it is given.
    stalled: AtomicBool,
    // Guards the list alone; a leaf, taken under h2's lock, too.
    list: Mutex<Vec<Arc<Half>>>,
    wish: OnceLock<Arc<Wish>>,
}

impl Outflow {
    /// Of a connection that keeps at most so many bytes for each stream.
    pub(super) fn new(outbox_bytes: usize) -> Arc<Self> {
        let full = outbox_bytes.min(FULL);
        Arc::new(Self { full, stalled: AtomicBool::new(false), list: Mutex::default(), wish: OnceLock::new() })
    }

    /// The engine that is to run for it.
    pub(super) fn of(&self, wish: &Arc<Wish>) {
        // There is one engine, which says so once.
        let _ = self.wish.set(Arc::clone(wish));
    }

    pub(super) fn add(&self, half: Arc<Half>) {
        lock(&self.list).push(half);
        if let Some(wish) = self.wish.get() {
            wish.make();
        }
    }

    /// Hands on what has gathered, as far as the windows take it. For whoever drives, before each step; nothing while the
    /// output is `stalled`: there is a step when it is not any more. `scratch` keeps the list's memory.
    pub(super) fn push(&self, scratch: &mut Vec<Arc<Half>>, stalled: bool, now: Instant) {
        self.stalled.store(stalled, Ordering::Release);
        if stalled {
            return;
        }
        mem::swap(&mut *lock(&self.list), scratch);
        for half in scratch.drain(..) {
            half.hand_on(now);
        }
    }

    /// Forgets the streams: nobody drives any more.
    pub(super) fn clear(&self) {
        let list = mem::take(&mut *lock(&self.list));
        // Not under the lock.
        drop(list);
    }
}

/// What a stream has gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
    /// When the buffer was last empty, or a message was handed on beside it.
    last: Option<Instant>,
}

/// What becomes of a message.
#[derive(Debug)]
pub(super) enum Sending {
    /// It has been gathered.
    Later,
    /// It is to be handed on now, behind what has gathered.
    Now,
}

impl Gathered {
    /// Takes a message in, if it is one of many, or nothing leaves now anyway. The buffer is full with `full` bytes.
    pub(super) fn add(&mut self, message: &[u8], full: usize, stalled: bool) -> Sending {
        let soon = !self.bytes.is_empty() || self.is_soon(Instant::now()) || stalled;
        if !soon || message.len() > SHORT || self.bytes.len() + message.len() > full {
            return Sending::Now;
        }
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(full);
        }
        self.bytes.extend_from_slice(message);
        Sending::Later
    }

    /// What has gathered, in memory of its size: h2 counts bytes and not what holds them. A buffer that was well used
    /// goes itself.
    fn take(&mut self) -> Bytes {
        if self.bytes.len() >= self.bytes.capacity() / 2 {
            return mem::take(&mut self.bytes).into();
        }
        let bytes = Bytes::copy_from_slice(&self.bytes);
        self.bytes.clear();
        bytes
    }

    fn is_soon(&mut self, now: Instant) -> bool {
        let soon = self.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE);
        self.last = Some(now);
        soon
    }
}

impl Half {
    /// All that has gathered, for the sender to hand on.
    pub(super) fn take_gathered(&self) -> [Bytes; 2] {
        let mut begun = lock(&self.begun);
        let bytes = lock(&self.gathered).take();
        [mem::take(&mut *begun), bytes]
    }

    /// Takes a message in, if it is one of many. True: whoever drives is to be told.
    pub(super) fn gather(self: &Arc<Self>, message: &[u8]) -> (Sending, bool) {
        let outflow = &self.outflow;
        let sending = lock(&self.gathered).add(message, outflow.full, outflow.stalled.load(Ordering::Acquire));
        let tell = matches!(sending, Sending::Later) && self.list();
        (sending, tell)
    }

    /// Hands on as much as the window takes. For whoever drives.
    fn hand_on(self: &Arc<Self>, now: Instant) {
        // Before the look, so that what comes after it is listed again.
        self.unlist();
        let mut begun = lock(&self.begun);
        loop {
            if begun.is_empty() {
                let mut gathered = lock(&self.gathered);
                if gathered.bytes.is_empty() {
                    return;
                }
                *begun = gathered.take();
                gathered.last = Some(now);
            }
            match self.hand_on_some(&mut begun) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {}
                // The stream is over: the sender hands on the next message itself, and learns it.
                Poll::Ready(Err(_)) => {
                    self.note_over();
                    *begun = Bytes::new();
                }
            }
        }
    }

    /// Ready: there is nothing more of it.
    fn hand_on_some(self: &Arc<Self>, bytes: &mut Bytes) -> Poll<Result<(), Failure>> {
        while !bytes.is_empty() {
            let room = if self.reserve(bytes.len())? {
                bytes.len()
            } else {
                match self.poll_room_of_driver() {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(room) => room?,
                }
            };
            self.send(bytes.split_to(room.min(bytes.len())), false)?;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::{FULL, Gathered, PAUSE, SHORT, Sending};
    use std::time::Instant;

    fn in_a_burst() -> Gathered {
        Gathered { last: Some(Instant::now() + PAUSE * 1_000), ..Gathered::default() }
    }

    #[test]
    fn the_first_message_and_one_after_a_pause_leave_at_once() {
        let mut gathered = Gathered::default();
        assert!(matches!(gathered.add(b"first", FULL, false), Sending::Now));
        gathered.last = Instant::now().checked_sub(PAUSE);
        assert!(matches!(gathered.add(b"later", FULL, false), Sending::Now));
        assert!(gathered.bytes.is_empty());
    }

    #[test]
    fn those_of_a_burst_gather_in_order_until_the_buffer_is_full() {
        let mut gathered = in_a_burst();
        let message = [7; 1_000];
        for count in 1..=FULL / message.len() {
            assert!(matches!(gathered.add(&message, FULL, false), Sending::Later));
            assert_eq!(gathered.bytes.len(), count * message.len());
        }
        assert_eq!(gathered.bytes.capacity(), FULL);
        assert!(matches!(gathered.add(&message, FULL, false), Sending::Now));
        assert_eq!(gathered.bytes.len(), FULL / message.len() * message.len());
    }

    #[test]
    fn what_is_long_pushes_out_what_came_before_it() {
        let mut gathered = in_a_burst();
        assert!(matches!(gathered.add(b"short", FULL, false), Sending::Later));
        assert!(matches!(gathered.add(&[7; SHORT + 1], FULL, false), Sending::Now));
        assert_eq!(gathered.bytes, b"short"[..]);
    }

    #[test]
    fn while_nothing_leaves_all_gathers() {
        let mut gathered = Gathered::default();
        assert!(matches!(gathered.add(b"first", FULL, true), Sending::Later));
    }

    #[test]
    fn little_is_handed_on_in_little_memory() {
        let mut gathered = in_a_burst();
        assert!(matches!(gathered.add(b"short", FULL, false), Sending::Later));
        let kept = gathered.bytes.capacity();
        assert_eq!(Vec::from(gathered.take()).capacity(), b"short".len());
        assert_eq!((gathered.bytes.len(), gathered.bytes.capacity()), (0, kept));
    }
}
