//! Calls that carry something else than messages of threadwire: bytes as they are, and messages of plain pb-rs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[rustfmt::skip]
mod pb_rs;
#[path = "../support/grpc.rs"]
mod support;

/// The same service, compiled with the messages of pb-rs in place of threadwire's (build.rs).
mod foreign {
    threadwire::include_proto!("foreign/probe.v1");
}

use bytes::Bytes;
use support::{LONG, ask, serve, serve_within};
use threadwire::Limits;
use threadwire::grpc::{
    CallKind, Channel, Code, MethodDescriptor, Request, RequestStream, Response, ResponseSink, Server, ServerHandle,
    ServiceDefinition, Status,
};
use threadwire::protobuf::Message;
use threadwire::protobuf::compat::Foreign;

/// As build.rs names them.
pub type ForeignAsk = Foreign<pb_rs::Ask>;
pub type ForeignAnswer = Foreign<pb_rs::Answer>;

const UNARY: MethodDescriptor = MethodDescriptor::new("/probe.v1.Probe/Unary", CallKind::Unary);
const CHAT: MethodDescriptor = MethodDescriptor::new("/probe.v1.Probe/Chat", CallKind::Bidirectional);

fn foreign_ask(text: &str) -> ForeignAsk {
    Foreign(pb_rs::Ask { text: text.into(), ..Default::default() })
}

fn foreign_answer(ask: ForeignAsk) -> ForeignAnswer {
    Foreign(pb_rs::Answer { text: ask.0.text, payload: ask.0.payload })
}

struct Echo;

impl foreign::Probe for Echo {
    fn unary(&self, request: Request<ForeignAsk>) -> Result<Response<ForeignAnswer>, Status> {
        Ok(foreign_answer(request.into_message()).into())
    }

    fn chat(
        &self,
        requests: Request<RequestStream<ForeignAsk>>,
        responses: &mut ResponseSink<ForeignAnswer>,
    ) -> Result<(), Status> {
        requests.into_message().try_for_each(|ask| responses.send(foreign_answer(ask?)))
    }
}

fn spawn(service: impl Into<ServiceDefinition>, limits: Limits) -> (ServerHandle, Channel) {
    let server = Server::builder().limits(limits).add_service(service).bind("127.0.0.1:0").unwrap();
    let target = server.local_addresses().first().unwrap().to_string();
    (server.spawn().unwrap(), Channel::builder(&target).timeout(LONG).connect().unwrap())
}

#[test]
fn a_service_of_foreign_messages_serves_everybody() {
    let (_handle, channel) = spawn(foreign::ProbeServer::new(Echo), Limits::default());
    let ours = support::proto::ProbeClient::new(channel.clone());
    let theirs = foreign::ProbeClient::new(channel);
    for text in ["", "Привет"] {
        assert_eq!(ours.unary(ask(text)).unwrap().message().text, text);
        assert_eq!(theirs.unary(foreign_ask(text)).unwrap().message().0.text, text);
    }
    let (mut asks, answers) = theirs.chat(()).unwrap();
    for text in ["a", "b"] {
        asks.send(foreign_ask(text)).unwrap();
    }
    asks.finish().unwrap();
    let texts = answers.map(|answer| answer.unwrap().0.text).collect::<Vec<_>>();
    assert_eq!(texts, ["a", "b"]);
}

#[test]
fn a_client_of_foreign_messages_calls_everybody() {
    let served = serve();
    let client = foreign::ProbeClient::new(served.channel());
    let ask = Foreign(pb_rs::Ask { text: "x".into(), size: 100_000, count: 2, ..Default::default() });
    let answer = client.unary(ask.clone()).unwrap().into_message().0;
    assert_eq!((answer.text.as_str(), answer.payload.len()), ("x", 100_000));
    assert_eq!(client.download(ask).unwrap().map(Result::unwrap).count(), 2);
}

#[test]
fn what_is_no_foreign_message() {
    let (_handle, channel) = spawn(foreign::ProbeServer::new(Echo), Limits::default());
    let wrong = Bytes::from_static(&[10, 200]);
    let status = channel.unary::<_, Bytes>(&UNARY, Request::new(wrong)).unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().starts_with("cannot decode a ") && status.message().contains("pb_rs::Ask of 2 bytes"));
}

#[test]
fn bytes_call_what_is_there() {
    let served = serve();
    let request = Bytes::from(ask("x").encode_to_vec().unwrap());
    let response = served.channel().unary::<_, Bytes>(&UNARY, Request::new(request.clone())).unwrap();
    assert_eq!(response.message().as_ref(), [10, 1, b'x']);

    let (mut requests, responses) = served.channel().bidirectional::<Bytes, Bytes>(&CHAT, Request::new(())).unwrap();
    requests.send(request).unwrap();
    requests.send(Bytes::new()).unwrap();
    requests.finish().unwrap();
    assert_eq!(responses.map(Result::unwrap).collect::<Vec<_>>(), [&[10, 1, b'x'][..], &[]]);
}

#[test]
fn bytes_serve_what_is_called() {
    let mut limits = Limits::default();
    limits.send_message_bytes = 100_000;
    let service = ServiceDefinition::new("probe.v1.Probe")
        .unary("Unary", |request: Request<Bytes>| Ok(Response::from(request.into_message())))
        .bidirectional("Chat", |requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
            requests.into_message().try_for_each(|message| responses.send(message?))
        });
    let (_handle, channel) = spawn(service, limits);
    let client = support::proto::ProbeClient::new(channel);
    // An Answer has the first two fields of an Ask.
    let large = support::proto::Ask { payload: vec![7; 99_000], ..ask("x") };
    assert_eq!(client.unary(large).unwrap().message().payload.len(), 99_000);
    let larger = support::proto::Ask { payload: vec![7; 100_000], ..ask("x") };
    let status = client.unary(larger).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "the message to be sent has 100007 bytes, at most 100000 are allowed");
    let (mut requests, responses) = client.chat(()).unwrap();
    requests.send(ask("y")).unwrap();
    requests.finish().unwrap();
    assert_eq!(responses.map(|answer| answer.unwrap().text).collect::<Vec<_>>(), ["y"]);
}

#[test]
fn a_payload_that_is_not_written_ends_the_call() {
    let served = serve_within(Limits::default(), 1, "payload");
    let status = served.channel().unary::<_, Bytes>(&UNARY, Request::new(Never)).unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "never"));
    assert_eq!(served.behaviour.calls(), 0);
    let status = served.channel().unary::<_, Never>(&UNARY, Request::new(Bytes::new())).unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, "cannot decode a Never of 0 bytes: never"));
}

/// It has no bytes.
#[derive(Debug)]
struct Never;

impl threadwire::protobuf::Payload for Never {
    fn name() -> &'static str {
        "Never"
    }

    fn from_wire(_bytes: Bytes) -> Result<Self, threadwire::protobuf::PayloadError> {
        Err("never".into())
    }

    fn to_wire(&self, _buffer: &mut Vec<u8>) -> Result<(), threadwire::protobuf::PayloadError> {
        Err("never".into())
    }
}
