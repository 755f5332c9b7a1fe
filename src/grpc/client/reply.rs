//! What comes back of a call: the head, messages, and the status (PROTOCOL-HTTP2.md, *Responses*).

use super::super::body::Body;
use super::super::compression::{Compression, Expected, Packed, of_peer};
use super::super::mapping::{code_of_http, has_passed, nothing_came};
use super::super::{Metadata, Response, Status, content_type, frame};
use super::retry::Failed;
use super::terms::Terms;
use crate::http2::{CancelOnDrop, Failure, Inbound, Pending};
use crate::link::Listening;
use crate::protobuf::Payload;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, response};
use std::time::Instant;

/// The receiving half of a call.
#[derive(Debug)]
pub(super) struct Reply {
    /// Of a call that can be cancelled from elsewhere; gone before the stage is.
    stopping: Option<Listening>,
    stage: Stage,
    limit: usize,
    terms: Terms,
    metadata: Metadata,
    trailers: Option<Metadata>,
    /// A head with a status in it, of a stream that is not known to have ended with it: it counts if nothing follows but
    /// the reset of a server that wants no more. (h2 shows a head and the reset behind it as an open body that fails.)
    last_word: Option<HeaderMap>,
    answered: bool,
    /// Of a call whose requests somebody may still be sending when this half is dropped.
    cancel: Option<CancelOnDrop>,
}

#[derive(Debug)]
enum Stage {
    Pending(Pending),
    Open(Body),
    Over,
}

impl Reply {
    pub(super) fn new(pending: Pending, limit: usize, terms: Terms) -> Self {
        Self {
            stopping: None,
            stage: Stage::Pending(pending),
            limit,
            terms,
            metadata: Metadata::new(),
            trailers: None,
            last_word: None,
            answered: false,
            cancel: None,
        }
    }

    /// Of a call that is cancelled as long as this listens.
    pub(super) fn stopped_by(mut self, stopping: Option<Listening>) -> Self {
        self.stopping = stopping;
        self
    }

    /// Of a call whose requests somebody still sends.
    pub(super) fn cancelling(mut self, cancel: CancelOnDrop) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Whether the server has said anything.
    pub(super) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether it gives nothing more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Whether the call was given up on this side.
    pub(super) fn is_cancelled(&self) -> bool {
        self.terms.cancelled().is_some()
    }

    /// The initial metadata, once the head has come.
    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The trailing metadata of a call that has succeeded.
    pub(super) fn trailers(&self) -> Option<&Metadata> {
        self.trailers.as_ref()
    }

    /// Waits for the head. `until` bounds this wait alone.
    ///
    /// # Errors
    /// How the call ended, if it has.
    pub(super) fn head(&mut self, until: Option<Instant>) -> Result<(), Failed> {
        let Stage::Pending(pending) = &mut self.stage else { return Ok(()) };
        let waited = pending.wait([until, self.terms.deadline].into_iter().flatten().min());
        if waited == Err(Failure::TimedOut) && !has_passed(self.terms.deadline) {
            return Err(nothing_came().into());
        }
        // Whatever is wrong from here on, the call is over.
        let Stage::Pending(pending) = std::mem::replace(&mut self.stage, Stage::Over) else { return Ok(()) };
        let response = match waited.and_then(|()| pending.head()) {
            Ok(response) => response,
            Err(failure) => {
                self.stopping = None;
                let cancelled = self.terms.cancelled().map(Failed::from);
                return Err(cancelled.unwrap_or_else(|| Failed::of(&failure, self.terms.deadline)));
            }
        };
        self.answered = true;
        let (head, inbound) = response.into_parts();
        if let Some(body) = self.read_head(head, inbound)? {
            self.stage = Stage::Open(body);
        }
        Ok(())
    }

