//! Calls without generated code: methods named at run time, encoded messages in and out, of all four kinds; and what a
//! server does with methods that none of its services has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a test may fail"
)]

#[path = "support/grpc.rs"]
mod support;

use bytes::Bytes;
use std::sync::{Arc, Weak};
use std::time::Duration;
use support::proto::{Answer, ProbeClient, ProbeServer};
use support::{LONG, Raw, ask, serve};
use threadwire::grpc::{
    CallKind, Channel, Code, MethodDescriptor, PendingResponse, Request, RequestSink, RequestStream, Response,
    ResponseSink, ResponseStream, Server, ServerBuilder, ServerHandle, ServiceDefinition, Status,
};
use threadwire::protobuf::Message as _;

fn spawn(builder: ServerBuilder) -> (ServerHandle, Channel) {
    let server = builder.bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0].to_string();
    (server.spawn().unwrap(), Channel::builder(&address).timeout(LONG).connect().unwrap())
}

fn named(method: &str, kind: CallKind) -> MethodDescriptor {
    MethodDescriptor::named(&format!("made.{}", "Up"), method, kind).unwrap()
}

/// A service whose names are not known when this is compiled, on bytes.
fn made_up() -> ServiceDefinition {
    let method = |number: u32| format!("Method{number}");
    ServiceDefinition::new(format!("made.{}", "Up"))
        .unary(method(1), |request: Request<Bytes>| Ok(Response::new(request.into_message())))
        .server_streaming(method(2), |request: Request<Bytes>, responses: &mut ResponseSink<Bytes>| {
            request.into_message().chunks(1).try_for_each(|byte| responses.send(Bytes::copy_from_slice(byte)))
        })
        .client_streaming(method(3), |requests: Request<RequestStream<Bytes>>| {
            let all = requests.into_message().collect::<Result<Vec<_>, _>>()?;
            Ok(Response::new(Bytes::from(all.concat())))
        })
        .bidirectional(method(4), |requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
            requests.into_message().try_for_each(|message| responses.send(message?))
        })
}

#[test]
fn a_service_made_at_run_time_has_all_four_kinds() {
    let (_handle, channel) = spawn(Server::builder().add_service(made_up()));
    let answer = channel.unary::<Bytes, Bytes>(&named("Method1", CallKind::Unary), Bytes::from("one").into());
    assert_eq!(answer.unwrap().into_message(), "one");
    let answers = channel
        .server_streaming::<Bytes, Bytes>(&named("Method2", CallKind::ServerStreaming), Bytes::from("ab").into());
    assert_eq!(answers.unwrap().map(Result::unwrap).collect::<Vec<_>>(), ["a", "b"]);
    let (mut sink, answer): (RequestSink<Bytes>, PendingResponse<Bytes>) =
        channel.client_streaming(&named("Method3", CallKind::ClientStreaming), ().into()).unwrap();
    ["", "x", "yz"].into_iter().for_each(|text| sink.send(text.into()).unwrap());
    sink.finish().unwrap();
    assert_eq!(answer.receive().unwrap().into_message(), "xyz");
    let (mut sink, mut answers): (RequestSink<Bytes>, ResponseStream<Bytes>) =
        channel.bidirectional(&named("Method4", CallKind::Bidirectional), ().into()).unwrap();
    for text in ["1", "", "333"] {
        sink.send(text.into()).unwrap();
        assert_eq!(answers.receive().unwrap().unwrap(), text);
    }
    sink.finish().unwrap();
    assert_eq!(answers.receive().unwrap(), None);
}

#[test]
fn bytes_and_generated_code_understand_each_other() {
    let served = serve();
    let method = MethodDescriptor::from_path(String::from("/probe.v1.Probe/Unary"), CallKind::Unary).unwrap();
    let request = Bytes::from(ask("as bytes").encode_to_vec().unwrap());
    let answer = served.channel().unary::<Bytes, Bytes>(&method, request.into()).unwrap().into_message();
    assert_eq!(Answer::decode(&answer).unwrap().text, "as bytes");
}

/// Passes each call on to another server, whatever it is.
fn proxy(
    channel: &Channel,
    path: &str,
    requests: Request<RequestStream<Bytes>>,
    responses: &mut ResponseSink<Bytes>,
) -> Result<(), Status> {
    let method = MethodDescriptor::from_path(path, CallKind::Bidirectional)?;
    let mut onward = Request::new(()).within(&requests);
    *onward.metadata_mut() = requests.metadata().clone();
    let (sink, mut answers): (RequestSink<Bytes>, ResponseStream<Bytes>) = channel.bidirectional(&method, onward)?;
    let answering = Arc::new(());
    let watched = Arc::downgrade(&answering);
    // What fails there comes out of the other half, or of none, since the call has ended.
    std::thread::spawn(move || pump(requests.into_message(), sink, &watched));
    *responses.metadata_mut() = answers.metadata()?.clone();
    responses.send_metadata()?;
    for answer in &mut answers {
        responses.send(answer?)?;
    }
    *responses.trailers_mut() = answers.trailers().cloned().unwrap_or_default();
    Ok(())
}

