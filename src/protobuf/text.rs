//! The text form of a message, as Python's `print(message)` shows it: a field a line, nested messages in braces.
//!
//! Measured with Python's protobuf 7.36: strings keep their characters and escape control characters in octal, bytes
//! escape everything outside printable ASCII.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use super::UnknownFields;
use super::element::{Element, Packable};
use super::visit::Visitor;

/// The walk that prints.
#[derive(Debug, Default)]
pub struct Text {
    out: String,
    indent: usize,
}

impl Text {
    pub(super) fn into_string(self) -> String {
        self.out
    }

    /// `name: value`
    pub(super) fn line(&mut self, name: &'static str, value: &dyn Display) {
        self.indent();
        let _ = writeln!(self.out, "{name}: {value}"); // a String takes everything
    }

    /// `name {`, the fields, `}`
    pub(super) fn block(&mut self, name: &'static str, fields: impl FnOnce(&mut Self)) {
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
    pub(super) fn quoted(&mut self, name: &'static str, value: &[u8], is_text: bool) {
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

impl Visitor for Text {
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

    fn unknown(&mut self, _fields: &UnknownFields) {}
}
