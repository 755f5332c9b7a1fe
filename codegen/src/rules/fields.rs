//! Fields and extensions: their types, and the options that only some of them may have.

use std::collections::BTreeMap;

use protox::prost_reflect::prost_types::FieldDescriptorProto;
use protox::prost_reflect::prost_types::field_descriptor_proto::Label;
use protox::prost_reflect::prost_types::field_options::JsType;
use protox::prost_reflect::{
    DynamicMessage, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    Syntax, Value,
};

use super::Found;

/// Fields of `FieldDescriptorProto`.
const NAME: i32 = 1;
const EXTENDEE: i32 = 2;
const NUMBER: i32 = 3;
const TYPE: i32 = 5;
const TYPE_NAME: i32 = 6;

/// What proto3 may extend, in `google.protobuf`.
const OPTIONS: &[&str] = &[
    "FileOptions",
    "MessageOptions",
    "FieldOptions",
    "EnumOptions",
    "EnumValueOptions",
    "ServiceOptions",
    "MethodOptions",
    "OneofOptions",
    "ExtensionRangeOptions",
];

/// What a field and an extension have in common.
struct Declared<'d> {
    proto: &'d FieldDescriptorProto,
    path: &'d [i32],
    file: FileDescriptor,
    /// The message that it is part of; of an extension, the one that it extends.
    container: MessageDescriptor,
    kind: Kind,
    options: DynamicMessage,
    is_group: bool,
    is_map: bool,
    is_extension: bool,
}

pub(super) fn field(field: &FieldDescriptor, found: &mut Found) {
    let declared = Declared {
        proto: field.field_descriptor_proto(),
        path: field.path(),
        file: field.parent_message().parent_file(),
        container: field.parent_message().clone(),
        kind: field.kind(),
        options: field.options(),
        is_group: field.is_group(),
        is_map: field.is_map(),
        is_extension: false,
    };
    declared.check(found);
}

pub(super) fn extension(extension: &ExtensionDescriptor, found: &mut Found) {
    let declared = Declared {
        proto: extension.field_descriptor_proto(),
        path: extension.path(),
        file: extension.parent_file(),
        container: extension.containing_message(),
        kind: extension.kind(),
        options: extension.options(),
        is_group: extension.is_group(),
        is_map: false,
        is_extension: true,
    };
    declared.check(found);
}

/// Whether the message has the form of old, whose only fields are extensions.
pub(super) fn is_message_set(message: &MessageDescriptor) -> bool {
    let options = message.descriptor_proto().options.as_ref();
    options.is_some_and(|options| options.message_set_wire_format())
}

/// Numbers that the extensions of one file give to one message twice. Across files protoc only warns.
pub(super) fn extension_numbers(file: &FileDescriptor, found: &mut Found) {
    let mut extensions = file.extensions().collect::<Vec<_>>();
    file.messages().for_each(|message| collect(&message, &mut extensions));
    // In the order of the file.
    let mut taken = BTreeMap::<(String, u32), String>::new();
    for extension in extensions {
        let (extended, number) = (extension.containing_message().full_name().to_owned(), extension.number());
        let name = extension.full_name().to_owned();
        if let Some(other) = taken.get(&(extended.clone(), number)) {
            let message =
                format!("Extension number {number} has already been used in \"{extended}\" by extension \"{other}\".");
            found.add(extension.path(), &[NUMBER], message);
        } else {
            taken.insert((extended, number), name);
        }
    }
}

fn collect(message: &MessageDescriptor, extensions: &mut Vec<ExtensionDescriptor>) {
    extensions.extend(message.child_extensions());
    message.child_messages().for_each(|child| collect(&child, extensions));
}

impl Declared<'_> {
    fn check(&self, found: &mut Found) {
        self.check_options(found);
        self.check_json_name(found);
        self.check_message_set(found);
        if let Some(declared) = self.declared_enum() {
            self.check_enum(&declared, found);
        }
        let is_option = self.container.package_name() == "google.protobuf" && OPTIONS.contains(&self.container.name());
        if self.is_extension && !is_option && self.file.syntax() == Syntax::Proto3 {
            found.add(self.path, &[EXTENDEE], "Extensions in proto3 are only allowed for defining options.");
        }
    }

    fn check_options(&self, found: &mut Found) {
        let is_packable = !matches!(self.kind, Kind::String | Kind::Bytes | Kind::Message(_));
        if self.is_set("packed") && !(self.is_repeated() && is_packable) {
            self.at_type("[packed = true] can only be specified for repeated primitive fields.", found);
        }
        let is_message = matches!(self.kind, Kind::Message(_)) && !self.is_group;
        if (self.is_set("lazy") || self.is_set("unverified_lazy")) && !is_message {
            self.at_type("[lazy = true] can only be specified for submessage fields.", found);
        }
        let is_long = matches!(self.kind, Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64);
        let has_jstype = self.proto.options.as_ref().is_some_and(|options| options.jstype() != JsType::JsNormal);
        if has_jstype && !is_long {
            self.at_type("jstype is only allowed on int64, uint64, sint64, fixed64 or sfixed64 fields.", found);
        }
    }

    fn check_json_name(&self, found: &mut Found) {
        let (name, json_name) = (self.proto.name(), self.proto.json_name());
        if json_name.starts_with('[') && json_name.ends_with(']') {
            let message = format!(
                "The custom JSON name of field \"{name}\" (\"{json_name}\") is invalid: JSON names may not start with \
                 '[' and end with ']'."
            );
            found.add(self.path, &[NAME], message);
        }
    }

    fn check_message_set(&self, found: &mut Found) {
        if !is_message_set(&self.container) {
            return;
        }
        let is_message = matches!(self.kind, Kind::Message(_)) && !self.is_group;
        if !self.is_extension {
            found.add(self.path, &[NAME], "MessageSets cannot have fields, only extensions.");
        } else if !is_message || self.proto.label() != Label::Optional {
            self.at_type("Extensions of MessageSets must be optional messages.", found);
        }
    }

    fn check_enum(&self, declared: &EnumDescriptor, found: &mut Found) {
        let first = declared.enum_descriptor_proto().value.first();
        if self.is_map && first.is_some_and(|first| first.number() != 0) {
            self.at_type("Enum value in map must define 0 as the first value.", found);
        }
        if self.file.syntax() == Syntax::Proto3 && declared.parent_file().syntax() == Syntax::Proto2 {
            let (name, container) = (declared.full_name(), self.container.full_name());
            let message = format!(
                "Enum type \"{name}\" is not an open enum, but is used in \"{container}\" which is a proto3 message \
                 type."
            );
            self.at_type(&message, found);
        }
    }

    /// The enum that it holds, or its map.
    fn declared_enum(&self) -> Option<EnumDescriptor> {
        match &self.kind {
            Kind::Enum(declared) => Some(declared.clone()),
            Kind::Message(entry) if self.is_map => entry.map_entry_value_field().kind().as_enum().cloned(),
            _ => None,
        }
    }

    fn is_repeated(&self) -> bool {
        self.proto.label() == Label::Repeated
    }

    /// Whether this option is true.
    fn is_set(&self, option: &str) -> bool {
        self.options.get_field_by_name(option).is_some_and(|value| *value == Value::Bool(true))
    }

    fn at_type(&self, message: &str, found: &mut Found) {
        let field =
            if matches!(self.kind, Kind::Enum(_) | Kind::Message(_)) && !self.is_group { TYPE_NAME } else { TYPE };
        found.add(self.path, &[field], message);
    }
}
