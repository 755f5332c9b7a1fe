//! Parsing the text form: fields are looked up in the descriptor and written in the wire format.
//!
//! Owns what <https://protobuf.dev/reference/protobuf/textformat-spec/#fields> says of fields and values; words are the
//! lexer's, and what stands in brackets is in `parse_bracketed`.

use std::collections::BTreeMap;

use super::Parser;
use super::lexer::{Lexer, Number};
use crate::protobuf::descriptor::{EnumDescriptor, FieldDescriptor, Kind, Label, MessageDescriptor};
use crate::protobuf::parse_error::ParseError;
use crate::protobuf::path::Segment;
use crate::protobuf::transcode::{Scalar, Scope, Seen, Writer};
use crate::protobuf::{Message, ParseErrorKind, RECURSION_LIMIT, scalar};

pub(super) fn parse<M: Message>(options: Parser<'_>, text: &str) -> Result<M, ParseError> {
    let bytes = transcode(options, text, M::descriptor())?;
    M::decode(&bytes).map_err(|error| ParseError::new(text, text.len(), ParseErrorKind::Message(error)))
}

/// The message's bytes, fields in the order of the text.
fn transcode(options: Parser<'_>, text: &str, descriptor: &'static MessageDescriptor) -> Result<Vec<u8>, ParseError> {
    let (lexer, out) = (Lexer::new(text), Writer::default());
    // The outermost message does not count.
    let mut transcoder = Transcoder { lexer, out, options, depth_left: RECURSION_LIMIT + 1 };
    transcoder.message(descriptor.into(), None)?;
    Ok(transcoder.out.into_bytes())
}

pub(super) struct Transcoder<'a, 't> {
    pub(super) lexer: Lexer<'a>,
    pub(super) out: Writer,
    pub(super) options: Parser<'t>,
    pub(super) depth_left: u32,
}

/// What has come of one message.
pub(super) struct Progress<'d> {
    pub(super) seen: Seen<'d>,
    /// How many values of each list, for errors.
    counts: BTreeMap<u32, usize>,
    /// The packed extensions, whose values may come one by one, as fields of their own.
    pub(super) packed: BTreeMap<u32, (Kind, Writer)>,
}

impl Transcoder<'_, '_> {
    /// A message up to the sign that closes it, or to the end.
    pub(super) fn message(&mut self, scope: Scope<'_>, close: Option<u8>) -> Result<(), ParseError> {
        self.descend()?;
        self.fields(scope, close)?;
        self.depth_left += 1;
        Ok(())
    }

    fn fields(&mut self, scope: Scope<'_>, close: Option<u8>) -> Result<(), ParseError> {
        // On the heap, as all that is large in the frames of this recursion.
        let mut progress =
            Box::new(Progress { seen: Seen::new(scope), counts: BTreeMap::new(), packed: BTreeMap::new() });
        loop {
            let place = self.lexer.place();
            if self.ends(close) {
                for (number, (kind, fields)) in progress.packed {
                    self.out.pack(number, kind, fields);
                }
                return progress.seen.check_required().map_err(|kind| self.lexer.error(place, kind));
            }
            self.field(scope, &mut progress)?;
            let _ = self.lexer.take(b',') || self.lexer.take(b';');
        }
    }

    fn ends(&mut self, close: Option<u8>) -> bool {
        match close {
            Some(sign) => self.lexer.take(sign),
            None => self.lexer.peek().is_none(),
        }
    }

    /// A field, from its name on.
    fn field(&mut self, scope: Scope<'_>, progress: &mut Progress<'_>) -> Result<(), ParseError> {
        let place = self.lexer.place();
        if self.lexer.take(b'[') {
            return self.bracketed(scope, progress, place);
        }
        let Some(name) = self.lexer.name() else {
            let is_number = self.options.ignore_unknown_fields && self.lexer.number().is_some();
            return if is_number { self.skip_field() } else { Err(self.lexer.unexpected("the name of a field")) };
        };
        match find(scope, name) {
            Some((index, field)) => self.known(index, field, progress, place),
            None if self.options.ignore_unknown_fields || scope.reserved_names.contains(&name) => self.skip_field(),
            None => {
                let kind = ParseErrorKind::UnknownField { name: name.into(), message: scope.full_name };
                Err(self.lexer.error(place, kind))
            }
        }
    }

    /// A field that the message has, behind its name.
    fn known(
        &mut self,
        index: usize,
        field: &FieldDescriptor,
        progress: &mut Progress<'_>,
        place: usize,
    ) -> Result<(), ParseError> {
        if !field.label.is_list() {
            progress.seen.note(index, false).map_err(|kind| self.lexer.error(place, kind))?;
        }
        self.values(field, progress, Segment::Field(field.name))
    }

