//! What protox says is wrong, as a compiler says it: a line for each thing, `file:line:column` first.
//!
//! protox knows the place of most; of the others it is looked for in the file. What has no file has no place: one that
//! was asked for and lies in no include directory.

use std::fs;
use std::path::PathBuf;
use std::str;

use miette::{Diagnostic, SourceCode};
use protox::file::FileResolver;
use protox::prost_reflect::prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::places::{self, Place};
use crate::resolver::{self, Resolver};

/// All that is wrong with a file, with the file's path for the name by which it is imported.
pub(crate) fn lines(error: &protox::Error, includes: &[PathBuf]) -> String {
    let name = error.file();
    // The Debug form of the first is the one with file:line:column; the others have to be looked up.
    let debug = format!("{error:?}");
    let (place, message) = split(&debug, name.unwrap_or_default());
    let mut found = vec![(message.to_owned(), place.or_else(|| labelled(error, None)))];
    for other in error.related().into_iter().flatten() {
        found.push((other.to_string(), labelled(other, error.source_code())));
    }
    let lines = found.into_iter().map(|(message, place)| match (name, place) {
        (None, _) => message,
        (Some(name), Some(place)) => line(name, place, &message, includes),
        (Some(name), None) => {
            let (name, place) = searched(name, &message, includes).unwrap_or_else(|| (name.to_owned(), places::BEGIN));
            line(&name, place, &message, includes)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn line(name: &str, (line, column): Place, message: &str, includes: &[PathBuf]) -> String {
    let path = path(name, includes).map_or_else(|| name.to_owned(), |path| path.display().to_string());
    format!("{path}:{line}:{column}: {message}")
}

fn path(name: &str, includes: &[PathBuf]) -> Option<PathBuf> {
    includes.iter().map(|include| include.join(name)).find(|path| path.exists())
}

/// `name:line:column: message`, or `name: message`, or the message alone.
fn split<'t>(text: &'t str, name: &str) -> (Option<Place>, &'t str) {
    let Some(rest) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) else { return (None, text) };
    let mut parts = rest.splitn(3, ':');
    match (parts.next().map(str::parse), parts.next().map(str::parse), parts.next()) {
        (Some(Ok(line)), Some(Ok(column)), Some(message)) => (Some((line, column)), message.trim_start()),
        _ => (None, rest.trim_start()),
    }
}

/// Where a label says that it was found. Of several it is the last, unless one says so itself: one before that is where
/// what it clashes with is.
fn labelled(complaint: &dyn Diagnostic, source: Option<&dyn SourceCode>) -> Option<Place> {
    let labels = complaint.labels()?.collect::<Vec<_>>();
    let found = labels.iter().find(|label| label.label() == Some("found here")).or_else(|| labels.last())?;
    // Of a number that is reserved protox only knows by what.
    if found.label() == Some("reserved range defined here") {
        return None;
    }
    let found = complaint.source_code().or(source)?.read_span(found.inner(), 0, 0).ok()?;
    Some((found.line() + 1, found.column() + 1))
}

/// The name of the file and the place in it of what protox has no place for.
fn searched(name: &str, message: &str, includes: &[PathBuf]) -> Option<(String, Place)> {
    if let Some(cycle) = message.strip_prefix("import cycle detected: ") {
        return import(cycle, includes);
    }
    let bytes = fs::read(path(name, includes)?).ok()?;
    let place = match str::from_utf8(&bytes) {
        Err(wrong) => places::after(&String::from_utf8_lossy(bytes.get(..wrong.valid_up_to())?)),
        Ok(text) if message.ends_with("reached end of file") => places::after(resolver::without_mark(text)),
        Ok(_) => reserved_number(message, &parsed(name, includes)?)?,
    };
    Some((name.to_owned(), place))
}

/// The last import of a cycle `a.proto -> b.proto -> a.proto`.
fn import(cycle: &str, includes: &[PathBuf]) -> Option<(String, Place)> {
    let (before, imported) = cycle.rsplit_once(" -> ")?;
    let importing = before.rsplit(" -> ").next()?;
    let file = parsed(importing, includes)?;
    let index = file.dependency.iter().position(|name| name == imported)?;
    Some((importing.to_owned(), places::of_path(&file, &[3, i32::try_from(index).ok()?])))
}

fn parsed(name: &str, includes: &[PathBuf]) -> Option<FileDescriptorProto> {
    Some(Resolver::new(includes).open_file(name).ok()?.file_descriptor_proto().clone())
}

/// The number of an enum's value that is reserved.
fn reserved_number(message: &str, file: &FileDescriptorProto) -> Option<Place> {
    let mut enums = Vec::new();
    collect(&file.message_type, &file.enum_type, &[], [4, 5], &mut enums);
    enums.iter().find_map(|(path, declared)| {
        let is_meant = |number: i32| {
            declared.reserved_range.iter().any(|range| {
                let (start, end) = (range.start(), range.end());
                message == format!("enum number '{number}' conflicts with reserved range '{start} to {end}'")
            })
        };
        let (index, _) = (0..).zip(&declared.value).find(|(_, value)| is_meant(value.number()))?;
        Some(places::of_path(file, &[path.as_slice(), &[2, index, 2]].concat()))
    })
}

/// The enums with their paths. `fields` are those of the descriptor around that hold messages and enums.
fn collect<'f>(
    messages: &'f [DescriptorProto],
    enums: &'f [EnumDescriptorProto],
    path: &[i32],
    fields: [i32; 2],
    found: &mut Vec<(Vec<i32>, &'f EnumDescriptorProto)>,
) {
    let [message_field, enum_field] = fields;
    found.extend((0..).zip(enums).map(|(index, declared)| ([path, &[enum_field, index]].concat(), declared)));
    for (index, message) in (0..).zip(messages) {
        collect(&message.nested_type, &message.enum_type, &[path, &[message_field, index]].concat(), [3, 4], found);
    }
}
