//! The wire format written field by field, for parsers that know a message only by its descriptor.
//!
//! JSON and text are not read into messages but into these bytes, which the ordinary decoder then reads: what it
//! promises holds for them too. Owns the writer and what both parsers check of a message's fields.

use std::collections::BTreeSet;

use super::descriptor::{ExtensionDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
use super::parse_error::ParseErrorKind;
use super::records::Records;

/// A scalar value, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Bits(u64),
    Bytes(Vec<u8>),
}

impl Scalar {
    fn is_default(&self) -> bool {
        match self {
            Self::Bits(bits) => *bits == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }
}

/// The bytes written so far.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    pub(super) fn tag(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from(number) << 3 | u64::from(wire_type));
    }

    pub(super) fn varint(&mut self, value: u64) {
        let (bytes, len) = varint(value);
        self.out.extend(bytes.iter().take(len));
    }

    /// A value that is a field of its own.
    pub(super) fn field(&mut self, number: u32, kind: Kind, scalar: &Scalar) {
        self.tag(number, kind.wire_type());
        self.value(kind, scalar);
    }

    /// The value of a field without presence: the default is not written.
    pub(super) fn implicit(&mut self, number: u32, kind: Kind, scalar: &Scalar) {
        if !scalar.is_default() {
            self.field(number, kind, scalar);
        }
    }

    /// A value without its tag.
    pub(super) fn value(&mut self, kind: Kind, scalar: &Scalar) {
        match scalar {
            Scalar::Bits(bits) => match kind.wire_type() {
                5 => self.out.extend((*bits as u32).to_le_bytes()),
                1 => self.out.extend(bits.to_le_bytes()),
                _ => self.varint(*bits),
            },
            Scalar::Bytes(bytes) => {
                self.varint(bytes.len() as u64);
                self.out.extend_from_slice(bytes);
            }
        }
    }

    /// Begins a part behind a length that is not known yet; returns what `end` needs.
    pub(super) fn begin(&mut self) -> usize {
        self.out.push(0); // room for a length below 128
        self.out.len()
    }

    /// Ends a part: its length is put before it.
    pub(super) fn end(&mut self, start: usize) {
        let (bytes, len) = varint((self.out.len() - start) as u64);
        self.out.splice(start - 1..start, bytes.into_iter().take(len));
    }

    /// Begins a message or group as a field.
    pub(super) fn begin_message(&mut self, number: u32, kind: Kind) -> usize {
        self.tag(number, kind.wire_type());
        if matches!(kind, Kind::Group(_)) { self.out.len() } else { self.begin() }
    }

    /// Ends it.
    pub(super) fn end_message(&mut self, number: u32, kind: Kind, start: usize) {
        if matches!(kind, Kind::Group(_)) { self.tag(number, 4) } else { self.end(start) }
    }

    /// A packed list, if it has values, which have been written as fields of their own.
    pub(super) fn pack(&mut self, number: u32, kind: Kind, fields: Self) {
        if fields.out.is_empty() {
            return;
        }
        self.tag(number, 2);
        let start = self.begin();
        for record in Records::new(&fields.out) {
            self.value(kind, &Scalar::Bits(record.value.bits()));
        }
        self.end(start);
    }

    /// Where the next byte goes; `cut` goes back there.
    #[cfg(feature = "json")]
    pub(super) fn position(&self) -> usize {
        self.out.len()
    }

    /// Forgets what was written since.
    #[cfg(feature = "json")]
    pub(super) fn cut(&mut self, position: usize) {
        self.out.truncate(position);
    }
}

fn varint(mut value: u64) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        *byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            break;
        }
        *byte |= 0x80;
    }
    (bytes, len)
}

/// What a parser looks fields up in: a message, or the entry of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'d> {
    pub(super) full_name: &'static str,
    pub(super) fields: &'d [FieldDescriptor],
    pub(super) oneofs: &'d [&'static str],
    pub(super) reserved_names: &'d [&'static str],
}

