//! Printing the text form, as Python's `print(message)` shows it: a field a line, nested messages in braces.
//!
//! Measured with Python's protobuf 7.36: strings keep their characters and escape control characters in octal, bytes
//! escape everything outside printable ASCII. Unknown fields look as they do in C++.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use crate::protobuf::descriptor::Kind;
use crate::protobuf::element::{Element, Packable};
use crate::protobuf::encode::Unknown;
use crate::protobuf::extension::{self, Found, Value};
use crate::protobuf::records::{Record, Records, Wire};
use crate::protobuf::registry::Registered;
use crate::protobuf::special::ANY;
use crate::protobuf::visit::Visitor;
use crate::protobuf::{Message, RECURSION_LIMIT, TypeRegistry, UnknownFields, number, scalar};

/// How deep what may be a message is looked for in unknown fields.
const UNKNOWN_DEPTH: u32 = 10;

/// The walk that prints.
#[derive(Debug, Default)]
pub struct Text<'t> {
    out: String,
    indent: usize,
    types: Option<&'t TypeRegistry>,
    unknown_fields: bool,
    /// The full name of the message whose fields are being printed.
    message: &'static str,
}

impl<'t> Text<'t> {
    pub(super) fn new(types: Option<&'t TypeRegistry>, unknown_fields: bool) -> Self {
        Self { types, unknown_fields, ..Self::default() }
    }

    /// The fields of a message, or of what is in an `Any`.
    pub(in crate::protobuf) fn fields<M: Message>(&mut self, message: &M) {
        if M::FULL_NAME != ANY || !self.any(message) {
            let around = std::mem::replace(&mut self.message, M::FULL_NAME);
            message.visit(self);
            self.message = around;
        }
    }

    /// `[type.googleapis.com/x.Y] {`, the fields, `}`; or nothing if that cannot be, which it tells.
    #[inline(never)]
    fn any<M: Message>(&mut self, any: &M) -> bool {
        let Some(types) = self.types.filter(|_| self.indent < RECURSION_LIMIT as usize) else { return false };
        let Ok(bytes) = any.encode_to_vec() else { return false };
        let part = |number| Records::new(&bytes).last_of(number).map(Wire::bytes).unwrap_or_default();
        let Ok(url) = std::str::from_utf8(part(1)) else { return false };
        let Some(registered) = types.get(url) else { return false };
        let before = self.out.len();
        let mut printed = Ok(());
        self.block(&format!("[{url}]"), |text| printed = (registered.print)(part(2), text));
        if printed.is_err() {
            self.out.truncate(before);
        }
        printed.is_ok()
    }

