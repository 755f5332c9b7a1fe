//! What a peer has sent: how much is let in in one step, and what was received on a stream and its user has not taken,
//! which is kept in buffers of our own, byte for byte.
//!
//! h2 gives out each DATA frame as a slice of the buffer that it was read into. One that waits there, however short,
//! holds all of that buffer (8 KiB or more) and an entry of some 240 bytes, so that a window's worth of short frames
//! would hold many times the window. So whoever drives the connection takes waiting data out of h2 after each step, and
//! copies it into blocks (what comes in frames of full size is not copied). The window stays taken until the user has
//! used the bytes.
//!
//! A user that waits is woken and takes the data itself, without that copy; it has until the next step for it.
//!
//! Why no data stays in h2 for longer: h2 wakes the intake with the first data that comes after its last look, which
//! puts it on the list of the connection ([`Inflow`]); and a user that has taken something, and so has not looked until
//! nothing was left, puts it there itself. It leaves the list only by a look that found nothing more, or at the end.

use super::failure::Failure;
use crate::link::lock;
use bytes::{Buf, Bytes, BytesMut};
use h2::RecvStream;
use http::HeaderMap;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// The head of a frame.
const HEAD_BYTES: usize = 9;
/// The sizes of blocks: of the first, and the most that they grow to while more waits.
const BLOCK_FIRST: usize = 1024;
const BLOCK_MOST: usize = 16 * 1024;
/// A piece of at least this size is a block as it is: the buffer that it is a slice of has 32 KiB at most.
const BLOCK_WHOLE: usize = 16_000;

/// How many frames are let in in one step: h2 has an entry for each until they are taken out of it.
const STEP_FRAMES: usize = 256;

/// What comes in on one connection.
#[derive(Debug, Default)]
pub(super) struct Inflow {
    /// How many frames this step has let in. Only its thread changes it.
    frames: AtomicUsize,
    // The intakes that may have data in h2. Guards the list alone; a leaf, taken under h2's lock, too.
    list: Mutex<Vec<Arc<Intake>>>,
}

impl Inflow {
    pub(super) fn begin_step(&self) {
        self.frames.store(0, Ordering::Relaxed);
    }

    /// Whether this step lets in no more.
    pub(super) fn is_over(&self) -> bool {
        self.frames.load(Ordering::Relaxed) >= STEP_FRAMES
    }

    /// How much of `bytes`, which come next, this step lets in: whole frames, and the beginning of one.
    pub(super) fn let_in(&self, frames: &mut Frames, bytes: &[u8]) -> usize {
        let before = self.frames.load(Ordering::Relaxed);
        let (length, ended) = frames.pass(bytes, STEP_FRAMES.saturating_sub(before));
        self.frames.store(before + ended, Ordering::Relaxed);
        length
    }

    /// Takes waiting data out of h2. For whoever drives, after each step. `scratch` keeps the list's memory.
    pub(super) fn relieve(&self, scratch: &mut Vec<Arc<Intake>>) {
        mem::swap(&mut *lock(&self.list), scratch);
        if scratch.is_empty() {
            return;
        }
        scratch.retain(|intake| !intake.relieve());
        lock(&self.list).append(scratch);
    }

    /// Forgets the intakes: nobody drives any more.
    pub(super) fn clear(&self) {
        let list = mem::take(&mut *lock(&self.list));
        // Not under the lock.
        drop(list);
    }
}

/// Where the bytes of a connection stand among its frames (RFC 9113 §4.1).
#[derive(Debug)]
pub(super) struct Frames {
    /// Of what is no frame, or of the payload of one.
    skip: usize,
    /// What has come of a head.
    head: [u8; HEAD_BYTES],
    come: usize,
}

impl Frames {
    /// The first frame begins behind `skip` bytes, which count as one.
    pub(super) fn behind(skip: usize) -> Self {
        Self { skip, head: [0; HEAD_BYTES], come: 0 }
    }

