//! Parsing JSON: members are looked up in the descriptor and written in the wire format.
//!
//! Owns ordinary messages, lists, maps and scalars; types with forms of their own are in `parse_special`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::lexer::Lexer;
use super::{Parser, base64, number};
use crate::protobuf::descriptor::{
    EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor,
};
use crate::protobuf::parse_error::{ParseError, excerpt};
use crate::protobuf::path::Segment;
use crate::protobuf::special::{NULL_VALUE, Special, VALUE};
use crate::protobuf::transcode::{Scalar, Seen, Writer};
use crate::protobuf::{Message, ParseErrorKind, RECURSION_LIMIT, scalar};

pub(super) fn parse<M: Message>(options: Parser<'_>, json: &str) -> Result<M, ParseError> {
    let bytes = transcode(options, json, M::descriptor())?;
    M::decode(&bytes).map_err(|error| ParseError::new(json, json.len(), ParseErrorKind::Message(error)))
}

/// The message's bytes, fields in the order of the JSON.
fn transcode(options: Parser<'_>, json: &str, descriptor: &'static MessageDescriptor) -> Result<Vec<u8>, ParseError> {
    let (lexer, out) = (Lexer::new(json), Writer::default());
    // The outermost message does not count.
    let mut transcoder = Transcoder { lexer, out, options, depth_left: RECURSION_LIMIT + 1 };
    transcoder.message(descriptor)?;
    transcoder.lexer.end()?;
    Ok(transcoder.out.into_bytes())
}

pub(super) struct Transcoder<'a, 't> {
    pub(super) lexer: Lexer<'a>,
    pub(super) out: Writer,
    pub(super) options: Parser<'t>,
    pub(super) depth_left: u32,
}

