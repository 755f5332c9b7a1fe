//! The descriptors as protoc writes them, where protox writes something else.
//!
//! - The body of a method, `{}`, gives it options, though they are empty; protox forgets that it was there.
//! - The default of a floating-point field is written as C++ prints the number, `9e+09`.
//! - Maps in options are in the order of their keys; protox has them in any order, and so in another with each build.
//! - Options that are declared for the source alone (`retention = RETENTION_SOURCE`) are left out, and so is source info.
//!
//! All else is copied as it is, options of the user's own included. One difference stays, which no reader sees: a key or
//! value that is the default is not written in an entry of such a map.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use protox::Compiler;
use protox::prost_reflect::prost::encoding::{self, DecodeContext, WireType};
use protox::prost_reflect::prost::{DecodeError, Message as _};
use protox::prost_reflect::prost_types::field_descriptor_proto::Type;
use protox::prost_reflect::prost_types::{FileDescriptorProto, MethodOptions};
use protox::prost_reflect::{DynamicMessage, FileDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use crate::{Error, number};

/// The serialized `FileDescriptorSet` of all files, imports before what imports them.
pub(crate) fn encode(compiler: &Compiler) -> Result<Vec<u8>, Error> {
    let pool = compiler.descriptor_pool();
    // Options of the user's own are declared only where this is imported.
    let declared = pool.get_message_by_name("google.protobuf.FileDescriptorProto");
    let declared = declared.unwrap_or_else(|| FileDescriptorProto::default().descriptor());
    let mut set = Vec::new();
    for (file, metadata) in pool.files().zip(compiler.files()) {
        let mended = mended(&file, metadata.path())?.encode_to_vec();
        encoding::bytes::encode(1, &in_order(&declared, &mended).map_err(|error| wrong(&error))?, &mut set);
    }
    Ok(set)
}

fn wrong(error: &DecodeError) -> Error {
    Error::Types(format!("protox wrote descriptors that cannot be read: {error}"))
}

/// All but the order of maps and what the source alone has.
fn mended(file: &FileDescriptor, path: Option<&Path>) -> Result<DynamicMessage, Error> {
    let descriptor = FileDescriptorProto::default().descriptor();
    let mut message =
        DynamicMessage::decode(descriptor, file.encode_to_vec().as_slice()).map_err(|error| wrong(&error))?;
    message.clear_field_by_name("source_code_info");
    let bodies = bodies(file.file_descriptor_proto(), path)?;
    for (service, index) in list(&mut message, "service").zip(0..) {
        for (method, path) in list(service, "method").zip((0..).map(|method| [6, index, 2, method])) {
            if bodies.contains(path.as_slice()) && !method.has_field_by_name("options") {
                let empty = MethodOptions::default().transcode_to_dynamic();
                method.set_field_by_name("options", Value::Message(empty));
            }
        }
    }
    list(&mut message, "extension").for_each(mend_default);
    list(&mut message, "message_type").for_each(mend_defaults);
    Ok(message)
}

fn list<'m>(message: &'m mut DynamicMessage, field: &str) -> impl Iterator<Item = &'m mut DynamicMessage> {
    let list = message.get_field_by_name_mut(field).and_then(Value::as_list_mut);
    list.into_iter().flatten().filter_map(Value::as_message_mut)
}

/// The methods that end with a brace, as paths in the file's descriptor.
fn bodies<'f>(file: &'f FileDescriptorProto, path: Option<&Path>) -> Result<BTreeSet<&'f [i32]>, Error> {
    let Some(path) = path else { return Ok(BTreeSet::new()) };
    let source = fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let lines = source.split('\n').collect::<Vec<_>>();
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let methods = locations.filter(|location| matches!(location.path.as_slice(), [6, _, 2, _]));
    let with_body = methods.filter(|location| {
        let last = match location.span.as_slice() {
            [line, _, column] | [_, _, line, column] => {
                usize::try_from(*line).ok().zip(usize::try_from(column - 1).ok())
            }
            _ => None,
        };
        last.and_then(|(line, column)| lines.get(line)?.as_bytes().get(column)) == Some(&b'}')
    });
    Ok(with_body.map(|location| location.path.as_slice()).collect())
}

