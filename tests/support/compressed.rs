//! Compressed messages made by hand, apart from the crates that the library uses: what any compressor may make, and
//! bombs.

#![allow(dead_code, reason = "each test uses a part of it")]

/// As `grpc-encoding` names it, `data` in pieces that are not made shorter.
pub fn stored(encoding: &str, data: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => gzip(&stored_blocks(data), data),
        "deflate" => zlib(&stored_blocks(data), data),
        "zstd" => zstd_raw(data),
        other => panic!("{other}"),
    }
}

/// `length` zeros, as short as the encoding allows.
pub fn zeros(encoding: &str, length: usize) -> Vec<u8> {
    match encoding {
        "gzip" => gzip(&run_of_zeros(length), &vec![0; length]),
        "deflate" => zlib(&run_of_zeros(length), &vec![0; length]),
        "zstd" => zstd_zeros(length),
        other => panic!("{other}"),
    }
}

/// A member (RFC 1952 §2.3) of this deflate stream.
fn gzip(deflated: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap();
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], deflated, &crc32(data).to_le_bytes(), &length.to_le_bytes()].concat()
}

/// RFC 1950 §2.2.
fn zlib(deflated: &[u8], data: &[u8]) -> Vec<u8> {
    [&[0x78, 0x9c], deflated, &adler32(data).to_be_bytes()].concat()
}

/// RFC 1951 §3.2.4.
fn stored_blocks(data: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::new();
    let pieces = data.len().div_ceil(65_535).max(1);
    for piece in 0..pieces {
        let data = &data[piece * 65_535..data.len().min((piece + 1) * 65_535)];
        let length = u16::try_from(data.len()).unwrap();
        blocks.push(u8::from(piece + 1 == pieces));
        blocks.extend(length.to_le_bytes());
        blocks.extend((!length).to_le_bytes());
        blocks.extend(data);
    }
    blocks
}

/// One block with the fixed codes (RFC 1951 §3.2.6): a zero, then matches of 258 bytes one byte back, then zeros.
fn run_of_zeros(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3);
    let matches = length.saturating_sub(1) / 258;
    let literals = length - matches * 258;
    for literal in 0..literals {
        // The literal 0 is 00110000, codes with the first bit first.
        bits.put(0b0000_1100, 8);
        if literal == 0 {
            // Length code 285 is 11000101, distance code 0 is 00000.
            (0..matches).for_each(|_| bits.put(0b1010_0011, 13));
        }
    }
    bits.put(0, 7);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    /// The lowest bit first.
    fn put(&mut self, value: u16, count: usize) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << (self.used % 8);
            self.used += 1;
        }
    }
}

/// A frame (RFC 8878 §3.1.1) of raw blocks, whose head says neither its length nor a checksum, with a window of 8 MiB.
fn zstd_raw(data: &[u8]) -> Vec<u8> {
    zstd(data.len(), |at, length| (0, data[at..at + length].to_vec()))
}

/// The same with blocks that repeat one byte.
fn zstd_zeros(length: usize) -> Vec<u8> {
    zstd(length, |_, _| (1, vec![0]))
}

/// Compressed blocks that say more than they can have: literals that repeat one byte, 1 MiB of them; then 65,279
/// sequences, of which there is none.
pub fn boasting_zstd() -> [Vec<u8>; 2] {
    let block = |content: &[u8]| {
        let head = 1 | 2 << 1 | u32::try_from(content.len()).unwrap() << 3;
        [&zstd_head()[..], &head.to_le_bytes()[..3], content].concat()
    };
    [block(&[0b1111_1101, 0xff, 0xff, 7, 0]), block(&[0b0000_1001, 7, 255, 0xff, 0x7f, 0, 1, 1])]
}

fn zstd_head() -> Vec<u8> {
    vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3]
}

fn zstd(length: usize, mut block: impl FnMut(usize, usize) -> (u32, Vec<u8>)) -> Vec<u8> {
    const MOST: usize = 128 * 1024;
    let mut frame = zstd_head();
    let blocks = length.div_ceil(MOST).max(1);
    for number in 0..blocks {
        let size = (length - number * MOST).min(MOST);
        let (kind, content) = block(number * MOST, size);
        let head = u32::from(number + 1 == blocks) | kind << 1 | u32::try_from(size).unwrap() << 3;
        frame.extend(&head.to_le_bytes()[..3]);
        frame.extend(content);
    }
    frame
}

/// RFC 1952 §8.
fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xedb8_8320 ^ crc >> 1 } else { crc >> 1 };
    let table: [u32; 256] = std::array::from_fn(|byte| (0..8).fold(u32::try_from(byte).unwrap(), |crc, _| step(crc)));
    !data.iter().fold(!0, |crc: u32, byte| table[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ crc >> 8)
}

/// RFC 1950 §8.
fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}
