//! Printing JSON: a walk over the message's bytes, guided by its descriptor.
//!
//! Owns ordinary messages, lists, maps and scalars; types with forms of their own are in `print_special`.

use super::output::Output;
use super::{PrintError, PrintErrorKind, Printer, number};
use crate::protobuf::descriptor::{EnumDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
use crate::protobuf::encode::Unknown;
use crate::protobuf::extension::{self, Found, Value};
use crate::protobuf::message::encode_with;
use crate::protobuf::path::Segment;
use crate::protobuf::records::{Records, Wire};
use crate::protobuf::special::{NULL_VALUE, Special};
use crate::protobuf::{Message, RECURSION_LIMIT, TypeRegistry, scalar};

/// What a field has that is not there: as bits it is 0, as bytes empty.
pub(super) const NOTHING: Wire<'_> = Wire::Varint(0);

pub(super) fn print<M: Message>(options: &Printer<'_>, message: &M) -> Result<String, PrintError> {
    let bytes =
        encode_with(message, options.unknown()).map_err(|error| PrintError::new(PrintErrorKind::Encode(error)))?;
    walk(options, M::descriptor(), &bytes)
}

impl<'t> Printer<'t> {
    /// The registry, if it has extensions.
    fn extensions(&self) -> Option<&'t TypeRegistry> {
        self.types.filter(|types| types.has_extensions())
    }

    /// What must become of unknown fields so that extensions are found.
    pub(super) fn unknown(&self) -> Unknown {
        if self.extensions().is_some() { Unknown::Marked } else { Unknown::Left }
    }
}

fn walk(options: &Printer<'_>, descriptor: &'static MessageDescriptor, bytes: &[u8]) -> Result<String, PrintError> {
    // The outermost message does not count.
    let mut walk = Walk { out: Output::new(options.pretty), options: *options, depth_left: RECURSION_LIMIT + 1 };
    walk.message(descriptor, bytes)?;
    Ok(walk.out.into_text())
}

pub(super) struct Walk<'t> {
    pub(super) out: Output,
    pub(super) options: Printer<'t>,
    depth_left: u32,
}

