//! Zstandard (RFC 8878), which ruzstd does.
//!
//! ruzstd's answer to some input, were there a mistake in it, is a panic. It has no state here that outlives a message,
//! so that a panic is caught, and is an error of that message.

mod blocks;

use super::codec::{Codec, Wrong};
use crate::threads::discard;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{self, CompressionLevel};
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(super) const ZSTD: Codec = Codec { compress, decompress };

/// The most frames of one message: as many as compressors that cut their input into pieces of 64 KiB make of 16 MiB.
const MOST_FRAMES: usize = 256;

/// Appends `data` as one frame, within the capacity that there is. False: it does not fit.
fn compress(data: &[u8], into: &mut Vec<u8>) -> bool {
    let room = into.capacity() - into.len();
    let Some(frame) = unless_it_panics(|| encoding::compress_to_vec(data, CompressionLevel::Fastest)) else {
        return false;
    };
    let fits = frame.len() <= room;
    if fits {
        into.extend_from_slice(&frame);
    }
    fits
}

/// What `data` is; several frames are one behind the other (RFC 8878 §3).
fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, Wrong> {
    unless_it_panics(|| frames(data, limit)).unwrap_or_else(|| Err("the decoder gave up".into()))
}

fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_err(|payload| {
        discard(payload);
        log::error!(target: "threadwire::grpc", "ruzstd panicked");
    })
    .ok()
}

fn frames(mut data: &[u8], limit: usize) -> Result<Vec<u8>, Wrong> {
    let mut out = Vec::new();
    let mut blocks = blocks::most(limit);
    for _ in 0..MOST_FRAMES {
        data = frame(data, &mut out, limit, &mut blocks)?;
        if data.is_empty() {
            return Ok(out);
        }
    }
    Err(Wrong::Broken(format!("it has more than {MOST_FRAMES} frames")))
}

/// Appends what one frame is; answers what stands behind it.
fn frame<'d>(data: &'d [u8], out: &mut Vec<u8>, limit: usize, blocks: &mut usize) -> Result<&'d [u8], Wrong> {
    let mut rest = data;
    let mut decoder = FrameDecoder::new();
    match decoder.init(&mut rest) {
        Ok(()) => {}
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            return rest.get(length..).ok_or_else(|| "it ends within a frame that is to be skipped".into());
        }
        Err(error) => return Err(Wrong::Broken(error.to_string())),
    }
    let left = limit - out.len();
    blocks::look_at(rest, blocks, left)?;
    // Blocks until there is a byte too many, or the frame is whole. ruzstd keeps what comes out, since it may be
    // referred to; nothing is allocated for what the head says.
    let whole = decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBytes(left.saturating_add(1)));
    let whole = whole.map_err(|error| Wrong::Broken(error.to_string()))?;
    if !whole || decoder.can_collect() > left {
        return Err(Wrong::TooLarge);
    }
    let content = decoder.collect().unwrap_or_default();
    if decoder.get_checksum_from_data().is_some_and(|said| Some(said) != decoder.get_calculated_checksum()) {
        return Err("its checksum is another".into());
    }
    // Zero is what ruzstd says of a head that does not say.
    if ![0, content.len() as u64].contains(&decoder.content_size()) {
        return Err("its length is another".into());
    }
    if out.is_empty() {
        *out = content;
    } else {
        out.extend_from_slice(&content);
    }
    Ok(rest)
}
