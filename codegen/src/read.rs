//! Descriptors as plain data.
//!
//! Everything that is not supported is refused here, with the place in the file.

use std::collections::BTreeMap;

use protox::prost_reflect::{
    EnumDescriptor, FieldDescriptor, FileDescriptor, Kind as ProtoKind, MessageDescriptor, OneofDescriptor,
    ServiceDescriptor, Syntax,
};

use crate::front::{Front, Source};
use crate::model::{
    Enum, Field, Home, Kind, Label, Message, Method, Oneof, Scalar, Schema, Service, Value, check_distinct,
};
use crate::{Error, cycles, names};

macro_rules! scalars {
    ($($constant:ident: $proto:literal, $element:literal, $wire_type:literal;)*) => {$(
        static $constant: Scalar =
            Scalar { proto: $proto, element: $element, wire_type: $wire_type, packable: $wire_type != 2 };
    )*};
}

scalars! {
    DOUBLE: "double", "Double", 1;
    FLOAT: "float", "Float", 5;
    INT32: "int32", "Int32", 0;
    INT64: "int64", "Int64", 0;
    UINT32: "uint32", "Uint32", 0;
    UINT64: "uint64", "Uint64", 0;
    SINT32: "sint32", "Sint32", 0;
    SINT64: "sint64", "Sint64", 0;
    FIXED32: "fixed32", "Fixed32", 5;
    FIXED64: "fixed64", "Fixed64", 1;
    SFIXED32: "sfixed32", "Sfixed32", 5;
    SFIXED64: "sfixed64", "Sfixed64", 1;
    BOOL: "bool", "Bool", 0;
    STRING: "string", "Str", 2;
    BYTES: "bytes", "Bytes", 2;
}

impl Schema {
    pub(crate) fn new(front: &Front, services: bool) -> Result<Self, Error> {
        let mut reader = Reader { front, messages: BTreeMap::new(), enums: BTreeMap::new() };
        let files = front.emitted().collect::<Vec<_>>();
        // First the indices, because messages name each other in any order.
        let mut messages = Vec::new();
        let mut enums = Vec::new();
        for file in &files {
            file.enums().for_each(|declared| enums.push(declared));
            file.messages().for_each(|message| collect(message, &mut messages, &mut enums));
        }
        reader.messages = index(messages.iter().map(MessageDescriptor::full_name));
        reader.enums = index(enums.iter().map(EnumDescriptor::full_name));

        let mut schema = Self { messages: Vec::new(), enums: Vec::new(), services: Vec::new(), files: Vec::new() };
        for file in &files {
            schema.add_file(&reader, file)?;
        }
        schema.messages = messages.iter().map(|message| reader.message(message)).collect::<Result<_, _>>()?;
        cycles::mark(&mut schema.messages);
        schema.enums = enums.iter().map(|declared| reader.declared_enum(declared)).collect();
        if services {
            let services = files.iter().flat_map(|file| file.services().collect::<Vec<_>>());
            schema.services = services.map(|service| reader.service(&service)).collect::<Result<_, _>>()?;
        }
        Ok(schema)
    }

    fn add_file(&mut self, reader: &Reader<'_>, file: &FileDescriptor) -> Result<(), Error> {
        reader.check_file(file)?;
        let home = home(file, &[]);
        match self.files.iter().find(|(name, _)| *name == home.file) {
            None => self.files.push((home.file, home.modules)),
            Some((_, modules)) if *modules == home.modules => {}
            // `package a;`, and another file `a.proto` without a package.
            Some((name, _)) => {
                let place = reader.front.source(file, &[]).place;
                return Err(Error::Proto(format!("{place}: a package has the output file {name} already")));
            }
        }
        Ok(())
    }
}

fn index<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    names.enumerate().map(|(index, name)| (name.to_owned(), index)).collect()
}

/// Collects a message and those within it; the entries of maps are no messages here.
fn collect(message: MessageDescriptor, messages: &mut Vec<MessageDescriptor>, enums: &mut Vec<EnumDescriptor>) {
    if message.is_map_entry() {
        return;
    }
    let children = message.child_messages().collect::<Vec<_>>();
    enums.extend(message.child_enums());
    messages.push(message);
    for child in children {
        collect(child, messages, enums);
    }
}

fn home(file: &FileDescriptor, around: &[String]) -> Home {
    let package = file.package_name();
    let stem = file.name().rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".proto").unwrap_or(stem);
    let mut modules = package.split('.').filter(|part| !part.is_empty()).map(names::snake).collect::<Vec<_>>();
    let package_depth = modules.len();
    modules.extend(around.iter().map(|message| names::snake(message)));
    Home { file: format!("{}.rs", if package.is_empty() { stem } else { package }), modules, package_depth }
}

fn home_within(file: &FileDescriptor, mut parent: Option<MessageDescriptor>) -> Home {
    let mut around = Vec::new();
    while let Some(message) = parent {
        // Named after the Rust type, as the module of its oneofs is.
        around.insert(0, names::camel(message.name()));
        parent = message.parent_message();
    }
    home(file, &around)
}