impl<'a> Transcoder<'a, '_> {
    pub(super) fn message(&mut self, descriptor: &'static MessageDescriptor) -> Result<(), ParseError> {
        let place = self.lexer.place();
        let left = self.depth_left.checked_sub(1);
        self.depth_left = left.ok_or_else(|| self.lexer.error(place, ParseErrorKind::TooDeep))?;
        match Special::of(descriptor.full_name) {
            Some(special) => self.special(special, descriptor)?,
            None => self.object(descriptor, false)?,
        }
        self.depth_left += 1;
        Ok(())
    }

    /// An object with a member for each field; in an `Any` it has one more, which has been read.
    pub(super) fn object(&mut self, descriptor: &'static MessageDescriptor, in_any: bool) -> Result<(), ParseError> {
        let mut seen = Seen::new(descriptor.into());
        let start = self.lexer.place();
        let mut more = self.lexer.open(b'{', "an object")?;
        while more {
            let place = self.lexer.place();
            let name = self.lexer.name()?;
            match find(descriptor, &name) {
                _ if in_any && name == "@type" => self.skip()?,
                Some((index, field)) => {
                    let member = self.member(index, field, &mut seen, place);
                    member.map_err(|error| error.within(Segment::Field(field.json_name)))?;
                }
                None => match self.extension_called(&name, descriptor.full_name) {
                    Some(extension) => {
                        let member = self.extension(extension, &mut seen, place);
                        member.map_err(|error| error.within(Segment::Extension(extension.full_name)))?;
                    }
                    None => self.unknown(name, descriptor.full_name, place)?,
                },
            }
            more = self.lexer.more(b'{')?;
        }
        seen.check_required().map_err(|kind| self.lexer.error(start, kind))
    }

    /// The extension that a name in brackets stands for.
    fn extension_called(&self, name: &str, extendee: &str) -> Option<&'static ExtensionDescriptor> {
        let name = name.strip_prefix('[')?.strip_suffix(']')?;
        self.options.types?.extension(extendee, name)
    }

    fn extension(
        &mut self,
        extension: &ExtensionDescriptor,
        seen: &mut Seen<'_>,
        place: usize,
    ) -> Result<(), ParseError> {
        let field = &extension.field;
        seen.note_extension(extension).map_err(|kind| self.lexer.error(place, kind))?;
        let is_value = !field.label.is_list() && takes_null(field.kind);
        match field.label {
            _ if !is_value && self.lexer.word("null") => Ok(()),
            Label::Packed => {
                let outer = std::mem::take(&mut self.out);
                self.list(field)?;
                let fields = std::mem::replace(&mut self.out, outer);
                self.out.pack(field.number, field.kind, fields);
                Ok(())
            }
            Label::Repeated => self.list(field),
            _ => self.value(field.number, field.kind, false).map(drop),
        }
    }

    /// A member that the message does not have.
    pub(super) fn unknown(
        &mut self,
        name: Cow<'_, str>,
        message: &'static str,
        place: usize,
    ) -> Result<(), ParseError> {
        if self.options.ignore_unknown_fields {
            return self.skip();
        }
        let kind = ParseErrorKind::UnknownField { name: name.into(), message };
        Err(self.lexer.error(place, kind))
    }

    pub(super) fn skip(&mut self) -> Result<(), ParseError> {
        // A list or map of messages is two levels of JSON.
        self.lexer.skip(2 * self.depth_left)
    }

    fn member(
        &mut self,
        index: usize,
        field: &FieldDescriptor,
        seen: &mut Seen<'_>,
        place: usize,
    ) -> Result<(), ParseError> {
        let is_value = match field.label {
            Label::Required => true,
            Label::Repeated | Label::Packed | Label::Map(_) => false,
            Label::Singular | Label::Optional | Label::Member(_) => takes_null(field.kind),
        };
        let is_null = !is_value && self.lexer.word("null");
        seen.note(index, is_null).map_err(|kind| self.lexer.error(place, kind))?;
        match field.label {
            _ if is_null => Ok(()),
            Label::Map(key) => self.map(field, key),
            Label::Repeated | Label::Packed => self.list(field),
            Label::Singular => self.value(field.number, field.kind, true).map(drop),
            Label::Optional | Label::Required | Label::Member(_) => {
                self.value(field.number, field.kind, false).map(drop)
            }
        }
    }

    pub(super) fn list(&mut self, field: &FieldDescriptor) -> Result<(), ParseError> {
        let mut index = 0;
        let mut more = self.lexer.open(b'[', "an array")?;
        while more {
            let element = self.value(field.number, field.kind, false);
            element.map_err(|error| error.within(Segment::Index(index)))?;
            index += 1;
            more = self.lexer.more(b'[')?;
        }
        Ok(())
    }

    pub(super) fn map(&mut self, field: &FieldDescriptor, key: Kind) -> Result<(), ParseError> {
        let mut keys = BTreeSet::new();
        let mut more = self.lexer.open(b'{', "an object")?;
        while more {
            let place = self.lexer.place();
            let name = self.lexer.name()?;
            let entry = self.entry(field, key, &name, place, &mut keys);
            entry.map_err(|error| error.within(Segment::Key(name.into())))?;
            more = self.lexer.more(b'{')?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        field: &FieldDescriptor,
        key: Kind,
        name: &str,
        place: usize,
        keys: &mut BTreeSet<Scalar>,
    ) -> Result<(), ParseError> {
        let scalar = key_of(key, name).ok_or_else(|| self.wrong(place, key, name))?;
        let before = self.out.position();
        self.out.tag(field.number, 2);
        let start = self.out.begin();
        self.out.field(1, key, &scalar);
        if !keys.insert(scalar) {
            return Err(self.lexer.error(place, ParseErrorKind::Duplicate { name: name.into() }));
        }
        if self.value(2, field.kind, false)? {
            self.out.end(start);
        } else {
            self.out.cut(before);
        }
        Ok(())
    }

    /// A value as a field of its own; of a field without presence the default is not written. Whether there is one:
    /// names that an enum does not have may be passed over.
    pub(super) fn value(&mut self, number: u32, kind: Kind, is_implicit: bool) -> Result<bool, ParseError> {
        if let Kind::Message(descriptor) | Kind::Group(descriptor) = kind {
            let start = self.out.begin_message(number, kind);
            self.message(descriptor())?;
            self.out.end_message(number, kind, start);
            return Ok(true);
        }
        let Some(scalar) = self.scalar(kind)? else { return Ok(false) };
        if is_implicit {
            self.out.implicit(number, kind, &scalar);
        } else {
            self.out.field(number, kind, &scalar);
        }
        Ok(true)
    }

    // --- Scalars ---

    fn scalar(&mut self, kind: Kind) -> Result<Option<Scalar>, ParseError> {
        let place = self.lexer.place();
        let scalar = match kind {
            Kind::Enum(descriptor) => return self.enum_value(kind, descriptor()),
            Kind::String => Some(Scalar::Bytes(self.lexer.string("a string")?.into_owned().into_bytes())),
            Kind::Bytes => {
                let digits = self.lexer.string("a string in base64")?;
                let bytes = base64::decode(&digits);
                let wrong = || self.lexer.wrong(place, "a string in base64", &format!("{:?}", excerpt(&digits)));
                Some(Scalar::Bytes(bytes.ok_or_else(wrong)?))
            }
            Kind::Bool if self.lexer.word("true") => Some(Scalar::Bits(1)),
            Kind::Bool if self.lexer.word("false") => Some(Scalar::Bits(0)),
            Kind::Bool => return Err(self.lexer.unexpected(&scalar::called(kind))),
            _ => {
                let number = self.number(kind)?;
                let bits = number_bits(kind, &number).ok_or_else(|| self.wrong(place, kind, &number))?;
                Some(Scalar::Bits(bits))
            }
        };
        Ok(scalar)
    }

    /// A number, or a string that may be one.
    fn number(&mut self, kind: Kind) -> Result<Cow<'a, str>, ParseError> {
        if self.lexer.peek() == Some(b'"') {
            return self.lexer.string("a number");
        }
        match self.lexer.number() {
            Some(number) => Ok(Cow::Borrowed(number)),
            None => Err(self.lexer.unexpected(&scalar::called(kind))),
        }
    }

    fn enum_value(&mut self, kind: Kind, descriptor: &EnumDescriptor) -> Result<Option<Scalar>, ParseError> {
        let place = self.lexer.place();
        let is_null_value = descriptor.full_name == NULL_VALUE;
        if is_null_value && self.lexer.word("null") {
            return Ok(Some(Scalar::Bits(0)));
        }
        if self.lexer.peek() == Some(b'"') {
            let name = self.lexer.string("a name")?;
            return match descriptor.number(&name).and_then(|number| scalar::bits(kind, number.into())) {
                Some(bits) => Ok(Some(Scalar::Bits(bits))),
                None if self.options.ignore_unknown_fields => Ok(None),
                None => Err(self.wrong(place, kind, &format!("{:?}", excerpt(&name)))),
            };
        }
        let Some(number) = self.lexer.number() else { return Err(self.lexer.unexpected(&scalar::called(kind))) };
        let bits = number::whole(number).and_then(|value| scalar::bits(kind, value));
        let is_named_only = descriptor.is_closed || is_null_value;
        let bits = bits.filter(|bits| !is_named_only || descriptor.name(*bits as i32).is_some());
        bits.map(|bits| Some(Scalar::Bits(bits))).ok_or_else(|| self.wrong(place, kind, number))
    }

    #[cold]
    fn wrong(&self, place: usize, kind: Kind, got: &str) -> ParseError {
        self.lexer.wrong(place, &scalar::called(kind), &excerpt(got))
    }
}

