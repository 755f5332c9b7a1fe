//! A string of a message that shares the buffer it was decoded from.
//!
//! A short one is copied into the value itself: that is less work than counting one more reference to the buffer, as
//! measured, and a message with nothing but short strings does not keep the buffer alive. Either way nothing is
//! allocated, and the value is as large as the [`Bytes`] that a long one is.

use arrayvec::ArrayString;
use bytes::Bytes;
use bytestring::ByteString;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::{FromStr, Utf8Error};

/// What fits beside the mark of a `Bytes` that is not there.
const SHORT: usize = 20;

/// A string that lies in a buffer which it shares, or, if it has at most 20 bytes, in the value itself; made and cloned
/// without allocating. Messages of `threadwire_build::Builder::shared` have it in place of `String`.
///
/// It can be used as a `&str`:
///
/// ```
/// use threadwire::protobuf::{Bytes, SharedString};
///
/// let name = SharedString::from("John Doe");
/// assert_eq!(name, "John Doe");
/// assert_eq!(name.split(' ').count(), 2);
///
/// let buffer = Bytes::from_static("and a text that is a little longer".as_bytes());
/// let text = SharedString::try_from(buffer.slice(6..))?;
/// assert!(buffer.as_ptr_range().contains(&text.as_ptr()));
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
#[derive(Clone)]
pub struct SharedString(Place);

#[derive(Clone)]
enum Place {
    Here(ArrayString<SHORT>),
    Buffer(ByteString),
}

impl SharedString {
    /// An empty string.
    pub fn new() -> Self {
        Self(Place::Here(ArrayString::new_const()))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Place::Here(text) => text,
            Place::Buffer(text) => text,
        }
    }

    /// Its bytes; those of a long string are shared, not copied.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Place::Here(text) => Bytes::copy_from_slice(text.as_bytes()),
            Place::Buffer(text) => text.into_bytes(),
        }
    }

    /// `text` if it is short, else what `share` makes of it.
    #[inline]
    fn place(text: &str, share: impl FnOnce() -> ByteString) -> Self {
        Self(match ArrayString::from(text) {
            Ok(text) => Place::Here(text),
            Err(_) => Place::Buffer(share()),
        })
    }

    /// The string of these bytes, which are a part of `source`.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    #[inline]
    pub(super) fn within(source: &Bytes, bytes: &[u8]) -> Result<Self, Utf8Error> {
        if bytes.len() > SHORT {
            return Ok(Self(Place::Buffer(ByteString::try_from(source.slice_ref(bytes))?)));
        }
        Ok(Self::from(std::str::from_utf8(bytes)?))
    }
}

impl Default for SharedString {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for SharedString {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for SharedString {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for SharedString {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for SharedString {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for SharedString {
    /// Copies the text.
    #[inline]
    fn from(text: &str) -> Self {
        Self::place(text, || ByteString::from(text))
    }
}

impl From<String> for SharedString {
    /// Takes over the memory of a long text.
    fn from(text: String) -> Self {
        match ArrayString::from(&text) {
            Ok(short) => Self(Place::Here(short)),
            Err(_) => Self(Place::Buffer(ByteString::from(text))),
        }
    }
}

impl TryFrom<Bytes> for SharedString {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        Self::within(&bytes, &bytes)
    }
}

impl FromStr for SharedString {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl From<SharedString> for String {
    fn from(text: SharedString) -> Self {
        text.as_str().to_owned()
    }
}

impl From<SharedString> for Bytes {
    fn from(text: SharedString) -> Self {
        text.into_bytes()
    }
}

impl PartialEq for SharedString {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SharedString {}

impl PartialEq<str> for SharedString {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SharedString {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for SharedString {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialOrd for SharedString {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SharedString {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other)
    }
}

impl Hash for SharedString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for SharedString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for SharedString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::{SHORT, SharedString};
    use bytes::Bytes;

    #[test]
    fn it_is_no_larger_than_a_share_of_a_buffer() {
        assert_eq!(size_of::<SharedString>(), size_of::<Bytes>());
    }

    #[test]
    fn a_text_is_the_same_however_it_was_made_and_of_any_length() {
        let all = "☺".repeat(10);
        let buffer = Bytes::from(all.clone());
        for length in (0..=all.len()).filter(|length| all.is_char_boundary(*length)) {
            let text = &all[..length];
            let made = [
                SharedString::from(text),
                SharedString::from(text.to_owned()),
                text.parse().unwrap(),
                SharedString::try_from(buffer.slice(..length)).unwrap(),
            ];
            for string in &made {
                assert_eq!(string, text);
                assert_eq!(string, &made[0]);
                assert_eq!(string.clone().into_bytes(), text.as_bytes());
                assert_eq!(String::from(string.clone()), text);
            }
            let shares = buffer.as_ptr_range().contains(&made[3].as_ptr());
            assert_eq!(shares, length > SHORT, "{length}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_of_any_length() {
        for length in [1, SHORT, SHORT + 1, 100] {
            let mut bytes = vec![b'a'; length];
            bytes[length - 1] = 0xff;
            let error = SharedString::try_from(Bytes::from(bytes)).unwrap_err();
            assert_eq!(error.valid_up_to(), length - 1);
        }
    }
}
