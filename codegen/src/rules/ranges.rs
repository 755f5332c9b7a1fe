//! Ranges of numbers and lists of names that are reserved, and the ranges of extensions.

use protox::prost_reflect::{EnumDescriptor, MessageDescriptor};

use super::Found;

/// The fields of `DescriptorProto` and `EnumDescriptorProto` that hold the things here.
const EXTENSION_RANGE: i32 = 5;
const MESSAGE_RESERVED_RANGE: i32 = 9;
const MESSAGE_RESERVED_NAME: i32 = 10;
const ENUM_RESERVED_RANGE: i32 = 4;
const ENUM_RESERVED_NAME: i32 = 5;

/// Both ends belong to it.
struct Range {
    first: i32,
    last: i32,
    /// Its path from the message or enum.
    path: [i32; 2],
}

impl Range {
    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

pub(super) fn message(message: &MessageDescriptor, found: &mut Found) {
    let proto = message.descriptor_proto();
    // There the end is the number behind the last.
    let reserved = proto.reserved_range.iter().map(|range| (range.start(), range.end().saturating_sub(1)));
    let reserved = ranges(reserved, MESSAGE_RESERVED_RANGE);
    let extensions = proto.extension_range.iter().map(|range| (range.start(), range.end().saturating_sub(1)));
    let extensions = ranges(extensions, EXTENSION_RANGE);
    overlaps("Reserved", &reserved, message.path(), found);
    overlaps("Extension", &extensions, message.path(), found);
    for (range, other) in extensions.iter().flat_map(|range| reserved.iter().map(move |other| (range, other))) {
        if range.overlaps(other) {
            clash("Extension", range, "reserved", other, message.path(), found);
        }
    }
    let names = proto.field.iter().map(|field| field.name());
    reserved_names("Field name", &proto.reserved_name, MESSAGE_RESERVED_NAME, message.path(), found);
    for (index, name) in (0..).zip(names).filter(|(_, name)| proto.reserved_name.iter().any(|other| other == name)) {
        found.add(message.path(), &[2, index, 1], format!("Field name \"{name}\" is reserved."));
    }
}

pub(super) fn declared_enum(declared: &EnumDescriptor, found: &mut Found) {
    let proto = declared.enum_descriptor_proto();
    let reserved = proto.reserved_range.iter().map(|range| (range.start(), range.end()));
    overlaps("Reserved", &ranges(reserved, ENUM_RESERVED_RANGE), declared.path(), found);
    let names = proto.value.iter().map(|value| value.name());
    reserved_names("Enum value", &proto.reserved_name, ENUM_RESERVED_NAME, declared.path(), found);
    for (index, name) in (0..).zip(names).filter(|(_, name)| proto.reserved_name.iter().any(|other| other == name)) {
        found.add(declared.path(), &[2, index, 1], format!("Enum value \"{name}\" is reserved."));
    }
}

fn ranges(ends: impl Iterator<Item = (i32, i32)>, field: i32) -> Vec<Range> {
    (0..).zip(ends).map(|(index, (first, last))| Range { first, last, path: [field, index] }).collect()
}

/// Those of one list with each other: each with the first before it that it overlaps.
fn overlaps(kind: &str, ranges: &[Range], path: &[i32], found: &mut Found) {
    for (index, range) in ranges.iter().enumerate() {
        if let Some(before) = ranges.iter().take(index).find(|before| range.overlaps(before)) {
            clash(kind, range, "already-defined", before, path, found);
        }
    }
}

fn clash(kind: &str, range: &Range, other_kind: &str, other: &Range, path: &[i32], found: &mut Found) {
    let (first, last, other_first, other_last) = (range.first, range.last, other.first, other.last);
    let message =
        format!("{kind} range {first} to {last} overlaps with {other_kind} range {other_first} to {other_last}.");
    found.add(path, &range.path, message);
}

/// Names that are reserved more than once.
fn reserved_names(kind: &str, names: &[String], field: i32, path: &[i32], found: &mut Found) {
    for (index, name) in (0..).zip(names) {
        if names.iter().zip(0..index).any(|(before, _)| before == name) {
            found.add(path, &[field, index], format!("{kind} \"{name}\" is reserved multiple times."));
        }
    }
}
