//! A server's answer to a request that does not become a WebSocket: status, headers, and a line for people.

use http::StatusCode;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::websocket) enum Refusal {
    /// The bytes are no request of HTTP/1.1, or the handshake in it is wrong.
    BadRequest(&'static str),
    /// Not GET.
    Method { head: bool },
    /// HTTP/1.0.
    HttpVersion,
    /// A plain HTTP request.
    NoUpgrade,
    /// Another version of WebSocket.
    Version,
    /// A page of another origin.
    Origin(String),
    /// The head is too long.
    HeadTooLarge,
    /// The head has not come whole in its time.
    TimedOut,
    /// As many connections as there may be, or no thread to serve one more.
    Full,
}

impl Refusal {
    /// The status of the answer.
    pub(in crate::websocket) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn headers(&self) -> &'static str {
        match self {
            Self::Method { .. } => "Allow: GET\r\nConnection: close\r\n",
            Self::NoUpgrade => "Upgrade: websocket\r\nConnection: Upgrade, close\r\n",
            Self::Version => "Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n",
            _ => "Connection: close\r\n",
        }
    }

    fn body(&self) -> String {
        match self {
            Self::BadRequest(what) => format!("This port speaks WebSocket (RFC 6455). The request is wrong: {what}.\n"),
            Self::Method { .. } => "This port speaks WebSocket (RFC 6455): a handshake is a GET request.\n".to_owned(),
            Self::HttpVersion => "This port speaks WebSocket (RFC 6455), which needs HTTP/1.1.\n".to_owned(),
            Self::NoUpgrade => {
                "This port speaks WebSocket (RFC 6455), not plain HTTP. Connect with a WebSocket client, \
                 such as new WebSocket(\"ws://…\") in a browser's console.\n"
                    .to_owned()
            }
            Self::Version => "This port speaks version 13 of WebSocket (RFC 6455).\n".to_owned(),
            Self::Origin(origin) => format!(
                "Pages of the origin '{}' may not connect here. The server's owner can allow it: \
                 Server::builder().origins(Origins::Only(…)) or Origins::Any.\n",
                // The browser's word comes back as text/plain, and bounded.
                origin.chars().take(200).collect::<String>().escape_debug()
            ),
            Self::HeadTooLarge => "The head of the request is too large.\n".to_owned(),
            Self::TimedOut => "The request did not come whole in its time.\n".to_owned(),
            Self::Full => "The server has as many connections as it may; try again later.\n".to_owned(),
        }
    }

    /// The whole answer.
    pub(in crate::websocket) fn answer(&self) -> Vec<u8> {
        let status = self.status();
        let body = self.body();
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Length: {}\r\n{}\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            body.len(),
            self.headers(),
        );
        let mut answer = head.into_bytes();
        // The answer to a HEAD request has no body, whatever its length says.
        if *self != (Self::Method { head: true }) {
            answer.extend_from_slice(body.as_bytes());
        }
        answer
    }
}
