//! Buffers between their uses. A connection gives its buffers back before each sleep, so that thousands that sleep hold
//! none; the next to wake takes one of these, instead of asking the allocator for it and filling it with zeros.
//! (What was in it stays there; a connection sees of its buffer only what it has read itself.)

use std::sync::Mutex;

/// The most buffers that wait here: about as many as there are processors that work at once.
const MOST: usize = 16;
/// The largest that waits here, in bytes.
const LARGEST: usize = 16 * 1024;

/// Buffers that nobody uses. The lock guards the list alone, and is held for a push or a pop; nobody waits for it: a
/// thread that loses its processor with it would hold up all others, and in a forked child it may be locked for ever.
pub(super) struct Spare(Mutex<Vec<Vec<u8>>>);

/// For what is read. Their bytes are set, to whatever they were used for.
pub(super) static INPUT: Spare = Spare::new();
/// For what is to be sent. They are empty.
pub(super) static OUTPUT: Spare = Spare::new();

impl Spare {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A buffer, or an empty one without memory.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.try_lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default()
    }

    /// Keeps `buffer` for the next, if there is room and it is neither large nor nothing.
    pub(super) fn give(&self, buffer: Vec<u8>) {
        if buffer.capacity() == 0 || buffer.capacity() > LARGEST {
            return;
        }
        if let Ok(mut buffers) = self.0.try_lock()
            && buffers.len() < MOST
        {
            buffers.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, MOST, Spare};

    #[test]
    fn a_few_buffers_of_middling_size_are_kept() {
        let spare = Spare::new();
        assert_eq!(spare.take().capacity(), 0);
        spare.give(Vec::new());
        spare.give(vec![0; LARGEST + 1]);
        assert_eq!(spare.take().capacity(), 0);
        for size in 1..=MOST + 1 {
            spare.give(vec![7; size]);
        }
        assert_eq!(spare.take().len(), MOST);
        assert_eq!((0..MOST).filter(|_| spare.take().capacity() > 0).count(), MOST - 1);
    }
}