fn mend_defaults(message: &mut DynamicMessage) {
    list(message, "field").for_each(mend_default);
    list(message, "extension").for_each(mend_default);
    list(message, "nested_type").for_each(mend_defaults);
}

fn mend_default(field: &mut DynamicMessage) {
    let text = field.get_field_by_name("default_value").filter(|_| field.has_field_by_name("default_value"));
    let Some(value) = text.and_then(|text| text.as_str().and_then(|text| text.parse::<f64>().ok())) else { return };
    let kind = field.get_field_by_name("type").and_then(|kind| kind.as_enum_number());
    let text = match kind {
        Some(kind) if kind == Type::Float as i32 => number::float(value as f32),
        Some(kind) if kind == Type::Double as i32 => number::double(value),
        _ => return,
    };
    field.set_field_by_name("default_value", Value::String(text));
}

/// A field as it is written.
struct Field {
    number: u32,
    /// Of an entry of a map.
    key: Option<MapKey>,
    bytes: Vec<u8>,
}

/// The message, and those in it, with their maps in the order of their keys and without what the source alone has.
fn in_order(message: &MessageDescriptor, mut bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let start = bytes;
        let (number, wire_type) = encoding::decode_key(&mut bytes)?;
        let value = bytes;
        encoding::skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
        let (whole, value) = (before(start, bytes), before(value, bytes));
        if is_of_source(message, number) {
            continue;
        }
        let nested = nested(message, number).filter(|_| wire_type == WireType::LengthDelimited);
        let Some(nested) = nested else {
            fields.push(Field { number, key: None, bytes: whole.to_vec() });
            continue;
        };
        let key = key(message, number, whole)?;
        fields.extend(prefixed(number, &nested, value)?.map(|bytes| Field { number, key, bytes }));
    }
    for entries in fields.chunk_by_mut(|one, next| one.number == next.number) {
        entries.sort_by(|one, other| one.key.cmp(&other.key));
    }
    Ok(fields.into_iter().flat_map(|field| field.bytes).collect())
}

/// Whether the field is an option that protoc writes for its plugins only.
fn is_of_source(message: &MessageDescriptor, number: u32) -> bool {
    const RETENTION_SOURCE: i32 = 2;
    // protox's own descriptors do not say it of `declaration` and `verification`.
    if message.full_name() == "google.protobuf.ExtensionRangeOptions" && matches!(number, 2 | 3) {
        return true;
    }
    let options = message.get_field(number).map(|field| field.options());
    let options = options.or_else(|| message.get_extension(number).map(|extension| extension.options()));
    let retention = options.as_ref().and_then(|options| options.get_field_by_name("retention"));
    retention.and_then(|retention| retention.as_enum_number()) == Some(RETENTION_SOURCE)
}

/// What of `bytes` is in front of its end `rest`.
fn before<'b>(bytes: &'b [u8], rest: &[u8]) -> &'b [u8] {
    bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// The message that a field or extension with this number holds.
fn nested(message: &MessageDescriptor, number: u32) -> Option<MessageDescriptor> {
    let field = message.get_field(number).map(|field| field.kind());
    match field.or_else(|| message.get_extension(number).map(|extension| extension.kind()))? {
        Kind::Message(nested) => Some(nested),
        _ => None,
    }
}

/// The key, if the field is an entry of a map.
fn key(message: &MessageDescriptor, number: u32, field: &[u8]) -> Result<Option<MapKey>, DecodeError> {
    if !message.get_field(number).is_some_and(|field| field.is_map()) {
        return Ok(None);
    }
    let alone = DynamicMessage::decode(message.clone(), field)?;
    let entries = alone.get_field_by_number(number);
    Ok(entries.and_then(|entries| entries.as_map()?.keys().next().cloned()))
}

/// A nested message in order, behind its tag and length; none if it only had what the source alone has. `value` has its
/// length before it.
fn prefixed(number: u32, message: &MessageDescriptor, mut value: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    encoding::decode_varint(&mut value)?;
    let message = in_order(message, value)?;
    if message.is_empty() && !value.is_empty() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(message.len() + 10);
    encoding::bytes::encode(number, &message, &mut bytes);
    Ok(Some(bytes))
}
