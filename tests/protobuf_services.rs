//! What is emitted for a service: the trait with its default bodies, the routes of the server, the client's calls.
//!
//! The emitted code runs against a stand-in for `threadwire::grpc` which keeps what it is told: here it matters which
//! path, kind and handler go together. The calls themselves are the business of the tests of gRPC.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "a test may fail")]

mod calls {
    threadwire::include_proto!("calls.v1");
}

use std::sync::Arc;

use calls::{Answer, Calls, CallsClient, CallsServer, Nothing, NothingServer, Question, T};
use stand_in::grpc::{
    CallKind, Channel, Handler, Request, RequestStream, Response, ResponseSink, ServiceDefinition, Status,
};

use threadwire::protobuf::Message as _;

/// The part of `threadwire` that emitted code names, with `grpc` as it is to emitted code.
mod stand_in {
    pub use threadwire::protobuf;

    pub mod grpc {
        use std::marker::PhantomData;

        use threadwire::protobuf::Message;

        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum CallKind {
            Unary,
            ServerStreaming,
            ClientStreaming,
            Bidirectional,
        }

        #[derive(Debug, Clone, Copy)]
        pub struct MethodDescriptor {
            pub path: &'static str,
            pub kind: CallKind,
        }

        impl MethodDescriptor {
            pub const fn new(path: &'static str, kind: CallKind) -> Self {
                Self { path, kind }
            }
        }

        #[derive(Debug)]
        pub struct Request<T>(pub T);
        #[derive(Debug)]
        pub struct Response<T>(pub T);
        #[derive(Debug, PartialEq)]
        pub struct Status(pub String);
        #[derive(Debug)]
        pub struct RequestStream<T>(pub Vec<T>);
        #[derive(Debug)]
        pub struct ResponseSink<T>(pub Vec<T>);
        #[derive(Debug)]
        pub struct ResponseStream<T>(PhantomData<T>);
        #[derive(Debug)]
        pub struct RequestSink<T>(PhantomData<T>);
        #[derive(Debug)]
        pub struct PendingResponse<T>(PhantomData<T>);

        impl<T> From<T> for Request<T> {
            fn from(message: T) -> Self {
                Self(message)
            }
        }

        impl Status {
            pub fn unimplemented(message: impl Into<String>) -> Self {
                Self(message.into())
            }
        }

        /// Answers every call with a status that says how it was called.
        #[derive(Debug, Clone)]
        pub struct Channel;

        fn called(name: &str, method: &MethodDescriptor) -> Status {
            Status(format!("{name} {} {:?}", method.path, method.kind))
        }

        impl Channel {
            pub fn unary<I: Message, O: Message>(
                &self,
                method: &MethodDescriptor,
                _request: Request<I>,
            ) -> Result<Response<O>, Status> {
                Err(called("unary", method))
            }

            pub fn server_streaming<I: Message, O: Message>(
                &self,
                method: &MethodDescriptor,
                _request: Request<I>,
            ) -> Result<ResponseStream<O>, Status> {
                Err(called("server_streaming", method))
            }

            pub fn client_streaming<I: Message, O: Message>(
                &self,
                method: &MethodDescriptor,
                _request: Request<()>,
            ) -> Result<(RequestSink<I>, PendingResponse<O>), Status> {
                Err(called("client_streaming", method))
            }

            pub fn bidirectional<I: Message, O: Message>(
                &self,
                method: &MethodDescriptor,
                _request: Request<()>,
            ) -> Result<(RequestSink<I>, ResponseStream<O>), Status> {
                Err(called("bidirectional", method))
            }
        }

        /// A handler from bytes to bytes; the requests of a stream come one after the other, of a length each.
        pub type Handler = Box<dyn Fn(&[Vec<u8>]) -> Result<Vec<Vec<u8>>, Status> + Send + Sync>;

        pub struct ServiceDefinition {
            pub name: &'static str,
            pub routes: Vec<(&'static str, CallKind, Handler)>,
        }

        fn messages<M: Message>(requests: &[Vec<u8>]) -> Vec<M> {
            requests.iter().map(|bytes| M::decode(bytes).unwrap()).collect()
        }

