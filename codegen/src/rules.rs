//! What protoc refuses and protox lets pass. Each rule is one of protoc's, as far as possible in its words.
//!
//! Only what is wrong in one file by itself or with what it imports is looked for; whatever protox refuses is not
//! looked for again.

mod enums;
mod fields;
mod options;
mod ranges;

use std::path::Path;

use protox::prost_reflect::{FileDescriptor, MessageDescriptor, Syntax};

use crate::places;

/// All that is wrong with a file that was read from this path, a line each. What options an import may set is its
/// author's matter, as it is for protoc: only a requested file has to keep to their targets.
pub(crate) fn check(file: &FileDescriptor, path: &Path, is_requested: bool) -> Vec<String> {
    let mut found = Found::default();
    options::check(file, is_requested, &mut found);
    file.messages().for_each(|declared| message(&declared, &mut found));
    file.enums().for_each(|declared| enums::check(&declared, &mut found));
    file.extensions().for_each(|extension| fields::extension(&extension, &mut found));
    fields::extension_numbers(file, &mut found);
    let places = found.0.iter().map(|(path, message)| (places::of_path(file.file_descriptor_proto(), path), message));
    let mut places = places.collect::<Vec<_>>();
    places.sort();
    places.dedup();
    let line = |((line, column), message)| format!("{}:{line}:{column}: {message}", path.display());
    places.into_iter().map(line).collect()
}

/// A message and what is declared within it.
fn message(declared: &MessageDescriptor, found: &mut Found) {
    let proto = declared.descriptor_proto();
    let path = declared.path();
    if declared.is_map_entry() {
        // That of a `map<…>` was not written.
        if places::is_written(declared.parent_file_descriptor_proto(), &[path, &[7, 7]].concat()) {
            let message = "map_entry should not be set explicitly. Use map<KeyType, ValueType> instead.";
            found.add(path, &[7, 7], message);
        }
        return;
    }
    if declared.parent_file().syntax() == Syntax::Proto3 {
        if !proto.extension_range.is_empty() {
            found.add(path, &[5, 0, 1], "Extension ranges are not allowed in proto3.");
        }
        if fields::is_message_set(declared) {
            found.add(path, &[7, 1], "MessageSet is not supported in proto3.");
        }
    }
    ranges::message(declared, found);
    declared.fields().for_each(|field| fields::field(&field, found));
    declared.child_messages().for_each(|child| message(&child, found));
    declared.child_enums().for_each(|child| enums::check(&child, found));
    declared.child_extensions().for_each(|child| fields::extension(&child, found));
}

/// What is wrong, with its path in the file's descriptor.
#[derive(Default)]
struct Found(Vec<(Vec<i32>, String)>);

impl Found {
    /// `within` is the path from the thing at `path` to what the complaint is about.
    fn add(&mut self, path: &[i32], within: &[i32], message: impl Into<String>) {
        self.0.push(([path, within].concat(), message.into()));
    }
}
