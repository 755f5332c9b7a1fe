//! Waking a thread that sleeps in `poll`: an eventfd on Linux, a socket pair elsewhere.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A descriptor that becomes readable when [`Waker::wake`] is called, from any thread, and stays so until
/// [`Waker::drain`]. Several wakes before a drain are one.
#[derive(Debug)]
pub(crate) struct Waker(Inner);

impl Waker {
    /// # Errors
    /// What the system says when it refuses another descriptor.
    pub(crate) fn new() -> io::Result<Self> {
        Inner::new().map(Self)
    }

    /// Makes the descriptor readable. It never blocks: a full counter is readable already.
    pub(crate) fn wake(&self) {
        self.0.wake();
    }

    /// Makes the descriptor unreadable again.
    pub(crate) fn drain(&self) {
        self.0.drain();
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
use eventfd::Inner;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use pair::Inner;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod eventfd {
    use rustix::event::{EventfdFlags, eventfd};
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

    #[derive(Debug)]
    pub(super) struct Inner(OwnedFd);

    impl Inner {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        pub(super) fn wake(&self) {
            // EAGAIN means that the counter is full, EINTR cannot happen without blocking.
            let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
        }

        pub(super) fn drain(&self) {
            let _ = rustix::io::read(&self.0, &mut [0_u8; 8]);
        }

        pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
#[cfg_attr(target_os = "linux", allow(dead_code, reason = "compiled on Linux only to be tested there"))]
mod pair {
    use std::io::{self, Read, Write};
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;

    #[derive(Debug)]
    pub(super) struct Inner {
        readable: UnixStream,
        writable: UnixStream,
    }

    impl Inner {
        pub(super) fn new() -> io::Result<Self> {
            let (readable, writable) = UnixStream::pair()?;
            readable.set_nonblocking(true)?;
            writable.set_nonblocking(true)?;
            Ok(Self { readable, writable })
        }

        pub(super) fn wake(&self) {
            let _ = (&self.writable).write(&[1]);
        }

        pub(super) fn drain(&self) {
            let mut scratch = [0; 64];
            while matches!((&self.readable).read(&mut scratch), Ok(n) if n == scratch.len()) {}
        }

        pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
            self.readable.as_fd()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::net::Interest;
    use crate::net::wait::wait;
    use std::os::fd::BorrowedFd;
    use std::time::{Duration, Instant};

    fn is_readable(fd: BorrowedFd<'_>) -> bool {
        let interest = Interest { readable: true, writable: false };
        wait(&[(fd, interest)], Some(Instant::now())).unwrap()[0].readable
    }

    macro_rules! wakes_and_drains {
        ($waker:expr) => {{
            let waker = $waker;
            assert!(!is_readable(waker.as_fd()));
            for _ in 0..200 {
                waker.wake();
            }
            assert!(is_readable(waker.as_fd()));
            waker.drain();
            assert!(!is_readable(waker.as_fd()));
        }};
    }

    #[test]
    fn many_wakes_are_one() {
        wakes_and_drains!(super::Inner::new().unwrap());
        wakes_and_drains!(super::pair::Inner::new().unwrap());
    }

    #[test]
    fn a_wait_ends_at_its_deadline_and_by_a_wake() {
        let waker = super::Waker::new().unwrap();
        let interest = Interest { readable: true, writable: false };
        let begin = Instant::now();
        let found = wait(&[(super::AsFd::as_fd(&waker), interest)], Some(begin + Duration::from_millis(20))).unwrap();
        assert!(!found[0].any() && begin.elapsed() >= Duration::from_millis(20));
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake());
            assert!(wait(&[(super::AsFd::as_fd(&waker), interest)], None).unwrap()[0].readable);
        });
    }
}
