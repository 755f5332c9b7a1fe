//! Parsing the types of `google.protobuf` that have forms of their own.
//!
//! The fields are those of Google's files; the numbers are written as they are there.

use super::parse::Transcoder;
use super::time;
use crate::protobuf::ParseErrorKind;
use crate::protobuf::descriptor::{FieldDescriptor, Kind, MessageDescriptor};
use crate::protobuf::encode::Unknown;
use crate::protobuf::parse_error::{ParseError, excerpt};
use crate::protobuf::path::Segment;
use crate::protobuf::scalar;
use crate::protobuf::special::{ANY, Special, is_name};
use crate::protobuf::transcode::Scalar;

impl Transcoder<'_, '_> {
    pub(super) fn special(
        &mut self,
        special: Special,
        descriptor: &'static MessageDescriptor,
    ) -> Result<(), ParseError> {
        match special {
            Special::Any => self.any(),
            Special::Timestamp => self.time("a time such as \"1970-01-01T00:00:00Z\"", time::parse_timestamp),
            Special::Duration => self.time("a duration such as \"1.5s\"", time::parse_duration),
            Special::FieldMask => self.field_mask(),
            Special::Struct => self.map(self.field(descriptor, 1)?, Kind::String),
            Special::ListValue => self.list(self.field(descriptor, 1)?),
            Special::Value => self.any_json(descriptor),
            Special::Wrapper => {
                let field = self.field(descriptor, 1)?;
                self.value(field.number, field.kind, true).map(drop)
            }
        }
    }

    /// A field by its number. Somebody's own `google.protobuf.Value` may lack it.
    fn field(
        &self,
        descriptor: &'static MessageDescriptor,
        number: u32,
    ) -> Result<&'static FieldDescriptor, ParseError> {
        descriptor.fields.iter().find(|field| field.number == number).ok_or_else(|| {
            let kind = ParseErrorKind::UnknownField { name: number.to_string(), message: descriptor.full_name };
            self.lexer.error(self.lexer.position(), kind)
        })
    }

    /// A `Value`: whatever comes.
    fn any_json(&mut self, descriptor: &'static MessageDescriptor) -> Result<(), ParseError> {
        let number = match self.lexer.peek() {
            Some(b'n') => 1,
            Some(b'-' | b'0'..=b'9') => 2,
            Some(b'"') => 3,
            Some(b't' | b'f') => 4,
            Some(b'{') => 5,
            Some(b'[') => 6,
            _ => return Err(self.lexer.unexpected("a value")),
        };
        let field = self.field(descriptor, number)?;
        self.value(field.number, field.kind, false).map(drop)
    }

    /// Seconds and nanoseconds.
    fn time(&mut self, expected: &str, parse: fn(&str) -> Option<(i64, i32)>) -> Result<(), ParseError> {
        let place = self.lexer.place();
        let text = self.lexer.string(expected)?;
        let Some((seconds, nanos)) = parse(&text) else {
            return Err(self.lexer.wrong(place, expected, &format!("{:?}", excerpt(&text))));
        };
        for (number, kind, value) in [(1, Kind::Int64, i128::from(seconds)), (2, Kind::Int32, i128::from(nanos))] {
            let bits = scalar::bits(kind, value).unwrap_or_default();
            self.out.implicit(number, kind, &Scalar::Bits(bits));
        }
        Ok(())
    }

    /// Paths with commas between them, their names in lowerCamelCase.
    fn field_mask(&mut self) -> Result<(), ParseError> {
        let place = self.lexer.place();
        let mask = self.lexer.string("the paths of fields")?;
        for path in mask.split(',').filter(|_| !mask.is_empty()) {
            let Some(path) = snake_case(path) else {
                return Err(self.lexer.wrong(place, "a path in lowerCamelCase", &format!("{:?}", excerpt(path))));
            };
            self.out.field(1, Kind::String, &Scalar::Bytes(path.into_bytes()));
        }
        Ok(())
    }

    /// An `Any`: what is in it, with its type beside its fields.
    fn any(&mut self) -> Result<(), ParseError> {
        let place = self.lexer.place();
        let Some(url) = self.url_of_any()? else { return Ok(()) };
        let Some(registered) = self.options.types.and_then(|types| types.get(&url)) else {
            return Err(self.lexer.error(place, ParseErrorKind::UnknownType { url: excerpt(&url) }));
        };
        let descriptor = (registered.descriptor)();
        let outer = std::mem::take(&mut self.out);
        if Special::of(descriptor.full_name).is_some() {
            self.value_of_any(descriptor)?;
        } else {
            self.object(descriptor, true)?;
        }
        let inner = std::mem::replace(&mut self.out, outer).into_bytes();
        // In the order and form in which every other message is written.
        let value = (registered.encode)(&inner, Unknown::Kept);
        let value = value.map_err(|error| self.lexer.error(place, ParseErrorKind::Message(error)))?;
        self.out.implicit(1, Kind::String, &Scalar::Bytes(url.into()));
        self.out.implicit(2, Kind::Bytes, &Scalar::Bytes(value));
        Ok(())
    }

    /// Looks for the type, which may stand behind what it tells how to read. An object without members is an empty
    /// `Any`, and is passed over.
    fn url_of_any(&mut self) -> Result<Option<String>, ParseError> {
        let mut lexer = self.lexer;
        let start = lexer.place();
        let mut url = None;
        let mut more = lexer.open(b'{', "an object")?;
        if !more {
            self.lexer = lexer;
            return Ok(None);
        }
        while more {
            let place = lexer.place();
            if lexer.name()? != "@type" {
                lexer.skip(2 * self.depth_left)?;
            } else if url.is_none() {
                url = Some(lexer.string("the URL of a type")?.into_owned());
            } else {
                return Err(lexer.error(place, ParseErrorKind::Duplicate { name: "@type".into() }));
            }
            more = lexer.more(b'{')?;
        }
        url.map(Some).ok_or_else(|| lexer.wrong(start, "an object with \"@type\"", "one without"))
    }

    /// A type with a form of its own in an `Any`: it is the member `value`.
    fn value_of_any(&mut self, descriptor: &'static MessageDescriptor) -> Result<(), ParseError> {
        let start = self.lexer.place();
        let mut has_value = false;
        let mut more = self.lexer.open(b'{', "an object")?;
        while more {
            let place = self.lexer.place();
            let name = self.lexer.name()?;
            match &*name {
                "@type" => self.skip()?,
                "value" if has_value => {
                    return Err(self.lexer.error(place, ParseErrorKind::Duplicate { name: "value".into() }));
                }
                "value" => {
                    has_value = true;
                    self.message(descriptor).map_err(|error| error.within(Segment::Field("value")))?;
                }
                _ => self.unknown(name, ANY, place)?,
            }
            more = self.lexer.more(b'{')?;
        }
        if has_value { Ok(()) } else { Err(self.lexer.error(start, ParseErrorKind::Missing { name: "value" })) }
    }
}

/// `fooBar.baz` as `foo_bar.baz`; an underscore would not come back, nor would a path that is empty.
fn snake_case(path: &str) -> Option<String> {
    if !path.split('.').all(is_name) {
        return None;
    }
    let mut snake = String::with_capacity(path.len());
    for character in path.chars() {
        match character {
            '_' => return None,
            'A'..='Z' => snake.extend(['_', character.to_ascii_lowercase()]),
            _ => snake.push(character),
        }
    }
    Some(snake)
}
