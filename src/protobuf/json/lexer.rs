//! The words of JSON: RFC 8259. Knows no fields.

use std::borrow::Cow;

use super::number;
use crate::protobuf::parse_error::{ParseError, ParseErrorKind, excerpt};

/// Where in the source the next word begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, position: 0 }
    }

    /// The first byte of the next word.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.position += rest.len() - trimmed.len();
        trimmed.bytes().next()
    }

    /// Where the next word begins.
    pub(super) fn place(&mut self) -> usize {
        self.peek();
        self.position
    }

    /// How far it has been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes the sign if it is next.
    fn take(&mut self, sign: u8) -> bool {
        let is_next = self.peek() == Some(sign);
        self.position += usize::from(is_next);
        is_next
    }

    /// Takes a word of letters, such as `null`, if it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.peek();
        let is_next = self.letters() == word;
        if is_next {
            self.position += word.len();
        }
        is_next
    }

    /// Goes into an object or array; whether something is in it.
    pub(super) fn open(&mut self, open: u8, expected: &str) -> Result<bool, ParseError> {
        if !self.take(open) {
            return Err(self.unexpected(expected));
        }
        Ok(!self.take(closing(open)))
    }

    /// Behind something in an object or array: whether more comes.
    pub(super) fn more(&mut self, open: u8) -> Result<bool, ParseError> {
        if self.take(b',') {
            Ok(true)
        } else if self.take(closing(open)) {
            Ok(false)
        } else {
            Err(self.unexpected(if open == b'{' { "`,` or `}`" } else { "`,` or `]`" }))
        }
    }

    /// The name of a member and its colon.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let name = self.string("a name in quotes")?;
        if self.take(b':') { Ok(name) } else { Err(self.unexpected("`:`")) }
    }

    pub(super) fn string(&mut self, expected: &str) -> Result<Cow<'a, str>, ParseError> {
        if !self.take(b'"') {
            return Err(self.unexpected(expected));
        }
        let piece = self.plain();
        if self.rest().starts_with('"') {
            self.position += 1;
            return Ok(Cow::Borrowed(piece));
        }
        let mut value = piece.to_owned();
        loop {
            match self.rest().bytes().next() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(Cow::Owned(value));
                }
                Some(b'\\') => value.push(self.escape()?),
                Some(_) => return Err(self.wrong(self.position, "a string", "a control character in it")),
                None => return Err(self.wrong(self.position, "the closing quote of a string", "the end")),
            }
            value.push_str(self.plain());
        }
    }

    /// What stands in a string as it is.
    fn plain(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    /// An escape, from its backslash on.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.position;
        let letter = self.source.as_bytes().get(start + 1).copied();
        self.position += 2;
        Ok(match letter {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err(self.wrong(start, "an escape", "another character behind `\\`")),
        })
    }

    /// A character by its number, behind the `u`; two halves of a pair of surrogates are one character.
    fn unicode(&mut self, start: usize) -> Result<char, ParseError> {
        let mut number = self.four_digits(start)?;
        if (0xd800..0xdc00).contains(&number) && self.rest().starts_with("\\u") {
            self.position += 2;
            let low = self.four_digits(start)?;
            if (0xdc00..0xe000).contains(&low) {
                number = 0x1_0000 + ((number - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        char::from_u32(number).ok_or_else(|| self.wrong(start, "a character", "half a surrogate pair"))
    }

    fn four_digits(&mut self, start: usize) -> Result<u32, ParseError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.position += 4;
        number.ok_or_else(|| self.wrong(start, "four hexadecimal digits behind `\\u`", "others"))
    }

    /// A number, if one is next.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        self.peek();
        let rest = self.rest();
        let end = number::length(rest.as_bytes())?;
        // What follows directly makes it none, as in `1.`, `01` and `12ab`.
        let is_end =
            !rest.as_bytes().get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || b".+-_".contains(byte));
        let number = rest.get(..end).filter(|_| is_end)?;
        self.position += end;
        Some(number)
    }

    /// Passes over a value; `depth` is how many objects and arrays may lie within each other in it.
    pub(super) fn skip(&mut self, depth: u32) -> Result<(), ParseError> {
        match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                let depth = depth.checked_sub(1);
                let depth = depth.ok_or_else(|| self.error(self.position, ParseErrorKind::TooDeep))?;
                let mut more = self.open(open, "a value")?;
                while more {
                    if open == b'{' {
                        self.name()?;
                    }
                    self.skip(depth)?;
                    more = self.more(open)?;
                }
                Ok(())
            }
            Some(b'"') => self.string("a value").map(drop),
            _ if self.word("true") || self.word("false") || self.word("null") => Ok(()),
            _ => self.number().map(drop).ok_or_else(|| self.unexpected("a value")),
        }
    }

    /// The end of the source.
    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    fn letters(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b'_').unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    // --- Errors ---

    /// Something else than the next word is expected.
    #[cold]
    pub(super) fn unexpected(&mut self, expected: &str) -> ParseError {
        let place = self.place();
        let got = match self.peek() {
            None => "the end".to_owned(),
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "an array".to_owned(),
            Some(b'"') => match self.string("") {
                Ok(string) => format!("{:?}", excerpt(&string)),
                Err(error) => return error,
            },
            Some(byte) if byte.is_ascii_alphabetic() => excerpt(self.letters()),
            Some(byte) if byte.is_ascii_digit() || byte == b'-' => {
                let rest = self.rest();
                let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
                let end = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                excerpt(rest.get(..end).unwrap_or_default())
            }
            Some(_) => format!("`{}`", self.rest().chars().next().unwrap_or_default()),
        };
        self.wrong(place, expected, &got)
    }

    /// What was read at a place is not what is expected.
    #[cold]
    pub(super) fn wrong(&self, place: usize, expected: &str, got: &str) -> ParseError {
        let (expected, got) = (expected.to_owned(), got.to_owned());
        self.error(place, ParseErrorKind::Unexpected { expected, got })
    }

    #[cold]
    pub(super) fn error(&self, place: usize, kind: ParseErrorKind) -> ParseError {
        ParseError::new(self.source, place, kind)
    }
}

