//! Close codes and the content of a Close frame (RFC 6455 §5.5.1, §7.4).

use std::fmt;

/// Why a connection is closed: a number from 1000 to 4999.
///
/// 3000 to 3999 are for libraries, 4000 to 4999 for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: all that was to be said has been said.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server shuts down, or the page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: this kind of message (text or binary) is not understood here.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the peer's Close frame had no code. Never sent.
    pub const NO_CODE: Self = Self(1005);
    /// 1006: the connection ended without a Close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: a text message was not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: the message breaks a rule of the program.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: the message is too big.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the server did not agree to an extension that the client needs.
    pub const EXTENSION_REQUIRED: Self = Self(1010);
    /// 1011: the server met something it did not expect.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the server restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: too much is asked for now.
    pub const TRY_AGAIN_LATER: Self = Self(1013);

    /// Whether a Close frame may carry it. (1005, 1006 and 1015 only stand for what happened.)
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Whether it says that nothing went wrong: 1000, 1001, or no code at all.
    pub const fn is_clean(self) -> bool {
        matches!(self.0, 1000 | 1001 | 1005)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            1000 => " normal closure",
            1001 => " going away",
            1002 => " protocol error",
            1003 => " unsupported data",
            1005 => " no code",
            1006 => " abnormal closure",
            1007 => " invalid payload",
            1008 => " policy violation",
            1009 => " message too big",
            1010 => " extension required",
            1011 => " internal error",
            1012 => " service restart",
            1013 => " try again later",
            _ => "",
        };
        write!(f, "{}{name}", self.0)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// The most bytes of a reason: what a control frame holds beside the code.
const REASON_BYTES: usize = 123;

/// What a Close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why; [`CloseCode::NO_CODE`] if the frame was empty.
    pub code: CloseCode,
    /// A text for people, of at most 123 bytes; often empty.
    pub reason: String,
}

impl CloseFrame {
    /// A frame with `code` and as much of `reason` as fits, cut between characters.
    ///
    /// ```
    /// let frame = threadwire::websocket::CloseFrame::new(4000, "enough");
    /// assert_eq!(frame.to_string(), "4000: enough");
    /// ```
    pub fn new(code: impl Into<CloseCode>, reason: &str) -> Self {
        let mut end = reason.len().min(REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self { code: code.into(), reason: reason.get(..end).unwrap_or_default().to_owned() }
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        // The peer wrote the reason: what would move a terminal's cursor is shown as an escape.
        if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason.escape_debug()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, CloseFrame};

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = CloseFrame::new(CloseCode::NORMAL, &"ж".repeat(100));
        assert_eq!(frame.reason, "ж".repeat(61));
    }

    #[test]
    fn codes_that_only_stand_for_what_happened_are_not_sent() {
        let sendable: Vec<u16> = (0..=u16::MAX).filter(|code| CloseCode(*code).may_be_sent()).collect();
        assert!([1000, 1003, 1007, 1011, 1014, 3000, 4999].iter().all(|code| sendable.contains(code)));
        assert!([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].iter().all(|code| !sendable.contains(code)));
    }
}
