//! A serialized descriptor as protoc would have written it, of one that prost-reflect wrote. What differs are options
//! of the user's own:
//!
//! - lists of numbers are packed if they are declared so; prost-reflect does not see the option `packed`;
//! - maps are in the order of their keys; prost-reflect has them in any order, and so in another with each build;
//! - what is declared for the source alone (`retention = RETENTION_SOURCE`) is left out.
//!
//! One difference stays, which no reader sees: in an entry of such a map a key or value that is the default is missing.

use protox::prost_reflect::prost::DecodeError;
use protox::prost_reflect::prost::encoding::{self, DecodeContext, WireType};
use protox::prost_reflect::prost_types::FieldDescriptorProto;
use protox::prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, Syntax};

const RETENTION_SOURCE: i32 = 2;

/// What a field is declared as.
struct Declared {
    kind: Kind,
    /// The wire type of the values of a list that may be packed.
    packable: Option<WireType>,
    is_packed: bool,
    is_map: bool,
    is_of_source: bool,
}

/// A field as it is written.
struct Field {
    number: u32,
    /// Of an entry of a map.
    key: Option<MapKey>,
    /// The whole field; of a packed list the values alone.
    bytes: Vec<u8>,
    is_packed: bool,
}

/// The message, and those within it, written anew.
pub(crate) fn message(message: &MessageDescriptor, mut bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let start = bytes;
        let (number, wire_type) = encoding::decode_key(&mut bytes)?;
        let value = bytes;
        encoding::skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
        let (whole, value) = (before(start, bytes), before(value, bytes));
        match declared(message, number) {
            Some(declared) if declared.is_of_source => {}
            Some(Declared { packable: Some(values), is_packed, .. }) => {
                list(number, wire_type, value, values, is_packed, &mut fields)?;
            }
            Some(Declared { kind: Kind::Message(nested), is_map, .. }) if wire_type == WireType::LengthDelimited => {
                let key = if is_map { key(message, number, whole)? } else { None };
                let nested = prefixed(number, &nested, value)?;
                fields.extend(nested.map(|bytes| Field { number, key, bytes, is_packed: false }));
            }
            _ => fields.push(Field { number, key: None, bytes: whole.to_vec(), is_packed: false }),
        }
    }
    for entries in fields.chunk_by_mut(|one, next| one.number == next.number) {
        entries.sort_by(|one, other| one.key.cmp(&other.key));
    }
    Ok(fields.into_iter().flat_map(written).collect())
}

fn written(field: Field) -> Vec<u8> {
    if !field.is_packed {
        return field.bytes;
    }
    let mut bytes = Vec::new();
    encoding::bytes::encode(field.number, &field.bytes, &mut bytes);
    bytes
}

/// What of `bytes` is in front of its end `rest`.
fn before<'b>(bytes: &'b [u8], rest: &[u8]) -> &'b [u8] {
    bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default()
}

/// What the number is in this message, a field or an extension.
fn declared(message: &MessageDescriptor, number: u32) -> Option<Declared> {
    let extension = message.get_extension(number);
    let (kind, is_list, is_map, file, proto, options) = match (message.get_field(number), &extension) {
        (Some(field), _) => {
            let proto = field.field_descriptor_proto().clone();
            (field.kind(), field.is_list(), field.is_map(), message.parent_file(), proto, field.options())
        }
        (None, Some(extension)) => {
            let proto = extension.field_descriptor_proto().clone();
            (extension.kind(), extension.is_list(), false, extension.parent_file(), proto, extension.options())
        }
        (None, None) => return None,
    };
    // protox's own descriptors do not say it of `declaration` and `verification`.
    let is_known = message.full_name() == "google.protobuf.ExtensionRangeOptions" && matches!(number, 2 | 3);
    let retention = options.get_field_by_name("retention").and_then(|retention| retention.as_enum_number());
    Some(Declared {
        packable: packable(&kind).filter(|_| is_list),
        is_packed: option(&proto).unwrap_or(file.syntax() == Syntax::Proto3),
        is_of_source: is_known || retention == Some(RETENTION_SOURCE),
        kind,
        is_map,
    })
}

/// The option `packed`.
fn option(field: &FieldDescriptorProto) -> Option<bool> {
    field.options.as_ref().and_then(|options| options.packed)
}

fn packable(kind: &Kind) -> Option<WireType> {
    match kind {
        Kind::Message(_) | Kind::String | Kind::Bytes => None,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Some(WireType::SixtyFourBit),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Some(WireType::ThirtyTwoBit),
        _ => Some(WireType::Varint),
    }
}

/// Adds values of a list of numbers, in the form that is declared, from one that may be another.
fn list(
    number: u32,
    wire_type: WireType,
    mut value: &[u8],
    values: WireType,
    is_packed: bool,
    fields: &mut Vec<Field>,
) -> Result<(), DecodeError> {
    if wire_type == WireType::LengthDelimited {
        encoding::decode_varint(&mut value)?;
    }
    if is_packed {
        match fields.last_mut().filter(|last| last.number == number) {
            Some(last) => last.bytes.extend_from_slice(value),
            None => fields.push(Field { number, key: None, bytes: value.to_vec(), is_packed }),
        }
        return Ok(());
    }
    while !value.is_empty() {
        let start = value;
        encoding::skip_field(values, number, &mut value, DecodeContext::default())?;
        let mut bytes = Vec::new();
        encoding::encode_key(number, values, &mut bytes);
        bytes.extend_from_slice(before(start, value));
        fields.push(Field { number, key: None, bytes, is_packed });
    }
    Ok(())
}

/// The key of an entry of a map.
fn key(message: &MessageDescriptor, number: u32, field: &[u8]) -> Result<Option<MapKey>, DecodeError> {
    let alone = DynamicMessage::decode(message.clone(), field)?;
    let entries = alone.get_field_by_number(number);
    Ok(entries.and_then(|entries| entries.as_map()?.keys().next().cloned()))
}

/// A nested message behind its tag and length; none if it only had what the source alone has. `value` has its length
/// before it.
fn prefixed(number: u32, nested: &MessageDescriptor, mut value: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    encoding::decode_varint(&mut value)?;
    let nested = message(nested, value)?;
    if nested.is_empty() && !value.is_empty() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(nested.len() + 10);
    encoding::bytes::encode(number, &nested, &mut bytes);
    Ok(Some(bytes))
}
