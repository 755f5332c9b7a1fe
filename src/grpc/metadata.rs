//! Metadata: the key-value pairs beside the messages of a call (PROTOCOL-HTTP2.md, *Custom-Metadata*).
//!
//! Keys and values are checked on the way in from either side, so that what is here can always be sent. `grpc-…` and
//! the headers of HTTP itself are never taken from the application, nor shown to it.

use bytes::Bytes;
use data_encoding::{BASE64, BASE64_NOPAD};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// What RFC 9113 §6.5.2 adds to each field of a header list.
pub(super) const FIELD_OVERHEAD: u64 = 32;

/// Headers of HTTP and of gRPC that are no metadata, beside all that begin with `grpc-`.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// The most values that metadata has: a header list takes no more than about three times as many.
const MOST_VALUES: usize = 8 * 1024;
/// The most values that one peer may have joined with others in their fields. RFC 9113 §6.5.2 counts a field, not the
/// values within: this is what a header list of 16 KiB has room for if each is a field of its own.
const MOST_JOINED: usize = 512;
const TOO_MANY: &str = "fewer values";
/// Set by the library alone, but shown.
const USER_AGENT: &str = "user-agent";

/// Key-value pairs, in the order in which they were added; a key may have several values.
///
/// Keys are of `0-9 a-z _ . -` (capitals become small). Values are text of visible ASCII and spaces; those of keys that
/// end in `-bin` are any bytes.
///
/// ```
/// let mut metadata = threadwire::grpc::Metadata::new();
/// metadata.append("x-user", "7")?;
/// metadata.append_bin("x-trace-bin", vec![0, 255])?;
/// assert_eq!(metadata.get("x-user"), Some("7"));
/// assert_eq!(metadata.get_bin("x-trace-bin").unwrap().as_ref(), [0, 255]);
/// # Ok::<(), threadwire::grpc::InvalidMetadata>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Vec<(HeaderName, Stored)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Stored {
    /// Visible ASCII and spaces only.
    Text(HeaderValue),
    Binary(Bytes),
}

/// A value of [`Metadata`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataValue<'a> {
    /// Of a key that does not end in `-bin`.
    Text(&'a str),
    /// Of a key that does.
    Binary(&'a Bytes),
}

impl<'a> MetadataValue<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    fn binary(self) -> Option<&'a Bytes> {
        match self {
            Self::Text(_) => None,
            Self::Binary(bytes) => Some(bytes),
        }
    }
}

/// A key or value that cannot be metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMetadata {
    key: String,
    expected: &'static str,
}

impl InvalidMetadata {
    /// The key as it was given.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for InvalidMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata '{}': expected {}", self.key.escape_debug(), self.expected)
    }
}

impl std::error::Error for InvalidMetadata {}

impl Metadata {
    /// No pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text value to those that `key` has.
    ///
    /// # Errors
    /// [`InvalidMetadata`] if the key is none, is reserved or ends in `-bin`, or the value is not visible ASCII and
    /// spaces.
    pub fn append(&mut self, key: &str, value: &str) -> Result<(), InvalidMetadata> {
        let entry = text(key, value)?;
        self.push(key, entry)
    }

    /// Adds a binary value to those that `key` has.
    ///
    /// # Errors
    /// [`InvalidMetadata`] if the key is none, is reserved or does not end in `-bin`.
    pub fn append_bin(&mut self, key: &str, value: impl Into<Bytes>) -> Result<(), InvalidMetadata> {
        let entry = binary(key, value.into())?;
        self.push(key, entry)
    }