    /// Goes on, until `most` more frames have ended: by how many bytes, and past how many ends.
    fn pass(&mut self, bytes: &[u8], most: usize) -> (usize, usize) {
        let (mut at, mut ended) = (0, 0);
        while at < bytes.len() && ended < most {
            if self.skip == 0 {
                let Some(place) = self.head.get_mut(self.come) else { break };
                *place = bytes.get(at).copied().unwrap_or_default();
                self.come += 1;
                at += 1;
                if self.come == HEAD_BYTES {
                    let [high, middle, low, ..] = self.head;
                    self.come = 0;
                    self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
                    ended += usize::from(self.skip == 0);
                }
                continue;
            }
            let passed = self.skip.min(bytes.len() - at);
            at += passed;
            self.skip -= passed;
            ended += usize::from(self.skip == 0);
        }
        (at, ended)
    }
}

/// The receiving half of one stream.
pub(super) struct Intake {
    // Guards the half; taken by its user and by whoever drives, each for one look at h2, whose lock comes after it.
    state: Mutex<State>,
    // Who waits for data; a leaf, taken under h2's lock, too.
    user: Mutex<Option<Waker>>,
    /// A user has been woken and may be about to take the data.
    woken: AtomicBool,
    /// It is on the list.
    listed: AtomicBool,
    inflow: Arc<Inflow>,
}

#[derive(Debug)]
struct State {
    /// None once the user has dropped it.
    stream: Option<RecvStream>,
    kept: Kept,
}

impl Intake {
    pub(super) fn new(stream: RecvStream, inflow: &Arc<Inflow>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { stream: Some(stream), kept: Kept::default() }),
            user: Mutex::default(),
            woken: AtomicBool::new(false),
            listed: AtomicBool::new(false),
            inflow: Arc::clone(inflow),
        })
    }

    /// The next piece of the body; if there is none, the context's waker is woken when there is.
    pub(super) fn poll_data(self: &Arc<Self>, context: &Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        let mut state = lock(&self.state);
        let State { stream, kept } = &mut *state;
        if let Some(block) = kept.pop() {
            return Poll::Ready(Some(Ok(block)));
        }
        let Some(stream) = stream else { return Poll::Ready(None) };
        let polled = self.waiting(context, |context| stream.poll_data(context));
        if matches!(polled, Poll::Ready(Some(Ok(_)))) && !stream.is_end_stream() {
            self.list();
        }
        polled.map(|data| data.map(|data| data.map_err(Failure::from)))
    }

    /// The trailers, behind the body.
    pub(super) fn poll_trailers(self: &Arc<Self>, context: &Context<'_>) -> Poll<Result<Option<HeaderMap>, Failure>> {
        let mut state = lock(&self.state);
        let Some(stream) = &mut state.stream else { return Poll::Ready(Ok(None)) };
        self.waiting(context, |context| stream.poll_trailers(context)).map_err(Failure::from)
    }

    /// Asks h2, which wakes this intake, which wakes the user.
    fn waiting<T>(self: &Arc<Self>, context: &Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        *lock(&self.user) = Some(context.waker().clone());
        let polled = poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))));
        if polled.is_ready() {
            *lock(&self.user) = None;
        }
        polled
    }

    /// Whether the peer has ended its half and all of it was taken.
    pub(super) fn is_ended(&self) -> bool {
        let state = lock(&self.state);
        state.kept.is_empty() && state.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    /// Gives the window of `bytes` back to the peer.
    pub(super) fn release(&self, bytes: usize) {
        lock(&self.state).release(bytes);
    }

    /// The user wants nothing more: the stream is let go.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        let unused = state.kept.bytes;
        state.kept = Kept::default();
        state.release(unused);
        let stream = state.stream.take();
        drop(state);
        drop(stream);
    }

    /// Has whoever drives look after it: its user may not look soon.
    pub(super) fn list(self: &Arc<Self>) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            lock(&self.inflow.list).push(Arc::clone(self));
        }
    }

    /// Takes all out of h2, and has h2 tell of more. False: not yet, it stays on the list.
    fn relieve(self: &Arc<Self>) -> bool {
        if self.woken.swap(false, Ordering::AcqRel) {
            return false;
        }
        // Before the look, so that what comes after it lists the intake again.
        self.listed.store(false, Ordering::Release);
        let mut state = lock(&self.state);
        let State { stream: Some(stream), kept } = &mut *state else { return true };
        let waker = Waker::from(Arc::clone(self));
        // An end or an error is found there again by the user.
        while let Poll::Ready(Some(Ok(piece))) = stream.poll_data(&mut Context::from_waker(&waker)) {
            kept.push(piece);
        }
        true
    }
}

