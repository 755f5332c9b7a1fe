//! The numbers of HTTP/2 and their names: frame types (RFC 9113 §6, RFC 7838, 8336, 9218), flags, settings (§6.5.2,
//! RFC 8441, 9218) and error codes (§7). A number without a name is shown as the number.

use std::fmt;

/// A frame's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameType(pub u8);

impl FrameType {
    /// DATA.
    pub const DATA: Self = Self(0x0);
    /// HEADERS.
    pub const HEADERS: Self = Self(0x1);
    /// PRIORITY.
    pub const PRIORITY: Self = Self(0x2);
    /// RST_STREAM.
    pub const RST_STREAM: Self = Self(0x3);
    /// SETTINGS.
    pub const SETTINGS: Self = Self(0x4);
    /// PUSH_PROMISE.
    pub const PUSH_PROMISE: Self = Self(0x5);
    /// PING.
    pub const PING: Self = Self(0x6);
    /// GOAWAY.
    pub const GOAWAY: Self = Self(0x7);
    /// WINDOW_UPDATE.
    pub const WINDOW_UPDATE: Self = Self(0x8);
    /// CONTINUATION.
    pub const CONTINUATION: Self = Self(0x9);

    /// Whether the type belongs to a stream and never to the connection as a whole.
    pub(super) fn is_of_a_stream(self) -> bool {
        matches!(
            self,
            Self::DATA | Self::HEADERS | Self::PRIORITY | Self::RST_STREAM | Self::PUSH_PROMISE | Self::CONTINUATION
        )
    }

    /// The flags that the type defines, lowest bit first.
    pub(super) fn flag_names(self) -> &'static [(u8, &'static str)] {
        match self {
            Self::DATA => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
            Self::HEADERS => {
                &[(END_STREAM, "END_STREAM"), (0x4, "END_HEADERS"), (PADDED, "PADDED"), (0x20, "PRIORITY")]
            }
            Self::SETTINGS | Self::PING => &[(0x1, "ACK")],
            Self::PUSH_PROMISE => &[(0x4, "END_HEADERS"), (PADDED, "PADDED")],
            Self::CONTINUATION => &[(0x4, "END_HEADERS")],
            _ => &[],
        }
    }
}

/// The flag END_STREAM of DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// The flag PADDED of DATA.
pub(super) const PADDED: u8 = 0x8;

impl fmt::Display for FrameType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0 => "DATA",
            0x1 => "HEADERS",
            0x2 => "PRIORITY",
            0x3 => "RST_STREAM",
            0x4 => "SETTINGS",
            0x5 => "PUSH_PROMISE",
            0x6 => "PING",
            0x7 => "GOAWAY",
            0x8 => "WINDOW_UPDATE",
            0x9 => "CONTINUATION",
            0xa => "ALTSVC",
            0xc => "ORIGIN",
            0x10 => "PRIORITY_UPDATE",
            other => return write!(f, "frame type 0x{other:02x}"),
        })
    }
}

/// The number of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingId(pub u16);

impl fmt::Display for SettingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x1 => "HEADER_TABLE_SIZE",
            0x2 => "ENABLE_PUSH",
            0x3 => "MAX_CONCURRENT_STREAMS",
            0x4 => "INITIAL_WINDOW_SIZE",
            0x5 => "MAX_FRAME_SIZE",
            0x6 => "MAX_HEADER_LIST_SIZE",
            0x8 => "ENABLE_CONNECT_PROTOCOL",
            0x9 => "NO_RFC7540_PRIORITIES",
            other => return write!(f, "0x{other:04x}"),
        })
    }
}

/// Why a stream or a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub u32);

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x0 => "NO_ERROR",
            0x1 => "PROTOCOL_ERROR",
            0x2 => "INTERNAL_ERROR",
            0x3 => "FLOW_CONTROL_ERROR",
            0x4 => "SETTINGS_TIMEOUT",
            0x5 => "STREAM_CLOSED",
            0x6 => "FRAME_SIZE_ERROR",
            0x7 => "REFUSED_STREAM",
            0x8 => "CANCEL",
            0x9 => "COMPRESSION_ERROR",
            0xa => "CONNECT_ERROR",
            0xb => "ENHANCE_YOUR_CALM",
            0xc => "INADEQUATE_SECURITY",
            0xd => "HTTP_1_1_REQUIRED",
            other => return write!(f, "error 0x{other:x}"),
        })
    }
}
