//! What can be wrong with the bytes of a message, and where.

use std::fmt;

use super::{MEMORY_ALLOWANCE, MEMORY_PER_BYTE, MESSAGE_SIZE_LIMIT, RECURSION_LIMIT, UNKNOWN_FIELD_LIMIT};

/// Bytes are not the message that was expected.
///
/// The text names the field and the byte: `people[3].address.lat at byte 0x2a: needs 8 bytes, 5 left`.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError {
    // Boxed, so that the good way stays cheap: the error is one pointer wide.
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    offset: usize,
    kind: DecodeErrorKind,
    // Innermost first: each level adds itself while the error travels out.
    path: Vec<Segment>,
}

/// One step of the path to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) name: &'static str,
    pub(super) index: Option<usize>,
}

/// The path to a field, such as `people[3].address.lat`, of its steps, innermost first.
fn path(segments: &[Segment]) -> String {
    use fmt::Write as _;

    let mut path = String::new();
    for segment in segments.iter().rev() {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(segment.name);
        if let Some(index) = segment.index {
            let _ = write!(path, "[{index}]"); // a String takes everything
        }
    }
    path
}

/// The rule that the bytes break.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The value needs more bytes than its message has.
    Truncated {
        /// How many bytes the value needs, as far as it says so.
        needed: u64,
        /// How many bytes are left.
        left: usize,
    },
    /// A variable-length number does not end within ten bytes.
    Varint,
    /// The tag does not fit into 32 bits, or is written in more bytes than those need.
    TagTooLarge {
        /// The number that was read.
        tag: u64,
    },
    /// A length is written in more bytes than 32 bits need.
    LengthTooLong {
        /// The length that was read.
        length: usize,
    },
    /// Field number 0 does not exist.
    FieldZero,
    /// There are six wire types, 0 to 5.
    WireType {
        /// The wire type that was read.
        wire_type: u8,
    },
    /// A group ends that has not begun, or another than the one that has.
    GroupEnd {
        /// The field number of the end.
        number: u32,
    },
    /// The bytes of a string are not UTF-8.
    Utf8,
    /// The message ends, and this required field of it has no value.
    MissingField,
    /// Messages or groups lie too deep within each other.
    TooDeep,
    /// There are too many unknown fields.
    TooManyUnknownFields,
    /// The message would take far more memory than it has bytes.
    TooMuchMemory,
    /// The whole is larger than a message may be.
    TooLarge {
        /// The size in bytes.
        size: usize,
    },
}

impl DecodeError {
    #[cold]
    pub(super) fn new(offset: usize, kind: DecodeErrorKind) -> Self {
        Self { inner: Box::new(Inner { offset, kind, path: Vec::new() }) }
    }

    /// A required field is missing at the end of the message.
    #[cold]
    pub(super) fn missing(offset: usize, path: Vec<Segment>) -> Self {
        Self { inner: Box::new(Inner { offset, kind: DecodeErrorKind::MissingField, path }) }
    }

    #[cold]
    pub(super) fn within(mut self, name: &'static str) -> Self {
        self.inner.path.push(Segment { name, index: None });
        self
    }

    #[cold]
    pub(super) fn within_element(mut self, name: &'static str, index: usize) -> Self {
        self.inner.path.push(Segment { name, index: Some(index) });
        self
    }

    /// The rule that was broken.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.inner.kind
    }

    /// The offset of the offending byte in the bytes that were to be decoded.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.inner.offset
    }

    /// The field that was being read, such as `people[3].address.lat`; empty if none was.
    #[must_use]
    pub fn field(&self) -> String {
        path(&self.inner.path)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field();
        let space = if field.is_empty() { "" } else { " " };
        write!(f, "{field}{space}at byte {:#x}: {}", self.inner.offset, self.inner.kind)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("field", &self.field())
            .field("offset", &self.inner.offset)
            .field("kind", &self.inner.kind)
            .finish()
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, left } => {
                let s = if *needed == 1 { "" } else { "s" };
                write!(f, "needs {needed} byte{s}, {left} left")
            }
            Self::Varint => f.write_str("a number does not end within 10 bytes"),
            Self::TagTooLarge { tag } => write!(f, "the tag {tag:#x} takes more than 32 bits"),
            Self::LengthTooLong { length } => write!(f, "the length {length} is written in more than 5 bytes"),
            Self::FieldZero => f.write_str("field number 0 does not exist"),
            Self::WireType { wire_type } => write!(f, "wire type {wire_type} does not exist, only 0 to 5"),
            Self::GroupEnd { number } => write!(f, "the end of group {number}, which is not open here"),
            Self::MissingField => f.write_str("a required field that is missing"),
            Self::Utf8 => f.write_str("a string that is not UTF-8"),
            Self::TooDeep => write!(f, "more than {RECURSION_LIMIT} messages within each other"),
            Self::TooManyUnknownFields => write!(f, "more than {UNKNOWN_FIELD_LIMIT} unknown fields"),
            Self::TooMuchMemory => {
                write!(f, "would take more than {MEMORY_ALLOWANCE} bytes of memory and {MEMORY_PER_BYTE} for each byte")
            }
            Self::TooLarge { size } => write!(f, "{size} bytes, a message has at most {MESSAGE_SIZE_LIMIT}"),
        }
    }
}

/// A message cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    message: &'static str,
    kind: EncodeErrorKind,
}

/// Why a message cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// It would be larger than a message may be.
    TooLarge {
        /// The size it would have, in bytes.
        size: usize,
    },
    /// A required field has no value.
    MissingField {
        /// Its path, such as `people[3].id`.
        field: String,
    },
}

impl EncodeError {
    #[cold]
    pub(super) fn too_large(message: &'static str, size: usize) -> Self {
        Self { message, kind: EncodeErrorKind::TooLarge { size } }
    }

    #[cold]
    pub(super) fn missing(message: &'static str, segments: &[Segment]) -> Self {
        Self { message, kind: EncodeErrorKind::MissingField { field: path(segments) } }
    }

    /// Why it cannot be encoded.
    #[must_use]
    pub fn kind(&self) -> &EncodeErrorKind {
        &self.kind
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message;
        match &self.kind {
            EncodeErrorKind::TooLarge { size } => {
                write!(f, "this {message} would take {size} bytes, a message has at most {MESSAGE_SIZE_LIMIT}")
            }
            EncodeErrorKind::MissingField { field } => write!(f, "this {message} lacks the required field {field}"),
        }
    }
}

impl std::error::Error for EncodeError {}
