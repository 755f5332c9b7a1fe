//! Options, whatever they are set on: `features` are for editions alone, and what an option is for may be limited.

use protox::prost_reflect::prost_types::FileDescriptorProto;
use protox::prost_reflect::{DynamicMessage, FieldDescriptor, FileDescriptor, ReflectMessage, Value};

use super::Found;

/// The messages that hold options, what they are for in words, and as a number (`FieldOptions.OptionTargetType`).
const TARGETS: &[(&str, &str, i32)] = &[
    ("FileOptions", "file", 1),
    ("ExtensionRangeOptions", "extension range", 2),
    ("MessageOptions", "message", 3),
    ("FieldOptions", "field", 4),
    ("OneofOptions", "oneof", 5),
    ("EnumOptions", "enum", 6),
    ("EnumValueOptions", "enum entry", 7),
    ("ServiceOptions", "service", 8),
    ("MethodOptions", "method", 9),
];

pub(super) fn check(file: &FileDescriptor, with_targets: bool, found: &mut Found) {
    // Options of the user's own are declared only where descriptor.proto is imported.
    let declared = file.parent_pool().get_message_by_name("google.protobuf.FileDescriptorProto");
    let declared = declared.unwrap_or_else(|| FileDescriptorProto::default().descriptor());
    // What protox wrote can be read; if it could not, there would be nothing to complain about in the file.
    let Ok(descriptor) = DynamicMessage::decode(declared, file.encode_to_vec().as_slice()) else { return };
    Walk { with_targets, found }.declaration(&descriptor, &[]);
}

struct Walk<'f> {
    with_targets: bool,
    found: &'f mut Found,
}

impl Walk<'_> {
    /// The options of what is described here, and of all within it.
    fn declaration(&mut self, descriptor: &DynamicMessage, path: &[i32]) {
        for (field, value) in descriptor.fields().filter(|(field, _)| field.name() != "source_code_info") {
            let path = [path, &[number(&field)]].concat();
            match value {
                Value::Message(options) if field.name() == "options" => self.options(options, &path),
                Value::Message(within) => self.declaration(within, &path),
                Value::List(list) => {
                    for (index, within) in (0..).zip(list.iter().filter_map(Value::as_message)) {
                        self.declaration(within, &[path.as_slice(), &[index]].concat());
                    }
                }
                _ => {}
            }
        }
    }

    fn options(&mut self, options: &DynamicMessage, path: &[i32]) {
        if let Some((features, _)) = options.fields().find(|(field, _)| field.name() == "features") {
            self.found.add(path, &[number(&features)], "Features are only valid under editions.");
        }
        let descriptor = options.descriptor();
        let target = TARGETS.iter().find(|(name, ..)| *name == descriptor.name()).filter(|_| self.with_targets);
        if let Some((_, target, number)) = target {
            self.targets(options, (target, *number), path, None);
        }
    }

    /// Whether the options that are set, also within messages, may be set on this target. `outer` is the number of the
    /// option that these lie in: source info has no places within it.
    fn targets(&mut self, options: &DynamicMessage, target: (&str, i32), path: &[i32], outer: Option<i32>) {
        for (field, value) in options.fields() {
            let place = outer.unwrap_or_else(|| number(&field));
            self.target(field.full_name(), &field.options(), target, path, place);
            self.targets_within(value, target, path, place);
        }
        for (extension, value) in options.extensions() {
            let place = outer.unwrap_or_else(|| i32::try_from(extension.number()).unwrap_or_default());
            self.target(extension.full_name(), &extension.options(), target, path, place);
            self.targets_within(value, target, path, place);
        }
    }

    fn targets_within(&mut self, value: &Value, target: (&str, i32), path: &[i32], outer: i32) {
        match value {
            Value::Message(within) => self.targets(within, target, path, Some(outer)),
            Value::List(list) => list.iter().for_each(|within| self.targets_within(within, target, path, outer)),
            Value::Map(map) => map.values().for_each(|within| self.targets_within(within, target, path, outer)),
            _ => {}
        }
    }

    /// One option, by the options of its own declaration.
    fn target(&mut self, name: &str, declared: &DynamicMessage, target: (&str, i32), path: &[i32], place: i32) {
        let targets = declared.get_field_by_name("targets");
        let targets = targets.as_ref().and_then(|targets| targets.as_list()).unwrap_or_default();
        let (words, number) = target;
        if !targets.is_empty() && targets.iter().all(|other| other.as_enum_number() != Some(number)) {
            self.found.add(path, &[place], format!("Option {name} cannot be set on an entity of type `{words}`."));
        }
    }
}

fn number(field: &FieldDescriptor) -> i32 {
    i32::try_from(field.number()).unwrap_or_default()
}