impl From<&'static MessageDescriptor> for Scope<'static> {
    fn from(descriptor: &'static MessageDescriptor) -> Self {
        let MessageDescriptor { full_name, fields, oneofs, reserved_names } = *descriptor;
        Self { full_name, fields, oneofs, reserved_names }
    }
}

/// Which fields and oneofs of one message have come.
#[derive(Debug)]
pub(super) struct Seen<'d> {
    scope: Scope<'d>,
    /// A bit a field.
    fields: Vec<u64>,
    /// A bit a oneof.
    oneofs: Vec<u64>,
    /// The numbers of extensions.
    extensions: BTreeSet<u32>,
}

impl<'d> Seen<'d> {
    pub(super) fn new(scope: Scope<'d>) -> Self {
        let words = |count: usize| vec![0; count.div_ceil(64)];
        Self {
            scope,
            fields: words(scope.fields.len()),
            oneofs: words(scope.oneofs.len()),
            extensions: BTreeSet::new(),
        }
    }

    /// Notes the field with this index.
    ///
    /// # Errors
    ///
    /// When it has come before, or when another member of its oneof has, unless it `is_null`, which sets none.
    pub(super) fn note(&mut self, index: usize, is_null: bool) -> Result<(), ParseErrorKind> {
        let Some(field) = self.scope.fields.get(index) else { return Ok(()) };
        if !set(&mut self.fields, index) {
            return Err(ParseErrorKind::Duplicate { name: field.name.into() });
        }
        match field.label {
            Label::Member(oneof) if !is_null && !set(&mut self.oneofs, oneof) => {
                let oneof = self.scope.oneofs.get(oneof).copied().unwrap_or_default();
                Err(ParseErrorKind::SecondMember { oneof })
            }
            _ => Ok(()),
        }
    }

    /// Notes an extension.
    ///
    /// # Errors
    ///
    /// When it has come before.
    pub(super) fn note_extension(&mut self, extension: &ExtensionDescriptor) -> Result<(), ParseErrorKind> {
        if self.extensions.insert(extension.field.number) {
            return Ok(());
        }
        Err(ParseErrorKind::Duplicate { name: format!("[{}]", extension.full_name) })
    }

    /// Whether all required fields have come.
    pub(super) fn check_required(&self) -> Result<(), ParseErrorKind> {
        let missing = self.scope.fields.iter().enumerate().find(|(index, field)| {
            let word = self.fields.get(index / 64).copied().unwrap_or_default();
            matches!(field.label, Label::Required) && word & 1 << (index % 64) == 0
        });
        missing.map_or(Ok(()), |(_, field)| Err(ParseErrorKind::Missing { name: field.name }))
    }
}

/// Sets a bit; whether it was not set before.
fn set(words: &mut [u64], index: usize) -> bool {
    let Some(word) = words.get_mut(index / 64) else { return true };
    let bit = 1 << (index % 64);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

#[cfg(test)]
mod tests {
    use super::{Kind, Scalar, Writer};

    #[test]
    fn lengths_are_put_before_parts() {
        for len in [0, 1, 127, 128, 16_384] {
            let mut writer = Writer::default();
            let outer = writer.begin_message(1, Kind::Bytes);
            writer.field(2, Kind::Bytes, &Scalar::Bytes(vec![7; len]));
            writer.end(outer);
            writer.field(3, Kind::Fixed32, &Scalar::Bits(9));

            let mut expected = Writer::default();
            let mut inner = Writer::default();
            inner.field(2, Kind::Bytes, &Scalar::Bytes(vec![7; len]));
            expected.field(1, Kind::Bytes, &Scalar::Bytes(inner.into_bytes()));
            expected.field(3, Kind::Fixed32, &Scalar::Bits(9));
            assert_eq!(writer.into_bytes(), expected.into_bytes());
        }
    }

    #[test]
    fn varints() {
        let written = |value| {
            let mut writer = Writer::default();
            writer.varint(value);
            writer.into_bytes()
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(300), [0xac, 2]);
        assert_eq!(written(u64::MAX), [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }
}
