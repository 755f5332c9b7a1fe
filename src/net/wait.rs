//! Waiting for one or several descriptors, with a deadline: `poll(2)`, with EINTR handled.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// Longer than anybody waits, and short enough for every clock.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// What a descriptor is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Interest {
    /// Wait until it can be read (or its input has ended).
    pub(crate) readable: bool,
    /// Wait until it can be written.
    pub(crate) writable: bool,
}

impl Interest {
    /// Neither; only the loss of the connection is noticed.
    pub(crate) const NONE: Self = Self { readable: false, writable: false };

    /// What either of the two wants.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self { readable: self.readable || other.readable, writable: self.writable || other.writable }
    }
}

/// What a wait found about one descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Both directions are gone (POLLHUP) or the descriptor is in error (POLLERR); reading tells which.
    pub(crate) lost: bool,
}

impl Readiness {
    pub(crate) fn any(self) -> bool {
        self.readable || self.writable || self.lost
    }
}

/// The moment at which `timeout` is over. A time that no clock can show (`Duration::MAX`, for none) is a far one.
pub(crate) fn deadline(from: Instant, timeout: Duration) -> Instant {
    from + timeout.min(FAR)
}

/// Sleeps until one of `entries` is ready or `deadline` has come; answers what is ready, in the same order.
///
/// # Errors
/// What `poll` says, EINTR excepted: then the wait goes on with the time that is left.
pub(crate) fn wait(entries: &[(BorrowedFd<'_>, Interest)], deadline: Option<Instant>) -> io::Result<Vec<Readiness>> {
    let mut fds: Vec<PollFd<'_>> =
        entries.iter().map(|(fd, interest)| PollFd::from_borrowed_fd(*fd, flags(*interest))).collect();
    poll_until(&mut fds, deadline)?;
    Ok(fds.iter().map(|fd| readiness(fd.revents())).collect())
}

/// [`wait`] for one connection and a waker, without an allocation: the common case. Answers what is ready of the
/// connection, and whether the waker was woken.
pub(crate) fn wait_for_two(
    socket: (BorrowedFd<'_>, Interest),
    waker: BorrowedFd<'_>,
    deadline: Option<Instant>,
) -> io::Result<(Readiness, bool)> {
    let mut fds = [PollFd::from_borrowed_fd(socket.0, flags(socket.1)), PollFd::from_borrowed_fd(waker, PollFlags::IN)];
    poll_until(&mut fds, deadline)?;
    let [socket, waker] = &fds;
    Ok((readiness(socket.revents()), !waker.revents().is_empty()))
}

fn flags(interest: Interest) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.readable);
    flags.set(PollFlags::OUT, interest.writable);
    flags
}

fn readiness(events: PollFlags) -> Readiness {
    Readiness {
        readable: events.intersects(PollFlags::IN),
        writable: events.intersects(PollFlags::OUT),
        lost: events.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
    }
}

fn poll_until(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
        });
        match poll(fds, timeout.as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
