//! The heads of frames (RFC 9113 §4.1) in bytes that come in any pieces. Payloads are passed over by their length.

const LENGTH: usize = 9;

/// The types of frames (RFC 9113 §6) that are told apart.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const CONTINUATION: u8 = 9;
}

const ACK: u8 = 1;
const END_STREAM: u8 = 1;

/// What a frame says before its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    fn parse(&[high, middle, low, kind, flags, s1, s2, s3, s4]: &[u8; LENGTH]) -> Self {
        Self {
            length: usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low),
            kind,
            flags,
            // One bit is reserved.
            stream: u32::from_be_bytes([s1 & 0x7f, s2, s3, s4]),
        }
    }

    /// Of PING and SETTINGS.
    pub(super) fn acknowledges(self) -> bool {
        self.flags & ACK != 0
    }

    /// Of DATA and HEADERS.
    pub(super) fn ends_stream(self) -> bool {
        self.flags & END_STREAM != 0
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Heads {
    /// To be passed over before the next head.
    skip: usize,
    /// The beginning of a head, of which the rest has not come.
    part: [u8; LENGTH],
    had: usize,
}

impl Heads {
    /// The first head comes behind `skip` bytes.
    pub(super) fn behind(skip: usize) -> Self {
        Self { skip, part: [0; LENGTH], had: 0 }
    }

    /// The next head in `bytes`, of which what was looked at is taken away; nothing when all was.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        *bytes = bytes.get(skipped..)?;
        let head = match bytes.split_first_chunk() {
            Some((whole, rest)) if self.had == 0 => {
                *bytes = rest;
                Head::parse(whole)
            }
            _ => self.piece_together(bytes)?,
        };
        self.skip = head.length;
        Some(head)
    }

    fn piece_together(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        let wanted = self.part.iter_mut().skip(self.had);
        let taken = wanted.zip(bytes.iter()).map(|(place, byte)| *place = *byte).count();
        self.had += taken;
        *bytes = bytes.get(taken..)?;
        (self.had == LENGTH).then(|| {
            self.had = 0;
            Head::parse(&self.part)
        })
    }

    /// Whether all frames that began have been whole.
    pub(super) fn is_between_frames(&self) -> bool {
        self.skip == 0 && self.had == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, Heads};

    fn all(heads: &mut Heads, mut bytes: &[u8]) -> Vec<Head> {
        let found = std::iter::from_fn(|| heads.next(&mut bytes)).collect();
        assert_eq!(bytes, b"");
        found
    }

    #[test]
    fn heads_are_found_at_every_split() {
        let mut bytes = b"preface".to_vec();
        bytes.extend([0, 0, 0, 4, 1, 0, 0, 0, 0]);
        bytes.extend([0, 1, 2, 0, 9, 0x80, 1, 0, 3]);
        bytes.extend([7; 258]);
        bytes.extend([0, 0, 4, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
        let expected = [
            Head { length: 0, kind: 4, flags: 1, stream: 0 },
            Head { length: 258, kind: 0, flags: 9, stream: 0x01_00_03 },
            Head { length: 4, kind: 8, flags: 0, stream: 0 },
        ];
        for split in 0..=bytes.len() {
            let mut heads = Heads::behind(7);
            let mut found = all(&mut heads, &bytes[..split]);
            found.extend(all(&mut heads, &bytes[split..]));
            assert_eq!(found, expected, "{split}");
            assert!(heads.is_between_frames());
        }
        let mut heads = Heads::behind(7);
        assert_eq!(bytes.iter().flat_map(|byte| all(&mut heads, &[*byte])).collect::<Vec<_>>(), expected);
        all(&mut heads, &[0, 0]);
        assert!(!heads.is_between_frames());
        all(&mut heads, &[1, 0, 0, 0, 0, 0, 1]);
        assert!(!heads.is_between_frames());
    }
}
