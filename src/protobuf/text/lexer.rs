//! The words of the text form: names, numbers, strings, signs, with white space and comments between them.
//!
//! Knows no fields. <https://protobuf.dev/reference/protobuf/textformat-spec/#elements>

use crate::protobuf::ParseErrorKind;
use crate::protobuf::parse_error::{ParseError, excerpt};

/// Where in the text the next word begins.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

/// A number without its sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number<'a> {
    /// With its base; the digits have no prefix.
    Whole(u32, &'a str),
    /// A point, an exponent or an `f` behind it, which is cut off.
    Float(&'a str),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, position: 0 }
    }

    /// The first byte of the next word.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
            self.position += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return trimmed.bytes().next();
            }
            self.position += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Takes the sign if it is the next word.
    pub(super) fn take(&mut self, sign: u8) -> bool {
        let is_next = self.peek() == Some(sign);
        self.position += usize::from(is_next);
        is_next
    }

    /// Where the next word begins.
    pub(super) fn place(&mut self) -> usize {
        self.peek();
        self.position
    }

    /// A name, if one is next.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let is_name = self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if is_name { Some(self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_')) } else { None }
    }

    /// A number, if one is next and well formed.
    pub(super) fn number(&mut self) -> Option<Number<'a>> {
        self.peek().filter(|byte| byte.is_ascii_digit() || *byte == b'.')?;
        let before = self.position;
        let number = number(self.numeric());
        if number.is_none() {
            self.position = before;
        }
        number
    }

    /// What stands between brackets, of which the opening one has been taken: the name of an extension or a type's URL,
    /// without white space and comments.
    pub(super) fn bracketed(&mut self) -> Result<String, ParseError> {
        let mut name = String::new();
        loop {
            match self.peek() {
                Some(b']') if !name.is_empty() => {
                    self.position += 1;
                    return Ok(name);
                }
                Some(byte) if is_of_url(byte) => name.push_str(self.run(is_of_url)),
                _ => return Err(self.unexpected("a name of an extension or type, and `]`")),
            }
        }
    }

    /// A string: all that stand one behind the other.
    pub(super) fn string(&mut self) -> Result<Vec<u8>, ParseError> {
        let mut value = Vec::new();
        while let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.position += 1;
            self.piece(quote, &mut value)?;
        }
        Ok(value)
    }

    /// One string behind its opening quote.
    fn piece(&mut self, quote: u8, value: &mut Vec<u8>) -> Result<(), ParseError> {
        loop {
            value.extend_from_slice(self.run(|byte| byte != quote && !matches!(byte, b'\\' | b'\n' | 0)).as_bytes());
            match self.next_byte() {
                Some(b'\\') => self.escape(value)?,
                Some(byte) if byte == quote => return Ok(()),
                _ => {
                    self.position = self.position.saturating_sub(1);
                    return Err(self.wrong(self.position, "the closing quote of a string", "the end of the line"));
                }
            }
        }
    }

    /// An escape behind its backslash.
    fn escape(&mut self, value: &mut Vec<u8>) -> Result<(), ParseError> {
        let start = self.position - 1;
        let byte = match self.next_byte() {
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(byte @ (b'?' | b'\\' | b'\'' | b'"')) => byte,
            Some(b'0'..=b'7') => {
                self.position -= 1;
                self.digits(1, 3, 8).and_then(|value| u8::try_from(value).ok()).ok_or_else(|| self.bad_escape(start))?
            }
            Some(b'x' | b'X') => self
                .digits(1, 2, 16)
                .and_then(|value| u8::try_from(value).ok())
                .ok_or_else(|| self.bad_escape(start))?,
            Some(b'u') => return self.character(start, 4, value),
            Some(b'U') => return self.character(start, 8, value),
            _ => return Err(self.bad_escape(start)),
        };
        value.push(byte);
        Ok(())
    }

    /// A character by its number. Halves of a surrogate pair are none, not even two together.
    fn character(&mut self, start: usize, digits: usize, value: &mut Vec<u8>) -> Result<(), ParseError> {
        let number = self.digits(digits, digits, 16);
        let character = number.and_then(char::from_u32).ok_or_else(|| self.bad_escape(start))?;
        value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// So many digits of this base as a number.
    fn digits(&mut self, least: usize, most: usize, base: u32) -> Option<u32> {
        let rest = self.rest();
        let count = rest.chars().take(most).take_while(|digit| digit.is_digit(base)).count();
        let digits = rest.get(..count).filter(|_| count >= least)?;
        self.position += count;
        u32::from_str_radix(digits, base).ok()
    }

    /// Takes the bytes that the rule allows. It stops at none in the midst of a character, if it goes by ASCII.
    fn run(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Everything that could be a number, right or wrong.
    fn numeric(&mut self) -> &'a str {
        let rest = self.rest();
        let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
        let mut after_exponent = false;
        let is_part = |byte: u8| {
            let is_sign = after_exponent && matches!(byte, b'+' | b'-');
            after_exponent = !is_hex && matches!(byte, b'e' | b'E');
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign
        };
        let mut is_part = is_part;
        let end = rest.bytes().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    fn next_byte(&mut self) -> Option<u8> {
        let byte = self.source.as_bytes().get(self.position).copied();
        self.position += 1;
        byte
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
            Some(b'"' | b'\'') => "a string".to_owned(),
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => excerpt(self.numeric()),
            Some(_) => format!("`{}`", self.rest().chars().next().unwrap_or_default()),
        };
        self.wrong(place, expected, &got)
    }

    /// Something else than what has been read since this place is expected.
    #[cold]
    pub(super) fn wrong_since(&self, place: usize, expected: &str) -> ParseError {
        let got = self.source.get(place..self.position).unwrap_or_default();
        self.wrong(place, expected, &excerpt(got))
    }

    /// An error at a place that has been read.
    #[cold]
    pub(super) fn wrong(&self, place: usize, expected: &str, got: &str) -> ParseError {
        let (expected, got) = (expected.to_owned(), got.to_owned());
        self.error(place, ParseErrorKind::Unexpected { expected, got })
    }

    #[cold]
    pub(super) fn error(&self, place: usize, kind: ParseErrorKind) -> ParseError {
        ParseError::new(self.source, place, kind)
    }

    #[cold]
    fn bad_escape(&self, start: usize) -> ParseError {
        let escape = self.source.get(start..self.position).unwrap_or("\\");
        self.wrong(start, "an escape", &format!("`{}`", excerpt(escape)))
    }
}