/// Makes plain data of descriptors.
struct Reader<'f> {
    front: &'f Front,
    messages: BTreeMap<String, usize>,
    enums: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn check_file(&self, file: &FileDescriptor) -> Result<(), Error> {
        let proto = file.file_descriptor_proto();
        // 12 is `syntax` and 7 the list of extensions in FileDescriptorProto.
        if proto.syntax.as_deref() == Some("editions") {
            return Err(unsupported(&self.front.source(file, &[12]).place, "editions"));
        }
        if file.extensions().len() > 0 {
            return Err(unsupported(&self.front.source(file, &[7, 0]).place, "extensions (`extend`)"));
        }
        Ok(())
    }

    fn message(&self, message: &MessageDescriptor) -> Result<Message, Error> {
        let file = message.parent_file();
        let Source { place, comment } = self.front.source(&file, message.path());
        if let Some(extension) = message.child_extensions().next() {
            let place = self.front.source(&file, extension.path()).place;
            return Err(unsupported(&place, "extensions (`extend`)"));
        }
        let options = message.descriptor_proto().options.as_ref();
        if options.is_some_and(|options| options.message_set_wire_format()) {
            return Err(unsupported(&place, "the option message_set_wire_format"));
        }
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect::<Vec<_>>();
        let fields = message.fields().collect::<Vec<_>>();
        let mut fields = fields.iter().map(|field| self.field(field, &oneofs)).collect::<Result<Vec<_>, _>>()?;
        fields.sort_by_key(|field| field.number);
        let oneofs = oneofs.iter().map(|oneof| self.oneof(message, oneof)).collect::<Vec<_>>();
        let read = Message {
            home: home_within(&file, message.parent_message()),
            name: names::camel(message.name()),
            full_name: message.full_name().to_owned(),
            docs: comment,
            place,
            fields,
            oneofs,
            reserved_names: message.reserved_names().map(str::to_owned).collect(),
        };
        check_members(&read)?;
        Ok(read)
    }

    fn field(&self, field: &FieldDescriptor, oneofs: &[OneofDescriptor]) -> Result<Field, Error> {
        let Source { place, comment } = self.front.source(&field.parent_message().parent_file(), field.path());
        if field.is_group() {
            return Err(unsupported(&place, "groups"));
        }
        if field.is_required() {
            return Err(unsupported(&place, "required fields"));
        }
        if field.field_descriptor_proto().default_value.is_some() {
            return Err(unsupported(&place, "default values"));
        }
        let member = field
            .containing_oneof()
            .and_then(|oneof| oneofs.iter().position(|other| other.full_name() == oneof.full_name()));
        let (label, kind) = match (field.kind(), member) {
            (ProtoKind::Message(entry), _) if field.is_map() => {
                let key = self.kind(&entry.map_entry_key_field().kind(), &place)?;
                (Label::Map(key), entry.map_entry_value_field().kind())
            }
            (kind, Some(oneof)) => (Label::Member(oneof), kind),
            (kind, None) if is_packed(field) => (Label::Packed, kind),
            (kind, None) if field.is_list() => (Label::Repeated, kind),
            (kind, None) if field.supports_presence() => (Label::Optional, kind),
            (kind, None) => (Label::Singular, kind),
        };
        let name = match label {
            Label::Member(_) => names::camel(field.name()),
            _ => member_name(field.name()),
        };
        let (proto_name, json_name) = (field.name().to_owned(), field.json_name().to_owned());
        let (number, kind) = (field.number(), self.kind(&kind, &place)?);
        Ok(Field { number, proto_name, json_name, name, docs: comment, place, label, kind, is_boxed: false })
    }

    fn kind(&self, kind: &ProtoKind, place: &str) -> Result<Kind, Error> {
        let scalar = match kind {
            ProtoKind::Message(message) => {
                let index = self.messages.get(message.full_name()).copied();
                return index
                    .map(Kind::Message)
                    .ok_or_else(|| Error::Types(format!("{} is missing", message.full_name())));
            }
            ProtoKind::Enum(declared) if declared.parent_file().syntax() == Syntax::Proto2 => {
                return Err(unsupported(place, "fields with a closed enum (one of a proto2 file)"));
            }
            ProtoKind::Enum(declared) => {
                let index = self.enums.get(declared.full_name()).copied();
                return index
                    .map(Kind::Enum)
                    .ok_or_else(|| Error::Types(format!("{} is missing", declared.full_name())));
            }
            ProtoKind::Double => &DOUBLE,
            ProtoKind::Float => &FLOAT,
            ProtoKind::Int32 => &INT32,
            ProtoKind::Int64 => &INT64,
            ProtoKind::Uint32 => &UINT32,
            ProtoKind::Uint64 => &UINT64,
            ProtoKind::Sint32 => &SINT32,
            ProtoKind::Sint64 => &SINT64,
            ProtoKind::Fixed32 => &FIXED32,
            ProtoKind::Fixed64 => &FIXED64,
            ProtoKind::Sfixed32 => &SFIXED32,
            ProtoKind::Sfixed64 => &SFIXED64,
            ProtoKind::Bool => &BOOL,
            ProtoKind::String => &STRING,
            ProtoKind::Bytes => &BYTES,
        };
        Ok(Kind::Scalar(scalar))
    }

    fn oneof(&self, message: &MessageDescriptor, oneof: &OneofDescriptor) -> Oneof {
        let Source { place, comment } = self.front.source(&message.parent_file(), oneof.path());
        let mut type_name = names::camel(oneof.name());
        // Its enum lies beside the message's own types: `oneof kind` and `enum Kind` are often found together.
        let is_taken = message.child_messages().any(|child| names::camel(child.name()) == type_name)
            || message.child_enums().any(|child| names::camel(child.name()) == type_name);
        if is_taken {
            type_name.push_str("Oneof");
        }
        Oneof { name: member_name(oneof.name()), type_name, proto_name: oneof.name().to_owned(), docs: comment, place }
    }

    fn declared_enum(&self, declared: &EnumDescriptor) -> Enum {
        let file = declared.parent_file();
        let Source { place, comment } = self.front.source(&file, declared.path());
        // The pool sorts the values by number; the path ends in the place among the declared ones.
        let mut descriptors = declared.values().collect::<Vec<_>>();
        descriptors.sort_by_key(|value| value.path().last().copied());
        let proto_names = descriptors.iter().map(|value| value.name().to_owned()).collect::<Vec<_>>();
        let values = descriptors.iter().zip(names::variants(declared.name(), &proto_names));
        let values = values.map(|(value, name)| Value {
            name: if name == "Unrecognized" { "Unrecognized_".into() } else { name },
            proto_name: value.name().to_owned(),
            number: value.number(),
            docs: self.front.source(&file, value.path()).comment,
        });
        Enum {
            home: home_within(&file, declared.parent_message()),
            name: names::camel(declared.name()),
            full_name: declared.full_name().to_owned(),
            docs: comment,
            place,
            values: values.collect(),
            is_closed: file.syntax() == Syntax::Proto2,
        }
    }

    fn service(&self, service: &ServiceDescriptor) -> Result<Service, Error> {
        let file = service.parent_file();
        let Source { place, comment } = self.front.source(&file, service.path());
        let mut methods = Vec::new();
        for method in service.methods() {
            let Source { place, comment } = self.front.source(&file, method.path());
            let index = |message: MessageDescriptor| match self.kind(&ProtoKind::Message(message), &place)? {
                Kind::Message(index) => Ok(index),
                Kind::Scalar(_) | Kind::Enum(_) => Err(Error::Types(format!("{} is no message", method.full_name()))),
            };
            methods.push(Method {
                name: method_name(method.name()),
                proto_name: method.name().to_owned(),
                docs: comment,
                input: index(method.input())?,
                output: index(method.output())?,
                place: place.clone(),
                streams_requests: method.is_client_streaming(),
                streams_responses: method.is_server_streaming(),
            });
        }
        let read = Service {
            home: home(&file, &[]),
            name: names::camel(service.name()),
            full_name: service.full_name().to_owned(),
            docs: comment,
            place,
            methods,
        };
        check_distinct(read.methods.iter().map(|method| (method.name.as_str(), method.place.as_str())), "method")?;
        Ok(read)
    }
}

