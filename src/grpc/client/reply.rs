//! What comes back of a call: the head, messages, and the status (PROTOCOL-HTTP2.md, *Responses*).

use super::super::body::Body;
use super::super::mapping::{code_of_http, has_passed, nothing_came, status_of};
use super::super::{Metadata, Response, Status, content_type, frame};
use crate::http2::{CancelOnDrop, Failure, Inbound, Pending};
use crate::protobuf::Payload;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{StatusCode, response};
use std::time::Instant;

/// The receiving half of a call.
#[derive(Debug)]
pub(super) struct Reply {
    stage: Stage,
    limit: usize,
    deadline: Option<Instant>,
    metadata: Metadata,
    trailers: Option<Metadata>,
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
    pub(super) fn new(pending: Pending, limit: usize, deadline: Option<Instant>) -> Self {
        let metadata = Metadata::new();
        Self {
            stage: Stage::Pending(pending),
            limit,
            deadline,
            metadata,
            trailers: None,
            answered: false,
            cancel: None,
        }
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
    pub(super) fn head(&mut self, until: Option<Instant>) -> Result<(), Status> {
        let Stage::Pending(pending) = &mut self.stage else { return Ok(()) };
        let waited = pending.wait([until, self.deadline].into_iter().flatten().min());
        if waited == Err(Failure::TimedOut) && !has_passed(self.deadline) {
            return Err(nothing_came());
        }
        // Whatever is wrong from here on, the call is over.
        let Stage::Pending(pending) = std::mem::replace(&mut self.stage, Stage::Over) else { return Ok(()) };
        let response = waited.and_then(|()| pending.head()).map_err(|failure| status_of(&failure, self.deadline))?;
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
        self.metadata = Metadata::from_headers(head.headers)?;
        Ok(Some(Body::new(inbound, self.limit, self.deadline)))
    }

    /// Waits for the next message; none when the call has succeeded. `until` bounds this wait alone.
    ///
    /// # Errors
    /// How the call ended, if it did not succeed.
    pub(super) fn message(&mut self, until: Option<Instant>) -> Result<Option<Bytes>, Status> {
        self.head(until)?;
        let Stage::Open(body) = &mut self.stage else { return Ok(None) };
        match body.message(until) {
            Ok(Some(message)) => return Ok(Some(message)),
            Ok(None) => {}
            Err(status) => {
                if body.is_over() {
                    self.give_up();
                }
                return Err(status);
            }
        }
        let trailers = body.trailers();
        self.stage = Stage::Over;
        let trailers = trailers?;
        self.ended();
        let status = trailers.and_then(Status::from_headers);
        self.trailers = Some(status.unwrap_or_else(|| Err(no_status()))?);
        Ok(None)
    }

    /// Wants nothing more: whatever the server still sends is reset.
    pub(super) fn give_up(&mut self) {
        self.stage = Stage::Over;
        self.cancel = None;
    }

    /// The server has said its last word.
    fn ended(&mut self) {
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
        let message = frame::decode(first)?;
        Ok(Response::received(message, self.metadata, self.trailers.unwrap_or_default()))
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
