//! The head of a request: whether it is a call of gRPC, and what it says (PROTOCOL-HTTP2.md, *Requests*). Pure.

use super::super::compression::{ACCEPTED, Encoding, Encodings, GRPC_ACCEPT_ENCODING, of_peer};
use super::super::content_type::is_grpc;
use super::super::metadata::Metadata;
use super::super::{Status, timeout};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode};
use std::time::Duration;

/// How much of what a client sent is told back to it in words.
const QUOTED: usize = 100;
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The whole answer to a request of HTTP/1.x on this port.
pub(super) const HTTP1_ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 70\r\nConnection: close\r\n\r\n\
    This port speaks gRPC over HTTP/2 (prior knowledge); use a gRPC client";

/// What the head of a call says.
#[derive(Debug)]
pub(super) struct Head {
    path: Option<PathAndQuery>,
    pub(super) timeout: Option<Duration>,
    pub(super) metadata: Metadata,
    pub(super) coding: Coding,
}

/// What the head says of compression.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Coding {
    /// Of the requests.
    pub(super) of_requests: Encoding,
    /// What the client reads.
    pub(super) accepted: Encodings,
}

impl Head {
    /// `/package.Service/Method`, as it came.
    pub(super) fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::as_str)
    }
}

/// Why a request is not served.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no call of gRPC: the answer is for people and their tools. To HEAD it is without its body (RFC 9110 §9.3.2).
    Http { status: StatusCode, text: String, to_head: bool },
    /// The call fails; these header fields stand beside the status.
    Call { status: Status, beside: HeaderMap },
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Call { status, beside: HeaderMap::new() }
    }
}

/// Reads the head of a request.
pub(super) fn read(head: Request<()>) -> Result<Head, Refusal> {
    let (parts, ()) = head.into_parts();
    let headers = parts.headers;
    if parts.method != Method::POST {
        let text = format!("this port speaks gRPC; a call is a POST, not a {}", parts.method);
        let to_head = parts.method == Method::HEAD;
        return Err(Refusal::Http { status: StatusCode::METHOD_NOT_ALLOWED, text, to_head });
    }
    let content_type = headers.get(CONTENT_TYPE);
    if !content_type.is_some_and(|value| is_grpc(value.as_bytes())) {
        let came = content_type.map_or("nothing".into(), quoted);
        let text = format!("this port speaks gRPC; expected the content-type application/grpc, got {came}");
        return Err(Refusal::Http { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, text, to_head: false });
    }
    if headers.get_all(HOST).iter().nth(1).is_some() {
        let text = "a request has one host at most".to_owned();
        return Err(Refusal::Http { status: StatusCode::BAD_REQUEST, text, to_head: false });
    }
    let of_requests = of_peer(&headers).map_err(unknown_encoding)?;
    let coding = Coding { of_requests, accepted: Encodings::accepted(&headers) };
    let timeout = headers.get(GRPC_TIMEOUT).map(|value| {
        timeout::parse(value.as_bytes()).ok_or_else(|| {
            let came = quoted(value);
            Status::internal(format!("grpc-timeout: expected 1 to 8 digits and one of H M S m u n, got '{came}'"))
        })
    });
    Ok(Head {
        // Raw, so that neither an escape nor a query leads to a method.
        path: parts.uri.into_parts().path_and_query,
        timeout: timeout.transpose()?,
        metadata: metadata(headers)?,
        coding,
    })
}

fn unknown_encoding(name: &HeaderValue) -> Refusal {
    let text = format!("the grpc-encoding {} is not understood, expected one of {ACCEPTED}", quoted(name));
    let beside = HeaderMap::from_iter([(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED))]);
    Refusal::Call { status: Status::unimplemented(text), beside }
}

/// The beginning of a value, in visible ASCII.
fn quoted(value: &HeaderValue) -> String {
    value.as_bytes().escape_ascii().take(QUOTED).map(char::from).collect()
}

fn metadata(mut headers: HeaderMap) -> Result<Metadata, Status> {
    // Of HTTP, and what proxies and libraries add: no metadata of the call.
    headers.remove(ACCEPT_ENCODING);
    Ok(Metadata::from_headers(headers)?)
}

/// A refusal as an answer: its head, and the line of text that is its body.
pub(super) fn http_answer(status: StatusCode, text: &str) -> Response<()> {
    let said = Status::internal(text);
    let mut answer = Response::new(());
    *answer.status_mut() = status;
    *answer.headers_mut() = said.to_headers();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        // RFC 9110 §15.5.6
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::{ACCEPTED, HTTP1_ANSWER, Head, Refusal, read};
    use crate::grpc::Code;
    use http::Request;
    use std::time::Duration;

    fn with(headers: &[(&str, &str)]) -> Result<Head, Refusal> {
        let mut request = Request::post("http://host/a.B/C").header("te", "trailers");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        read(request.body(()).unwrap())
    }

    fn code(headers: &[(&str, &str)]) -> Code {
        match with(headers).unwrap_err() {
            Refusal::Call { status, .. } => status.code(),
            Refusal::Http { status, .. } => panic!("{status}"),
        }
    }

    fn http(headers: &[(&str, &str)]) -> u16 {
        match with(headers).unwrap_err() {
            Refusal::Http { status, .. } => status.as_u16(),
            Refusal::Call { status, .. } => panic!("{status}"),
        }
    }

    #[test]
    fn what_is_no_call_is_told_in_http() {
        let head = read(Request::get("http://host/a.B/C").body(()).unwrap());
        assert!(matches!(head.unwrap_err(), Refusal::Http { status, .. } if status == 405));
        assert_eq!(http(&[("host", "a"), ("host", "b")]), 400);
        assert_eq!(http(&[("content-type", "application/grpc-web")]), 415);
        let Err(Refusal::Http { text, .. }) = with(&[("content-type", &"é".repeat(5_000))]) else { panic!() };
        assert!(text.len() < 300, "{text}");
    }

    #[test]
    fn what_cannot_be_understood_fails_the_call() {
        assert_eq!(code(&[("grpc-timeout", "1x")]), Code::Internal);
        assert_eq!(code(&[("x-bin", "*")]), Code::Internal);
        assert_eq!(code(&[("grpc-encoding", "GZIP")]), Code::Unimplemented);
        assert!(with(&[("grpc-encoding", "identity")]).is_ok());
        let Err(Refusal::Call { beside, .. }) = with(&[("grpc-encoding", "br")]) else { panic!() };
        assert_eq!(beside.get("grpc-accept-encoding").unwrap(), ACCEPTED);
    }

    #[test]
    fn the_path_is_raw_and_the_rest_is_read() {
        let head = with(&[("grpc-timeout", "5S"), ("x-a", "1")]).unwrap();
        assert_eq!((head.path(), head.timeout), ("/a.B/C", Some(Duration::from_secs(5))));
        assert_eq!(head.metadata.iter().count(), 1);
        for path in ["/a.B/C?x=1", "/a.B/%43", "//a.B/C", "/a.B/C/"] {
            let request = Request::post(format!("http://host{path}")).header("content-type", "application/grpc");
            assert_eq!(read(request.body(()).unwrap()).unwrap().path(), path);
        }
    }

    #[test]
    fn the_answer_to_http1_has_the_length_that_it_says() {
        let text = std::str::from_utf8(HTTP1_ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
