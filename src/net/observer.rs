//! Watching the bytes of connections as they pass, in plain text (inside TLS), for the inspector and for counters.

use std::fmt;
use std::time::Instant;

/// Which way bytes went, seen from this end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the peer to here.
    Received,
    /// From here to the peer.
    Sent,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Received => "←",
            Self::Sent => "→",
        })
    }
}

/// Sees the bytes of every connection of the server or channel it is given to.
///
/// It is called on the thread that moves the bytes, while that thread drives the connection: it must be quick, and it
/// must not call back into the connection.
pub trait Observer: Send + Sync {
    /// `bytes` passed on connection number `connection` (numbers begin at 1 and are not used again).
    fn bytes(&self, connection: u64, direction: Direction, at: Instant, bytes: &[u8]);

    /// The connection has been closed; no bytes of it will follow.
    fn closed(&self, connection: u64) {
        let _ = connection;
    }
}
