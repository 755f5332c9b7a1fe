//! One HTTP/2 frame as it is shown: its head (RFC 9113 §4.1) and the few values of its payload that a reader asks
//! for first.

use super::grpc::DataParts;
use super::names::{ErrorCode, FrameType, SettingId};
use std::fmt;

/// A frame. Its `Display` is its one line: type, stream, flags, length, and after `·` what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The length of the payload, in bytes.
    pub length: u32,
    /// The type.
    pub frame_type: FrameType,
    /// The flags as they came.
    pub flags: u8,
    /// The stream; 0 is the connection.
    pub stream: u32,
    /// What is in it.
    pub detail: Detail,
}

/// What is known of a frame's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// Nothing is shown of this type's payload.
    None,
    /// gRPC messages in a DATA frame, or a HEADERS frame that ends the stream inside one.
    Data(DataParts),
    /// The values of a SETTINGS frame, in their order.
    Settings {
        /// The first of them, [`Setting::SHOWN`] at most.
        first: Vec<Setting>,
        /// How many came after these.
        more: u32,
    },
    /// Why a RST_STREAM ends its stream.
    Reset(ErrorCode),
    /// A GOAWAY.
    GoAway {
        /// The last stream that was or might be acted on.
        last_stream: u32,
        /// Why the connection ends.
        error: ErrorCode,
        /// The length of the debug data, in bytes.
        debug_bytes: u32,
    },
    /// How many bytes a WINDOW_UPDATE adds.
    WindowUpdate(u32),
    /// The payload does not have the length that the type asks for (RFC 9113 §6: FRAME_SIZE_ERROR).
    WrongLength {
        /// What the length should be.
        expected: &'static str,
    },
}

/// One value of a SETTINGS frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Which setting.
    pub id: SettingId,
    /// Its value.
    pub value: u32,
}

impl Setting {
    /// How many settings of a frame are kept; RFC 9113 defines six, and later documents two that are in use.
    pub const SHOWN: usize = 16;
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.frame_type)?;
        if self.stream != 0 || self.frame_type.is_of_a_stream() {
            write!(f, " stream={}", self.stream)?;
        }
        let mut unnamed = self.flags;
        for (bit, name) in self.frame_type.flag_names() {
            if self.flags & bit != 0 {
                write!(f, " {name}")?;
                unnamed &= !bit;
            }
        }
        if unnamed != 0 {
            write!(f, " flags=0x{unnamed:02x}")?;
        }
        write!(f, " {} bytes{}", self.length, self.detail)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Data(parts) => write!(f, "{parts}"),
            Self::Settings { first, more } => {
                for (index, Setting { id, value }) in first.iter().enumerate() {
                    let before = if index == 0 { " ·" } else { "" };
                    write!(f, "{before} {id}={value}")?;
                }
                if *more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Reset(error) => write!(f, " · {error}"),
            Self::GoAway { last_stream, error, debug_bytes } => {
                write!(f, " · {error} last_stream={last_stream}")?;
                if *debug_bytes > 0 { write!(f, ", {debug_bytes} bytes of debug data") } else { Ok(()) }
            }
            Self::WindowUpdate(increment) => write!(f, " · +{increment}"),
            Self::WrongLength { expected } => write!(f, " · wrong length, expected {expected}"),
        }
    }
}