        fn one<M: Message>(requests: &[Vec<u8>]) -> Request<M> {
            Request(messages(requests).pop().unwrap())
        }

        fn bytes<M: Message>(responses: &[M]) -> Vec<Vec<u8>> {
            responses.iter().map(|message| message.encode_to_vec().unwrap()).collect()
        }

        impl ServiceDefinition {
            pub fn new(name: &'static str) -> Self {
                Self { name, routes: Vec::new() }
            }

            fn route(mut self, method: &'static str, kind: CallKind, handler: Handler) -> Self {
                self.routes.push((method, kind, handler));
                self
            }

            pub fn unary<I: Message, O: Message>(
                self,
                method: &'static str,
                handler: impl Fn(Request<I>) -> Result<Response<O>, Status> + Send + Sync + 'static,
            ) -> Self {
                let handler: Handler = Box::new(move |requests| Ok(bytes(&[handler(one(requests))?.0])));
                self.route(method, CallKind::Unary, handler)
            }

            pub fn server_streaming<I: Message, O: Message>(
                self,
                method: &'static str,
                handler: impl Fn(Request<I>, &mut ResponseSink<O>) -> Result<(), Status> + Send + Sync + 'static,
            ) -> Self {
                let handler: Handler = Box::new(move |requests| {
                    let mut sink = ResponseSink(Vec::new());
                    handler(one(requests), &mut sink)?;
                    Ok(bytes(&sink.0))
                });
                self.route(method, CallKind::ServerStreaming, handler)
            }

            pub fn client_streaming<I: Message, O: Message>(
                self,
                method: &'static str,
                handler: impl Fn(Request<RequestStream<I>>) -> Result<Response<O>, Status> + Send + Sync + 'static,
            ) -> Self {
                let handler: Handler =
                    Box::new(move |requests| Ok(bytes(&[handler(Request(RequestStream(messages(requests))))?.0])));
                self.route(method, CallKind::ClientStreaming, handler)
            }

            pub fn bidirectional<I: Message, O: Message>(
                self,
                method: &'static str,
                handler: impl Fn(Request<RequestStream<I>>, &mut ResponseSink<O>) -> Result<(), Status>
                + Send
                + Sync
                + 'static,
            ) -> Self {
                let handler: Handler = Box::new(move |requests| {
                    let mut sink = ResponseSink(Vec::new());
                    handler(Request(RequestStream(messages(requests))), &mut sink)?;
                    Ok(bytes(&sink.0))
                });
                self.route(method, CallKind::Bidirectional, handler)
            }
        }
    }
}

fn answer(text: impl Into<String>) -> Answer {
    Answer { text: text.into(), ..Default::default() }
}

fn question(text: &str) -> Vec<u8> {
    Question { text: text.into(), ..Default::default() }.encode_to_vec().unwrap()
}

/// Answers in a way that shows the method.
struct Everything;

impl Calls for Everything {
    fn unary(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        Ok(Response(answer(format!("unary {}", request.0.text))))
    }

    fn lots(&self, request: Request<Question>, responses: &mut ResponseSink<Answer>) -> Result<(), Status> {
        responses.0.extend([answer(&request.0.text), answer("lots")]);
        Ok(())
    }

    fn gather(&self, requests: Request<RequestStream<Question>>) -> Result<Response<Answer>, Status> {
        Ok(Response(answer(format!("gathered {}", requests.0.0.len()))))
    }

    fn chat(
        &self,
        requests: Request<RequestStream<Question>>,
        responses: &mut ResponseSink<Answer>,
    ) -> Result<(), Status> {
        responses.0.extend(requests.0.0.into_iter().map(|question| answer(question.text)));
        Ok(())
    }
}

/// Leaves everything to the default bodies.
struct Silent;

impl Calls for Silent {}

fn handler<'d>(definition: &'d ServiceDefinition, method: &str) -> &'d Handler {
    let route = definition.routes.iter().find(|(name, _, _)| *name == method);
    route.map(|(_, _, handler)| handler).unwrap_or_else(|| panic!("no route for {method}"))
}

