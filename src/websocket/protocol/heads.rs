//! The heads of frames (RFC 6455 §5.2) in bytes that come in any pieces, for what tungstenite does not say: how many
//! fragments a message has, and whether one has begun. What is wrong with a frame is tungstenite's to find.

/// The longest head: two bytes, a length of eight, a mask of four.
const MOST: usize = 14;
const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;

/// The frames of one peer.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Of a payload, to be passed over before the next head.
    skip: u64,
    part: Vec<u8>,
    /// Of the message that has begun and not ended.
    fragments: usize,
}

impl Heads {
    /// Looks at bytes as they come. With more than `most` fragments in a message it stops: how many bytes there are
    /// before that was plain.
    pub(super) fn look(&mut self, bytes: &[u8], most: usize) -> Result<(), usize> {
        let mut rest = bytes;
        loop {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(rest.len());
            self.skip -= skipped as u64;
            let Some((byte, behind)) = rest.get(skipped..).and_then(<[u8]>::split_first) else { return Ok(()) };
            self.part.push(*byte);
            rest = behind;
            if self.is_whole() {
                self.begin();
                if self.fragments > most {
                    return Err(bytes.len() - rest.len());
                }
            }
        }
    }

    /// Whether a frame or a message has begun and is not whole.
    pub(super) fn is_within(&self) -> bool {
        self.skip > 0 || !self.part.is_empty() || self.fragments > 0
    }

    /// How long the head is, of which at least two bytes have come.
    fn length(&self) -> usize {
        let [_, second, ..] = *self.part else { return MOST };
        let length = match second & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + length + if second & MASKED == 0 { 0 } else { 4 }
    }

    fn is_whole(&self) -> bool {
        self.part.len() >= self.length()
    }

    fn begin(&mut self) {
        let [first, second, extended @ ..] = &*self.part else { return };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.skip = match second & !MASKED {
            126 => number(extended.get(..2).unwrap_or_default()),
            127 => number(extended.get(..8).unwrap_or_default()),
            short => u64::from(short),
        };
        let is_control = first & 0x08 != 0;
        if !is_control {
            let fragments = if first & OPCODE == CONTINUATION { self.fragments } else { 0 };
            self.fragments = if first & FIN == 0 { fragments + 1 } else { 0 };
        }
        self.part.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Heads;

    /// Three fragments with a Ping between them, lengths of all three forms, and a whole message.
    fn script() -> Vec<u8> {
        let mut bytes = vec![0x01, 0x83, 1, 2, 3, 4, 9, 9, 9];
        bytes.extend([0x89, 0x80, 1, 2, 3, 4]);
        bytes.extend([0x00, 126, 1, 0]);
        bytes.extend([8; 256]);
        bytes.extend([0x80, 127, 0, 0, 0, 0, 0, 0, 0, 2, 7, 7]);
        bytes.extend([0x82, 0]);
        bytes
    }

    #[test]
    fn where_messages_begin_and_end_is_found_at_every_split() {
        let bytes = script();
        let message = bytes.len() - 2;
        for split in 0..=bytes.len() {
            let mut heads = Heads::default();
            heads.look(&bytes[..split], 3).unwrap();
            assert_eq!(heads.is_within(), !matches!(split, 0) && split != message && split != bytes.len(), "{split}");
            heads.look(&bytes[split..], 3).unwrap();
            assert!(!heads.is_within(), "{split}");
        }
    }

    #[test]
    fn one_fragment_too_many_is_found_at_every_split() {
        let bytes = script();
        // The head of the second fragment ends here.
        let end = 9 + 6 + 4;
        for split in 0..end {
            let mut heads = Heads::default();
            heads.look(&bytes[..split], 1).unwrap();
            assert_eq!(heads.look(&bytes[split..], 1), Err(end - split), "{split}");
        }
    }
}