impl Wake for Intake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let user = lock(&self.user).take();
        self.woken.store(user.is_some(), Ordering::Release);
        self.list();
        if let Some(user) = user {
            user.wake();
        }
    }
}

impl State {
    fn release(&mut self, bytes: usize) {
        if let Some(stream) = &mut self.stream {
            // It fails only for more than was taken, which cannot be.
            let _ = stream.flow_control().release_capacity(bytes);
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("listed", &self.listed).finish_non_exhaustive()
    }
}

/// Bytes in blocks. They take twice their number at most, and [`BLOCK_FIRST`].
#[derive(Debug, Default)]
struct Kept {
    full: VecDeque<Bytes>,
    /// The last one, which is still being filled.
    last: BytesMut,
    bytes: usize,
}

impl Kept {
    fn push(&mut self, mut piece: Bytes) {
        let before = self.bytes;
        self.bytes += piece.len();
        if piece.len() >= BLOCK_WHOLE {
            self.end_block();
            self.full.push_back(piece);
            return;
        }
        let fits = piece.len().min(self.last.capacity() - self.last.len());
        self.last.extend_from_slice(&piece.split_to(fits));
        if piece.has_remaining() {
            self.end_block();
            self.last = BytesMut::with_capacity(before.clamp(BLOCK_FIRST, BLOCK_MOST).max(piece.len()));
            self.last.extend_from_slice(&piece);
        }
    }

    fn end_block(&mut self) {
        let block = mem::take(&mut self.last);
        if !block.is_empty() {
            self.full.push_back(block.freeze());
        }
    }

    fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn pop(&mut self) -> Option<Bytes> {
        if self.full.is_empty() {
            self.end_block();
        }
        let block = self.full.pop_front()?;
        self.bytes -= block.len();
        if self.bytes == 0 {
            *self = Self::default();
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_FIRST, BLOCK_MOST, Frames, Inflow, Kept, STEP_FRAMES};
    use bytes::Bytes;

    #[test]
    fn a_step_lets_in_so_many_frames_wherever_the_bytes_are_cut() {
        let frame = |length: usize| [&[0, 0, length as u8, 0, 0, 0, 0, 0, 1][..], &vec![7; length]].concat();
        let all: Vec<u8> =
            [b"preface".to_vec()].into_iter().chain((0..1_000).map(|n| frame(n % 5))).flatten().collect();
        let step: usize = b"preface".len() + (1..STEP_FRAMES).map(|n| 9 + (n - 1) % 5).sum::<usize>();
        for cut in [1, 8, 9, 10, 1_000, all.len()] {
            let (inflow, mut frames) = (Inflow::default(), Frames::behind(b"preface".len()));
            let mut passed = 0;
            while !inflow.is_over() {
                let piece = &all[passed..all.len().min(passed + cut)];
                passed += inflow.let_in(&mut frames, piece);
            }
            assert_eq!(passed, step, "{cut}");
            inflow.begin_step();
            assert_eq!(inflow.let_in(&mut frames, &all[passed..passed + 9]), 9);
        }
    }

    #[test]
    fn what_is_kept_comes_back_in_order_and_takes_no_more_than_twice_its_bytes() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        for size in [1, 7, 1_000, 9_000, 16_384] {
            let mut kept = Kept::default();
            let mut held = 0;
            for (number, piece) in bytes.chunks(size).enumerate() {
                let before = kept.last.as_ptr();
                kept.push(Bytes::copy_from_slice(piece));
                held += if kept.last.as_ptr() == before { 0 } else { kept.last.capacity() };
                assert!(held <= 2 * (number + 1) * size + BLOCK_FIRST, "{size}: {held} after {number}");
            }
            assert_eq!(kept.bytes, bytes.len());
            let blocks: Vec<Bytes> = std::iter::from_fn(|| kept.pop()).collect();
            assert!(blocks.iter().all(|block| block.len() <= BLOCK_MOST));
            assert_eq!(blocks.concat(), bytes);
            assert!(kept.is_empty());
        }
    }
}
