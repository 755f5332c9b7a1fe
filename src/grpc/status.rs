//! The outcome of a call: [`Status`], and how it stands in trailers (PROTOCOL-HTTP2.md, *Responses*).

use super::metadata::{self, Metadata};
use super::{Code, InvalidMetadata};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// What `grpc-message` escapes: all but %x20-%x24 and %x26-%x7E.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// Who said how a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The peer sent this status.
    Peer,
    /// It was made on this side: by a handler, or because the peer could not be reached or understood.
    Local,
}

/// Why a call did not succeed. It is one pointer wide.
///
/// ```
/// use threadwire::grpc::{Code, Status};
/// let status = Status::not_found("no user 7");
/// assert_eq!(status.code(), Code::NotFound);
/// assert_eq!(status.to_string(), "NOT_FOUND: no user 7");
/// ```
#[derive(Clone)]
pub struct Status(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    details: Bytes,
    metadata: Metadata,
    origin: Origin,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

macro_rules! constructors {
    ($($name:ident, $code:ident, $doc:literal;)*) => {
        /// One function a code; `message` is for people.
        impl Status {
            $(
                #[doc = $doc]
                pub fn $name(message: impl Into<String>) -> Self {
                    Self::new(Code::$code, message)
                }
            )*
        }
    };
}

constructors! {
    cancelled, Cancelled, "The call was cancelled.";
    unknown, Unknown, "An error without a code.";
    invalid_argument, InvalidArgument, "An argument is wrong.";
    deadline_exceeded, DeadlineExceeded, "The deadline has passed.";
    not_found, NotFound, "What was asked for is not there.";
    already_exists, AlreadyExists, "What was to be made is there already.";
    permission_denied, PermissionDenied, "The caller may not do this.";
    resource_exhausted, ResourceExhausted, "A limit is reached.";
    failed_precondition, FailedPrecondition, "The system is not in the state that the call needs.";
    aborted, Aborted, "The call was given up.";
    out_of_range, OutOfRange, "The call went past the end of what there is.";
    unimplemented, Unimplemented, "The method is not there.";
    internal, Internal, "Something that must hold does not.";
    unavailable, Unavailable, "The service cannot be reached now.";
    data_loss, DataLoss, "Data is lost.";
    unauthenticated, Unauthenticated, "The caller has not shown who it is.";
}

impl Status {
    /// A status made on this side. `message` is for people, and is sent to the peer. (OK is the status of a call that
    /// has a response; a handler that returns it as its error is answered for with INTERNAL.)
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            details: Bytes::new(),
            metadata: Metadata::new(),
            origin: Origin::Local,
            source: None,
        }))
    }

    /// How the call ended.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What a person should know.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// `grpc-status-details-bin`: an encoded `google.rpc.Status`, or nothing.
    pub fn details(&self) -> &Bytes {
        &self.0.details
    }

    /// Adds an encoded `google.rpc.Status`.
    pub fn with_details(mut self, details: impl Into<Bytes>) -> Self {
        self.0.details = details.into();
        self
    }

    /// The trailing metadata of the call.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The trailing metadata of the call, to be changed.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.0.metadata
    }

    /// Replaces the trailing metadata.
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.0.metadata = metadata;
        self
    }

    /// Who said so.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Keeps what this status comes from; it is not sent.
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// The trailers that say this status, of a call that fails: one that says OK is a mistake of its handler.
    pub(super) fn to_headers(&self) -> HeaderMap {
        let mut headers = ok_headers(&self.0.metadata);
        headers.insert(GRPC_STATUS, number(if self.0.code == Code::Ok { Code::Internal } else { self.0.code }));
        if !self.0.message.is_empty() {
            headers.insert(GRPC_MESSAGE, escaped(&self.0.message));
        }
        if !self.0.details.is_empty() {
            headers.insert(DETAILS, metadata::to_base64(&self.0.details));
        }
        headers
    }

    /// Reads a status out of trailers. None: there is no `grpc-status`. `Ok` holds the trailing metadata of a call that
    /// succeeded.
    pub(super) fn from_headers(headers: HeaderMap) -> Option<Result<Metadata, Self>> {
        let code = headers.get(GRPC_STATUS)?;
        // Digits alone: `parse` would take a sign.
        let digits = code.as_bytes().iter().all(u8::is_ascii_digit);
        let number = code.to_str().ok().filter(|_| digits).and_then(|text| text.parse::<i32>().ok());
        let message = headers.get(GRPC_MESSAGE).map(|value| unescaped(value.as_bytes())).unwrap_or_default();
        let mut status = match number {
            Some(number) => Self::new(Code::from(number), message),
            None => Self::unknown(format!("grpc-status: expected a number, got '{}'", code.as_bytes().escape_ascii())),
        };
        status.0.origin = Origin::Peer;
        match headers.get(DETAILS).map(|value| metadata::from_base64(value.as_bytes())) {
            Some(Some(details)) => status.0.details = details,
            // Details are an addition: their loss must not hide the status itself.
            Some(None) => log::debug!(target: "threadwire::grpc", "grpc-status-details-bin is not base64; left out"),
            None => {}
        }
        match Metadata::from_headers(headers) {
            Ok(metadata) if status.code() == Code::Ok => return Some(Ok(metadata)),
            Ok(metadata) => status.0.metadata = metadata,
            // A call that succeeded cannot be handed out without its metadata; one that failed has failed already.
            Err(wrong) if status.code() == Code::Ok => status = wrong.into(),
            Err(wrong) => log::debug!(target: "threadwire::grpc", "trailing metadata left out: {wrong}"),
        }
        Some(Err(status))
    }
}

