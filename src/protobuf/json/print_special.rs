//! Printing the types of `google.protobuf` that have forms of their own.
//!
//! The fields are those of Google's files, by their numbers.

use super::print::{NOTHING, Walk, text};
use super::{PrintError, PrintErrorKind, time};
use crate::protobuf::descriptor::{FieldDescriptor, Kind, MessageDescriptor};
use crate::protobuf::records::Records;
use crate::protobuf::special::{Special, is_name};

impl Walk<'_> {
    pub(super) fn special(
        &mut self,
        special: Special,
        descriptor: &'static MessageDescriptor,
        records: Records<'_>,
    ) -> Result<(), PrintError> {
        match (special, field(descriptor, 1)) {
            (Special::Any, _) => self.any(records),
            (Special::Timestamp, _) => {
                let (seconds, nanos) = parts(records);
                let time = time::timestamp(seconds, nanos);
                self.time(time, PrintErrorKind::Timestamp { seconds, nanos })
            }
            (Special::Duration, _) => {
                let (seconds, nanos) = parts(records);
                let time = time::duration(seconds, nanos);
                self.time(time, PrintErrorKind::Duration { seconds, nanos })
            }
            (Special::FieldMask, _) => self.field_mask(records),
            (Special::Value, _) => self.any_json(descriptor, records),
            (Special::Struct, Some(field)) => self.map(field, Kind::String, records),
            (Special::ListValue, Some(field)) => self.list(field, records),
            (Special::Wrapper, Some(field)) => self.value(field.kind, records.last_of(1).unwrap_or(NOTHING)),
            (Special::Struct | Special::ListValue | Special::Wrapper, None) => {
                Err(PrintError::new(PrintErrorKind::NoValue))
            }
        }
    }

    fn any_json(&mut self, descriptor: &'static MessageDescriptor, records: Records<'_>) -> Result<(), PrintError> {
        let found = records.last().and_then(|record| Some((field(descriptor, record.number)?, record.value)));
        let (field, value) = found.ok_or_else(|| PrintError::new(PrintErrorKind::NoValue))?;
        if matches!(field.kind, Kind::Double) && !f64::from_bits(value.bits()).is_finite() {
            return Err(PrintError::new(PrintErrorKind::NotFinite));
        }
        self.value(field.kind, value)
    }

    fn time(&mut self, text: Option<String>, kind: PrintErrorKind) -> Result<(), PrintError> {
        let text = text.ok_or_else(|| PrintError::new(kind))?;
        self.out.string(&text);
        Ok(())
    }

    fn field_mask(&mut self, records: Records<'_>) -> Result<(), PrintError> {
        let mut mask = String::new();
        for record in records {
            let path = text(record.value);
            let camel = camel_case(path);
            let camel = camel.ok_or_else(|| PrintError::new(PrintErrorKind::FieldMask { path: path.into() }))?;
            if !mask.is_empty() {
                mask.push(',');
            }
            mask.push_str(&camel);
        }
        self.out.string(&mask);
        Ok(())
    }

    fn any(&mut self, records: Records<'_>) -> Result<(), PrintError> {
        self.out.begin('{');
        let url = text(records.last_of(1).unwrap_or(NOTHING));
        let value = records.last_of(2).unwrap_or(NOTHING).bytes();
        if url.is_empty() && value.is_empty() {
            self.out.end('}');
            return Ok(());
        }
        let registered = self.options.types.and_then(|types| types.get(url));
        let registered = registered.ok_or_else(|| PrintError::new(PrintErrorKind::UnknownType { url: url.into() }))?;
        let bytes = (registered.encode)(value, self.options.unknown())
            .map_err(|error| PrintError::new(PrintErrorKind::Any(error)))?;
        self.out.name("@type");
        self.out.string(url);
        let descriptor = (registered.descriptor)();
        if Special::of(descriptor.full_name).is_some() {
            self.out.name("value");
            self.message(descriptor, &bytes)?;
        } else {
            self.fields(descriptor, &bytes)?;
        }
        self.out.end('}');
        Ok(())
    }
}

fn field(descriptor: &'static MessageDescriptor, number: u32) -> Option<&'static FieldDescriptor> {
    descriptor.fields.iter().find(|field| field.number == number)
}

/// Seconds and nanoseconds.
fn parts(records: Records<'_>) -> (i64, i32) {
    let bits = |number| records.last_of(number).unwrap_or(NOTHING).bits();
    (bits(1) as i64, bits(2) as i32)
}

/// `foo_bar.baz` as `fooBar.baz`, if that comes back the same.
fn camel_case(path: &str) -> Option<String> {
    if !path.split('.').all(is_name) {
        return None;
    }
    let mut camel = String::with_capacity(path.len());
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '_' => camel.push(characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase()),
            'A'..='Z' => return None,
            _ => camel.push(character),
        }
    }
    Some(camel)
}