    /// Gives `key` this text value alone.
    ///
    /// # Errors
    /// Those of [`Metadata::append`]; nothing has changed then.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), InvalidMetadata> {
        let entry = text(key, value)?;
        self.remove(key);
        self.push(key, entry)
    }

    /// Gives `key` this binary value alone.
    ///
    /// # Errors
    /// Those of [`Metadata::append_bin`]; nothing has changed then.
    pub fn insert_bin(&mut self, key: &str, value: impl Into<Bytes>) -> Result<(), InvalidMetadata> {
        let entry = binary(key, value.into())?;
        self.remove(key);
        self.push(key, entry)
    }

    fn push(&mut self, key: &str, entry: (HeaderName, Stored)) -> Result<(), InvalidMetadata> {
        if self.entries.len() >= MOST_VALUES {
            return Err(InvalidMetadata { key: key.to_owned(), expected: TOO_MANY });
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Takes all values of `key` out; answers whether there were any.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(name, _)| !name.as_str().eq_ignore_ascii_case(key));
        self.entries.len() < before
    }

    /// The first text value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.of(key).find_map(MetadataValue::text)
    }

    /// The text values of `key`, in their order.
    pub fn get_all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
        self.of(key).filter_map(MetadataValue::text)
    }

    /// The first binary value of `key`.
    pub fn get_bin(&self, key: &str) -> Option<&Bytes> {
        self.of(key).find_map(MetadataValue::binary)
    }

    /// The binary values of `key`, in their order.
    pub fn get_all_bin<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a Bytes> + use<'a, 'k> {
        self.of(key).filter_map(MetadataValue::binary)
    }

    fn of<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = MetadataValue<'a>> + use<'a, 'k> {
        self.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    }

    /// All pairs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, MetadataValue<'_>)> {
        self.entries.iter().map(|(name, stored)| {
            let value = match stored {
                // Checked when it came in.
                Stored::Text(text) => MetadataValue::Text(text.to_str().unwrap_or_default()),
                Stored::Binary(bytes) => MetadataValue::Binary(bytes),
            };
            (name.as_str(), value)
        })
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// As header fields, with room for `more`.
    pub(super) fn to_headers(&self, more: usize) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.entries.len() + more);
        for (name, stored) in &self.entries {
            let value = match stored {
                Stored::Text(text) => text.clone(),
                Stored::Binary(bytes) => to_base64(bytes),
            };
            headers.append(name.clone(), value);
        }
        headers
    }

    /// Takes the metadata out of header fields. Text that is not ASCII is left out.
    pub(super) fn from_headers(headers: HeaderMap) -> Result<Self, InvalidMetadata> {
        let mut entries = Vec::new();
        let mut joined = 0;
        let mut last = None;
        for (name, value) in headers {
            // A field with several values has its name before the first.
            let name = name.or_else(|| last.take());
            if let Some(name) = name {
                if !is_reserved(name.as_str()) {
                    take(&mut entries, &mut joined, &name, value)?;
                    if entries.len() > MOST_VALUES {
                        return Err(InvalidMetadata { key: name.as_str().to_owned(), expected: TOO_MANY });
                    }
                }
                last = Some(name);
            }
        }
        Ok(Self { entries })
    }
}

fn take(
    entries: &mut Vec<(HeaderName, Stored)>,
    joined: &mut usize,
    name: &HeaderName,
    value: HeaderValue,
) -> Result<(), InvalidMetadata> {
    if !name.as_str().ends_with("-bin") {
        if is_text(value.as_bytes()) {
            entries.push((name.clone(), Stored::Text(value)));
        } else {
            log::debug!(target: "threadwire::grpc", "a value of the metadata '{name}' is not ASCII; left out");
        }
        return Ok(());
    }
    // Several values may have been joined on their way.
    *joined += value.as_bytes().iter().filter(|byte| **byte == b',').count();
    if *joined > MOST_JOINED {
        return Err(InvalidMetadata { key: name.as_str().to_owned(), expected: TOO_MANY });
    }
    for part in value.as_bytes().split(|byte| *byte == b',') {
        let bytes = from_base64(part.trim_ascii())
            .ok_or_else(|| InvalidMetadata { key: name.as_str().to_owned(), expected: "base64" })?;
        entries.push((name.clone(), Stored::Binary(bytes)));
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-") || RESERVED.contains(&name)
}

fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, 0x20..=0x7e))
}

fn key(key: &str, is_binary: bool) -> Result<HeaderName, InvalidMetadata> {
    let wrong = |expected| InvalidMetadata { key: key.to_owned(), expected };
    let small = key.to_ascii_lowercase();
    if small.is_empty() || !small.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_' | b'.' | b'-')) {
        return Err(wrong("a key of the characters 0-9 a-z _ . -"));
    }
    if is_reserved(&small) || small == USER_AGENT {
        return Err(wrong("a key that does not belong to HTTP or gRPC itself"));
    }
    match (is_binary, small.ends_with("-bin")) {
        (true, false) => Err(wrong("a key that ends in -bin, for bytes")),
        (false, true) => Err(wrong("a key that does not end in -bin, for text")),
        _ => HeaderName::try_from(small).map_err(|_| wrong("a shorter key")),
    }
}

fn text(name: &str, value: &str) -> Result<(HeaderName, Stored), InvalidMetadata> {
    let parsed = key(name, false)?;
    // Spaces around it would be lost on the way.
    let expected = "a value of visible ASCII and spaces within";
    let wrong = || InvalidMetadata { key: name.to_owned(), expected };
    if !is_text(value.as_bytes()) || value.trim_ascii() != value {
        return Err(wrong());
    }
    Ok((parsed, Stored::Text(HeaderValue::from_str(value).map_err(|_| wrong())?)))
}

