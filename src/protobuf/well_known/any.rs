//! [`Any`]: a message of any type with the name of that type (google/protobuf/any.proto).

use std::fmt;

use super::Any;
use crate::protobuf::{DecodeError, EncodeError, Message};

/// What stands before the name of a type, as the other implementations write it. Nothing is fetched from there.
const PREFIX: &str = "type.googleapis.com/";

/// The type of the value is named by a URL whose last segment is the full name: `type.googleapis.com/package.Type`.
/// What stands before the last slash means nothing here, but there must be a slash.
impl Any {
    /// Encodes a message and names its type.
    ///
    /// # Errors
    ///
    /// When the message is too large to be encoded.
    pub fn pack<M: Message>(message: &M) -> Result<Self, EncodeError> {
        let value = message.encode_to_vec()?;
        Ok(Self { type_url: format!("{PREFIX}{}", M::FULL_NAME), value, ..Self::default() })
    }

    /// Decodes the message, if it is one of this type.
    ///
    /// # Errors
    ///
    /// When it is one of another type, or its bytes are no message.
    ///
    /// ```
    /// use threadwire::protobuf::well_known::{Any, Duration, Empty};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let any = Any::pack(&Empty::default())?;
    /// let error = any.unpack::<Duration>().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "expected a google.protobuf.Duration, got 'type.googleapis.com/google.protobuf.Empty'"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn unpack<M: Message>(&self) -> Result<M, UnpackError> {
        if !self.is::<M>() {
            return Err(UnpackError::Type { expected: M::FULL_NAME, type_url: self.type_url.clone() });
        }
        M::decode(&self.value).map_err(|error| UnpackError::Value { expected: M::FULL_NAME, error })
    }

    /// Whether the message is one of this type.
    #[must_use]
    pub fn is<M: Message>(&self) -> bool {
        self.type_name() == Some(M::FULL_NAME)
    }

    /// The full name of the type; none if the URL has none.
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        self.type_url.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
    }
}

/// Why what is in an [`Any`] is not the message that was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnpackError {
    /// It is of another type.
    Type {
        /// The full name of the expected type.
        expected: &'static str,
        /// The type that it has.
        type_url: String,
    },
    /// Its bytes are no such message.
    Value {
        /// The full name of the type.
        expected: &'static str,
        /// What is wrong with them; offsets count from the beginning of the value.
        error: DecodeError,
    },
}

impl fmt::Display for UnpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { expected, type_url } => write!(f, "expected a {expected}, got '{type_url}'"),
            Self::Value { expected, error } => write!(f, "cannot decode a {expected}: {error}"),
        }
    }
}

impl std::error::Error for UnpackError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Type { .. } => None,
            Self::Value { error, .. } => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Duration, StringValue};
    use super::{Any, UnpackError};

    fn of(type_url: &str, value: &[u8]) -> Any {
        Any { type_url: type_url.into(), value: value.into(), ..Any::default() }
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let message = Duration::new(3, 5).unwrap();
        let any = Any::pack(&message).unwrap();
        assert_eq!(any, of("type.googleapis.com/google.protobuf.Duration", &[8, 3, 16, 5]));
        assert_eq!(any.unpack::<Duration>(), Ok(message));
        assert!(any.is::<Duration>() && !any.is::<StringValue>());
        // An Any is a message too.
        let twice = Any::pack(&any).unwrap();
        assert_eq!(twice.unpack::<Any>(), Ok(any));
    }

    #[test]
    fn only_what_is_behind_the_last_slash_counts() {
        for prefix in ["/", "example.com/", "https://example.com/types/v1/"] {
            assert!(of(&format!("{prefix}google.protobuf.Duration"), &[]).is::<Duration>(), "{prefix}");
        }
        for wrong in [
            "",
            "/",
            "google.protobuf.Duration",
            "type.googleapis.com/",
            "type.googleapis.com/google.protobuf.Duration/",
            "type.googleapis.com/.google.protobuf.Duration",
            "type.googleapis.com/google.protobuf.duration",
        ] {
            let any = of(wrong, &[]);
            assert!(!any.is::<Duration>(), "{wrong}");
            let expected = UnpackError::Type { expected: "google.protobuf.Duration", type_url: wrong.into() };
            assert_eq!(any.unpack::<Duration>(), Err(expected));
        }
        assert_eq!(of("a/b.C", &[]).type_name(), Some("b.C"));
        assert_eq!(of("b.C", &[]).type_name(), None);
        assert_eq!(of("a/", &[]).type_name(), None);
    }

    #[test]
    fn bytes_that_are_no_such_message() {
        let error = of("x/google.protobuf.Duration", &[8]).unpack::<Duration>().unwrap_err();
        let text = "cannot decode a google.protobuf.Duration: seconds at byte 0x1: needs 1 byte, 0 left";
        assert_eq!(error.to_string(), text);
        assert!(std::error::Error::source(&error).is_some());
    }
}
