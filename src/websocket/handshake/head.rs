//! What both heads have in common: finding the end, header fields as tokens, the accept key.

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Header fields above this number are too many (431).
pub(super) const HEADERS: usize = 64;

/// Looks for the end of a head that arrives in pieces, without looking at any byte more than twice.
#[derive(Debug, Default)]
pub(super) struct EndFinder {
    looked_at: usize,
    next_parse: usize,
}

impl EndFinder {
    /// Whether parsing is worth it now: an empty line has come, or twice as much as at the last time (so that what is
    /// no head at all is found out early, and parsing stays linear).
    pub(super) fn worth_parsing(&mut self, bytes: &[u8]) -> bool {
        let from = self.looked_at.saturating_sub(3);
        self.looked_at = bytes.len();
        let new = bytes.get(from..).unwrap_or_default();
        let ended = new.windows(2).any(|pair| pair == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n");
        let due = ended || bytes.len() >= self.next_parse;
        if due {
            self.next_parse = (bytes.len() * 2).max(64);
        }
        due
    }
}

/// Copies parsed header fields; nothing if one cannot be a header of HTTP.
pub(super) fn header_map(fields: &[httparse::Header<'_>]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(map)
}

/// The elements of a header that is a list, from all its fields.
pub(super) fn tokens<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// Whether a list header has `token`, in any case.
pub(super) fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

/// The value of a header that must be there exactly once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Whether `token` may stand in a header as a name (RFC 9110 §5.6.2).
pub(super) fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

pub(super) fn accept_key(key: &[u8]) -> String {
    tungstenite::handshake::derive_accept_key(key)
}
