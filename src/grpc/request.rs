//! What a call carries beside its messages, on the way there.

use super::compression::Compression;
use super::{Cancellation, Canceller, Encoding, Metadata};
use crate::net::PeerAddress;
use http::Extensions;
use std::time::{Duration, Instant};

/// A request: a message (or, of a streaming call, the stream of them), metadata, and a deadline.
///
/// A client makes it from the message and sets what it wants; a handler gets it with what came.
///
/// ```
/// use std::time::Duration;
/// use threadwire::grpc::Request;
/// let mut request = Request::new("the message").with_timeout(Duration::from_secs(5));
/// request.metadata_mut().append("x-user", "7")?;
/// # Ok::<(), threadwire::grpc::InvalidMetadata>(())
/// ```
#[derive(Debug, Clone)]
pub struct Request<T> {
    message: T,
    metadata: Metadata,
    time: Time,
    /// The deadline of the call that this one is made for.
    latest: Option<Instant>,
    wait_for_ready: Option<bool>,
    canceller: Option<Canceller>,
    peer: PeerAddress,
    /// Of this call, or of the one that it is made for.
    cancellation: Cancellation,
    compression: Compression,
    extensions: Extensions,
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    /// As long as it likes, or as its channel says.
    Open,
    /// This long from its start.
    Timeout(Duration),
    /// Until then.
    Deadline(Instant),
}

impl<T> Request<T> {
    /// A request without metadata and deadline.
    pub fn new(message: T) -> Self {
        Self {
            message,
            metadata: Metadata::new(),
            time: Time::Open,
            latest: None,
            wait_for_ready: None,
            canceller: None,
            peer: PeerAddress::Unknown,
            cancellation: Cancellation::default(),
            compression: Compression::default(),
            extensions: Extensions::new(),
        }
    }

    /// As a server's handler gets it.
    pub(super) fn received(
        message: T,
        metadata: Metadata,
        deadline: Option<Instant>,
        peer: PeerAddress,
        cancellation: Cancellation,
        compression: Compression,
    ) -> Self {
        let time = deadline.map_or(Time::Open, Time::Deadline);
        Self { time, peer, cancellation, compression, metadata, ..Request::new(message) }
    }

    /// The message.
    pub fn message(&self) -> &T {
        &self.message
    }

    /// The message, to be changed.
    pub fn message_mut(&mut self) -> &mut T {
        &mut self.message
    }

