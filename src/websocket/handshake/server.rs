//! The server's side: bytes of a request head in, the request or a refusal out (RFC 6455 §4.2).

use super::head::{self, EndFinder, HEADERS};
use super::{Origins, Refusal};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Request, Uri, Version};

/// What a server asks of a handshake.
#[derive(Debug, Clone, Default)]
pub(in crate::websocket) struct Rules {
    pub(in crate::websocket) origins: Origins,
    /// The subprotocols it speaks, the preferred ones first.
    pub(in crate::websocket) subprotocols: Vec<String>,
}

/// A request that becomes a WebSocket.
#[derive(Debug)]
pub(in crate::websocket) struct Accepted {
    pub(in crate::websocket) request: Request<()>,
    pub(in crate::websocket) subprotocol: Option<String>,
    /// How many bytes of what came are the head; those behind it are frames.
    pub(in crate::websocket) head_bytes: usize,
    /// The answer, 101.
    pub(in crate::websocket) answer: Vec<u8>,
}

/// Reads one request head out of bytes that arrive in pieces.
#[derive(Debug)]
pub(in crate::websocket) struct ServerHandshake {
    rules: Rules,
    most: usize,
    finder: EndFinder,
}

impl ServerHandshake {
    /// `most` bounds the head, in bytes.
    pub(in crate::websocket) fn new(rules: Rules, most: usize) -> Self {
        Self { rules, most, finder: EndFinder::default() }
    }

    /// Looks at all that has come so far. Nothing: more is needed.
    ///
    /// # Errors
    /// The refusal that the peer is to be answered.
    pub(in crate::websocket) fn receive(&mut self, bytes: &[u8]) -> Result<Option<Accepted>, Refusal> {
        if !self.finder.worth_parsing(bytes) && bytes.len() <= self.most {
            return Ok(None);
        }
        // Not on the stack: what was touched there once stays, for each connection's thread.
        let mut fields = vec![httparse::EMPTY_HEADER; HEADERS];
        let mut head = httparse::Request::new(&mut fields);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= self.most => length,
            Ok(httparse::Status::Partial) if bytes.len() <= self.most => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
            Err(httparse::Error::Version) => {
                return Err(Refusal::BadRequest("its first line does not end in HTTP/1.1"));
            }
            Err(_) => return Err(Refusal::BadRequest("it is not a request of HTTP/1.1")),
        };
        let request = request(&head)?;
        let (accept, subprotocol) = self.check(&request)?;
        Ok(Some(Accepted { answer: answer(&accept, subprotocol.as_deref()), head_bytes: length, request, subprotocol }))
    }

    /// Checks the request; answers the accept key and the subprotocol.
    fn check(&self, request: &Request<()>) -> Result<(String, Option<String>), Refusal> {
        let headers = request.headers();
        if request.method() != Method::GET {
            return Err(Refusal::Method { head: request.method() == Method::HEAD });
        }
        if !head::has_token(headers, UPGRADE.as_str(), "websocket")
            || !head::has_token(headers, CONNECTION.as_str(), "upgrade")
        {
            return Err(Refusal::NoUpgrade);
        }
        if request.version() != Version::HTTP_11 {
            return Err(Refusal::HttpVersion);
        }
        if head::single(headers, HOST.as_str()).is_none() {
            return Err(Refusal::BadRequest("it needs one Host header"));
        }
        if has_body(headers) {
            return Err(Refusal::BadRequest("a handshake has no body"));
        }
        if head::single(headers, "sec-websocket-version").is_none_or(|version| version != super::VERSION) {
            return Err(Refusal::Version);
        }
        let key = head::single(headers, "sec-websocket-key").filter(|key| is_key(key.as_bytes()));
        let Some(key) = key else {
            return Err(Refusal::BadRequest("Sec-WebSocket-Key must be there once, with 16 bytes in base64"));
        };
        self.rules.origins.check(headers).map_err(Refusal::Origin)?;
        Ok((head::accept_key(key.as_bytes()), self.subprotocol(headers)))
    }

    fn subprotocol(&self, headers: &HeaderMap) -> Option<String> {
        let offered: Vec<&str> = head::tokens(headers, "sec-websocket-protocol").collect();
        self.rules.subprotocols.iter().find(|ours| offered.contains(&ours.as_str())).cloned()
    }
}

fn request(head: &httparse::Request<'_, '_>) -> Result<Request<()>, Refusal> {
    let wrong = || Refusal::BadRequest("it is not a request of HTTP/1.1");
    let method = Method::from_bytes(head.method.unwrap_or_default().as_bytes()).map_err(|_| wrong())?;
    let uri: Uri =
        head.path.unwrap_or_default().parse().map_err(|_| Refusal::BadRequest("its target is not a path"))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.version_mut() = if head.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    *request.headers_mut() = head::header_map(head.headers).ok_or_else(wrong)?;
    Ok(request)
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

/// Whether `key` is 16 bytes in base64: 22 digits and two `=`.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.strip_suffix(b"==").is_some_and(|digits| digits.iter().all(is_digit))
}

fn answer(accept: &str, subprotocol: Option<&str>) -> Vec<u8> {
    let protocol = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n"
    )
    .into_bytes()
}
