//! The process that something was made in. After `fork(2)` the child has all that the parent had, but the threads, and
//! shares its sockets: what it sent there, read there or shut there would be the parent's.
//!
//! Asking the system which process this is costs a tenth of a microsecond, so it is done once for each operation of a
//! user: whoever has asked says so by a [`Known`], and what the same thread does meanwhile does not ask again. (A
//! thread that is in the library cannot fork, and another's fork makes no copy of it.)

use std::cell::Cell;

thread_local! {
    static KNOWN: Cell<bool> = const { Cell::new(false) };
}

/// See the head of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    /// The process that asks.
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Whether it is the one that asks.
    pub(crate) fn is_this(self) -> bool {
        KNOWN.get() || self == Self::this()
    }
}

/// The calling thread has asked, and runs no code of users until this is dropped.
#[derive(Debug)]
pub(crate) struct Known {
    before: bool,
}

impl Known {
    pub(crate) fn from_now() -> Self {
        Self { before: KNOWN.replace(true) }
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        KNOWN.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Process};

    #[test]
    fn it_is_asked_again_when_it_is_not_known_any_more() {
        assert!(Process::this().is_this());
        let other = Process(u32::MAX);
        {
            let _outer = Known::from_now();
            drop(Known::from_now());
            assert!(other.is_this());
        }
        assert!(!other.is_this());
    }
}