impl Walk<'_> {
    pub(super) fn message(&mut self, descriptor: &'static MessageDescriptor, bytes: &[u8]) -> Result<(), PrintError> {
        let left = self.depth_left.checked_sub(1);
        self.depth_left = left.ok_or_else(|| PrintError::new(PrintErrorKind::TooDeep))?;
        match Special::of(descriptor.full_name) {
            Some(special) => self.special(special, descriptor, self.known_and_unknown(bytes).0)?,
            None => {
                self.out.begin('{');
                self.fields(descriptor, bytes)?;
                self.out.end('}');
            }
        }
        self.depth_left += 1;
        Ok(())
    }

    /// A member for each field. The encoder writes them in the order of the descriptor.
    pub(super) fn fields(&mut self, descriptor: &'static MessageDescriptor, bytes: &[u8]) -> Result<(), PrintError> {
        let (mut records, unknown) = self.known_and_unknown(bytes);
        for field in descriptor.fields {
            let own = records.take_number(field.number);
            let has_presence = matches!(field.label, Label::Optional | Label::Required | Label::Member(_));
            if own.is_empty() && (has_presence || !self.options.always_print) {
                continue;
            }
            self.out.name(if self.options.proto_names { field.name } else { field.json_name });
            self.field(field, own).map_err(|error| error.within(Segment::Field(field.json_name)))?;
        }
        self.extensions(descriptor.full_name, unknown)
    }

    fn known_and_unknown<'a>(&self, bytes: &'a [u8]) -> (Records<'a>, &'a [u8]) {
        let records = Records::new(bytes);
        if self.options.extensions().is_some() { records.known_and_unknown() } else { (records, &[]) }
    }

    /// A member for each extension in the registry, in the order of their numbers.
    fn extensions(&mut self, extendee: &'static str, unknown: &[u8]) -> Result<(), PrintError> {
        let Some(types) = self.options.extensions().filter(|_| !unknown.is_empty()) else { return Ok(()) };
        for Found { extension, values } in extension::find(types, extendee, unknown, Unknown::Marked).0 {
            self.out.name(&format!("[{}]", extension.full_name));
            let printed = self.extension(&extension.field, &values);
            printed.map_err(|error| error.within(Segment::Extension(extension.full_name)))?;
        }
        Ok(())
    }

    fn extension(&mut self, field: &FieldDescriptor, values: &[Value<'_>]) -> Result<(), PrintError> {
        if !field.label.is_list() {
            return self.value(field.kind, values.last().map_or(NOTHING, Value::wire));
        }
        let mut index = 0;
        self.out.begin('[');
        for value in values {
            self.element(field.kind, value.wire(), &mut index)?;
        }
        self.out.end(']');
        Ok(())
    }

    fn field(&mut self, field: &FieldDescriptor, own: Records<'_>) -> Result<(), PrintError> {
        match field.label {
            Label::Map(key) => self.map(field, key, own),
            Label::Repeated | Label::Packed => self.list(field, own),
            _ => self.value(field.kind, own.last().map_or(NOTHING, |record| record.value)),
        }
    }

    pub(super) fn list(&mut self, field: &FieldDescriptor, own: Records<'_>) -> Result<(), PrintError> {
        let wire_type = field.kind.wire_type();
        let mut index = 0;
        self.out.begin('[');
        for record in own {
            match record.value {
                Wire::Bytes(packed) if wire_type != 2 => {
                    let mut values = Records::new(packed);
                    while let Some(value) = values.packed(wire_type) {
                        self.element(field.kind, value, &mut index)?;
                    }
                }
                value => self.element(field.kind, value, &mut index)?,
            }
        }
        self.out.end(']');
        Ok(())
    }

    fn element(&mut self, kind: Kind, value: Wire<'_>, index: &mut usize) -> Result<(), PrintError> {
        self.out.item();
        self.value(kind, value).map_err(|error| error.within(Segment::Index(*index)))?;
        *index += 1;
        Ok(())
    }

    pub(super) fn map(&mut self, field: &FieldDescriptor, key: Kind, own: Records<'_>) -> Result<(), PrintError> {
        self.out.begin('{');
        for record in own {
            let entry = Records::new(record.value.bytes());
            let name = key_of(key, entry.last_of(1).unwrap_or(NOTHING));
            self.out.name(&name);
            let value = self.value(field.kind, entry.last_of(2).unwrap_or(NOTHING));
            value.map_err(|error| error.within(Segment::Key(name)))?;
        }
        self.out.end('}');
        Ok(())
    }

    pub(super) fn value(&mut self, kind: Kind, value: Wire<'_>) -> Result<(), PrintError> {
        let bits = value.bits();
        match kind {
            Kind::Message(descriptor) | Kind::Group(descriptor) => self.message(descriptor(), value.bytes())?,
            Kind::Enum(descriptor) => self.enum_value(kind, descriptor(), bits),
            Kind::String => self.out.string(text(value)),
            Kind::Bytes => self.out.bytes(value.bytes()),
            Kind::Float | Kind::Double => self.out.with(|out| number::print(kind, bits, out)),
            Kind::Bool => self.out.plain(bits != 0),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
                self.out.plain(format_args!("\"{}\"", scalar::integer(kind, bits)));
            }
            Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 | Kind::Sfixed32 => {
                self.out.plain(scalar::integer(kind, bits));
            }
        }
        Ok(())
    }

    fn enum_value(&mut self, kind: Kind, descriptor: &EnumDescriptor, bits: u64) {
        match descriptor.name(bits as i32).filter(|_| !self.options.enum_numbers) {
            _ if descriptor.full_name == NULL_VALUE => self.out.plain("null"),
            Some(name) => self.out.string(name),
            None => self.out.plain(scalar::integer(kind, bits)),
        }
    }
}

/// A string; the decoder has seen that it is UTF-8.
pub(super) fn text(value: Wire<'_>) -> &str {
    std::str::from_utf8(value.bytes()).unwrap_or_default()
}

fn key_of(kind: Kind, value: Wire<'_>) -> String {
    match kind {
        Kind::String => text(value).to_owned(),
        Kind::Bool => (value.bits() != 0).to_string(),
        _ => scalar::integer(kind, value.bits()).to_string(),
    }
}
