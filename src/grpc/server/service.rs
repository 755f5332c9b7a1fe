//! Services as the server sees them: paths, and handlers from bytes to bytes. Generated code makes them.

use super::super::compression::{Compression, Packed, Packing};
use super::super::taps::Taps;
use super::super::{CallKind, MethodDescriptor, Request, Response, Status, frame, method};
use super::call::Call;
use super::dispatch::Pace;
use super::intercept::{Interceptors, around_unary};
use super::streaming::{RequestStream, ResponseSink, StreamingCall, panicked};
use crate::Limits;
use crate::protobuf::Payload;
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A unary method: a message as it came in, the bytes of one behind its prefix out, whose encoding the response says.
/// The taps are those of the response.
pub(super) type Unary =
    Arc<dyn Fn(Request<Packed>, &mut Taps, Packing) -> Result<Response<Bytes>, Status> + Send + Sync>;
/// A method of another kind: it receives and sends by itself.
pub(super) type Streaming = Arc<dyn Fn(StreamingCall, &Limits) + Send + Sync>;
/// What serves the methods that no service has.
pub(super) type Fallback =
    Arc<dyn Fn(&str, Request<RequestStream<Bytes>>, &mut ResponseSink<Bytes>) -> Result<(), Status> + Send + Sync>;

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
    pub(super) descriptor: MethodDescriptor,
    pub(super) handler: Handler,
    pub(super) interceptors: Interceptors,
    pub(super) pace: Pace,
}

impl Method {
    /// Runs the handler of a unary method. `packing` is that of its response.
    pub(super) fn run(
        &self,
        call: &Call,
        request: Request<Packed>,
        packing: Packing,
    ) -> Result<Response<Bytes>, Status> {
        let Handler::Unary(handler) = &self.handler else { return Err(Status::internal("no unary method")) };
        if !self.interceptors.is_empty() {
            return around_unary(self, call, request, |request, taps| handler(request, taps, packing));
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| handler(request, &mut Taps::default(), packing)));
        outcome.unwrap_or_else(|payload| Err(panicked(&self.path, payload)))
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.descriptor.fmt(f)
    }
}

/// A service and its handlers. Generated code makes it from a `…Server`; [`super::ServerBuilder::add_service`] takes
/// it.
///
/// It can be made at run time, too, and its handlers may take and give [`Bytes`], the encoded messages as they are:
///
/// ```
/// use bytes::Bytes;
/// use threadwire::grpc::{Request, RequestStream, Response, ResponseSink, Server, ServiceDefinition};
///
/// let name = format!("example.{}", "Echo");
/// let service = ServiceDefinition::new(name)
///     .unary("One", |request: Request<Bytes>| Ok(Response::new(request.into_message())))
///     .bidirectional("All", |requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
///         requests.into_message().try_for_each(|message| responses.send(message?))
///     });
/// let server = Server::builder().add_service(service);
/// ```
#[derive(Clone)]
pub struct ServiceDefinition {
    name: Cow<'static, str>,
    methods: Vec<(Cow<'static, str>, CallKind, Handler)>,
}

impl ServiceDefinition {
    /// A service without methods; `name` is its full name, `package.Service`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), methods: Vec::new() }
    }