/// A field by its name in JSON, or else by that in the .proto file.
fn find(descriptor: &'static MessageDescriptor, name: &str) -> Option<(usize, &'static FieldDescriptor)> {
    let fields = || descriptor.fields.iter().enumerate();
    fields().find(|(_, field)| field.json_name == name).or_else(|| fields().find(|(_, field)| field.name == name))
}

/// Whether `null` is a value of this type.
fn takes_null(kind: Kind) -> bool {
    match kind {
        Kind::Enum(descriptor) => descriptor().full_name == NULL_VALUE,
        Kind::Message(descriptor) => descriptor().full_name == VALUE,
        _ => false,
    }
}

fn number_bits(kind: Kind, number: &str) -> Option<u64> {
    let is_float = matches!(kind, Kind::Float | Kind::Double);
    if !number::is_number(number) {
        return if is_float { number::special_bits(kind, number) } else { None };
    }
    if is_float { number::float_bits(kind, number) } else { scalar::bits(kind, number::whole(number)?) }
}

fn key_of(kind: Kind, name: &str) -> Option<Scalar> {
    match (kind, name) {
        (Kind::String, _) => Some(Scalar::Bytes(name.into())),
        (Kind::Bool, "true") => Some(Scalar::Bits(1)),
        (Kind::Bool, "false") => Some(Scalar::Bits(0)),
        (Kind::Bool, _) => None,
        _ => number_bits(kind, name).map(Scalar::Bits),
    }
}
