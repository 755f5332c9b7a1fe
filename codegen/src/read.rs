//! Descriptors as plain data.

use std::collections::BTreeMap;

use protox::prost_reflect::prost_types::FieldDescriptorProto;
use protox::prost_reflect::{
    EnumDescriptor, ExtensionDescriptor, FieldDescriptor, FileDescriptor, Kind as ProtoKind, MessageDescriptor,
    OneofDescriptor, ServiceDescriptor, Syntax, Value as ProtoValue,
};

use crate::extensions::extensions;
use crate::front::Front;
use crate::model::{
    Enum, Extension, Field, Home, Kind, Label, Literal, Message, Method, Oneof, Packages, Scalar, Schema, Service,
    Value,
};
use crate::names::Scope;
use crate::{Error, cycles, externs, names, places, required};

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
        let outside = front.used();
        messages.retain(|message| !outside.messages.contains_key(message.full_name()));
        messages.extend(outside.messages.values().cloned());
        enums.retain(|declared| !outside.enums.contains_key(declared.full_name()));
        enums.extend(outside.enums.values().cloned());
        reader.messages = index(messages.iter().map(MessageDescriptor::full_name));
        reader.enums = index(enums.iter().map(EnumDescriptor::full_name));

        let mut schema = Self {
            messages: Vec::new(),
            enums: Vec::new(),
            extensions: Vec::new(),
            services: Vec::new(),
            files: Vec::new(),
            packages: Packages::default(),
        };
        for file in &files {
            schema.add_file(&reader, file)?;
        }
        schema.messages = messages.iter().map(|message| reader.message(message)).collect::<Result<_, _>>()?;
        cycles::mark(&mut schema.messages);
        required::mark(&mut schema.messages);
        schema.enums = enums.iter().map(|declared| reader.declared_enum(declared)).collect::<Result<_, _>>()?;
        for file in &files {
            let extensions = extensions(file, front.externs());
            let extensions = extensions.iter().map(|extension| reader.extension(extension));
            schema.extensions.extend(extensions.collect::<Result<Vec<_>, _>>()?);
        }
        if services {
            let services = files.iter().flat_map(|file| file.services().collect::<Vec<_>>());
            schema.services = services.map(|service| reader.service(&service)).collect::<Result<_, _>>()?;
        }
        schema.keep_packages_clear();
        schema.tell_types_apart();
        Ok(schema)
    }

    fn keep_packages_clear(&mut self) {
        let packages = Packages(self.files.iter().map(|(_, modules)| modules.clone()).collect());
        self.messages.iter_mut().for_each(|message| packages.keep_clear(&mut message.home));
        self.enums.iter_mut().for_each(|declared| packages.keep_clear(&mut declared.home));
        self.extensions.iter_mut().for_each(|extension| packages.keep_clear(&mut extension.home));
        self.packages = packages;
    }

    /// Gives the types of each module names that differ.
    fn tell_types_apart(&mut self) {
        let mut scopes = BTreeMap::<(String, Vec<String>), Scope>::new();
        let mut take = |home: &Home, within: Option<&str>, name: &mut String| {
            if home.root.is_some() {
                return;
            }
            let home = within.map_or_else(|| home.clone(), |message| self.packages.within(home, message));
            let scope = scopes.entry((home.file, home.modules)).or_default();
            *name = scope.take(std::mem::take(name));
        };
        self.messages.iter_mut().for_each(|message| take(&message.home, None, &mut message.name));
        self.enums.iter_mut().for_each(|declared| take(&declared.home, None, &mut declared.name));
        for message in &mut self.messages {
            for oneof in &mut message.oneofs {
                take(&message.home, Some(&message.name), &mut oneof.type_name);
            }
        }
        for service in &mut self.services {
            for name in [&mut service.name, &mut service.server, &mut service.client] {
                take(&service.home, None, name);
            }
        }
        self.extensions.iter_mut().for_each(|extension| take(&extension.home, None, &mut extension.name));
    }

    fn add_file(&mut self, reader: &Reader<'_>, file: &FileDescriptor) -> Result<(), Error> {
        let mut types = file.messages().map(|message| message.full_name().to_owned()).collect::<Vec<_>>();
        types.extend(file.enums().map(|declared| declared.full_name().to_owned()));
        types.extend(file.extensions().map(|extension| extension.full_name().to_owned()));
        let is_outside = |name: &String| reader.front.externs().has(name);
        if !types.is_empty() && types.iter().all(is_outside) && file.services().len() == 0 {
            return Ok(());
        }
        let home = home(file, &[]);
        match self.files.iter().find(|(name, _)| *name == home.file) {
            None => self.files.push((home.file, home.modules)),
            Some((_, modules)) if *modules == home.modules => {}
            // `package a;`, and another file `a.proto` without a package.
            Some((name, _)) => {
                let path = reader.front.path(file);
                let (line, column) = places::of_path(file.file_descriptor_proto(), &[2]);
                return Err(Error::Proto(format!(
                    "{path}:{line}:{column}: a package has the output file {name} already"
                )));
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
    Home { file: format!("{}.rs", if package.is_empty() { stem } else { package }), modules, package_depth, root: None }
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
    fn message(&self, message: &MessageDescriptor) -> Result<Message, Error> {
        if self.front.externs().has(message.full_name()) {
            return self.outside(message);
        }
        let file = message.parent_file();
        let comment = self.front.comment(&file, message.path());
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic()).collect::<Vec<_>>();
        let fields = message.fields().collect::<Vec<_>>();
        let mut fields = fields.iter().map(|field| self.field(field, &oneofs)).collect::<Result<Vec<_>, _>>()?;
        fields.sort_by_key(|field| field.number);
        let mut oneofs = oneofs.iter().map(|oneof| self.oneof(message, oneof)).collect::<Vec<_>>();
        tell_apart(&mut fields, &mut oneofs);
        Ok(Message {
            home: home_within(&file, message.parent_message()),
            name: names::camel(message.name()),
            full_name: message.full_name().to_owned(),
            docs: comment,
            fields,
            has_required: false,
            oneofs,
            reserved_names: message.reserved_names().map(str::to_owned).collect(),
        })
    }

    /// A message that is not emitted. Of its fields only those are of interest by which others contain themselves.
    fn outside(&self, message: &MessageDescriptor) -> Result<Message, Error> {
        let home = home_within(&message.parent_file(), message.parent_message());
        let full_name = message.full_name().to_owned();
        let (home, name) = self.front.externs().place(&full_name, home, names::camel(message.name()))?;
        let fields = message.fields().filter_map(|field| {
            let held = *self.messages.get(externs::held(&field)?.full_name())?;
            Some(Field {
                number: field.number(),
                proto_name: field.name().to_owned(),
                json_name: field.json_name().to_owned(),
                name: names::snake(field.name()),
                docs: None,
                label: Label::Optional,
                kind: Kind::Message(held),
                default: None,
                is_boxed: false,
            })
        });
        let (fields, has_required) = (fields.collect(), externs::has_required(message));
        let (oneofs, reserved_names) = (Vec::new(), Vec::new());
        Ok(Message { home, name, full_name, docs: None, fields, has_required, oneofs, reserved_names })
    }

    fn field(&self, field: &FieldDescriptor, oneofs: &[OneofDescriptor]) -> Result<Field, Error> {
        let file = field.parent_message().parent_file();
        let comment = self.front.comment(&file, field.path());
        let member = field
            .containing_oneof()
            .and_then(|oneof| oneofs.iter().position(|other| other.full_name() == oneof.full_name()));
        let (label, kind) = match (field.kind(), member) {
            (ProtoKind::Message(entry), _) if field.is_map() => {
                let key = self.kind(&entry.map_entry_key_field().kind())?;
                (Label::Map(key), entry.map_entry_value_field().kind())
            }
            (kind, Some(oneof)) => (Label::Member(oneof), kind),
            (kind, None) if field.is_list() && is_packed(field.field_descriptor_proto(), &kind, &file) => {
                (Label::Packed, kind)
            }
            (kind, None) if field.is_list() => (Label::Repeated, kind),
            (kind, None) if field.is_required() => (Label::Required, kind),
            (kind, None) if field.supports_presence() => (Label::Optional, kind),
            (kind, None) => (Label::Singular, kind),
        };
        let name = match label {
            Label::Member(_) => names::camel(field.name()),
            _ => names::snake(field.name()),
        };
        let (proto_name, json_name) = (field.name().to_owned(), field.json_name().to_owned());
        let kind = match self.kind(&kind)? {
            Kind::Message(index) if field.is_group() => Kind::Group(index),
            kind => kind,
        };
        let default = default(field);
        let number = field.number();
        Ok(Field { number, proto_name, json_name, name, docs: comment, label, kind, default, is_boxed: false })
    }

    fn extension(&self, extension: &ExtensionDescriptor) -> Result<Extension, Error> {
        let file = extension.parent_file();
        let label = match extension.is_list() {
            true if is_packed(extension.field_descriptor_proto(), &extension.kind(), &file) => Label::Packed,
            true => Label::Repeated,
            false => Label::Optional,
        };
        let kind = match self.kind(&extension.kind())? {
            Kind::Message(index) if extension.is_group() => Kind::Group(index),
            kind => kind,
        };
        let field = Field {
            number: extension.number(),
            proto_name: extension.name().to_owned(),
            json_name: extension.json_name().to_owned(),
            name: names::snake(extension.name()),
            docs: self.front.comment(&file, extension.path()),
            label,
            kind,
            default: None,
            is_boxed: false,
        };
        Ok(Extension {
            home: home_within(&file, extension.parent_message()),
            name: names::capitals(extension.name()),
            full_name: extension.full_name().to_owned(),
            extendee: extension.containing_message().full_name().to_owned(),
            field,
        })
    }

    fn kind(&self, kind: &ProtoKind) -> Result<Kind, Error> {
        let scalar = match kind {
            ProtoKind::Message(message) => {
                let index = self.messages.get(message.full_name()).copied();
                return index
                    .map(Kind::Message)
                    .ok_or_else(|| Error::Types(format!("{} is missing", message.full_name())));
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
        let comment = self.front.comment(&message.parent_file(), oneof.path());
        let mut type_name = names::camel(oneof.name());
        // Its enum lies beside the message's own types: `oneof kind` and `enum Kind` are often found together.
        let is_taken = message.child_messages().any(|child| names::camel(child.name()) == type_name)
            || message.child_enums().any(|child| names::camel(child.name()) == type_name);
        if is_taken {
            type_name.push_str("Oneof");
        }
        Oneof { name: names::snake(oneof.name()), type_name, proto_name: oneof.name().to_owned(), docs: comment }
    }

    fn declared_enum(&self, declared: &EnumDescriptor) -> Result<Enum, Error> {
        let file = declared.parent_file();
        let comment = self.front.comment(&file, declared.path());
        // The pool sorts the values by number; the path ends in the place among the declared ones.
        let mut descriptors = declared.values().collect::<Vec<_>>();
        descriptors.sort_by_key(|value| value.path().last().copied());
        let proto_names = descriptors.iter().map(|value| value.name().to_owned()).collect::<Vec<_>>();
        let values = descriptors.iter().zip(names::variants(declared.name(), &proto_names));
        let mut scope = Scope::default();
        scope.take("Unrecognized".into());
        let values = values.map(|(value, name)| Value {
            name: scope.take(name),
            proto_name: value.name().to_owned(),
            number: value.number(),
            docs: self.front.comment(&file, value.path()),
        });
        let home = home_within(&file, declared.parent_message());
        let (home, name) = self.front.externs().place(declared.full_name(), home, names::camel(declared.name()))?;
        Ok(Enum {
            home,
            name,
            full_name: declared.full_name().to_owned(),
            docs: comment,
            values: values.collect(),
            is_closed: file.syntax() == Syntax::Proto2,
        })
    }

    fn service(&self, service: &ServiceDescriptor) -> Result<Service, Error> {
        let file = service.parent_file();
        let comment = self.front.comment(&file, service.path());
        let mut methods = Vec::new();
        let mut scope = Scope::default();
        // The client has a function of its own by this name.
        scope.take("new".into());
        for method in service.methods() {
            let comment = self.front.comment(&file, method.path());
            let index = |message: MessageDescriptor| match self.kind(&ProtoKind::Message(message))? {
                Kind::Message(index) => Ok(index),
                Kind::Scalar(_) | Kind::Enum(_) | Kind::Group(_) => {
                    Err(Error::Types(format!("{} is no message", method.full_name())))
                }
            };
            methods.push(Method {
                name: scope.take(names::snake(method.name())),
                proto_name: method.name().to_owned(),
                docs: comment,
                input: index(method.input())?,
                output: index(method.output())?,
                streams_requests: method.is_client_streaming(),
                streams_responses: method.is_server_streaming(),
            });
        }
        let name = names::camel(service.name());
        Ok(Service {
            home: home(&file, &[]),
            server: format!("{name}Server"),
            client: format!("{name}Client"),
            name,
            full_name: service.full_name().to_owned(),
            docs: comment,
            methods,
        })
    }
}

/// Whether a list is written packed. `FieldDescriptor::is_packed` does not see the option, which is
/// interpreted after it has been computed.
fn is_packed(field: &FieldDescriptorProto, kind: &ProtoKind, file: &FileDescriptor) -> bool {
    let length_delimited = matches!(kind, ProtoKind::Message(_) | ProtoKind::String | ProtoKind::Bytes);
    let option = field.options.as_ref().and_then(|options| options.packed);
    !length_delimited && option.unwrap_or(file.syntax() == Syntax::Proto3)
}

/// The default value that the file gives a field.
fn default(field: &FieldDescriptor) -> Option<Literal> {
    field.field_descriptor_proto().default_value.as_ref()?;
    Some(match field.default_value() {
        ProtoValue::Bool(value) => Literal::Bool(value),
        ProtoValue::I32(value) => Literal::Integer(value.to_string()),
        ProtoValue::I64(value) => Literal::Integer(value.to_string()),
        ProtoValue::U32(value) => Literal::Integer(value.to_string()),
        ProtoValue::U64(value) => Literal::Integer(value.to_string()),
        ProtoValue::F32(value) => Literal::Float(value),
        ProtoValue::F64(value) => Literal::Double(value),
        ProtoValue::String(value) => Literal::Text(value),
        ProtoValue::Bytes(value) => Literal::Bytes(value.to_vec()),
        ProtoValue::EnumNumber(value) => Literal::Enum(value),
        // These have none.
        ProtoValue::Message(_) | ProtoValue::List(_) | ProtoValue::Map(_) => return None,
    })
}

/// Gives members and variants names that differ.
fn tell_apart(fields: &mut [Field], oneofs: &mut [Oneof]) {
    let mut members = Scope::default();
    // The struct has a member of its own by this name.
    members.take("unknown_fields".into());
    let mut variants = oneofs.iter().map(|_| Scope::default()).collect::<Vec<_>>();
    for field in fields {
        let scope = match field.label {
            Label::Member(oneof) => variants.get_mut(oneof),
            _ => Some(&mut members),
        };
        if let Some(scope) = scope {
            field.name = scope.take(std::mem::take(&mut field.name));
        }
    }
    for oneof in oneofs {
        oneof.name = members.take(std::mem::take(&mut oneof.name));
    }
}
