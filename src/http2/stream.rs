//! The halves of a stream: blocking, with a deadline on each operation.
//!
//! Memory is bounded by flow control: [`Inbound`] gives window back only for what its user has taken, [`Outbound`] hands h2
//! only what the window takes now, and waits for the rest.

use super::client::Permit;
use super::engine::Connection;
use super::failure::Failure;
use crate::link::Unready;
use bytes::Bytes;
use h2::{RecvStream, SendStream};
use http::HeaderMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

const MOST_RESERVED: usize = 1 << 30;

/// Waits until `poll` is ready. It is asked once without a waker: most often what is waited for is there.
pub(super) fn wait<T>(
    connection: &Arc<Connection>,
    deadline: Option<Instant>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Result<T, Failure> {
    if let Poll::Ready(found) = poll(&mut Context::from_waker(Waker::noop())) {
        connection.pump();
        return Ok(found);
    }
    let parker = connection.parker();
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    let found = connection.wait_until(&parker, deadline, || match poll(&mut context) {
        Poll::Ready(found) => Some(found),
        Poll::Pending => None,
    });
    found.map_err(|unready| match unready {
        Unready::TimedOut => Failure::TimedOut,
        Unready::Closed => Failure::Lost("closed".to_owned()),
    })
}

/// How a stream ended that takes nothing more, which h2 does not say when it refuses to send. None: in order.
fn why_ended(stream: &mut SendStream<Bytes>) -> Option<Failure> {
    match stream.poll_reset(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(Ok(reason)) => Some(Failure::Reset { code: reason.into(), by_peer: true }),
        Poll::Ready(Err(error)) => Some(error.into()),
    }
}

fn no_more() -> Failure {
    Failure::Unsendable("the peer takes no more of this stream".to_owned())
}

/// What the peer sends on a stream.
#[derive(Debug)]
pub(crate) struct Inbound {
    connection: Arc<Connection>,
    // Dropped before the permit, so that the stream is over when its place is given on.
    stream: Option<RecvStream>,
    permit: Option<Arc<Permit>>,
}

impl Inbound {
    pub(super) fn new(connection: &Arc<Connection>, stream: RecvStream) -> Self {
        Self { connection: Arc::clone(connection), stream: Some(stream), permit: None }
    }

    pub(super) fn with_permit(mut self, permit: Arc<Permit>) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Waits for the next piece of the body; none at its end.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come.
    pub(crate) fn data(&mut self, deadline: Option<Instant>) -> Result<Option<Bytes>, Failure> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let data = wait(&self.connection, deadline, |context| stream.poll_data(context))?;
        Ok(data.transpose()?)
    }

    /// The next piece of the body if it is there; else `waker` is woken when it is. The caller pumps.
    pub(crate) fn poll_data(&mut self, waker: &Waker) -> Poll<Option<Result<Bytes, Failure>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        stream.poll_data(&mut Context::from_waker(waker)).map(|data| data.map(|data| data.map_err(Failure::from)))
    }

    /// Waits for the trailers, after the end of the body.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come.
    pub(crate) fn trailers(&mut self, deadline: Option<Instant>) -> Result<Option<HeaderMap>, Failure> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        Ok(wait(&self.connection, deadline, |context| stream.poll_trailers(context))??)
    }

    /// Whether the peer has ended its half and all of it was taken.
    pub(crate) fn is_ended(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    /// Gives the window of `bytes` back to the peer: they have been used. The caller pumps.
    pub(crate) fn release(&mut self, bytes: usize) {
        if let Some(stream) = &mut self.stream {
            // It fails only for more than was taken, which cannot be.
            let _ = stream.flow_control().release_capacity(bytes);
        }
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.stream = None;
        self.permit = None;
        // What the drop made h2 want to send (a reset, window) leaves; nothing is done if it made nothing.
        self.connection.pump();
    }
}

/// What is sent to the peer on a stream.
#[derive(Debug)]
pub(crate) struct Outbound {
    connection: Arc<Connection>,
    stream: Option<SendStream<Bytes>>,
    permit: Option<Arc<Permit>>,
}

impl Outbound {
    pub(super) fn new(connection: &Arc<Connection>, stream: SendStream<Bytes>) -> Self {
        Self { connection: Arc::clone(connection), stream: Some(stream), permit: None }
    }

    pub(super) fn with_permit(mut self, permit: Arc<Permit>) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Sends `bytes`, as the window takes them; with `end` they are the last.
    ///
    /// # Errors
    /// The stream or connection has ended, or the deadline has come.
    pub(crate) fn send(&mut self, bytes: Bytes, end: bool, deadline: Option<Instant>) -> Result<(), Failure> {
        self.send_unless(bytes, end, deadline, |_| false).map(|_| ())
    }

    /// [`Outbound::send`] that ends with false, and with some of `bytes` unsent, if `stop` says so while it waits.
    ///
    /// # Errors
    /// Those of `send`.
    pub(crate) fn send_unless(
        &mut self,
        mut bytes: Bytes,
        end: bool,
        deadline: Option<Instant>,
        mut stop: impl FnMut(&mut Context<'_>) -> bool,
    ) -> Result<bool, Failure> {
        let Some(stream) = &mut self.stream else { return Err(Failure::Unsendable("the stream has ended".to_owned())) };
        loop {
            // h2 counts in 32 bits.
            stream.reserve_capacity(bytes.len().min(MOST_RESERVED));
            let room = if bytes.is_empty() || stream.capacity() >= bytes.len() {
                bytes.len()
            } else {
                let room = wait(&self.connection, deadline, |context| match stream.capacity() {
                    _ if stop(context) => Poll::Ready(None),
                    0 => stream.poll_capacity(context).map(Some),
                    room => Poll::Ready(Some(Some(Ok(room)))),
                });
                if !matches!(room, Ok(Some(_))) {
                    // The window goes to other streams.
                    stream.reserve_capacity(0);
                }
                match room? {
                    None => return Ok(false),
                    Some(None) => return Err(why_ended(stream).unwrap_or_else(no_more)),
                    Some(Some(room)) => room?,
                }
            };
            let piece = bytes.split_to(room.min(bytes.len()));
            let last = bytes.is_empty();
            stream.send_data(piece, end && last).map_err(|error| why_ended(stream).unwrap_or_else(|| error.into()))?;
            self.connection.kick();
            if last {
                return Ok(true);
            }
        }
    }

    /// Ends the stream with trailers. The caller pumps.
    ///
    /// # Errors
    /// The stream has ended.
    pub(crate) fn trailers(&mut self, trailers: HeaderMap) -> Result<(), Failure> {
        match &mut self.stream {
            Some(stream) => Ok(stream.send_trailers(trailers)?),
            None => Ok(()),
        }
    }

    /// Lets what was handed to h2 leave.
    pub(crate) fn pump(&self) {
        self.connection.pump();
    }

    /// Resets the stream with an error code of RFC 9113 §7.
    pub(crate) fn reset(&mut self, code: u32) {
        if let Some(stream) = &mut self.stream {
            stream.send_reset(code.into());
            self.connection.pump();
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.stream = None;
        self.permit = None;
        self.connection.pump();
    }
}