fn is_of_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~%!$&'()*+,;=/".contains(&byte)
}

/// Whether a word that begins with a digit or a point is a number, and which.
fn number(word: &str) -> Option<Number<'_>> {
    let all = |digits: &str, base| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return all(digits, 16).then_some(Number::Whole(16, digits));
    }
    if all(word, 10) {
        return match word.strip_prefix('0') {
            Some(digits) if !digits.is_empty() => all(digits, 8).then_some(Number::Whole(8, digits)),
            _ => Some(Number::Whole(10, word)),
        };
    }
    let float = word.strip_suffix(['f', 'F']).unwrap_or(word);
    let (mantissa, exponent) = match float.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (float, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_float = all(exponent, 10)
        && (!whole.is_empty() || !fraction.is_empty())
        && (whole.is_empty() || all(whole, 10) && (whole == "0" || !whole.starts_with('0')))
        && (fraction.is_empty() || all(fraction, 10));
    is_float.then_some(Number::Float(float))
}

#[cfg(test)]
mod tests {
    use super::{Lexer, Number, number};

    #[test]
    fn numbers() {
        for (word, expected) in [
            ("0", Number::Whole(10, "0")),
            ("120", Number::Whole(10, "120")),
            ("017", Number::Whole(8, "17")),
            ("0x1fE", Number::Whole(16, "1fE")),
            ("1.5", Number::Float("1.5")),
            ("1.", Number::Float("1.")),
            (".5f", Number::Float(".5")),
            ("10f", Number::Float("10")),
            ("1e-5F", Number::Float("1e-5")),
            ("0.0E+3", Number::Float("0.0E+3")),
        ] {
            assert_eq!(number(word), Some(expected), "{word}");
        }
        for word in ["08", "0x", "0xg", "1e", "1e+", ".", ".f", "1.2.3", "1_000", "1a", "01.5", "00f", "1ff"] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    #[test]
    fn strings() {
        let string = |source| Lexer::new(source).string();
        for (source, expected) in [
            (r#""a" 'b'"#, &b"ab"[..]),
            ("'a' # comment\n \"b\"", b"ab"),
            (r#""\a\b\f\n\r\t\v\?\'\"\\""#, b"\x07\x08\x0c\n\r\t\x0b?'\"\\"),
            (r#""\1\12\123\1234\377""#, b"\x01\x0a\x53\x534\xff"),
            (r#""\x1\x12\x123""#, b"\x01\x12\x123"),
            (r#""\u00e9\U0001F600""#, "é😀".as_bytes()),
            ("'é'", "é".as_bytes()),
        ] {
            assert_eq!(string(source).unwrap(), expected, "{source}");
        }
        for source in [
            r#""a"#,
            "'a\n'",
            r#""\400""#,
            r#""\8""#,
            r#""\x""#,
            r#""\u12""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\ude00""#,
            r#""\U00110000""#,
            r#""\U0000d83d\U0000de00""#,
            r#""\"#,
            r#""\é""#,
        ] {
            assert!(string(source).is_err(), "{source}");
        }
    }
}
