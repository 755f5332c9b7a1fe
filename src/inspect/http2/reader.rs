//! Reads frames off one direction's bytes, cut anywhere: nine bytes of head, then the payload counted down. Of a
//! payload it keeps eight bytes, or sixteen settings, or eight message prefixes, whatever the length says.

use super::frame::{Detail, Frame, Setting};
use super::grpc::{DataParts, MessagePart, Progress, Streams};
use super::names::{END_STREAM, ErrorCode, FrameType, PADDED, SettingId};
use crate::inspect::gather::Gather;

/// One direction of a connection, after the preface.
#[derive(Debug)]
pub(in crate::inspect) struct FrameReader {
    head: Gather<9>,
    current: Option<Current>,
    streams: Streams,
}

/// A frame whose payload has not all passed.
#[derive(Debug)]
struct Current {
    frame: Frame,
    left: u32,
    payload: Payload,
}

/// What is kept of a payload as it passes.
#[derive(Debug)]
enum Payload {
    Counted,
    Fixed(Gather<8>),
    Settings { entry: Gather<6>, first: Vec<Setting>, more: u32 },
    Data(Data),
}

/// A DATA frame's payload: perhaps a pad length, the data, perhaps padding.
#[derive(Debug)]
struct Data {
    /// Whether the pad length is still to come.
    pad_length_missing: bool,
    /// Data bytes still to come; what follows them is padding.
    left: u32,
    /// `None` if messages are not followed.
    progress: Option<Progress>,
    parts: DataParts,
}

impl FrameReader {
    pub(in crate::inspect) fn new() -> Self {
        Self { head: Gather::new(), current: None, streams: Streams::default() }
    }

    /// Takes bytes off `input` until a frame is whole; `None` if the input ends before.
    pub(in crate::inspect) fn next(&mut self, input: &mut &[u8]) -> Option<Frame> {
        if self.current.is_none() {
            if !self.head.take(9, input) {
                return None;
            }
            self.current = Some(Current::begin(self.head.all(), &mut self.streams));
            self.head.clear();
        }
        if !self.current.as_mut()?.push(input) {
            return None;
        }
        Some(self.current.take()?.finish(&mut self.streams))
    }

    /// The peer has reset `stream`: nothing more of it will come.
    pub(in crate::inspect) fn forget(&mut self, stream: u32) {
        self.streams.forget(stream);
    }

    /// The frame inside which the bytes stopped, and how many bytes of it are missing; without a frame, bytes of
    /// its head.
    pub(in crate::inspect) fn unfinished(&self) -> Option<(Option<Frame>, u64)> {
        match &self.current {
            Some(current) => Some((Some(current.frame.clone()), u64::from(current.left))),
            None if self.head.bytes().is_empty() => None,
            None => Some((None, 9 - self.head.bytes().len() as u64)),
        }
    }
}

impl Current {
    fn begin(head: [u8; 9], streams: &mut Streams) -> Self {
        let [l0, l1, l2, frame_type, flags, s0, s1, s2, s3] = head;
        let frame = Frame {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            frame_type: FrameType(frame_type),
            flags,
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
            detail: Detail::None,
        };
        let payload = match frame.frame_type {
            FrameType::DATA => Payload::Data(Data::begin(&frame, streams)),
            FrameType::SETTINGS => Payload::Settings { entry: Gather::new(), first: Vec::new(), more: 0 },
            FrameType::RST_STREAM | FrameType::GOAWAY | FrameType::WINDOW_UPDATE => Payload::Fixed(Gather::new()),
            _ => Payload::Counted,
        };
        Self { left: frame.length, frame, payload }
    }

    /// Takes what belongs to this frame off `input`; says whether the frame is whole.
    fn push(&mut self, input: &mut &[u8]) -> bool {
        let here = u32::try_from(input.len()).unwrap_or(u32::MAX).min(self.left);
        let (mut bytes, rest) = input.split_at(here as usize);
        *input = rest;
        self.left -= here;
        match &mut self.payload {
            Payload::Counted => {}
            Payload::Fixed(kept) => {
                kept.take(8, &mut bytes);
            }
            Payload::Settings { entry, first, more } => read_settings(bytes, entry, first, more),
            Payload::Data(data) => data.push(bytes),
        }
        self.left == 0
    }