    /// The body; none if the head was all.
    fn read_head(&mut self, head: response::Parts, inbound: Inbound) -> Result<Option<Body>, Status> {
        if head.status != StatusCode::OK || !is_grpc(&head) {
            return Err(not_grpc(head));
        }
        if inbound.is_ended() {
            self.ended();
            // Trailers-Only: the status stands in the head.
            self.trailers = Some(Status::from_headers(head.headers).unwrap_or_else(|| Err(no_status()))?);
            return Ok(None);
        }
        self.last_word = head.headers.contains_key("grpc-status").then(|| head.headers.clone());
        let compressed = Expected::named(of_peer(&head.headers));
        self.metadata = Metadata::from_headers(head.headers)?;
        Ok(Some(Body::new(inbound, self.limit, compressed, self.terms.deadline)))
    }

    /// Waits for the next message; none when the call has succeeded. `until` bounds this wait alone.
    ///
    /// # Errors
    /// How the call ended, if it did not succeed.
    pub(super) fn message(&mut self, until: Option<Instant>) -> Result<Option<Packed>, Status> {
        self.head(until).map_err(|failed| failed.status)?;
        let Stage::Open(body) = &mut self.stage else { return Ok(None) };
        if let Some(status) = self.terms.cancelled() {
            self.give_up();
            return Err(status);
        }
        match body.message(until) {
            Ok(Some(message)) => return Ok(Some(message)),
            Ok(None) => {}
            Err(status) => {
                if body.was_let_go()
                    && let Some(headers) = self.last_word.take()
                {
                    self.ended();
                    self.stage = Stage::Over;
                    self.metadata = Metadata::new();
                    self.trailers = Some(Status::from_headers(headers).unwrap_or(Err(status))?);
                    return Ok(None);
                }
                if body.is_over() {
                    self.give_up();
                    return Err(self.terms.cancelled().unwrap_or(status));
                }
                return Err(status);
            }
        }
        let trailers = body.trailers();
        self.stopping = None;
        self.stage = Stage::Over;
        let trailers = trailers.map_err(|status| self.terms.cancelled().unwrap_or(status))?;
        self.ended();
        let status = trailers.and_then(Status::from_headers);
        self.trailers = Some(status.unwrap_or_else(|| Err(no_status()))?);
        Ok(None)
    }

    /// Wants nothing more: whatever the server still sends is reset.
    pub(super) fn give_up(&mut self) {
        self.stopping = None;
        self.stage = Stage::Over;
        self.cancel = None;
    }

    /// The server has said its last word.
    fn ended(&mut self) {
        self.stopping = None;
        if let Some(cancel) = self.cancel.take() {
            cancel.forgo();
        }
    }

    /// The one response of a call that has one.
    pub(super) fn only<T: Payload>(mut self) -> Result<Response<T>, Status> {
        let first = self.message(None)?;
        let Some(first) = first else { return Err(Status::unimplemented("expected one response, got none")) };
        if self.message(None)?.is_some() {
            return Err(Status::unimplemented("expected one response, got more"));
        }
        let compression = Compression::came(first.is_compressed());
        let message = frame::decode(first)?;
        Ok(Response::received(message, self.metadata, self.trailers.unwrap_or_default(), compression))
    }
}

fn is_grpc(head: &response::Parts) -> bool {
    head.headers.get(CONTENT_TYPE).is_some_and(|value| content_type::is_grpc(value.as_bytes()))
}

/// The status of an answer that is not gRPC's: its own, if a proxy or server was kind enough, else that of HTTP.
fn not_grpc(head: response::Parts) -> Status {
    let content_type = head.headers.get(CONTENT_TYPE);
    let content_type = content_type.map_or_else(String::new, |value| value.as_bytes().escape_ascii().to_string());
    match Status::from_headers(head.headers) {
        Some(Err(status)) => status,
        _ => Status::new(
            code_of_http(head.status),
            format!("expected a gRPC response, got HTTP status {} with content-type '{content_type}'", head.status),
        ),
    }
}

fn no_status() -> Status {
    Status::unknown("the server ended the call without a grpc-status")
}