/// The trailers of a call that succeeded.
pub(super) fn ok_headers(metadata: &Metadata) -> HeaderMap {
    let mut headers = metadata.to_headers(3);
    headers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    headers
}

/// Makes trailers fit into `limit` bytes as RFC 9113 §6.5.2 counts them, of which `beside` are taken: the message is
/// cut first, then the details and the metadata go. The status itself always stays.
///
/// The message has to do with half of the limit: gRPC's C core announces 16 KiB and refuses lists from 8 KiB on by
/// chance, the status with them. Metadata is left to whoever has set it.
pub(super) fn cut_to(headers: &mut HeaderMap, limit: u64, beside: u64) {
    let half = (limit / 2).saturating_sub(beside);
    let limit = limit.saturating_sub(beside);
    if metadata::list_size(headers) <= half {
        return;
    }
    let message = headers.remove(GRPC_MESSAGE);
    let without = metadata::list_size(headers);
    if without > limit {
        let status = headers.remove(GRPC_STATUS);
        headers.clear();
        headers.extend(status.map(|status| (GRPC_STATUS, status)));
        return;
    }
    // The size of the field itself is counted, too.
    let overhead = metadata::FIELD_OVERHEAD + GRPC_MESSAGE.as_str().len() as u64;
    let room = (if without < half { half } else { limit } - without).saturating_sub(overhead);
    let cut = message.and_then(|message| cut_message(message, room));
    headers.extend(cut.map(|cut| (GRPC_MESSAGE, cut)));
}

/// As much of an escaped message as fits into `room` bytes, cut between characters.
fn cut_message(message: HeaderValue, room: u64) -> Option<HeaderValue> {
    if message.len() as u64 <= room {
        return Some(message);
    }
    let text = unescaped(message.as_bytes());
    let mut kept = String::new();
    for piece in text.chars().map(|character| utf8_percent_encode(&character.to_string(), ESCAPED).to_string()) {
        if (kept.len() + piece.len()) as u64 > room {
            break;
        }
        kept.push_str(&piece);
    }
    HeaderValue::try_from(kept.trim()).ok().filter(|kept| !kept.is_empty())
}

fn number(code: Code) -> HeaderValue {
    HeaderValue::from(i32::from(code))
}

fn escape(text: &str) -> String {
    let mut escaped = utf8_percent_encode(text, ESCAPED).to_string();
    // A field's value neither begins nor ends with a space (RFC 9113 §8.2.1).
    if escaped.ends_with(' ') {
        escaped.pop();
        escaped.push_str("%20");
    }
    if escaped.starts_with(' ') {
        escaped.replace_range(..1, "%20");
    }
    escaped
}