    fn finish(self, streams: &mut Streams) -> Frame {
        let Self { mut frame, payload, .. } = self;
        frame.detail = match payload {
            Payload::Counted => detail_of_counted(&frame),
            Payload::Fixed(kept) => detail_of_fixed(&frame, kept),
            Payload::Settings { first, more, .. } => detail_of_settings(&frame, first, more),
            Payload::Data(data) => Detail::Data(data.finish(&frame, streams)),
        };
        if frame.frame_type == FrameType::RST_STREAM {
            streams.forget(frame.stream);
        }
        let trailers = frame.frame_type == FrameType::HEADERS && frame.flags & END_STREAM != 0;
        if trailers && streams.end(frame.stream) {
            frame.detail = Detail::Data(DataParts { first: vec![MessagePart::CutOff], more: 0 });
        }
        frame
    }
}

impl Data {
    fn begin(frame: &Frame, streams: &mut Streams) -> Self {
        let padded = frame.flags & PADDED != 0;
        let mut data = Self {
            pad_length_missing: padded,
            left: frame.length,
            progress: streams.take(frame.stream),
            parts: DataParts::default(),
        };
        if !padded {
            data.begin_messages();
        }
        data
    }

    fn begin_messages(&mut self) {
        if let Some(progress) = &self.progress {
            progress.begin(self.left, &mut self.parts);
        }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        if self.pad_length_missing
            && let Some((pad_length, rest)) = bytes.split_first()
        {
            bytes = rest;
            self.pad_length_missing = false;
            // Padding longer than the payload is the peer's error; then there are no data.
            self.left = self.left.saturating_sub(1 + u32::from(*pad_length));
            self.begin_messages();
        }
        let here = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(self.left);
        self.left -= here;
        if let Some(progress) = &mut self.progress {
            progress.push(bytes.get(..here as usize).unwrap_or_default(), &mut self.parts);
        }
    }

    fn finish(mut self, frame: &Frame, streams: &mut Streams) -> DataParts {
        if let Some(progress) = self.progress {
            progress.end(&mut self.parts);
            if frame.flags & END_STREAM != 0 {
                streams.end_at(frame.stream, progress, &mut self.parts);
            } else {
                streams.put_back(frame.stream, progress);
            }
        }
        self.parts
    }
}

fn read_settings(mut bytes: &[u8], entry: &mut Gather<6>, first: &mut Vec<Setting>, more: &mut u32) {
    while !bytes.is_empty() {
        if !entry.take(6, &mut bytes) {
            return;
        }
        let [id0, id1, value @ ..] = entry.all();
        entry.clear();
        if first.len() < Setting::SHOWN {
            first.push(Setting { id: SettingId(u16::from_be_bytes([id0, id1])), value: u32::from_be_bytes(value) });
        } else {
            *more = more.saturating_add(1);
        }
    }
}

fn detail_of_counted(frame: &Frame) -> Detail {
    match (frame.frame_type, frame.length) {
        (FrameType::PING, length) if length != 8 => Detail::WrongLength { expected: "8" },
        (FrameType::PRIORITY, length) if length != 5 => Detail::WrongLength { expected: "5" },
        _ => Detail::None,
    }
}

fn detail_of_fixed(frame: &Frame, kept: Gather<8>) -> Detail {
    let [a0, a1, a2, a3, b0, b1, b2, b3] = kept.all();
    let (first, second) = (u32::from_be_bytes([a0, a1, a2, a3]), u32::from_be_bytes([b0, b1, b2, b3]));
    match (frame.frame_type, frame.length) {
        (FrameType::GOAWAY, 8..) => {
            Detail::GoAway { last_stream: first & 0x7fff_ffff, error: ErrorCode(second), debug_bytes: frame.length - 8 }
        }
        (FrameType::GOAWAY, _) => Detail::WrongLength { expected: "8 or more" },
        (FrameType::RST_STREAM, 4) => Detail::Reset(ErrorCode(first)),
        (FrameType::WINDOW_UPDATE, 4) => Detail::WindowUpdate(first & 0x7fff_ffff),
        _ => Detail::WrongLength { expected: "4" },
    }
}

fn detail_of_settings(frame: &Frame, first: Vec<Setting>, more: u32) -> Detail {
    const ACK: u8 = 0x1;
    if frame.flags & ACK != 0 && frame.length != 0 {
        Detail::WrongLength { expected: "0 with ACK" }
    } else if !frame.length.is_multiple_of(6) {
        Detail::WrongLength { expected: "a multiple of 6" }
    } else {
        Detail::Settings { first, more }
    }
}
