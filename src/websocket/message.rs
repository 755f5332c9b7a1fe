//! A message: text or bytes (RFC 6455 §5.6). It does not know frames.

use super::Error;
use bytes::Bytes;

/// One whole message.
///
/// ```
/// use threadwire::websocket::Message;
/// let message = Message::from("Привет");
/// assert_eq!(message.to_text().unwrap(), "Привет");
/// assert_eq!(Message::from(vec![1, 2]).into_data().as_ref(), [1, 2]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Any bytes.
    Binary(Bytes),
}

impl Message {
    /// The text of a text message.
    ///
    /// # Errors
    /// [`Error::NotText`] for a binary message.
    pub fn to_text(&self) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(data) => Err(Error::NotText { length: data.len() }),
        }
    }

    /// The text of a text message, taken out.
    ///
    /// # Errors
    /// [`Error::NotText`] for a binary message.
    pub fn into_text(self) -> Result<String, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(data) => Err(Error::NotText { length: data.len() }),
        }
    }

    /// The bytes of either kind.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) => data,
        }
    }

    /// The bytes of either kind, taken out.
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(data) => data,
        }
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it is binary.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// The length, in bytes.
    pub fn len(&self) -> usize {
        self.data().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.data().is_empty()
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Self {
        Self::Binary(data.into())
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(data))
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Self {
        Self::Binary(data)
    }
}
