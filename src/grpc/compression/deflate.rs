//! gzip (RFC 1952) and zlib (RFC 1950), both around deflate (RFC 1951), which flate2 does.
//!
//! gzip's head and tail are written and read here: flate2's readers take a stream that ends too early for a whole one,
//! or read on behind its end.

use super::codec::{Codec, Wrong};
use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

pub(super) const GZIP: Codec = Codec { compress: gzip, decompress: gunzip };
pub(super) const ZLIB: Codec = Codec { compress: to_zlib, decompress: from_zlib };

/// Five times as fast as flate2's default, for a tenth more bytes.
const LEVEL: Compression = Compression::fast();

/// A member's head without optional fields (RFC 1952 §2.3): no time, made by the fastest algorithm, on a system that
/// is not said.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// CRC-32 and length.
const TAIL: usize = 8;
/// The most members of one message: as many as compressors that cut their input into pieces of 64 KiB make of 16 MiB.
const MOST_MEMBERS: usize = 256;

/// Appends `data` as one member of gzip, within the capacity that there is. False: it does not fit.
fn gzip(data: &[u8], into: &mut Vec<u8>) -> bool {
    if into.capacity() - into.len() < HEAD.len() {
        return false;
    }
    into.extend_from_slice(&HEAD);
    if !deflate(data, into, false) || into.capacity() - into.len() < TAIL {
        return false;
    }
    let mut crc = Crc::new();
    crc.update(data);
    into.extend_from_slice(&crc.sum().to_le_bytes());
    into.extend_from_slice(&crc.amount().to_le_bytes());
    true
}

/// Appends `data` as zlib, within the capacity that there is. False: it does not fit.
fn to_zlib(data: &[u8], into: &mut Vec<u8>) -> bool {
    deflate(data, into, true)
}

fn deflate(data: &[u8], into: &mut Vec<u8>, zlib: bool) -> bool {
    let done = Compress::new(LEVEL, zlib).compress_vec(data, into, FlushCompress::Finish);
    matches!(done, Ok(Status::StreamEnd))
}

/// What `data` is in gzip; several members are one behind the other (RFC 1952 §2.2).
fn gunzip(mut data: &[u8], limit: usize) -> Result<Vec<u8>, Wrong> {
    let mut out = Vec::new();
    for _ in 0..MOST_MEMBERS {
        data = member(data, &mut out, limit)?;
        match data {
            [] => return Ok(out),
            [0x1f, 0x8b, ..] => {}
            other => return Err(Wrong::Broken(format!("{} bytes stand behind its end", other.len()))),
        }
    }
    Err(Wrong::Broken(format!("it has more than {MOST_MEMBERS} members")))
}

/// What `data` is in zlib.
fn from_zlib(data: &[u8], limit: usize) -> Result<Vec<u8>, Wrong> {
    let mut out = Vec::new();
    match inflate(data, &mut out, limit, true)? {
        [] => Ok(out),
        rest => Err(Wrong::Broken(format!("{} bytes stand behind its end", rest.len()))),
    }
}

/// Appends what one member is; answers what stands behind it.
fn member<'d>(data: &'d [u8], out: &mut Vec<u8>, limit: usize) -> Result<&'d [u8], Wrong> {
    let begin = out.len();
    let rest = inflate(behind_head(data)?, out, limit, false)?;
    let Some((crc, rest)) = rest.split_first_chunk() else { return Err("it ends within its checksum".into()) };
    let Some((length, rest)) = rest.split_first_chunk() else { return Err("it ends within its length".into()) };
    let mut came = Crc::new();
    came.update(out.get(begin..).unwrap_or_default());
    if came.sum() != u32::from_le_bytes(*crc) {
        return Err("its checksum is another".into());
    }
    // Of more than 4 GiB it is the remainder, as here.
    if came.amount() != u32::from_le_bytes(*length) {
        return Err("its length is another".into());
    }
    Ok(rest)
}

/// Passes over a member's head (RFC 1952 §2.3).
fn behind_head(data: &[u8]) -> Result<&[u8], Wrong> {
    const ENDS: &str = "it ends within its head";
    let Some(([magic_1, magic_2, method, flags, ..], rest)) = data.split_first_chunk::<10>() else {
        return Err(ENDS.into());
    };
    if [*magic_1, *magic_2, *method] != [0x1f, 0x8b, 8] {
        return Err("it does not begin as gzip does".into());
    }
    // The first is a hint, FTEXT; the last three are reserved (§2.3.1).
    let [_, has_crc, has_extra, has_name, has_comment, reserved @ ..]: [bool; 8] =
        std::array::from_fn(|bit| flags >> bit & 1 == 1);
    if reserved.contains(&true) {
        return Err("a reserved flag is set in its head".into());
    }
    let mut rest = rest;
    if has_extra {
        let (length, behind) = rest.split_first_chunk().ok_or(ENDS)?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..).ok_or(ENDS)?;
    }
    for _ in 0..usize::from(has_name) + usize::from(has_comment) {
        let end = rest.iter().position(|byte| *byte == 0).ok_or(ENDS)?;
        rest = rest.get(end + 1..).ok_or(ENDS)?;
    }
    let (_, behind) = rest.split_at_checked(if has_crc { 2 } else { 0 }).ok_or(ENDS)?;
    Ok(behind)
}

/// Appends what `data` is, up to `limit` bytes in all; answers what stands behind its end.
fn inflate<'d>(mut data: &'d [u8], out: &mut Vec<u8>, limit: usize, zlib: bool) -> Result<&'d [u8], Wrong> {
    let mut state = Decompress::new(zlib);
    loop {
        let (taken, given) = (state.total_in(), out.len());
        make_room(out, data.len(), limit);
        let done = state.decompress_vec(data, out, FlushDecompress::None);
        let done = done.map_err(|error| Wrong::Broken(error.to_string()))?;
        if out.len() > limit {
            return Err(Wrong::TooLarge);
        }
        let taken = usize::try_from(state.total_in() - taken).unwrap_or(usize::MAX);
        data = data.get(taken..).unwrap_or_default();
        match done {
            Status::StreamEnd => return Ok(data),
            _ if taken == 0 && out.len() == given => return Err("it ends too early".into()),
            _ => {}
        }
    }
}

/// Room for more: as much as has come out, or what is still to go in; no more than one byte above the limit, which
/// shows that there is too much.
fn make_room(out: &mut Vec<u8>, data: usize, limit: usize) {
    if out.len() == out.capacity() {
        let most = (limit - out.len()).saturating_add(1);
        out.reserve_exact(out.len().max(data).max(1_024).min(most));
    }
}
