//! The beginning of a call: its head, on the channel's connection, and the sending of its request.

use super::super::compression::{ACCEPTED, Encoding, GRPC_ACCEPT_ENCODING};
use super::super::content_type::GRPC;
use super::super::mapping::{deadline_exceeded, status_of};
use super::super::metadata::{Metadata, list_size};
use super::super::{Status, timeout};
use super::connector::Connector;
use super::reply::Reply;
use super::retry::{Failed, Retries};
use super::terms::Terms;
use crate::Error;
use crate::http2::{Failure, Outbound, Pending, Requests};
use crate::net::Target;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Method, Request, Version};
use std::sync::Arc;
use std::time::Instant;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// PROTOCOL-HTTP2.md, *User Agents*: grpc-, the language, a variant, the version.
const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("grpc-rust-threadwire/", env!("CARGO_PKG_VERSION")));
/// `:method: POST` and `:scheme: http` as RFC 9113 §6.5.2 counts them, and what `:authority` and `:path` have beside
/// their values.
const PSEUDO_BYTES: u64 = (7 + 4 + 32) + (7 + 4 + 32) + (10 + 32) + (5 + 32);

/// A request of so many bytes leaves with its head, whatever window the server has given.
const AT_ONCE: usize = 16 * 1024;

/// Makes the heads of calls to one target.
#[derive(Debug)]
pub(super) struct Heads {
    authority: Authority,
}

impl Heads {
    pub(super) fn new(target: &Target) -> Result<Self, Error> {
        let authority = Authority::try_from(target.authority.as_str()).map_err(|_| Error::Address {
            address: target.authority.clone(),
            expected: "'http://host:port', such as http://localhost:50051",
        })?;
        Ok(Self { authority })
    }

    fn make(&self, opening: Opening<'_>) -> Result<Request<()>, Status> {
        let Opening { path, metadata, encoding, terms, .. } = opening;
        let path = PathAndQuery::try_from(path)
            .map_err(|_| Status::internal(format!("'{path}' cannot be the path of a method")))?;
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        uri.path_and_query = Some(path);
        let uri = Uri::from_parts(uri).map_err(|error| Status::internal(error.to_string()))?;
        let mut headers = metadata.to_headers(5 + encoding.fields());
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(USER_AGENT, OUR_NAME);
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        encoding.put_into(&mut headers);
        if let Some(deadline) = terms.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(deadline_exceeded());
            }
            let left = HeaderValue::try_from(timeout::format(left)).map_err(|_| Status::internal("grpc-timeout"))?;
            headers.insert(GRPC_TIMEOUT, left);
        }
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The size of a request's header list as RFC 9113 §6.5.2 counts it.
fn size(head: &Request<()>) -> u64 {
    let authority = head.uri().authority().map_or(0, |authority| authority.as_str().len());
    let path = head.uri().path_and_query().map_or(0, |path| path.as_str().len());
    PSEUDO_BYTES + (authority + path) as u64 + list_size(head.headers())
}

/// A call whose head has been sent.
pub(super) struct Opened {
    pending: Pending,
    outbound: Outbound,
    terms: Terms,
}

/// What a call is opened with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) path: &'a str,
    pub(super) metadata: &'a Metadata,
    /// Of its requests.
    pub(super) encoding: Encoding,
    pub(super) terms: &'a Terms,
    /// Its requests may go on for long.
    pub(super) streams: bool,
}

/// Begins a call. A connection that turns out to take no more calls is replaced: nothing has left then.
pub(super) fn open(
    connector: &Connector,
    heads: &Heads,
    opening: Opening<'_>,
    retries: &mut Retries,
) -> Result<Opened, Status> {
    let deadline = opening.terms.deadline;
    loop {
        if let Some(pause) = retries.pause(opening.terms.wait_for_ready)? {
            connector.pause(opening.terms, pause)?;
        }
        let requests = connector.get(opening.terms)?;
        match begin(&requests, heads, opening)? {
            Ok(opened) => return Ok(opened),
            Err(failure @ (Failure::Lost(_) | Failure::GoAway { .. })) => {
                connector.forget(&requests);
                retries.never_left(status_of(&failure, deadline));
            }
            Err(failure) => return Err(opening.terms.cancelled().unwrap_or_else(|| status_of(&failure, deadline))),
        }
    }
}

fn begin(requests: &Arc<Requests>, heads: &Heads, opening: Opening<'_>) -> Result<Result<Opened, Failure>, Status> {
    let Opening { terms, streams, .. } = opening;
    let head = heads.make(opening)?;
    let (size, limit) = (size(&head), requests.peer().header_list_bytes());
    if size > limit {
        return Err(Status::internal(format!(
            "the request's metadata takes {size} bytes, and the server takes {limit}"
        )));
    }
    let opened = if streams {
        requests.open_for_sending(head, terms.deadline, terms.alarm())
    } else {
        requests.open(head, terms.deadline, terms.alarm())
    };
    Ok(opened.map(|(pending, outbound)| Opened { pending, outbound, terms: terms.clone() }))
}

impl Opened {
    /// Sends the only request.
    ///
    /// A server may answer before it has all of it: then no more is sent. What it answered says more than the failure
    /// to send.
    pub(super) fn send_whole(self, body: Bytes, limit: usize) -> Result<Reply, Failed> {
        let Self { mut pending, mut outbound, terms } = self;
        let deadline = terms.deadline;
        let stopping = terms.alarm().map(|alarm| alarm.listen(outbound.cancel_on_wake()));
        let sent = if body.len() <= AT_ONCE {
            outbound.send_at_once(body)
        } else {
            outbound.send_unless(body, true, deadline, |context| pending.has_come(context)).map(drop)
        };
        let mut reply = Reply::new(pending, limit, terms).stopped_by(stopping);
        match sent {
            Ok(()) => Ok(reply),
            Err(Failure::TimedOut) => Err(deadline_exceeded().into()),
            Err(failure) => match reply.head(None) {
                Ok(()) => Ok(reply),
                Err(failed) if reply.is_answered() || reply.is_cancelled() || failed.unseen.is_some() => Err(failed),
                Err(_) => Err(Failed::of(&failure, deadline)),
            },
        }
    }

    pub(super) fn halves(self, limit: usize) -> (Outbound, Reply) {
        let stopping = self.terms.alarm().map(|alarm| alarm.listen(self.outbound.cancel_on_wake()));
        // The head leaves now, not with the first message.
        self.outbound.pump();
        let cancel = self.outbound.cancel_on_drop();
        let reply = Reply::new(self.pending, limit, self.terms).stopped_by(stopping);
        (self.outbound, reply.cancelling(cancel))
    }
}
