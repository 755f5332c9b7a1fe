//! That TCP itself notices a peer that is not there any more: its host has gone, or the way to it.
//!
//! Without this a connection on which nothing is sent stays for ever, and one on which something is sent for as long as
//! TCP sends it again: a quarter of an hour. So an idle peer is asked for its acknowledgement (keepalive, RFC 9293
//! §3.8.4), by the system, which wakes nobody; and what is not acknowledged for the given time ends the connection
//! (TCP_USER_TIMEOUT, RFC 5482; on Linux alone). Elsewhere keepalive alone is set, and ends idle connections only.

use rustix::net::sockopt;
use std::os::fd::AsFd;
use std::time::Duration;

/// How often a silent peer is asked within the time that it has.
const PROBES: u32 = 4;
/// What systems take, in seconds.
const LONGEST: u64 = 32_767;

/// Has the system end the connection of `socket` when its peer has been gone for `timeout`: at most so long after what
/// was sent last, and on an idle one about twice as long after it has gone.
///
/// What cannot be set is let be: it is no TCP socket, or its peer has gone already.
pub(super) fn notice(socket: impl AsFd, timeout: Duration) {
    let socket = socket.as_fd();
    let _ = sockopt::set_socket_keepalive(socket, true);
    keep_alive(socket, timeout);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let timeout = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).clamp(1, i32::MAX as u32);
        let _ = sockopt::set_tcp_user_timeout(socket, timeout);
    }
}

#[cfg(not(any(target_os = "haiku", target_os = "nto", target_os = "openbsd", target_os = "redox")))]
fn keep_alive(socket: std::os::fd::BorrowedFd<'_>, timeout: Duration) {
    let seconds = |time: Duration| Duration::from_secs(time.as_secs().clamp(1, LONGEST));
    let _ = sockopt::set_tcp_keepidle(socket, seconds(timeout));
    let _ = sockopt::set_tcp_keepintvl(socket, seconds(timeout / PROBES));
    let _ = sockopt::set_tcp_keepcnt(socket, PROBES);
}

/// The times are the system's.
#[cfg(any(target_os = "haiku", target_os = "nto", target_os = "openbsd", target_os = "redox"))]
fn keep_alive(_: std::os::fd::BorrowedFd<'_>, _: Duration) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::notice;
    use rustix::net::sockopt;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    #[test]
    fn both_options_are_set() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!sockopt::socket_keepalive(&ours).unwrap());
        let mut set = Vec::new();
        for timeout in [Duration::from_secs(20), Duration::from_millis(100), Duration::MAX] {
            notice(&ours, timeout);
            assert!(sockopt::socket_keepalive(&ours).unwrap());
            let (idle, interval) = (sockopt::tcp_keepidle(&ours).unwrap(), sockopt::tcp_keepintvl(&ours).unwrap());
            set.push((sockopt::tcp_user_timeout(&ours).unwrap(), idle.as_secs(), interval.as_secs()));
            assert_eq!(sockopt::tcp_keepcnt(&ours).unwrap(), 4);
        }
        assert_eq!(set, [(20_000, 20, 5), (100, 1, 1), (i32::MAX as u32, 32_767, 32_767)]);
    }

    #[test]
    fn what_is_not_tcp_is_let_be() {
        notice(UnixStream::pair().unwrap().0, Duration::from_secs(20));
    }
}