    /// What stands behind a name.
    pub(super) fn values(
        &mut self,
        field: &FieldDescriptor,
        progress: &mut Progress<'_>,
        name: Segment,
    ) -> Result<(), ParseError> {
        let has_colon = self.lexer.take(b':');
        if !field.label.is_list() {
            return self.value(field, has_colon).map_err(|error| error.within(name));
        }
        let count = progress.counts.entry(field.number).or_default();
        let listed = if self.lexer.take(b'[') {
            self.list(field, has_colon, count)
        } else {
            *count += 1;
            self.value(field, has_colon)
        };
        let last = count.saturating_sub(1);
        listed.map_err(|error| error.within(Segment::Index(last)).within(name))
    }

    /// A list behind its opening bracket.
    fn list(&mut self, field: &FieldDescriptor, has_colon: bool, count: &mut usize) -> Result<(), ParseError> {
        if self.lexer.take(b']') {
            return Ok(());
        }
        loop {
            *count += 1;
            self.value(field, has_colon)?;
            if self.lexer.take(b']') {
                return Ok(());
            }
            if !self.lexer.take(b',') {
                return Err(self.lexer.unexpected("`,` or `]`"));
            }
        }
    }

    /// One value of a field.
    fn value(&mut self, field: &FieldDescriptor, has_colon: bool) -> Result<(), ParseError> {
        let FieldDescriptor { number, kind, .. } = *field;
        match (field.label, kind) {
            (Label::Map(key), _) => self.entry(field, key),
            (Label::Singular, kind) if has_colon && !matches!(kind, Kind::Message(_) | Kind::Group(_)) => {
                let scalar = self.scalar(kind)?;
                self.out.implicit(number, kind, &scalar);
                Ok(())
            }
            _ => self.one(number, kind, has_colon),
        }
    }

    /// The entry of a map, which is written like a message. It has a loop of its own, since maps within each other
    /// would take twice the stack otherwise.
    fn entry(&mut self, field: &FieldDescriptor, key: Kind) -> Result<(), ParseError> {
        let close = self.open()?;
        self.out.tag(field.number, 2);
        let start = self.out.begin();
        let mut came = [false; 2];
        while !self.ends(Some(close)) {
            if let Some((segment, number)) = self.part_of_entry(&mut came)? {
                let kind = if number == 1 { key } else { field.kind };
                let has_colon = self.lexer.take(b':');
                self.one(number, kind, has_colon).map_err(|error| error.within(segment))?;
            } else {
                self.skip_field()?;
            }
            let _ = self.lexer.take(b',') || self.lexer.take(b';');
        }
        self.out.end(start);
        Ok(())
    }

    /// The name of a part of a map's entry, which may come once, and its number; nothing if it is to be passed over.
    fn part_of_entry(&mut self, came: &mut [bool; 2]) -> Result<Option<(Segment, u32)>, ParseError> {
        let place = self.lexer.place();
        let [key, value] = came;
        let (name, number, came) = match self.lexer.name() {
            Some("key") => ("key", 1, key),
            Some("value") => ("value", 2, value),
            Some(_) if self.options.ignore_unknown_fields => return Ok(None),
            Some(name) => {
                let kind = ParseErrorKind::UnknownField { name: name.into(), message: "a map's entry" };
                return Err(self.lexer.error(place, kind));
            }
            None => return Err(self.lexer.unexpected("`key` or `value`")),
        };
        if std::mem::replace(came, true) {
            return Err(self.lexer.error(place, ParseErrorKind::Duplicate { name: name.into() }));
        }
        Ok(Some((Segment::Field(name), number)))
    }

    /// A value that is written whatever it is.
    fn one(&mut self, number: u32, kind: Kind, has_colon: bool) -> Result<(), ParseError> {
        if let Kind::Message(descriptor) | Kind::Group(descriptor) = kind {
            let close = self.open()?;
            let start = self.out.begin_message(number, kind);
            self.message(descriptor().into(), Some(close))?;
            self.out.end_message(number, kind, start);
            return Ok(());
        }
        if !has_colon {
            return Err(self.lexer.unexpected("`:`"));
        }
        let scalar = self.scalar(kind)?;
        self.out.field(number, kind, &scalar);
        Ok(())
    }

    /// The sign that opens a message; returns the one that closes it.
    pub(super) fn open(&mut self) -> Result<u8, ParseError> {
        if self.lexer.take(b'{') {
            Ok(b'}')
        } else if self.lexer.take(b'<') {
            Ok(b'>')
        } else {
            Err(self.lexer.unexpected("`{`"))
        }
    }

    pub(super) fn descend(&mut self) -> Result<(), ParseError> {
        let place = self.lexer.place();
        let left = self.depth_left.checked_sub(1);
        self.depth_left = left.ok_or_else(|| self.lexer.error(place, ParseErrorKind::TooDeep))?;
        Ok(())
    }

    // --- Scalars ---

