//! The descriptors as protoc writes them, where protox writes something else.
//!
//! - The body of a method, `{}`, gives it options, though they are empty; protox forgets that it was there.
//! - The default of a floating-point field is written as C++ prints the number, `9e+09`.
//! - Options that are the user's own are written anew (`rewrite`).
//! - Source info is left out.
//!
//! All else is copied as it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use protox::Compiler;
use protox::prost_reflect::prost::{DecodeError, Message as _, encoding};
use protox::prost_reflect::prost_types::field_descriptor_proto::Type;
use protox::prost_reflect::prost_types::{FileDescriptorProto, MethodOptions};
use protox::prost_reflect::{DynamicMessage, FileDescriptor, ReflectMessage, Value};

use crate::{Error, number, resolver, rewrite};

/// The serialized `FileDescriptorSet` of all files, imports before what imports them.
pub(crate) fn encode(compiler: &Compiler, includes: &[PathBuf]) -> Result<Vec<u8>, Error> {
    let pool = compiler.descriptor_pool();
    // Options of the user's own are declared only where this is imported.
    let declared = pool.get_message_by_name("google.protobuf.FileDescriptorProto");
    let declared = declared.unwrap_or_else(|| FileDescriptorProto::default().descriptor());
    let mut set = Vec::new();
    for (file, metadata) in pool.files().zip(compiler.files()) {
        let mended = mended(&file, resolver::path(metadata, includes).as_deref())?.encode_to_vec();
        encoding::bytes::encode(1, &rewrite::message(&declared, &mended).map_err(|error| wrong(&error))?, &mut set);
    }
    Ok(set)
}

fn wrong(error: &DecodeError) -> Error {
    Error::Types(format!("protox wrote descriptors that cannot be read: {error}"))
}

/// All but the options that are the user's own.
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
    let lines = resolver::without_mark(&source).split('\n').collect::<Vec<_>>();
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