fn closing(open: u8) -> u8 {
    if open == b'{' { b'}' } else { b']' }
}

#[cfg(test)]
mod tests {
    use super::Lexer;

    #[test]
    fn strings() {
        for (source, expected) in [
            (r#""""#, ""),
            (r#" "é\"\\\/\b\f\n\r\t\u0041" "#, "é\"\\/\u{8}\u{c}\n\r\tA"),
            (r#""\ud83d\uDE00!""#, "😀!"),
        ] {
            assert_eq!(Lexer::new(source).string("a string").unwrap(), expected);
        }
        for source in [
            r#"""#,
            r#""a"#,
            "\"a\nb\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\ud83dx""#,
            r#""\"#,
            r#""\u"#,
            "'a'",
            r#""\é""#,
            r#""\u00é0""#,
        ] {
            assert!(Lexer::new(source).string("a string").is_err(), "{source}");
        }
    }

    #[test]
    fn what_is_passed_over_is_json() {
        for source in [r#"{"a":[1,-2.5e3,{"b":null}],"c":{},"d":[]}"#, "[true , false]", "\"x\"", " 0 "] {
            let mut lexer = Lexer::new(source);
            lexer.skip(5).unwrap();
            lexer.end().unwrap();
        }
        for source in
            ["[1,]", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "nul", "nulls", "01", "[", "{", "+1", "NaN"]
        {
            assert!(Lexer::new(source).skip(5).is_err(), "{source}");
        }
        assert!(Lexer::new("[[[]]]").skip(3).is_ok());
        assert!(Lexer::new("[[[]]]").skip(2).is_err());
    }
}
