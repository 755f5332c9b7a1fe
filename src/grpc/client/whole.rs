//! A call whose one request is kept, encoded, until a server has begun to answer: till then it can be made again.

use super::super::{Encoding, Metadata, MethodDescriptor, Request, Status};
use super::Inner;
use super::call::Opening;
use super::reply::Reply;
use super::retry::{Failed, Retries};
use super::terms::Terms;
use crate::protobuf::Payload;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// See the head of this file.
pub(super) struct Whole(Box<Kept>);

struct Kept {
    channel: Arc<Inner>,
    method: MethodDescriptor,
    metadata: Metadata,
    encoding: Encoding,
    body: Bytes,
    terms: Terms,
    retries: Retries,
}

impl Whole {
    /// Makes the call, whose head is waited for later.
    pub(super) fn send<I: Payload>(
        channel: &Arc<Inner>,
        method: &MethodDescriptor,
        request: Request<I>,
    ) -> Result<(Reply, Self), Status> {
        let terms = channel.terms(&request);
        let packer = channel.packer(&request);
        let (encoding, body) = (packer.encoding(), packer.pack(request.message())?);
        let (_, metadata) = request.into_parts();
        let (channel, method, retries) = (Arc::clone(channel), method.clone(), Retries::default());
        let mut whole = Self(Box::new(Kept { channel, method, metadata, encoding, body, terms, retries }));
        Ok((whole.attempts()?, whole))
    }

    /// Makes the call again, after an attempt that has `failed`.
    ///
    /// # Errors
    /// The status of the attempt, if it is not to be made again; that of the last one.
    pub(super) fn again(&mut self, failed: Failed) -> Result<Reply, Status> {
        self.0.retries.after(failed)?;
        self.attempts()
    }

    fn attempts(&mut self) -> Result<Reply, Status> {
        let Kept { channel, method, metadata, encoding, body, terms, retries } = &mut *self.0;
        let opening = Opening { path: method.path(), metadata, encoding: *encoding, terms, streams: false };
        loop {
            match channel.send_whole(opening, body.clone(), retries) {
                Ok(reply) => return Ok(reply),
                Err(failed) => retries.after(failed)?,
            }
        }
    }
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whole").field("method", &self.0.method).finish_non_exhaustive()
    }
}
