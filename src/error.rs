//! The error of local operations: addresses, listening, connecting, waiting.
//!
//! The outcome of a gRPC call is a `grpc::Status`, that of a WebSocket operation a `websocket::Error`; both can
//! carry this error as their source. Every variant says what was asked for and what came instead.

use std::fmt;
use std::io;
use std::time::Duration;

/// What went wrong on this side, before or below a protocol.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be read; `expected` says what it should look like.
    Address {
        /// The address as it was given.
        address: String,
        /// What would have been understood, such as `host:port`.
        expected: &'static str,
    },
    /// The host name resolves to nothing.
    Resolve {
        /// The name as it was given.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The address cannot be listened on.
    Bind {
        /// The address as it was given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The peer cannot be reached.
    Connect {
        /// The address as it was given.
        address: String,
        /// What the system said of the last address tried.
        source: io::Error,
    },
    /// The operation did not end in its time.
    TimedOut {
        /// What was waited for, such as `connect to localhost:50051`.
        operation: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// A thread could not be started.
    Thread {
        /// The name the thread would have had.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The operation was ended from another thread, or what it works on has been shut down.
    Closed {
        /// What has been shut down, such as `server`.
        what: &'static str,
    },
    /// It was made in another process, from which this one was forked: its connections are that one's, and its threads
    /// are not here.
    OtherProcess {
        /// What was made there, such as `channel`.
        what: &'static str,
    },
    /// Reading or writing failed.
    Io {
        /// What was being done.
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, expected } => {
                write!(f, "cannot read the address '{address}': expected {expected}")
            }
            Self::Resolve { host, source } => {
                write!(f, "cannot resolve the host name '{host}': {source}")
            }
            Self::Bind { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Connect { address, source } => write!(f, "cannot connect to {address}: {source}"),
            Self::TimedOut { operation, after } => {
                write!(f, "{operation}: no end within {after:?}")
            }
            Self::Thread { name, source } => {
                write!(f, "cannot start the thread '{name}': {source}")
            }
            Self::Closed { what } => write!(f, "the {what} has been shut down"),
            Self::OtherProcess { what } => {
                write!(f, "the {what} was made in another process, before a fork; make one in this process")
            }
            Self::Io { operation, source } => write!(f, "{operation}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Resolve { source, .. }
            | Self::Bind { source, .. }
            | Self::Connect { source, .. }
            | Self::Thread { source, .. }
            | Self::Io { source, .. } => Some(source),
            Self::Address { .. } | Self::TimedOut { .. } | Self::Closed { .. } | Self::OtherProcess { .. } => None,
        }
    }
}
