//! Services as the server sees them: paths, and handlers from bytes to bytes. Generated code makes them.

use super::super::compression::{Compression, Packed, Packing};
use super::super::{Request, Response, Status, frame};
use super::dispatch::Pace;
use super::streaming::{RequestStream, ResponseSink, StreamingCall, panicked};
use crate::Limits;
use crate::protobuf::Payload;
use bytes::Bytes;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A unary method: a message as it came in, the bytes of one behind its prefix out, whose encoding the response says.
pub(super) type Unary = Arc<dyn Fn(Request<Packed>, Packing) -> Result<Response<Bytes>, Status> + Send + Sync>;
/// A method of another kind: it receives and sends by itself.
pub(super) type Streaming = Arc<dyn Fn(StreamingCall, &Limits) + Send + Sync>;

/// What serves one method.
#[derive(Clone)]
pub(super) enum Handler {
    Unary(Unary),
    Streaming(Streaming),
}

/// One method of a service that is served.
pub(super) struct Method {
    /// `/package.Service/Method`
    pub(super) path: Arc<str>,
    pub(super) handler: Handler,
    pub(super) pace: Pace,
}

impl Method {
    /// Runs the handler of a unary method. `packing` is that of its response.
    pub(super) fn run(&self, request: Request<Packed>, packing: Packing) -> Result<Response<Bytes>, Status> {
        let Handler::Unary(handler) = &self.handler else { return Err(Status::internal("no unary method")) };
        let outcome = catch_unwind(AssertUnwindSafe(|| handler(request, packing)));
        outcome.unwrap_or_else(|payload| Err(panicked(&self.path, payload)))
    }
}

/// A service and its handlers. Generated code makes it from a `…Server`; [`super::ServerBuilder::add_service`] takes
/// it.
#[derive(Clone)]
pub struct ServiceDefinition {
    name: &'static str,
    methods: Vec<(&'static str, Handler)>,
}

impl ServiceDefinition {
    /// A service without methods; `name` is its full name, `package.Service`.
    pub fn new(name: &'static str) -> Self {
        Self { name, methods: Vec::new() }
    }

    /// The full name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn with(mut self, method: &'static str, handler: Handler) -> Self {
        self.methods.push((method, handler));
        self
    }

    /// Adds a method with one request and one response.
    pub fn unary<I: Payload, O: Payload>(
        self,
        method: &'static str,
        handler: impl Fn(Request<I>) -> Result<Response<O>, Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |request: Request<Packed>, packing: Packing| {
            let response = handler(request.try_map(frame::decode)?)?;
            let packer = packing.packer(response.compression());
            let (message, metadata, trailers) = response.into_parts();
            let said = Compression { encoding: Some(packer.encoding()), ..Compression::default() };
            Ok(Response::received(packer.pack(&message)?, metadata, trailers, said))
        };
        self.with(method, Handler::Unary(Arc::new(handler)))
    }

    /// Adds a method with one request and a stream of responses.
    pub fn server_streaming<I: Payload, O: Payload>(
        self,
        method: &'static str,
        handler: impl Fn(Request<I>, &mut ResponseSink<O>) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: StreamingCall, limits: &Limits| {
            call.serve(limits, |request, sink| handler(RequestStream::only(request)?, sink));
        };
        self.with(method, Handler::Streaming(Arc::new(handler)))
    }

    /// Adds a method with a stream of requests and one response.
    pub fn client_streaming<I: Payload, O: Payload>(
        self,
        method: &'static str,
        handler: impl Fn(Request<RequestStream<I>>) -> Result<Response<O>, Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: StreamingCall, limits: &Limits| {
            call.serve(limits, |request, sink| {
                let response = handler(request)?;
                sink.set_compression(response.compression());
                let (message, metadata, trailers) = response.into_parts();
                *sink.metadata_mut() = metadata;
                *sink.trailers_mut() = trailers;
                sink.send(message)
            });
        };
        self.with(method, Handler::Streaming(Arc::new(handler)))
    }

    /// Adds a method with a stream of requests and a stream of responses.
    pub fn bidirectional<I: Payload, O: Payload>(
        self,
        method: &'static str,
        handler: impl Fn(Request<RequestStream<I>>, &mut ResponseSink<O>) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: StreamingCall, limits: &Limits| call.serve(limits, &handler);
        self.with(method, Handler::Streaming(Arc::new(handler)))
    }
}

impl fmt::Debug for ServiceDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|(method, _)| method).collect();
        f.debug_struct("ServiceDefinition").field("name", &self.name).field("methods", &methods).finish()
    }
}

/// All methods by their path.
#[derive(Default)]
pub(super) struct Router {
    methods: HashMap<Arc<str>, Arc<Method>>,
    services: Vec<&'static str>,
}

impl Router {
    /// Adds a service; one of the same name is replaced.
    pub(super) fn add(&mut self, service: ServiceDefinition) {
        let begin = format!("/{}/", service.name);
        self.methods.retain(|path, _| !path.starts_with(&begin));
        self.services.retain(|name| *name != service.name);
        self.services.push(service.name);
        for (method, handler) in service.methods {
            let path: Arc<str> = format!("{begin}{method}").into();
            let method = Method { path: Arc::clone(&path), handler, pace: Pace::default() };
            self.methods.insert(path, Arc::new(method));
        }
    }

    /// The method of exactly this path.
    pub(super) fn find(&self, path: &str) -> Result<&Arc<Method>, Status> {
        self.methods.get(path).ok_or_else(|| self.missing(path))
    }

    fn missing(&self, path: &str) -> Status {
        let split = path.strip_prefix('/').and_then(|path| path.rsplit_once('/'));
        Status::unimplemented(match split {
            Some((service, method)) if self.services.contains(&service) => {
                format!("the service {service} has no method {method}")
            }
            Some((service, _)) => format!("there is no service {service} here"),
            None => format!("there is no method {path} here; a path is /package.Service/Method"),
        })
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.methods.keys()).finish()
    }
}
