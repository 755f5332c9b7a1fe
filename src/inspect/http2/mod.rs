//! HTTP/2 for showing: frames ([`Frame`], RFC 9113 §6), how they are read off a direction's bytes, and the gRPC
//! messages that begin inside DATA ([`MessagePart`]).

mod frame;
mod grpc;
mod names;
mod reader;

pub use frame::{Detail, Frame, Setting};
pub use grpc::{DataParts, MessagePart};
pub use names::{ErrorCode, FrameType, SettingId};
pub(super) use reader::FrameReader;

/// What a client sends first (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
