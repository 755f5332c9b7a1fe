//! Parsing what a message's descriptor does not name: the type in an `Any`, extensions, and fields that are passed
//! over.

use super::parse::{Progress, Transcoder};
use crate::protobuf::ParseErrorKind;
use crate::protobuf::descriptor::{ExtensionDescriptor, Kind, Label};
use crate::protobuf::encode::Unknown;
use crate::protobuf::parse_error::ParseError;
use crate::protobuf::path::Segment;
use crate::protobuf::registry::Registered;
use crate::protobuf::special::ANY;
use crate::protobuf::transcode::{Scalar, Scope, Writer};

impl Transcoder<'_, '_> {
    /// What stands in brackets in the place of a name: the type in an `Any`, or an extension.
    pub(super) fn bracketed(
        &mut self,
        scope: Scope<'_>,
        progress: &mut Progress<'_>,
        place: usize,
    ) -> Result<(), ParseError> {
        let name = self.lexer.bracketed()?;
        if scope.full_name == ANY && name.contains('/') {
            let Some(registered) = self.options.types.and_then(|types| types.get(&name)) else {
                return Err(self.lexer.error(place, ParseErrorKind::UnknownType { url: name }));
            };
            // It takes the place of both fields.
            for index in 0..scope.fields.len() {
                progress.seen.note(index, false).map_err(|kind| self.lexer.error(place, kind))?;
            }
            return self.any(&name, registered, place).map_err(|error| error.within(Segment::Key(name)));
        }
        if let Some(extension) = self.options.types.and_then(|types| types.extension(scope.full_name, &name)) {
            return self.extension(extension, progress, place);
        }
        if self.options.ignore_unknown_fields {
            return self.skip_field();
        }
        let kind = ParseErrorKind::UnknownField { name: format!("[{name}]"), message: scope.full_name };
        Err(self.lexer.error(place, kind))
    }

    /// An extension behind its name.
    fn extension(
        &mut self,
        extension: &'static ExtensionDescriptor,
        progress: &mut Progress<'_>,
        place: usize,
    ) -> Result<(), ParseError> {
        let (field, name) = (&extension.field, Segment::Extension(extension.full_name));
        if !field.label.is_list() {
            progress.seen.note_extension(extension).map_err(|kind| self.lexer.error(place, kind))?;
        }
        if !matches!(field.label, Label::Packed) {
            return self.values(field, progress, name);
        }
        let (_, before) = progress.packed.remove(&field.number).unwrap_or((field.kind, Writer::default()));
        let outer = std::mem::replace(&mut self.out, before);
        self.values(field, progress, name)?;
        let fields = std::mem::replace(&mut self.out, outer);
        progress.packed.insert(field.number, (field.kind, fields));
        Ok(())
    }

    fn any(&mut self, url: &str, registered: Registered, place: usize) -> Result<(), ParseError> {
        let _ = self.lexer.take(b':');
        let close = self.open()?;
        let outer = std::mem::take(&mut self.out);
        self.message((registered.descriptor)().into(), Some(close))?;
        let inner = std::mem::replace(&mut self.out, outer).into_bytes();
        let value = (registered.encode)(&inner, Unknown::Kept);
        let value = value.map_err(|error| self.lexer.error(place, ParseErrorKind::Message(error)))?;
        self.out.implicit(1, Kind::String, &Scalar::Bytes(url.into()));
        self.out.implicit(2, Kind::Bytes, &Scalar::Bytes(value));
        Ok(())
    }

    /// Passes over a field behind its name.
    pub(super) fn skip_field(&mut self) -> Result<(), ParseError> {
        let _ = self.lexer.take(b':');
        match self.lexer.peek() {
            Some(b'{' | b'<') => self.skip_message(),
            Some(b'[') => self.skip_list(),
            _ => self.skip_scalar(),
        }
    }

    fn skip_message(&mut self) -> Result<(), ParseError> {
        let close = self.open()?;
        self.descend()?;
        while !self.lexer.take(close) {
            if self.lexer.take(b'[') {
                self.lexer.bracketed()?;
            } else if self.lexer.name().is_none() && self.lexer.number().is_none() {
                return Err(self.lexer.unexpected("the name of a field"));
            }
            self.skip_field()?;
            let _ = self.lexer.take(b',') || self.lexer.take(b';');
        }
        self.depth_left += 1;
        Ok(())
    }

    fn skip_list(&mut self) -> Result<(), ParseError> {
        let _ = self.lexer.take(b'[');
        if self.lexer.take(b']') {
            return Ok(());
        }
        loop {
            match self.lexer.peek() {
                Some(b'{' | b'<') => self.skip_message()?,
                _ => self.skip_scalar()?,
            }
            if self.lexer.take(b']') {
                return Ok(());
            }
            if !self.lexer.take(b',') {
                return Err(self.lexer.unexpected("`,` or `]`"));
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<(), ParseError> {
        if matches!(self.lexer.peek(), Some(b'"' | b'\'')) {
            return self.lexer.string().map(drop);
        }
        let _ = self.lexer.take(b'-');
        let is_value = self.lexer.number().is_some() || self.lexer.name().is_some();
        if is_value { Ok(()) } else { Err(self.lexer.unexpected("a value")) }
    }
}
