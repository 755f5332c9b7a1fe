//! Why a stream or a connection ended: h2's errors in our own words.

use std::fmt;

/// Error codes of RFC 9113 §7.
pub(crate) mod reason {
    /// The peer may stop: it has been answered.
    pub(crate) const NO_ERROR: u32 = 0;
    /// Nothing was done for the stream.
    pub(crate) const REFUSED_STREAM: u32 = 7;
    /// The stream is not needed any more.
    pub(crate) const CANCEL: u32 = 8;
}

/// Why a stream or a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The stream was reset with this code (RFC 9113 §7).
    Reset { code: u32, by_peer: bool },
    /// The connection was ended by GOAWAY with this code.
    GoAway { code: u32, by_peer: bool },
    /// The connection was lost.
    Lost(String),
    /// The request or response could not be sent as it is.
    Unsendable(String),
    /// The connection was lost before anything of the stream had left.
    NeverLeft(String),
    /// The peer has ended its half, and waits for nothing more.
    Ended,
    /// This side gave it up while it waited.
    Cancelled,
    /// The deadline has come.
    TimedOut,
}

impl Failure {
    /// Whether the peer is sure to have done nothing for the stream, though it may have come there: it says so
    /// (RFC 9113 §8.7).
    pub(crate) fn is_refusal(&self) -> bool {
        // h2 tells a stream of a GOAWAY of the peer's only if it is above the last that the peer looks after.
        matches!(self, Self::Reset { code: reason::REFUSED_STREAM, by_peer: true } | Self::GoAway { by_peer: true, .. })
    }
}

impl From<h2::Error> for Failure {
    fn from(error: h2::Error) -> Self {
        let by_peer = error.is_remote();
        match error.reason() {
            Some(reason) if error.is_reset() => Self::Reset { code: reason.into(), by_peer },
            Some(reason) if error.is_go_away() => Self::GoAway { code: reason.into(), by_peer },
            _ if error.is_io() => Self::Lost(error.to_string()),
            _ => Self::Unsendable(error.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |by_peer: &bool| if *by_peer { "the peer" } else { "this side" };
        match self {
            Self::Reset { code, by_peer } => {
                write!(f, "{} reset the stream: {:?}", side(by_peer), h2::Reason::from(*code))
            }
            Self::GoAway { code, by_peer } => {
                write!(f, "{} ended the connection: {:?}", side(by_peer), h2::Reason::from(*code))
            }
            Self::NeverLeft(why) => write!(f, "the connection was lost before the call had left: {why}"),
            Self::Ended => f.write_str("the peer has ended the stream, and takes no more"),
            Self::Cancelled => f.write_str("it was cancelled"),
            Self::Lost(why) => write!(f, "the connection was lost: {why}"),
            Self::Unsendable(why) => write!(f, "it cannot be sent: {why}"),
            Self::TimedOut => f.write_str("the deadline has passed"),
        }
    }
}