    /// The full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn with(mut self, method: Cow<'static, str>, kind: CallKind, handler: Handler) -> Self {
        self.methods.push((method, kind, handler));
        self
    }

    /// Adds a method with one request and one response.
    pub fn unary<I: Payload, O: Payload>(
        self,
        method: impl Into<Cow<'static, str>>,
        handler: impl Fn(Request<I>) -> Result<Response<O>, Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |request: Request<Packed>, taps: &mut Taps, packing: Packing| {
            let response = handler(request.try_map(frame::decode)?)?;
            let packer = packing.packer(response.compression());
            let (message, metadata, trailers) = response.into_parts();
            let said = Compression { encoding: Some(packer.encoding()), ..Compression::default() };
            Ok(Response::received(taps.pack(&message, &packer)?, metadata, trailers, said))
        };
        self.with(method.into(), CallKind::Unary, Handler::Unary(Arc::new(handler)))
    }

    /// Adds a method with one request and a stream of responses.
    pub fn server_streaming<I: Payload, O: Payload>(
        self,
        method: impl Into<Cow<'static, str>>,
        handler: impl Fn(Request<I>, &mut ResponseSink<O>) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: StreamingCall, limits: &Limits| {
            call.serve(limits, |request, sink| handler(RequestStream::only(request)?, sink));
        };
        self.with(method.into(), CallKind::ServerStreaming, Handler::Streaming(Arc::new(handler)))
    }

    /// Adds a method with a stream of requests and one response.
    pub fn client_streaming<I: Payload, O: Payload>(
        self,
        method: impl Into<Cow<'static, str>>,
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
        self.with(method.into(), CallKind::ClientStreaming, Handler::Streaming(Arc::new(handler)))
    }

    /// Adds a method with a stream of requests and a stream of responses.
    pub fn bidirectional<I: Payload, O: Payload>(
        self,
        method: impl Into<Cow<'static, str>>,
        handler: impl Fn(Request<RequestStream<I>>, &mut ResponseSink<O>) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        let handler = move |call: StreamingCall, limits: &Limits| call.serve(limits, &handler);
        self.with(method.into(), CallKind::Bidirectional, Handler::Streaming(Arc::new(handler)))
    }
}

impl fmt::Debug for ServiceDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|(method, ..)| method).collect();
        f.debug_struct("ServiceDefinition").field("name", &self.name).field("methods", &methods).finish()
    }
}

/// All methods by their path.
pub(super) struct Router {
    methods: HashMap<Arc<str>, Arc<Method>>,
    services: Vec<Cow<'static, str>>,
    fallback: Option<Fallback>,
    interceptors: Interceptors,
}

impl Router {
    /// Of two services of the same name, the later one is served.
    pub(super) fn new(
        services: Vec<ServiceDefinition>,
        fallback: Option<Fallback>,
        interceptors: Interceptors,
    ) -> Self {
        let mut router = Self { methods: HashMap::new(), services: Vec::new(), fallback, interceptors };
        services.into_iter().for_each(|service| router.add(service));
        router
    }

    fn add(&mut self, service: ServiceDefinition) {
        let begin = format!("/{}/", service.name);
        self.methods.retain(|path, _| !path.starts_with(&begin));
        self.services.retain(|name| *name != service.name);
        for (method, kind, handler) in service.methods {
            let method = self.method(&format!("{begin}{method}"), kind, handler);
            self.methods.insert(Arc::clone(&method.path), method);
        }
        self.services.push(service.name);
    }

    fn method(&self, path: &str, kind: CallKind, handler: Handler) -> Arc<Method> {
        let descriptor = MethodDescriptor::as_it_came(path, kind);
        let interceptors = Arc::clone(&self.interceptors);
        Arc::new(Method { path: path.into(), descriptor, handler, interceptors, pace: Pace::default() })
    }

    /// The method of exactly this path.
    pub(super) fn find(&self, path: &str) -> Result<Arc<Method>, Status> {
        self.methods.get(path).map(Arc::clone).map_or_else(|| self.unknown(path), Ok)
    }

    /// What serves a path that no service has: the fallback, if it is that of a method. Interceptors see the refusal of
    /// others, too, which is why it is made on a thread of its own then.
    fn unknown(&self, path: &str) -> Result<Arc<Method>, Status> {
        let fallback = self.fallback.clone().filter(|_| method::is_path(path));
        if fallback.is_none() && self.interceptors.is_empty() {
            return Err(self.missing(path));
        }
        let (known_as, missing) = (path.to_owned(), self.missing(path));
        let handler = move |call: StreamingCall, limits: &Limits| {
            call.serve(limits, |request, sink: &mut ResponseSink<Bytes>| match &fallback {
                Some(fallback) => fallback(&known_as, request, sink),
                None => Err(missing.clone()),
            });
        };
        Ok(self.method(path, CallKind::Bidirectional, Handler::Streaming(Arc::new(handler))))
    }

    fn missing(&self, path: &str) -> Status {
        Status::unimplemented(match method::split(path) {
            Some((service, method)) if self.services.iter().any(|known| known == service) => {
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
