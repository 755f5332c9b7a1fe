//! Writing JSON: brackets, commas, quotes and, if wanted, lines and indentation. Knows no fields.

use std::fmt::{Display, Write as _};

use super::base64;

/// The text written so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    pretty: bool,
    depth: usize,
    /// Whether nothing stands yet in the innermost brackets.
    is_first: bool,
}

impl Output {
    pub(super) fn new(pretty: bool) -> Self {
        Self { pretty, ..Self::default() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Opens an object or array.
    pub(super) fn begin(&mut self, bracket: char) {
        self.text.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    /// Closes it.
    pub(super) fn end(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.is_first {
            self.line();
        }
        self.text.push(bracket);
        self.is_first = false;
    }

    /// Before each value of an array.
    pub(super) fn item(&mut self) {
        if !self.is_first {
            self.text.push(',');
        }
        self.is_first = false;
        self.line();
    }

    /// Before each value of an object.
    pub(super) fn name(&mut self, name: &str) {
        self.item();
        self.string(name);
        self.text.push_str(if self.pretty { ": " } else { ":" });
    }

    pub(super) fn string(&mut self, value: &str) {
        self.text.push('"');
        let mut rest = value;
        while let Some(end) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            let (plain, escaped) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.text.push_str(plain);
            let mut characters = escaped.chars();
            self.escape(characters.next().unwrap_or_default());
            rest = characters.as_str();
        }
        self.text.push_str(rest);
        self.text.push('"');
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.text.push('"');
        base64::encode(value, &mut self.text);
        self.text.push('"');
    }

    /// Anything that needs no quotes and no escapes.
    pub(super) fn plain(&mut self, value: impl Display) {
        let _ = write!(self.text, "{value}"); // a String takes everything
    }

    /// What writes itself.
    pub(super) fn with(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
    }

    fn escape(&mut self, character: char) {
        match character {
            '"' | '\\' => self.text.extend(['\\', character]),
            '\n' => self.text.push_str("\\n"),
            '\r' => self.text.push_str("\\r"),
            '\t' => self.text.push_str("\\t"),
            _ => self.plain(format_args!("\\u{:04x}", u32::from(character))),
        }
    }

    fn line(&mut self) {
        if self.pretty {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    fn write(pretty: bool) -> String {
        let mut out = Output::new(pretty);
        out.begin('{');
        out.name("a");
        out.begin('[');
        out.item();
        out.plain(1);
        out.item();
        out.begin('{');
        out.end('}');
        out.end(']');
        out.name("b");
        out.string("é\"\\\n\u{1}\u{1f}😀");
        out.end('}');
        out.into_text()
    }

    #[test]
    fn commas_and_lines() {
        assert_eq!(write(false), "{\"a\":[1,{}],\"b\":\"é\\\"\\\\\\n\\u0001\\u001f😀\"}");
        assert_eq!(write(true), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"é\\\"\\\\\\n\\u0001\\u001f😀\"\n}");
    }
}
