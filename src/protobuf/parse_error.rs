//! What can be wrong with the JSON or the text of a message, and where.

use std::fmt;

use super::path::{Path, Segment};
use super::{DecodeError, RECURSION_LIMIT};

/// JSON or text is not the message that was expected.
///
/// The text names the field and the place: `people[3].address.lat at 4:17: expected a number, got true`.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseError {
    // Boxed, so that the good way stays cheap: the error is one pointer wide.
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    line: usize,
    column: usize,
    kind: ParseErrorKind,
    path: Path,
}

/// The rule that the input breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Something else should stand there, or the value is out of the type's range.
    Unexpected {
        /// What may stand there.
        expected: String,
        /// What does, shortened.
        got: String,
    },
    /// The message has no such field.
    UnknownField {
        /// The field.
        name: String,
        /// The message.
        message: &'static str,
    },
    /// A field or key that may come once comes again.
    Duplicate {
        /// The field or key.
        name: String,
    },
    /// Two members of a oneof.
    SecondMember {
        /// The oneof.
        oneof: &'static str,
    },
    /// A required field is not there.
    Missing {
        /// The field.
        name: &'static str,
    },
    /// The type of an `Any` is not in the registry.
    UnknownType {
        /// The type's URL.
        url: String,
    },
    /// Messages lie too deep within each other.
    TooDeep,
    /// The decoder refuses the message, for example because it would take too much memory.
    Message(DecodeError),
}

impl ParseError {
    /// An error at this byte of the source.
    #[cold]
    pub(super) fn new(source: &str, offset: usize, kind: ParseErrorKind) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { inner: Box::new(Inner { line, column, kind: kind.shortened(), path: Path::default() }) }
    }

    #[cold]
    pub(super) fn within(mut self, segment: Segment) -> Self {
        self.inner.path.push(match segment {
            Segment::Key(key) => Segment::Key(excerpt(&key)),
            short => short,
        });
        self
    }

    /// The rule that was broken.
    #[must_use]
    pub fn kind(&self) -> &ParseErrorKind {
        &self.inner.kind
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.inner.line
    }

    /// The column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.inner.column
    }

    /// The field that was being read, such as `people[3].address.lat`; empty if none was.
    #[must_use]
    pub fn field(&self) -> String {
        self.inner.path.to_string()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        let space = if field.is_empty() { "" } else { " " };
        let Inner { line, column, kind, .. } = &*self.inner;
        write!(f, "{field}{space}at {line}:{column}: {kind}")
    }
}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseError")
            .field("field", &self.field())
            .field("line", &self.inner.line)
            .field("column", &self.inner.column)
            .field("kind", &self.inner.kind)
            .finish()
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.kind {
            ParseErrorKind::Message(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { expected, got } => write!(f, "expected {expected}, got {got}"),
            Self::UnknownField { name, message } => write!(f, "{message} has no field {name:?}"),
            Self::Duplicate { name } => write!(f, "{name:?} a second time"),
            Self::SecondMember { oneof } => write!(f, "a second member of the oneof {oneof:?}"),
            Self::Missing { name } => write!(f, "the required field {name:?} is missing"),
            Self::UnknownType { url } => write!(f, "the type {url:?} is not in the registry"),
            Self::TooDeep => write!(f, "more than {RECURSION_LIMIT} messages within each other"),
            Self::Message(error) => write!(f, "the message cannot be decoded: {error}"),
        }
    }
}

impl ParseErrorKind {
    /// With what it takes from the input no longer than people read.
    fn shortened(self) -> Self {
        match self {
            Self::UnknownField { name, message } => Self::UnknownField { name: excerpt(&name), message },
            Self::Duplicate { name } => Self::Duplicate { name: excerpt(&name) },
            Self::UnknownType { url } => Self::UnknownType { url: excerpt(&url) },
            other => other,
        }
    }
}

/// Shows a piece of the input in an error: its beginning, if it is long.
pub(super) fn excerpt(piece: &str) -> String {
    const SHOWN: usize = 40;
    match piece.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", piece.get(..end).unwrap_or_default()),
        None => piece.to_owned(),
    }
}