    /// The message, taken out.
    pub fn into_message(self) -> T {
        self.message
    }

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The metadata, to be changed.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    /// On a client: the whole call may take this long, from its start.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.time = Time::Timeout(timeout);
        self
    }

    /// On a client: the whole call must end by then. A handler that makes calls of its own hands its deadline on with
    /// [`Request::within`].
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.time = Time::Deadline(deadline);
        self
    }

    /// On a client: the call is made for another one, which a handler serves. It ends when that must have ended, if not
    /// before, and it is cancelled when that one is, for whatever reason.
    ///
    /// ```
    /// # use threadwire::grpc::{Request, Response, Status};
    /// # fn ask_another(_: Request<u32>) -> Result<Response<u32>, Status> { Ok(Response::new(7)) }
    /// fn handler(request: Request<u32>) -> Result<Response<u32>, Status> {
    ///     ask_another(Request::new(*request.message()).within(&request))
    /// }
    /// # assert!(handler(Request::new(1)).is_ok());
    /// ```
    pub fn within<U>(mut self, incoming: &Request<U>) -> Self {
        self.latest = [self.latest, incoming.latest, incoming.deadline()].into_iter().flatten().min();
        self.cancellation = incoming.cancellation.clone();
        self
    }

    /// On a client: `canceller` can end the call, from any thread.
    pub fn cancelled_by(mut self, canceller: &Canceller) -> Self {
        self.canceller = Some(canceller.clone());
        self
    }

    /// On a client: what can end the call, from any thread; made now if there is none.
    pub fn canceller(&mut self) -> Canceller {
        self.canceller.get_or_insert_default().clone()
    }

    /// On a client: whether the call waits for a server that cannot be connected to, until its deadline, rather than
    /// fail with UNAVAILABLE. By default as its channel says.
    pub fn with_wait_for_ready(mut self, wait_for_ready: bool) -> Self {
        self.wait_for_ready = Some(wait_for_ready);
        self
    }

    /// In a handler: when the call must have ended, if its client said so.
    pub fn deadline(&self) -> Option<Instant> {
        match self.time {
            Time::Deadline(deadline) => Some(deadline),
            Time::Open | Time::Timeout(_) => None,
        }
    }

    /// The deadline of a call that starts now; `default` is the channel's timeout. A moment that no clock can show is
    /// none.
    pub(super) fn deadline_from_now(&self, default: Option<Duration>) -> Option<Instant> {
        let own = match (self.time, default) {
            (Time::Deadline(deadline), _) => Some(deadline),
            (Time::Timeout(timeout), _) | (Time::Open, Some(timeout)) => Instant::now().checked_add(timeout),
            (Time::Open, None) => None,
        };
        own.into_iter().chain(self.latest).min()
    }

    /// Whether the call waits for a connection; `default` is what its channel says.
    pub(super) fn waits_for_ready(&self, default: bool) -> bool {
        self.wait_for_ready.unwrap_or(default)
    }

    pub(super) fn given_canceller(&self) -> Option<&Canceller> {
        self.canceller.as_ref()
    }

    /// Message and metadata, taken out.
    pub(super) fn into_parts(self) -> (T, Metadata) {
        (self.message, self.metadata)
    }

    /// On a client: the messages of the call are compressed with this encoding, whatever the channel says;
    /// [`Encoding::Identity`]: with none.
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.compression.encoding = Some(encoding);
        self
    }

    /// On a client: the message goes as it is, though the call may have an encoding. Of a call with a stream of
    /// requests, those that are sent before [`RequestSink::set_compressed`](super::RequestSink::set_compressed) says
    /// otherwise.
    pub fn uncompressed(mut self) -> Self {
        self.compression.plain = true;
        self
    }

    /// In a handler: whether the message came compressed. (Of a call with a stream of requests, the
    /// [`RequestStream`](super::RequestStream) says it.)
    pub fn was_compressed(&self) -> bool {
        self.compression.came
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    pub(super) fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// In a handler: who calls.
    pub fn peer(&self) -> &PeerAddress {
        &self.peer
    }

    /// In a handler: whether the call was cancelled, and why.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// In a handler: what the server's interceptors have put in, such as who the caller is, by its type.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(super) fn with_extensions(mut self, extensions: Extensions) -> Self {
        self.extensions = extensions;
        self
    }

    /// The same with another message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Request<U> {
        let (message, rest) = self.split();
        rest.with_message(change(message))
    }

    pub(super) fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Request<U>, E> {
        let (message, rest) = self.split();
        Ok(rest.with_message(change(message)?))
    }

    fn split(self) -> (T, Request<()>) {
        let Self { message, metadata, time, latest, wait_for_ready, canceller, .. } = self;
        let Self { peer, cancellation, compression, extensions, .. } = self;
        let rest = Request {
            message: (),
            metadata,
            time,
            latest,
            wait_for_ready,
            canceller,
            peer,
            cancellation,
            compression,
            extensions,
        };
        (message, rest)
    }

    fn with_message<U>(self, message: U) -> Request<U> {
        let Self { metadata, time, latest, wait_for_ready, canceller, .. } = self;
        let Self { peer, cancellation, compression, extensions, .. } = self;
        Request {
            message,
            metadata,
            time,
            latest,
            wait_for_ready,
            canceller,
            peer,
            cancellation,
            compression,
            extensions,
        }
    }
}

impl<T> From<T> for Request<T> {
    fn from(message: T) -> Self {
        Self::new(message)
    }
}
