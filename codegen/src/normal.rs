//! The one .proto file that pb-rs is given: plain messages and enums under names of our own.
//!
//! pb-rs's parser stumbles over much of what .proto files may contain: services, options, negative numbers,
//! names that begin like a scalar type, keywords, several files of a package. None of it is left here:
//! - everything lies flat in one file; names are `M3_`, `E1_`, `f7_`, `o0_` and the original name behind it;
//! - what a message has stands in `BM3_`, and `M3_` is empty, so that to pb-rs no message contains another's fields,
//!   let alone itself: it would look for the ways around, and that can take forever (see `cycles`);
//! - the syntax is proto2, where pb-rs makes `Option<T>` of `optional` and `T` of `required`, which here only tell
//!   fields with presence from those without;
//! - lists are never packed, which pb-rs would make a borrowed list; enum values are numbered from 0, since only their
//!   order is used.

use std::fmt::Write as _;

use crate::model::{Field, Kind, Label, Schema};

/// The name by which fields hold a message.
pub(crate) fn message_name(index: usize, schema: &Schema) -> String {
    let name = schema.messages.get(index).map_or("", |message| &message.name);
    format!("M{index}_{name}")
}

/// The name under which its members stand.
pub(crate) fn body_name(index: usize, schema: &Schema) -> String {
    format!("B{}", message_name(index, schema))
}

pub(crate) fn enum_name(index: usize, schema: &Schema) -> String {
    let name = schema.enums.get(index).map_or("", |declared| &declared.name);
    format!("E{index}_{name}")
}

pub(crate) fn field_name(field: &Field) -> String {
    format!("f{}_{}", field.number, field.proto_name)
}

pub(crate) fn oneof_name(index: usize) -> String {
    format!("o{index}_oneof")
}

pub(crate) fn value_name(index: usize) -> String {
    format!("V{index}")
}

/// The whole file.
pub(crate) fn proto(schema: &Schema) -> String {
    let mut out = String::from("syntax = \"proto2\";\n");
    for (index, message) in schema.messages.iter().enumerate() {
        line(&mut out, &format!("message {} {{ }}", message_name(index, schema)));
        line(&mut out, &format!("message {} {{", body_name(index, schema)));
        for field in &message.fields {
            let kind = kind_name(field.kind, schema);
            let (name, number) = (field_name(field), field.number);
            match field.label {
                Label::Singular => line(&mut out, &format!("  required {kind} {name} = {number};")),
                Label::Optional | Label::Required => line(&mut out, &format!("  optional {kind} {name} = {number};")),
                Label::Repeated | Label::Packed => line(&mut out, &format!("  repeated {kind} {name} = {number};")),
                Label::Map(key) => {
                    let key = kind_name(key, schema);
                    line(&mut out, &format!("  map<{key}, {kind}> {name} = {number};"));
                }
                Label::Member(_) => {}
            }
        }
        for oneof in 0..message.oneofs.len() {
            line(&mut out, &format!("  oneof {} {{", oneof_name(oneof)));
            for field in message.fields.iter().filter(|field| field.label == Label::Member(oneof)) {
                let kind = kind_name(field.kind, schema);
                line(&mut out, &format!("    {kind} {} = {};", field_name(field), field.number));
            }
            line(&mut out, "  }");
        }
        line(&mut out, "}");
    }
    for (index, declared) in schema.enums.iter().enumerate() {
        line(&mut out, &format!("enum {} {{", enum_name(index, schema)));
        for value in 0..declared.values.len() {
            line(&mut out, &format!("  {} = {value};", value_name(value)));
        }
        line(&mut out, "}");
    }
    out
}

fn kind_name(kind: Kind, schema: &Schema) -> String {
    match kind {
        Kind::Scalar(scalar) => scalar.proto.to_owned(),
        Kind::Message(index) | Kind::Group(index) => message_name(index, schema),
        Kind::Enum(index) => enum_name(index, schema),
    }
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}"); // a String takes everything
}
