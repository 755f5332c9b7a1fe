//! Standard output and standard error: whole lines, each with one write, from any thread. When the reader of standard
//! output has gone, the program ends quietly.

use crate::failure::Failure;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Prints a line. What a peer sent may stand in it: a terminal is not handed its control characters.
pub(crate) fn line(line: fmt::Arguments<'_>) -> Result<(), Failure> {
    let line = format!("{line}\n");
    let shown = if io::stdout().is_terminal() { without_control(&line, &['\n', '\t']) } else { line.into() };
    text(&shown)
}

/// Prints a text that has its line ends.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // As with `threadwire … | head`: who read has what they wanted. Servers are left as they are; the
        // system closes their sockets.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::refused(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Prints one line on standard error, whatever the text holds. That it may be closed too is nobody's concern any more.
pub(crate) fn error_line(line: fmt::Arguments<'_>) {
    let line = format!("{}\n", without_control(&line.to_string(), &[]));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// The text with its control characters escaped, but for those `allowed`.
fn without_control<'t>(text: &'t str, allowed: &[char]) -> Cow<'t, str> {
    let is_shown = |character: char| !character.is_control() || allowed.contains(&character);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_shown(character) {
            escaped.push(character);
        } else {
            escaped.extend(character.escape_default());
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::without_control;

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(without_control("Привет ☺\n", &['\n']), "Привет ☺\n");
        assert_eq!(without_control("\x1b[2J\r\u{9b}a\tb\n", &['\n', '\t']), "\\u{1b}[2J\\r\\u{9b}a\tb\n");
        assert_eq!(without_control("a\nb", &[]), "a\\nb");
    }
}