    fn scalar(&mut self, kind: Kind) -> Result<Scalar, ParseError> {
        match kind {
            Kind::String | Kind::Bytes => self.string(kind),
            Kind::Double | Kind::Float => self.float(kind),
            Kind::Bool => self.boolean(),
            Kind::Enum(descriptor) => self.enum_value(kind, descriptor()),
            _ => self.integer(kind),
        }
    }

    fn string(&mut self, kind: Kind) -> Result<Scalar, ParseError> {
        if !matches!(self.lexer.peek(), Some(b'"' | b'\'')) {
            return Err(self.lexer.unexpected(&scalar::called(kind)));
        }
        let place = self.lexer.place();
        let value = self.lexer.string()?;
        if matches!(kind, Kind::String) && std::str::from_utf8(&value).is_err() {
            return Err(self.lexer.wrong(place, "a string", "bytes that are not UTF-8"));
        }
        Ok(Scalar::Bytes(value))
    }

    fn integer(&mut self, kind: Kind) -> Result<Scalar, ParseError> {
        let place = self.lexer.place();
        let negative = self.lexer.take(b'-');
        let Some(number) = self.lexer.number() else { return Err(self.lexer.unexpected(&scalar::called(kind))) };
        let bits = whole(negative, number).and_then(|value| scalar::bits(kind, value));
        bits.map(Scalar::Bits).ok_or_else(|| self.lexer.wrong_since(place, &scalar::called(kind)))
    }

    fn float(&mut self, kind: Kind) -> Result<Scalar, ParseError> {
        let place = self.lexer.place();
        let negative = self.lexer.take(b'-');
        let word = match self.lexer.number() {
            Some(Number::Whole(10, word) | Number::Float(word)) => word,
            Some(Number::Whole(..)) => return Err(self.lexer.wrong_since(place, "a decimal number")),
            None => match self.lexer.name() {
                Some(name) if is_not_finite(name) => name,
                Some(_) => return Err(self.lexer.wrong_since(place, &scalar::called(kind))),
                None => return Err(self.lexer.unexpected(&scalar::called(kind))),
            },
        };
        // What is too large for the type becomes infinite, as in the other implementations.
        let bits = if matches!(kind, Kind::Float) {
            word.parse().ok().map(|value: f32| u64::from(if negative { -value } else { value }.to_bits()))
        } else {
            word.parse().ok().map(|value: f64| if negative { -value } else { value }.to_bits())
        };
        bits.map(Scalar::Bits).ok_or_else(|| self.lexer.wrong_since(place, &scalar::called(kind)))
    }

    fn boolean(&mut self) -> Result<Scalar, ParseError> {
        let place = self.lexer.place();
        let value = match self.lexer.name() {
            Some("true" | "True" | "t") => Some(1),
            Some("false" | "False" | "f") => Some(0),
            Some(_) => None,
            None => match self.lexer.number() {
                Some(number) => whole(false, number).and_then(|value| scalar::bits(Kind::Bool, value)),
                None => return Err(self.lexer.unexpected(&scalar::called(Kind::Bool))),
            },
        };
        value.map(Scalar::Bits).ok_or_else(|| self.lexer.wrong_since(place, &scalar::called(Kind::Bool)))
    }

    fn enum_value(&mut self, kind: Kind, descriptor: &EnumDescriptor) -> Result<Scalar, ParseError> {
        let place = self.lexer.place();
        let number = match self.lexer.name() {
            Some(name) => descriptor.number(name).map(i128::from),
            None => {
                let negative = self.lexer.take(b'-');
                match self.lexer.number() {
                    Some(number) => whole(negative, number),
                    None => return Err(self.lexer.unexpected(&scalar::called(kind))),
                }
            }
        };
        let bits = number.and_then(|number| scalar::bits(kind, number));
        let bits = bits.filter(|bits| !descriptor.is_closed || descriptor.name(*bits as i32).is_some());
        bits.map(Scalar::Bits).ok_or_else(|| self.lexer.wrong_since(place, &scalar::called(kind)))
    }
}

/// A field by its name; groups have the name of their type too.
fn find<'d>(scope: Scope<'d>, name: &str) -> Option<(usize, &'d FieldDescriptor)> {
    scope.fields.iter().enumerate().find(|(_, field)| {
        let is_type =
            |descriptor: fn() -> &'static MessageDescriptor| descriptor().full_name.rsplit('.').next() == Some(name);
        field.name == name || matches!(field.kind, Kind::Group(descriptor) if is_type(descriptor))
    })
}

fn whole(negative: bool, number: Number<'_>) -> Option<i128> {
    let Number::Whole(base, digits) = number else { return None };
    let value = i128::from_str_radix(digits, base).ok()?;
    Some(if negative { -value } else { value })
}

fn is_not_finite(name: &str) -> bool {
    ["inf", "infinity", "nan"].iter().any(|other| name.eq_ignore_ascii_case(other))
}
