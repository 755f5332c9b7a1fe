//! The client's side: the request, and the check of its answer (RFC 6455 §4.1).

use super::head::{self, EndFinder, HEADERS};
use crate::websocket::Error;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use http::{Response, StatusCode, Version};

/// How much is kept of the body of an answer that is no 101.
const BODY_BYTES: usize = 1024;

/// Where a client connects to: `ws://host:port/path?query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::websocket) struct Target {
    pub(in crate::websocket) host: String,
    pub(in crate::websocket) port: u16,
    /// As the Host header says it.
    pub(in crate::websocket) authority: String,
    pub(in crate::websocket) path: String,
}

impl Target {
    /// # Errors
    /// [`Error::TlsMissing`] for wss://; an address error for all that is no URL of WebSocket.
    pub(in crate::websocket) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = || crate::Error::Address { address: url.to_owned(), expected: "ws://host:port/path" };
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        match uri.scheme_str() {
            Some("ws") => {}
            Some("wss") => return Err(Error::TlsMissing { url: url.to_owned() }),
            _ => return Err(wrong().into()),
        }
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let has_port = authority.as_str().len() > authority.host().len();
        let port = match authority.port_u16() {
            Some(port) => port,
            None if has_port => return Err(wrong().into()),
            None => 80,
        };
        if host.is_empty() {
            return Err(wrong().into());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { host, port, authority: authority.as_str().to_owned(), path })
    }
}

/// Whether a program may set this request header; the others belong to the handshake.
pub(in crate::websocket) fn is_free(name: &HeaderName) -> bool {
    ![HOST, CONNECTION, UPGRADE, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name)
        && !name.as_str().starts_with("sec-websocket-")
}

/// Whether `name` can be a subprotocol.
pub(in crate::websocket) fn is_subprotocol(name: &str) -> bool {
    head::is_token(name)
}

/// What came of a handshake.
#[derive(Debug)]
pub(in crate::websocket) struct Established {
    pub(in crate::websocket) response: Response<()>,
    pub(in crate::websocket) subprotocol: Option<String>,
    /// How many bytes of what came are the head; those behind it are frames.
    pub(in crate::websocket) head_bytes: usize,
}

/// One request and the reading of its answer.
#[derive(Debug)]
pub(in crate::websocket) struct ClientHandshake {
    request: Vec<u8>,
    accept: String,
    subprotocols: Vec<String>,
    most: usize,
    finder: EndFinder,
}

impl ClientHandshake {
    /// A request to `target` with `key` (16 random bytes in base64). `most` bounds the answer's head, in bytes.
    pub(in crate::websocket) fn new(
        target: &Target,
        headers: &HeaderMap,
        subprotocols: &[String],
        key: &str,
        most: usize,
    ) -> Self {
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Version: {}\r\n",
            target.path,
            target.authority,
            super::VERSION,
        )
        .into_bytes();
        let mut field = |name: &str, value: &[u8]| {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        };
        if !subprotocols.is_empty() {
            field("Sec-WebSocket-Protocol", subprotocols.join(", ").as_bytes());
        }
        for (name, value) in headers {
            field(name.as_str(), value.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        Self {
            request,
            accept: head::accept_key(key.as_bytes()),
            subprotocols: subprotocols.to_vec(),
            most,
            finder: EndFinder::default(),
        }
    }

    /// 16 random bytes in base64.
    pub(in crate::websocket) fn random_key() -> String {
        tungstenite::handshake::client::generate_key()
    }

    /// The request.
    pub(in crate::websocket) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Looks at all that has come so far. Nothing: more is needed. `ended`: no more will come.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Handshake`].
    pub(in crate::websocket) fn receive(&mut self, bytes: &[u8], ended: bool) -> Result<Option<Established>, Error> {
        if !self.finder.worth_parsing(bytes) && bytes.len() <= self.most && !ended {
            return Ok(None);
        }
        let mut fields = [httparse::EMPTY_HEADER; HEADERS];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= self.most => length,
            Ok(httparse::Status::Partial) if ended => return Err(wrong("answer", "a whole head", bytes)),
            Ok(httparse::Status::Partial) if bytes.len() <= self.most => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => {
                return Err(wrong("answer", &format!("a head of at most {} bytes", self.most), bytes));
            }
            Err(_) => return Err(wrong("answer", "a response of HTTP/1.1", bytes)),
        };
        let (status, headers) = (head.code.unwrap_or_default(), head::header_map(head.headers));
        let is_http_11 = head.version == Some(1);
        let (Ok(status), Some(headers)) = (StatusCode::from_u16(status), headers) else {
            return Err(wrong("answer", "a response of HTTP/1.1", bytes));
        };
        if status != StatusCode::SWITCHING_PROTOCOLS {
            // A body that is still to come is looked for again at each piece of it.
            self.finder = EndFinder::default();
            return refused(status, &headers, bytes.get(length..).unwrap_or_default(), ended).map_or(Ok(None), Err);
        }
        if !is_http_11 {
            return Err(wrong("answer", "HTTP/1.1", b"HTTP/1.0"));
        }
        let subprotocol = self.check(&headers)?;
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.version_mut() = Version::HTTP_11;
        *response.headers_mut() = headers;
        Ok(Some(Established { response, subprotocol, head_bytes: length }))
    }

    fn check(&self, headers: &HeaderMap) -> Result<Option<String>, Error> {
        let all = |name: &str| {
            let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
            values.join(&b", "[..])
        };
        if !head::has_token(headers, "upgrade", "websocket") {
            return Err(wrong("Upgrade", "websocket", &all("upgrade")));
        }
        if !head::has_token(headers, "connection", "upgrade") {
            return Err(wrong("Connection", "Upgrade", &all("connection")));
        }
        if head::single(headers, "sec-websocket-accept").is_none_or(|found| *found != self.accept) {
            return Err(wrong("Sec-WebSocket-Accept", &self.accept, &all("sec-websocket-accept")));
        }
        if headers.contains_key("sec-websocket-extensions") {
            return Err(wrong("Sec-WebSocket-Extensions", "none", &all("sec-websocket-extensions")));
        }
        if !headers.contains_key("sec-websocket-protocol") {
            return Ok(None);
        }
        let found = all("sec-websocket-protocol");
        match self.subprotocols.iter().find(|offered| offered.as_bytes() == found) {
            Some(chosen) => Ok(Some(chosen.clone())),
            None => Err(wrong("Sec-WebSocket-Protocol", &format!("one of {:?}", self.subprotocols), &found)),
        }
    }
}

/// The error of an answer that is no 101, once enough of its body is there.
fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8], ended: bool) -> Option<Error> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse::<usize>().ok());
    // Without a length nothing says when the body is over; then only what came with the head is shown.
    let wanted = length.unwrap_or(body.len()).min(BODY_BYTES);
    if body.len() < wanted && !ended {
        return None;
    }
    let piece = body.get(..body.len().min(wanted)).unwrap_or_default();
    Some(Error::Refused { status, body: String::from_utf8_lossy(piece).into_owned() })
}

/// An error that shows the beginning of what came.
fn wrong(part: &'static str, expected: &str, found: &[u8]) -> Error {
    let piece = found.get(..found.len().min(100)).unwrap_or_default();
    Error::Handshake { part, expected: expected.to_owned(), found: String::from_utf8_lossy(piece).into_owned() }
}