    /// The extensions that the registry has, in the order of their numbers; returns the other unknown fields.
    #[inline(never)]
    fn extensions<'a>(&mut self, types: &TypeRegistry, fields: &'a [u8]) -> Vec<Record<'a>> {
        let (found, rest) = extension::find(types, self.message, fields, Unknown::Kept);
        for Found { extension, values } in found {
            let (name, kind) = (format!("[{}]", extension.full_name), extension.field.kind);
            for value in values {
                match (value, extension.codec) {
                    (Value::Message(bytes), Some(codec)) => self.message_of(codec, &name, &bytes),
                    (value, _) => self.scalar(&name, kind, value.wire()),
                }
            }
        }
        rest
    }

    fn message_of(&mut self, codec: Registered, name: &str, bytes: &[u8]) {
        // They have been decoded and encoded; they can be decoded again.
        self.block(name, |text| drop((codec.print)(bytes, text)));
    }

    fn scalar(&mut self, name: &str, kind: Kind, value: Wire<'_>) {
        let bits = value.bits();
        match kind {
            Kind::String | Kind::Bytes => self.quoted(name, value.bytes(), matches!(kind, Kind::String)),
            Kind::Float => self.line(name, &number::float(f32::from_bits(bits as u32))),
            Kind::Double => self.line(name, &number::double(f64::from_bits(bits))),
            Kind::Bool => self.line(name, &(bits != 0)),
            Kind::Enum(descriptor) => match descriptor().name(bits as i32) {
                Some(value) => self.line(name, &value),
                None => self.line(name, &(bits as i32)),
            },
            _ => self.line(name, &scalar::integer(kind, bits)),
        }
    }

    fn unknown_field(&mut self, Record { number, value }: Record<'_>, depth_left: u32) {
        let name = number.to_string();
        let fields = |text: &mut Self, bytes| {
            Records::new(bytes).for_each(|record| text.unknown_field(record, depth_left.saturating_sub(1)));
        };
        match value {
            Wire::Varint(bits) => self.line(&name, &bits),
            Wire::Fixed32(bits) => self.line(&name, &format_args!("{bits:#010x}")),
            Wire::Fixed64(bits) => self.line(&name, &format_args!("{bits:#018x}")),
            Wire::Group(bytes) if depth_left > 0 => self.block(&name, |text| fields(text, bytes)),
            Wire::Group(_) => self.block(&name, |_| {}),
            // Nothing tells a message from a string, but few strings are messages.
            Wire::Bytes(bytes) if depth_left > 0 && !bytes.is_empty() && Records::new(bytes).is_whole() => {
                self.block(&name, |text| fields(text, bytes));
            }
            Wire::Bytes(bytes) => self.quoted(&name, bytes, false),
        }
    }

    pub(in crate::protobuf) fn into_string(self) -> String {
        self.out
    }

    /// `name: value`
    pub(in crate::protobuf) fn line(&mut self, name: &str, value: &dyn Display) {
        self.indent();
        let _ = writeln!(self.out, "{name}: {value}"); // a String takes everything
    }

    /// `name {`, the fields, `}`
    pub(in crate::protobuf) fn block(&mut self, name: &str, fields: impl FnOnce(&mut Self)) {
        self.indent();
        self.out.push_str(name);
        self.out.push_str(" {\n");
        self.indent += 1;
        fields(self);
        self.indent -= 1;
        self.indent();
        self.out.push_str("}\n");
    }

    /// `name: "value"`, escaped; with `is_text` the bytes are UTF-8 and its characters stay.
    pub(in crate::protobuf) fn quoted(&mut self, name: &str, value: &[u8], is_text: bool) {
        self.indent();
        self.out.push_str(name);
        self.out.push_str(": \"");
        match std::str::from_utf8(value) {
            Ok(value) if is_text => value.chars().for_each(|character| match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() => self.escape(byte),
                _ => self.out.push(character),
            }),
            _ => value.iter().for_each(|byte| self.escape(*byte)),
        }
        self.out.push_str("\"\n");
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'\n' => self.out.push_str("\\n"),
            b'\r' => self.out.push_str("\\r"),
            b'\t' => self.out.push_str("\\t"),
            b'"' | b'\'' | b'\\' => self.out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => self.out.push(char::from(byte)),
            _ => {
                let _ = write!(self.out, "\\{byte:03o}"); // a String takes everything
            }
        }
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
    }
}

impl Visitor for Text<'_> {
    fn field<E: Element>(&mut self, _number: u32, name: &'static str, value: &E::Value) {
        E::print(value, name, self);
    }

    fn packed<E: Packable>(&mut self, number: u32, name: &'static str, values: &[E::Value]) {
        self.repeated::<E>(number, name, values);
    }

    fn map<K: Element, V: Element>(
        &mut self,
        _number: u32,
        name: &'static str,
        entries: &BTreeMap<K::Value, V::Value>,
    ) {
        for (key, value) in entries {
            self.block(name, |text| {
                K::print(key, "key", text);
                V::print(value, "value", text);
            });
        }
    }

    fn unknown(&mut self, fields: &UnknownFields) {
        let types = self.types.filter(|types| types.has_extensions() && !fields.is_empty());
        if let Some(types) = types.filter(|_| self.indent < RECURSION_LIMIT as usize) {
            let rest = self.extensions(types, fields.as_bytes());
            if self.unknown_fields {
                rest.into_iter().for_each(|record| self.unknown_field(record, UNKNOWN_DEPTH));
            }
        } else if self.unknown_fields {
            Records::new(fields.as_bytes()).for_each(|record| self.unknown_field(record, UNKNOWN_DEPTH));
        }
    }
}