fn binary(name: &str, value: Bytes) -> Result<(HeaderName, Stored), InvalidMetadata> {
    Ok((key(name, true)?, Stored::Binary(value)))
}

/// Unpadded, as the protocol wants it sent.
pub(super) fn to_base64(bytes: &[u8]) -> HeaderValue {
    // The letters of base64 can always be a value.
    HeaderValue::try_from(BASE64_NOPAD.encode(bytes)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// With or without padding.
pub(super) fn from_base64(value: &[u8]) -> Option<Bytes> {
    let decoded = if value.ends_with(b"=") { BASE64.decode(value) } else { BASE64_NOPAD.decode(value) };
    decoded.ok().map(Bytes::from)
}

/// The size of a header list as RFC 9113 §6.5.2 counts it.
pub(super) fn list_size(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| FIELD_OVERHEAD + (name.as_str().len() + value.len()) as u64).sum()
}

/// Shows the keys alone: values may be secrets.
impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|(name, _)| name.as_str())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Metadata, MetadataValue};
    use http::HeaderMap;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn all_goes_through_headers_in_order() {
        let mut metadata = Metadata::new();
        metadata.append("X-Text", "first").unwrap();
        metadata.append_bin("x-data-bin", &b"\0\xff\xab"[..]).unwrap();
        metadata.append("x-text", "second value").unwrap();
        metadata.append_bin("x-data-bin", &b""[..]).unwrap();
        let back = Metadata::from_headers(metadata.to_headers(0)).unwrap();
        assert_eq!(back.get_all("x-text").collect::<Vec<_>>(), ["first", "second value"]);
        assert_eq!(back.get_all_bin("x-data-bin").collect::<Vec<_>>(), [&b"\0\xff\xab"[..], b""]);
        assert_eq!(back.len(), 4);
        assert_eq!(back.iter().next(), Some(("x-text", MetadataValue::Text("first"))));
        assert_eq!(metadata.to_headers(0).get("x-data-bin").unwrap(), "AP+r");
    }

    #[test]
    fn binary_values_are_taken_padded_or_not_and_joined() {
        let came = Metadata::from_headers(headers(&[("a-bin", "YQ"), ("a-bin", "YQ==, YWI=,YWJj"), ("b-bin", "")]));
        let came = came.unwrap();
        assert_eq!(came.get_all_bin("a-bin").collect::<Vec<_>>(), [&b"a"[..], b"a", b"ab", b"abc"]);
        assert_eq!(came.get_bin("b-bin").unwrap().len(), 0);
        for wrong in ["*", "YQ=", "Y", "YQ\u{2003}"] {
            let error = Metadata::from_headers(headers(&[("a-bin", wrong)])).unwrap_err();
            assert_eq!(error.to_string(), "metadata 'a-bin': expected base64", "{wrong}");
        }
    }

    #[test]
    fn what_belongs_to_the_protocol_is_neither_taken_nor_shown() {
        let mut metadata = Metadata::new();
        for key in [
            "grpc-timeout",
            "grpc-x",
            "content-type",
            "te",
            "host",
            "user-agent",
            "connection",
            ":path",
            "",
            "ключ",
            "a b",
        ] {
            assert!(metadata.append(key, "x").is_err(), "{key}");
        }
        assert!(metadata.append("x-bin", "x").is_err() && metadata.append_bin("x", vec![1]).is_err());
        for value in ["\n", "é", " x", "x ", "\t", "\x7f"] {
            assert!(metadata.append("x", value).is_err(), "{value:?}");
        }
        assert!(metadata.is_empty());
        let came = [
            ("grpc-status", "0"),
            ("te", "trailers"),
            ("user-agent", "u"),
            ("content-type", "c"),
            ("x", "1"),
            ("x", "é"),
        ];
        let came = Metadata::from_headers(headers(&came)).unwrap();
        let keys: Vec<_> = came.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["user-agent", "x"]);
    }

    #[test]
    fn values_can_be_replaced_and_removed() {
        let mut metadata = Metadata::new();
        metadata.append("x", "1").unwrap();
        metadata.append("x", "2").unwrap();
        metadata.insert("X", "3").unwrap();
        assert_eq!(metadata.get_all("x").collect::<Vec<_>>(), ["3"]);
        assert!(metadata.insert("x", "\n").is_err());
        assert!(metadata.remove("X") && !metadata.remove("x") && metadata.is_empty());
    }

    #[test]
    fn values_are_not_shown() {
        let mut metadata = Metadata::new();
        metadata.append("authorization", "secret").unwrap();
        assert_eq!(format!("{metadata:?}"), r#"["authorization"]"#);
    }
}