/// Whether a list is written packed. `FieldDescriptor::is_packed` does not see the option, which is
/// interpreted after it has been computed.
fn is_packed(field: &FieldDescriptor) -> bool {
    let length_delimited = matches!(field.kind(), ProtoKind::Message(_) | ProtoKind::String | ProtoKind::Bytes);
    let option = field.field_descriptor_proto().options.as_ref().and_then(|options| options.packed);
    let proto3 = field.parent_message().parent_file().syntax() == Syntax::Proto3;
    field.is_list() && !length_delimited && option.unwrap_or(proto3)
}

/// The struct has a member of its own by this name.
fn member_name(proto_name: &str) -> String {
    let name = names::snake(proto_name);
    if name == "unknown_fields" { "unknown_fields_".into() } else { name }
}

/// The client has a function of its own by this name.
fn method_name(proto_name: &str) -> String {
    let name = names::snake(proto_name);
    if name == "new" { "new_".into() } else { name }
}

fn check_members(message: &Message) -> Result<(), Error> {
    let members = message.fields.iter().filter(|field| !matches!(field.label, Label::Member(_)));
    let members = members.map(|field| (field.name.as_str(), field.place.as_str()));
    let oneofs = message.oneofs.iter().map(|oneof| (oneof.name.as_str(), oneof.place.as_str()));
    check_distinct(members.chain(oneofs), "field")?;
    for index in 0..message.oneofs.len() {
        let variants = message.fields.iter().filter(|field| field.label == Label::Member(index));
        check_distinct(variants.map(|field| (field.name.as_str(), field.place.as_str())), "variant")?;
    }
    Ok(())
}

fn unsupported(place: &str, feature: &str) -> Error {
    Error::Proto(format!("{place}: not supported yet: {feature}"))
}
