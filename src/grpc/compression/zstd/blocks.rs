//! What blocks say of themselves (RFC 8878 §3.1.1.2 to §3.1.1.3.2), looked at before they are decoded: ruzstd
//! allocates what a block says, and finds out later that there cannot be so much.

use super::super::codec::Wrong;

/// The most bytes that a block becomes (RFC 8878 §3.1.1.2.4).
const MOST_BYTES: usize = 128 * 1024;
/// The shortest match has three bytes.
const MOST_SEQUENCES: usize = MOST_BYTES / 3;

/// The most blocks of a message that may have `limit` bytes: one a KiB, and some more for short ones. Each may have tables
/// that take a hundred times as long to make as to send, and become nothing.
pub(super) fn most(limit: usize) -> usize {
    (limit / 1_024).saturating_add(256)
}

/// Looks at the blocks of a frame, which stand behind its head and may become `bytes`, and takes them off those that are
/// `left`. What ends too early is no concern here.
pub(super) fn look_at(mut data: &[u8], left: &mut usize, mut bytes: usize) -> Result<(), Wrong> {
    while let Some(([a, b, c], behind)) = data.split_first_chunk() {
        let head = u32::from_le_bytes([*a, *b, *c, 0]);
        let (is_last, kind, size) = (head & 1 == 1, head >> 1 & 3, (head >> 3) as usize);
        // Those that are not compressed say what they become.
        bytes = bytes.checked_sub(if kind < 2 { size } else { 0 }).ok_or(Wrong::TooLarge)?;
        *left = left.checked_sub(1).ok_or("it has too many blocks")?;
        // A block that repeats one byte has only that.
        let size = if kind == 1 { 1 } else { size };
        let content = behind.get(..size).unwrap_or(behind);
        if kind == 2 {
            look_into(content)?;
        }
        if is_last {
            break;
        }
        data = behind.get(size..).unwrap_or_default();
    }
    Ok(())
}

/// Looks at a compressed block.
fn look_into(block: &[u8]) -> Result<(), Wrong> {
    let literals = Literals::read(block);
    if literals.becomes > MOST_BYTES {
        return Err("a block says that it has more literals than bytes".into());
    }
    let sequences = match block.get(literals.takes..).unwrap_or_default() {
        [255, low, high, ..] => usize::from(u16::from_le_bytes([*low, *high])) + 0x7f00,
        [high @ 128..=254, low, ..] => usize::from(high - 128) << 8 | usize::from(*low),
        [few, ..] => usize::from(*few),
        [] => 0,
    };
    if sequences > MOST_SEQUENCES {
        return Err("a block says that it has more matches than bytes".into());
    }
    Ok(())
}

/// What the head of the literals says.
struct Literals {
    /// With the head.
    takes: usize,
    becomes: usize,
}

impl Literals {
    fn read(block: &[u8]) -> Self {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(block.iter().take(5)).for_each(|(to, from)| *to = *from);
        let head = u64::from_le_bytes(bytes);
        let part = |from: u32, bits: u32| usize::try_from(head >> from & ((1 << bits) - 1)).unwrap_or(usize::MAX);
        let (kind, format) = (part(0, 2), part(2, 2));
        // Raw, or one byte repeated: one length. Compressed: two.
        let (takes, becomes, packed) = match (kind, format) {
            (0 | 1, 0 | 2) => (1, part(3, 5), None),
            (0 | 1, 1) => (2, part(4, 12), None),
            (0 | 1, _) => (3, part(4, 20), None),
            (_, 0 | 1) => (3, part(4, 10), Some(part(14, 10))),
            (_, 2) => (4, part(4, 14), Some(part(18, 14))),
            (_, _) => (5, part(4, 18), Some(part(22, 18))),
        };
        let packed = packed.unwrap_or(if kind == 0 { becomes } else { 1 });
        Self { takes: takes + packed, becomes }
    }
}
