//! Why a message has no JSON form, and where.

use std::fmt;

use crate::protobuf::path::{Path, Segment};
use crate::protobuf::{DecodeError, EncodeError, RECURSION_LIMIT};

/// A message has no JSON form.
///
/// The text names the field: `events[3].time: a Timestamp is from year 1 to 9999, with 0 to 999999999 nanoseconds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintError {
    // Boxed, so that the good way stays cheap.
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: PrintErrorKind,
    path: Path,
}

/// The rule that the message breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrintErrorKind {
    /// A `Timestamp` out of its range.
    Timestamp {
        /// Its seconds.
        seconds: i64,
        /// Its nanoseconds.
        nanos: i32,
    },
    /// A `Duration` out of its range, or whose two parts have different signs.
    Duration {
        /// Its seconds.
        seconds: i64,
        /// Its nanoseconds.
        nanos: i32,
    },
    /// A path of a `FieldMask` that would be another one when it is read again.
    FieldMask {
        /// The path.
        path: String,
    },
    /// A `Value` of which nothing is set.
    NoValue,
    /// A `Value` that is infinite or not a number.
    NotFinite,
    /// The type of an `Any` is not in the registry.
    UnknownType {
        /// The type's URL.
        url: String,
    },
    /// What lies in an `Any` is not of the type that it names.
    Any(DecodeError),
    /// Messages lie too deep within each other.
    TooDeep,
    /// The message is too large.
    Encode(EncodeError),
}

impl PrintError {
    #[cold]
    pub(super) fn new(kind: PrintErrorKind) -> Self {
        Self { inner: Box::new(Inner { kind, path: Path::default() }) }
    }

    #[cold]
    pub(super) fn within(mut self, segment: Segment) -> Self {
        self.inner.path.push(segment);
        self
    }

    /// The rule that was broken.
    #[must_use]
    pub fn kind(&self) -> &PrintErrorKind {
        &self.inner.kind
    }

    /// The field that was being printed, such as `events[3].time`; empty if none was.
    #[must_use]
    pub fn field(&self) -> String {
        self.inner.path.to_string()
    }
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        let colon = if field.is_empty() { "" } else { ": " };
        write!(f, "{field}{colon}{}", self.inner.kind)
    }
}

impl std::error::Error for PrintError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.kind {
            PrintErrorKind::Any(error) => Some(error),
            PrintErrorKind::Encode(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for PrintErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timestamp { seconds, nanos } => write!(
                f,
                "a Timestamp is from year 1 to 9999, with 0 to 999999999 nanoseconds: {seconds} s and {nanos} ns"
            ),
            Self::Duration { seconds, nanos } => write!(
                f,
                "a Duration has at most 315576000000 s and 999999999 ns, of one sign: {seconds} s and {nanos} ns"
            ),
            Self::FieldMask { path } => write!(f, "the path {path:?} would not be the same when read again"),
            Self::NoValue => f.write_str("a Value of which nothing is set"),
            Self::NotFinite => f.write_str("a Value that is no finite number"),
            Self::UnknownType { url } => write!(f, "the type {url:?} is not in the registry"),
            Self::Any(error) => write!(f, "what lies in the Any is not of its type: {error}"),
            Self::TooDeep => write!(f, "more than {RECURSION_LIMIT} messages within each other"),
            Self::Encode(error) => error.fmt(f),
        }
    }
}