fn texts(answers: &[Vec<u8>]) -> Vec<String> {
    answers.iter().map(|bytes| Answer::decode(bytes).unwrap().text).collect()
}

#[test]
fn routes_lead_to_their_methods() {
    let definition = ServiceDefinition::from(CallsServer::new(Everything));
    assert_eq!(definition.name, "calls.v1.Calls");
    let routes = definition.routes.iter().map(|(name, kind, _)| (*name, *kind)).collect::<Vec<_>>();
    assert_eq!(
        routes,
        [
            ("Unary", CallKind::Unary),
            ("Lots", CallKind::ServerStreaming),
            ("Gather", CallKind::ClientStreaming),
            ("Chat", CallKind::Bidirectional),
            ("New", CallKind::Unary),
            ("Match", CallKind::Unary),
            ("Take", CallKind::Unary),
        ]
    );
    let call = |method: &str, requests: &[Vec<u8>]| texts(&handler(&definition, method)(requests).unwrap());
    let (a, b) = (question("a"), question("b"));
    assert_eq!(call("Unary", std::slice::from_ref(&a)), ["unary a"]);
    assert_eq!(call("Lots", std::slice::from_ref(&a)), ["a", "lots"]);
    assert_eq!(call("Gather", &[a.clone(), b.clone()]), ["gathered 2"]);
    assert_eq!(call("Chat", &[a, b]), ["a", "b"]);
}

#[test]
fn methods_that_are_not_written_are_unimplemented() {
    let definition = ServiceDefinition::from(CallsServer::new(Silent));
    assert_eq!(definition.routes.len(), 7);
    for (method, _, handler) in &definition.routes {
        let status = handler(&[question("a")]).unwrap_err();
        assert_eq!(status, Status(format!("calls.v1.Calls.{method} is not implemented")));
    }
    struct Idle;
    impl Nothing for Idle {}
    assert!(ServiceDefinition::from(NothingServer::new(Idle)).routes.is_empty());
}

#[test]
fn what_is_shared_is_a_handler_too() {
    let shared: Arc<dyn Calls> = Arc::new(Everything);
    let definition = ServiceDefinition::from(CallsServer::new(Arc::clone(&shared)));
    assert_eq!(texts(&handler(&definition, "Unary")(&[question("a")]).unwrap()), ["unary a"]);
    assert_eq!(texts(&handler(&definition, "Chat")(&[question("a")]).unwrap()), ["a"]);
    // And so is its server, which says nothing of a handler that cannot be shown.
    let server = CallsServer::new(shared);
    assert_eq!(format!("{:?}", server.clone()), "CallsServer { .. }");
}

#[test]
fn a_method_may_be_called_as_one_of_arc() {
    struct Copier;
    impl calls::Copies for Copier {}
    let server = calls::CopiesServer::new(Arc::new(Copier)).clone();
    let status = handler(&ServiceDefinition::from(server), "Clone")(&[question("a")]).unwrap_err();
    assert_eq!(status, Status("calls.v1.Copies.Clone is not implemented".into()));
}

#[test]
fn the_client_calls_by_path_and_kind() {
    let client = CallsClient::new(Channel);
    let question = || Question { text: "a".into(), ..Default::default() };
    let statuses = [
        client.unary(question()).unwrap_err(),
        client.lots(Request(question())).unwrap_err(),
        client.gather(()).unwrap_err(),
        client.chat(()).unwrap_err(),
        client.new_(question()).unwrap_err(),
        client.r#match(question()).unwrap_err(),
        client.take(T::default()).unwrap_err(),
    ];
    let expected = [
        "unary /calls.v1.Calls/Unary Unary",
        "server_streaming /calls.v1.Calls/Lots ServerStreaming",
        "client_streaming /calls.v1.Calls/Gather ClientStreaming",
        "bidirectional /calls.v1.Calls/Chat Bidirectional",
        "unary /calls.v1.Calls/New Unary",
        "unary /calls.v1.Calls/Match Unary",
        "unary /calls.v1.Calls/Take Unary",
    ];
    assert_eq!(statuses.map(|status| status.0), expected);
}
