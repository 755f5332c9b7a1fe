//! The fields of one message in the wire format, one after the other, as they lie in bytes that were encoded here.
//!
//! Not for bytes of a peer: what cannot be read simply ends the walk. Those go through `decode` first.

#[cfg(feature = "json")]
use super::encode::MARK;

/// The fields that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
}

/// One field of the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) number: u32,
    pub(super) value: Wire<'a>,
}

/// Its value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
    /// What lies between the tags.
    Group(&'a [u8]),
}

impl<'a> Wire<'a> {
    /// The bits of a number.
    pub(super) fn bits(self) -> u64 {
        match self {
            Self::Varint(bits) | Self::Fixed64(bits) => bits,
            Self::Fixed32(bits) => u64::from(bits),
            Self::Bytes(_) | Self::Group(_) => 0,
        }
    }

    /// The bytes of anything else.
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) | Self::Group(bytes) => bytes,
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32(_) => &[],
        }
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything that is left can be read.
    pub(super) fn is_whole(mut self) -> bool {
        while !self.rest.is_empty() {
            if self.record().is_none() {
                return false;
            }
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value of a packed list.
    pub(super) fn packed(&mut self, wire_type: u32) -> Option<Wire<'a>> {
        if self.rest.is_empty() { None } else { self.value(0, wire_type) }
    }

    /// The last value of a field by its number.
    pub(super) fn last_of(self, number: u32) -> Option<Wire<'a>> {
        self.filter(|record| record.number == number).last().map(|record| record.value)
    }

    fn record(&mut self) -> Option<Record<'a>> {
        let (number, wire_type) = self.tag()?;
        let value = self.value(number, wire_type)?;
        Some(Record { number, value })
    }

    fn value(&mut self, number: u32, wire_type: u32) -> Option<Wire<'a>> {
        Some(match wire_type {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.bytes(len)?)
            }
            3 => Wire::Group(self.group(number)?),
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return None,
        })
    }

    /// Goes to the end of a group, without recursion, and returns what lies before it.
    fn group(&mut self, number: u32) -> Option<&'a [u8]> {
        let start = self.rest;
        let mut open = vec![number];
        loop {
            let before = self.rest.len();
            let (number, wire_type) = self.tag()?;
            match wire_type {
                3 => open.push(number),
                4 if open.pop() != Some(number) => return None,
                4 if open.is_empty() => return start.get(..start.len() - before),
                4 => {}
                _ => drop(self.value(number, wire_type)?),
            }
        }
    }

    fn tag(&mut self) -> Option<(u32, u32)> {
        let tag = u32::try_from(self.varint()?).ok()?;
        (tag >> 3 > 0).then_some((tag >> 3, tag & 7))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }
}

/// What JSON needs besides.
#[cfg(feature = "json")]
impl<'a> Records<'a> {
    /// Takes the fields with this number that come next.
    pub(super) fn take_number(&mut self, number: u32) -> Self {
        let start = self.rest;
        // The tag alone is looked at first: what follows it may be a group of any length.
        let is_next = |mut ahead: Self| ahead.tag().is_some_and(|(next, _)| next == number);
        while is_next(*self) && self.next().is_some() {}
        Self { rest: start.get(..start.len() - self.rest.len()).unwrap_or_default() }
    }

    /// The known fields, and the bytes of the unknown ones, which `Unknown::Marked` puts behind them.
    pub(super) fn known_and_unknown(self) -> (Self, &'a [u8]) {
        let mut records = self;
        loop {
            let before = records.rest.len();
            match records.next() {
                Some(Record { number: MARK, value }) => {
                    let known = self.rest.get(..self.rest.len() - before).unwrap_or_default();
                    return (Self { rest: known }, value.bytes());
                }
                Some(_) => {}
                None => return (self, &[]),
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let record = self.record();
        if record.is_none() {
            self.rest = &[];
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::Records;
    #[cfg(feature = "json")]
    use super::Wire;

    #[test]
    #[cfg(feature = "json")]
    fn fields_one_after_the_other() {
        // 1: 300, 1: 1, 2: "ab", 3: { 1: 5, 4: {} }, 5: fixed32, 6: fixed64
        let bytes = [8, 0xac, 2, 8, 1, 18, 2, 97, 98, 27, 8, 5, 35, 36, 28, 45, 1, 0, 0, 0, 49, 2, 0, 0, 0, 0, 0, 0, 0];
        let mut records = Records::new(&bytes);
        let first = records.take_number(1).map(|record| record.value.bits()).collect::<Vec<_>>();
        assert_eq!(first, [300, 1]);
        assert!(records.take_number(1).is_empty());
        assert_eq!(records.next().map(|record| record.value.bytes()), Some(&b"ab"[..]));
        let group = records.next().unwrap();
        assert!(matches!(group.value, Wire::Group([8, 5, 35, 36])), "{group:?}");
        assert_eq!(records.map(|record| record.number).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(Records::new(&bytes).last_of(1).map(Wire::bits), Some(1));
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        for bytes in [&[8][..], &[18, 2, 97], &[27, 8, 5], &[27, 36], &[13, 0], &[15, 0], &[0, 0]] {
            assert_eq!(Records::new(bytes).count(), 0, "{bytes:?}");
            assert!(!Records::new(bytes).is_whole());
        }
    }
}
