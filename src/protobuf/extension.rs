//! The extensions of a message, found among its unknown fields, for JSON and text.
//!
//! They come from a peer, and nothing has looked at them yet: what is no value of the extension's type is left an
//! unknown field here. What is found can be printed as any other field.

use std::collections::BTreeMap;

use super::TypeRegistry;
use super::descriptor::{ExtensionDescriptor, Kind};
use super::encode::Unknown;
use super::records::{Record, Records, Wire};

/// An extension with its values: at least one, and one only if it is no list.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) extension: &'static ExtensionDescriptor,
    pub(super) values: Vec<Value<'a>>,
}

/// One value.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Scalar(Wire<'a>),
    /// A message or group, encoded by this crate.
    Message(Vec<u8>),
}

impl Value<'_> {
    pub(super) fn wire(&self) -> Wire<'_> {
        match self {
            Self::Scalar(wire) => *wire,
            Self::Message(bytes) => Wire::Bytes(bytes),
        }
    }
}

/// The extensions in the order of their numbers, and the fields that are none. `within` is what becomes of the unknown
/// fields of their messages.
pub(super) fn find<'a>(
    types: &TypeRegistry,
    extendee: &'static str,
    unknown: &'a [u8],
    within: Unknown,
) -> (Vec<Found<'a>>, Vec<Record<'a>>) {
    let mut own = BTreeMap::<u32, (&'static ExtensionDescriptor, Vec<Record<'a>>)>::new();
    let mut rest = Vec::new();
    for record in Records::new(unknown) {
        match types.extension_by_number(extendee, record.number).filter(|extension| accepts(extension, record.value)) {
            Some(extension) => own.entry(record.number).or_insert((extension, Vec::new())).1.push(record),
            None => rest.push(record),
        }
    }
    let mut found = Vec::new();
    for (extension, records) in own.into_values() {
        match values(extension, &records, within) {
            Some(values) => found.push(Found { extension, values }),
            None => rest.extend(records),
        }
    }
    (found, rest)
}

/// Whether a field of the wire may be one of the extension.
fn accepts(extension: &ExtensionDescriptor, value: Wire<'_>) -> bool {
    let kind = extension.field.kind;
    match (kind.wire_type(), value) {
        (0, Wire::Varint(_)) | (1, Wire::Fixed64(_)) | (5, Wire::Fixed32(_)) => is_value(kind, value),
        (2, Wire::Bytes(_)) => is_value(kind, value),
        (3, Wire::Group(_)) => true,
        // Lists of numbers come packed and not, however they are declared.
        (0 | 1 | 5, Wire::Bytes(_)) => extension.field.label.is_list() && unpacked(kind, value).is_some(),
        _ => false,
    }
}

fn is_value(kind: Kind, value: Wire<'_>) -> bool {
    match kind {
        Kind::String => std::str::from_utf8(value.bytes()).is_ok(),
        Kind::Enum(descriptor) => !descriptor().is_closed || descriptor().name(value.bits() as i32).is_some(),
        _ => true,
    }
}

/// What is in a packed list, if it can be read to its end.
fn unpacked(kind: Kind, value: Wire<'_>) -> Option<Vec<Wire<'_>>> {
    let mut records = Records::new(value.bytes());
    let mut values = Vec::new();
    while !records.is_empty() {
        values.push(records.packed(kind.wire_type()).filter(|value| is_value(kind, *value))?);
    }
    Some(values)
}

/// The values, if there are any and all can be read.
fn values<'a>(extension: &ExtensionDescriptor, records: &[Record<'a>], within: Unknown) -> Option<Vec<Value<'a>>> {
    let is_list = extension.field.label.is_list();
    let Some(codec) = extension.codec else {
        let mut values = scalars(extension.field.kind, records)?;
        let surplus = if is_list { 0 } else { values.len() - 1 };
        return Some(values.drain(surplus..).collect());
    };
    let bytes = records.iter().map(|record| record.value.bytes());
    // Several values of what is no list are merged, as their bytes one behind the other would be.
    let messages = if is_list { bytes.map(<[u8]>::to_vec).collect() } else { vec![bytes.collect::<Vec<_>>().concat()] };
    messages.iter().map(|bytes| (codec.encode)(bytes, within).ok().map(Value::Message)).collect()
}

fn scalars<'a>(kind: Kind, records: &[Record<'a>]) -> Option<Vec<Value<'a>>> {
    let mut values = Vec::new();
    for record in records {
        match record.value {
            Wire::Bytes(_) if kind.wire_type() != 2 => values.extend(unpacked(kind, record.value)?),
            value => values.push(value),
        }
    }
    (!values.is_empty()).then(|| values.into_iter().map(Value::Scalar).collect())
}