/// Passes on the requests until they end, or until the other half, which holds `answering`, has ended: an answer may
/// come before the last request.
fn pump(mut requests: RequestStream<Bytes>, mut sink: RequestSink<Bytes>, answering: &Weak<()>) -> Result<(), Status> {
    while answering.strong_count() > 0 {
        match requests.receive_timeout(Duration::from_millis(100)) {
            Ok(Some(message)) => sink.send(message)?,
            Ok(None) => return sink.finish(),
            // It waits on. (If the deadline of the call has passed, that of the call onward has as well.)
            Err(status) if status.code() == Code::DeadlineExceeded => {}
            Err(status) => return Err(status),
        }
    }
    Ok(())
}

#[test]
fn an_answer_comes_through_a_proxy_before_the_client_has_finished() {
    let refusing = ServiceDefinition::new("made.Refusing")
        .bidirectional("Refuse", |_: Request<RequestStream<Bytes>>, _: &mut ResponseSink<Bytes>| {
            Err(Status::permission_denied("not you"))
        });
    let (_behind, onward) = spawn(Server::builder().add_service(refusing));
    let fallback = move |path: &str, requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
        proxy(&onward, path, requests, responses)
    };
    let (_handle, channel) = spawn(Server::builder().fallback(fallback));
    let early = [("Refuse", Code::PermissionDenied, "not you"), ("Unknown", Code::Unimplemented, "Unknown")];
    for (method, code, message) in early {
        let method = MethodDescriptor::named("made.Refusing", method, CallKind::Bidirectional).unwrap();
        let (sink, mut answers) = channel.bidirectional::<Bytes, Bytes>(&method, ().into()).unwrap();
        let status = answers.receive().unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(message), "{status}");
        drop(sink);
    }
}

#[test]
fn a_fallback_is_enough_for_a_proxy() {
    let behind = serve();
    let onward = behind.channel();
    let fallback = move |path: &str, requests: Request<RequestStream<Bytes>>, responses: &mut ResponseSink<Bytes>| {
        proxy(&onward, path, requests, responses)
    };
    let (_handle, channel) = spawn(Server::builder().add_service(made_up()).fallback(fallback));
    let client = ProbeClient::new(channel.clone());
    let mut request = Request::new(ask("through"));
    request.metadata_mut().append("x-key", "value").unwrap();
    let answer = client.unary(request).unwrap();
    assert_eq!(answer.message().text, "through");
    assert_eq!(answer.metadata().get("x-key"), Some("value"));
    assert_eq!(answer.trailers().get("x-key"), Some("value"));
    // A status goes through whole.
    let status = client.unary(support::proto::Ask { code: 9, ..ask("no") }).unwrap_err();
    assert_eq!(
        (status.code(), status.message(), &status.details()[..]),
        (Code::FailedPrecondition, "no", &[1, 2, 3][..])
    );
    let (mut sink, mut answers) = client.chat(()).unwrap();
    for text in ["a", "b", "c"] {
        sink.send(ask(text)).unwrap();
        assert_eq!(answers.receive().unwrap().unwrap().text, text);
    }
    sink.finish().unwrap();
    assert!(answers.receive().unwrap().is_none());
    // Services come first.
    let own = channel.unary::<Bytes, Bytes>(&named("Method1", CallKind::Unary), Bytes::from("own").into());
    assert_eq!(own.unwrap().into_message(), "own");
}

#[test]
fn a_path_with_a_query_or_an_escape_reaches_no_handler() {
    let fallback = |_: &str, _: Request<RequestStream<Bytes>>, _: &mut ResponseSink<Bytes>| Ok(());
    let behaviour = Arc::new(support::Behaviour::default());
    let builder = Server::builder().add_service(ProbeServer::new(Arc::clone(&behaviour))).fallback(fallback);
    let server = builder.bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0];
    let _handle = server.spawn().unwrap();
    let mut raw = Raw::client(address);
    let mut stream = 1;
    let mut status = |path: &str| {
        let outcome = raw.call(stream, path, &[], &support::body(&ask("")));
        stream += 2;
        outcome.status().to_owned()
    };
    for path in ["/probe.v1.Probe/Unary?x=1", "/probe.v1.Probe/%55nary", "/a/b?c", "/a/b/c", "/", "/a"] {
        assert_eq!(status(path), "12", "{path}");
    }
    assert_eq!(behaviour.calls(), 0);
    assert_eq!(status("/a/b"), "0");
    assert_eq!(status("/probe.v1.Probe/Unary"), "0");
}

#[test]
fn of_two_services_with_one_name_the_later_is_served() {
    let older = ServiceDefinition::new("made.Up")
        .unary("Old", |request: Request<Bytes>| Ok(Response::new(request.into_message())));
    let (_handle, channel) = spawn(Server::builder().add_service(older).add_service(made_up()));
    let code = |method: &str| {
        channel
            .unary::<Bytes, Bytes>(&named(method, CallKind::Unary), Bytes::new().into())
            .map_err(|status| status.code())
    };
    assert_eq!(code("Old").unwrap_err(), Code::Unimplemented);
    assert!(code("Method1").is_ok());
}