fn escaped(text: &str) -> HeaderValue {
    // Only visible ASCII and spaces are left: it cannot fail.
    HeaderValue::try_from(escape(text)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Never fails: what is not an escape is taken as it is, what is not UTF-8 becomes U+FFFD.
fn unescaped(value: &[u8]) -> String {
    percent_decode(value).decode_utf8_lossy().into_owned()
}

impl From<InvalidMetadata> for Status {
    fn from(error: InvalidMetadata) -> Self {
        Self::internal(error.to_string())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.code.fmt(f)?;
        if !self.0.message.is_empty() {
            write!(f, ": {}", self.0.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("origin", &self.0.origin)
            .field("metadata", &self.0.metadata)
            .field("details", &format_args!("{} bytes", self.0.details.len()))
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for Status {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Status, cut_to, escape, unescaped};
    use crate::grpc::{Code, Metadata, metadata};
    use http::HeaderMap;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn messages_are_escaped_as_the_protocol_says() {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
        let escaped = "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88%09%0A";
        assert_eq!(escape(text), escaped);
        assert_eq!(unescaped(escaped.as_bytes()), text);
        assert_eq!(escape("a $%&~\x7f"), "a $%25&~%7F");
        assert_eq!([escape("  a b  "), escape(" ")], ["%20 a b %20", "%20"]);
        assert_eq!(unescaped(b"%20 a b %20"), "  a b  ");
    }

    #[test]
    fn reading_a_message_never_fails() {
        for (value, text) in [("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%FF", "\u{fffd}"), ("", "")] {
            assert_eq!(unescaped(value.as_bytes()), text);
        }
        assert_eq!(unescaped(b"\xff"), "\u{fffd}");
    }

    #[test]
    fn a_status_goes_through_trailers() {
        let mut status = Status::data_loss("100 % ☺").with_details(vec![1, 2, 3]);
        status.metadata_mut().append("x-why", "because").unwrap();
        let back = Status::from_headers(status.to_headers()).unwrap().unwrap_err();
        assert_eq!((back.code(), back.message(), &back.details()[..]), (Code::DataLoss, "100 % ☺", &[1, 2, 3][..]));
        assert_eq!(back.metadata(), status.metadata());
        assert_eq!((status.origin(), back.origin()), (Origin::Local, Origin::Peer));
    }

    #[test]
    fn a_failure_that_says_ok_is_a_mistake() {
        let status = Status::from_headers(Status::new(Code::Ok, "x").to_headers()).unwrap().unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Internal, "x"));
    }

    #[test]
    fn what_trailers_say_is_read_strictly_where_it_matters() {
        fn read(pairs: &[(&'static str, &str)]) -> Option<Result<Metadata, Status>> {
            Status::from_headers(headers(pairs))
        }
        assert!(read(&[("grpc-message", "x")]).is_none());
        assert_eq!(read(&[("grpc-status", "0"), ("grpc-message", "x")]).unwrap().unwrap(), Metadata::new());
        let code = |text: &'static str| read(&[("grpc-status", text)]).unwrap().unwrap_err().code();
        assert_eq!(["16", "17", "-1", "+5", "x", ""].map(code)[0], Code::Unauthenticated);
        assert_eq!(["17", "-1", "+5", "x", ""].map(code), [Code::Unknown; 5]);
        // A failed call stays what it was, whatever is wrong beside the status.
        let odd = [("grpc-status", "5"), ("grpc-status-details-bin", "*"), ("x-bin", "*")];
        assert_eq!(read(&odd).unwrap().unwrap_err().code(), Code::NotFound);
        assert_eq!(read(&[("grpc-status", "0"), ("x-bin", "*")]).unwrap().unwrap_err().code(), Code::Internal);
    }

    #[test]
    fn long_trailers_lose_the_message_first() {
        let mut status = Status::internal("é".repeat(1000)).with_details(vec![0; 300]);
        status.metadata_mut().append("x-a", &"a".repeat(300)).unwrap();
        let whole = status.to_headers();
        let at_most = |limit| {
            let mut headers = whole.clone();
            cut_to(&mut headers, limit + 60, 60);
            let size = metadata::list_size(&headers);
            assert!(size <= limit || headers.len() == 1, "{size} of {limit}");
            Status::from_headers(headers).unwrap().unwrap_err()
        };
        assert_eq!(at_most(100_000).message().len(), 2000);
        let cut = at_most(4000);
        assert!(cut.message().len() > 300 && cut.message().chars().all(|character| character == 'é'));
        assert_eq!((cut.details().len(), cut.metadata().len()), (300, 1));
        // What is beside the message takes more than half: the message gets the rest.
        let rest = at_most(1200);
        assert!(!rest.message().is_empty() && rest.metadata().len() == 1);
        let bare = at_most(500);
        assert_eq!((bare.code(), bare.message(), bare.metadata().len()), (Code::Internal, "", 0));
        assert_eq!(at_most(0).code(), Code::Internal);
    }
}
