//! A fork, and signals as a host program in C has them: SIGPIPE at its default, a timer whose handler does not have
//! interrupted calls restarted.

use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

static INTERRUPTIONS: AtomicU64 = AtomicU64::new(0);

/// Forks this process; None: this is the child, in which only the calling thread goes on.
///
/// # Errors
/// What the system says when it refuses.
pub fn fork() -> io::Result<Option<u32>> {
    // SAFETY: it takes nothing. The child may use what other threads had locked only at its peril, as any child of a
    // process with threads: it may hang, which the parent waits out.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(u32::try_from(child).ok().filter(|child| *child != 0)),
    }
}

/// Gives SIGPIPE its default, which is to end the process. (Rust's runtime ignores it from the start.)
pub fn restore_sigpipe() {
    // SAFETY: the default is no handler of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

extern "C" fn count(_: libc::c_int) {
    INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
}

/// From now on SIGALRM comes every millisecond, to any thread, and ends what that thread waits for in the system with
/// EINTR: its handler is installed without SA_RESTART.
///
/// # Errors
/// What the system says when it refuses.
pub fn interrupt_every_millisecond() -> io::Result<()> {
    // SAFETY: a structure of numbers and pointers, for which zero is valid: no flags, no mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(libc::c_int) as libc::sighandler_t;
    // SAFETY: the handler does one atomic addition, which is allowed in one; `action` lives through the call.
    if unsafe { libc::sigaction(libc::SIGALRM, &raw const action, null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let millisecond = libc::timeval { tv_sec: 0, tv_usec: 1_000 };
    let timer = libc::itimerval { it_interval: millisecond, it_value: millisecond };
    // SAFETY: `timer` lives through the call, and the old one is not asked for.
    match unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How often the timer has struck.
pub fn interruptions() -> u64 {
    INTERRUPTIONS.load(Ordering::Relaxed)
}
