//! Interceptors of both ends: their order, what they see and change of a call, how they refuse it, and that each learns
//! the outcome once, however the call ends.

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
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use support::proto::{Ask, ProbeClient, ProbeServer};
use support::{Behaviour, LONG, Raw, Served, ask, body, serve, waits};
use threadwire::grpc::{
    CallKind, Channel, ChannelBuilder, Code, Completed, Dispatch, IncomingCall, Invoked, Invoker, Next, OutgoingCall,
    Request, RequestStream, Response, ResponseSink, Server, ServerBuilder, ServiceDefinition, Status,
};
use threadwire::net::PeerAddress;

/// What interceptors have noted.
#[derive(Debug, Clone, Default)]
struct Notes(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.0.lock().unwrap().push(note.into());
        self.0.1.notify_all();
    }

    /// All of them, once there are `count`.
    fn wait(&self, count: usize) -> Vec<String> {
        let notes = self.0.0.lock().unwrap();
        let (notes, late) = self.0.1.wait_timeout_while(notes, LONG, |notes| notes.len() < count).unwrap();
        assert!(!late.timed_out(), "only {notes:?}");
        notes.clone()
    }
}

fn code(outcome: &Result<Completed, Status>) -> String {
    outcome.as_ref().map_or_else(|status| status.code(), |_| Code::Ok).to_string()
}

fn serve_with(prepare: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
    let behaviour = Arc::new(Behaviour::default());
    let builder = prepare(Server::builder().workers(4)).add_service(ProbeServer::new(Arc::clone(&behaviour)));
    let server = builder.bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0];
    Served { handle: server.spawn().unwrap(), behaviour, address }
}

/// A server whose only interceptor notes each call's outcome.
fn serve_noting() -> (Served, Notes) {
    let notes = Notes::default();
    let noting = notes.clone();
    let served = serve_with(|builder| {
        builder.intercept(move |call: &mut IncomingCall, next: Next<'_>| {
            let outcome = next.run(call);
            noting.add(format!("{} {}", call.method().name(), code(&outcome)));
            outcome
        })
    });
    (served, notes)
}

fn client_with(served: &Served, prepare: impl FnOnce(ChannelBuilder) -> ChannelBuilder) -> ProbeClient {
    let builder = Channel::builder(&served.address.to_string()).timeout(LONG);
    ProbeClient::new(prepare(builder).connect().unwrap())
}

/// A client whose only interceptor notes each call's outcome.
fn client_noting(served: &Served) -> (ProbeClient, Notes) {
    let notes = Notes::default();
    let noting = notes.clone();
    let client = client_with(served, |builder| {
        builder.intercept(move |call: &mut OutgoingCall, invoker: Invoker<'_>| {
            let (noting, method) = (noting.clone(), call.method().name().to_owned());
            call.on_end(move |outcome| noting.add(format!("{method} {}", code(outcome))));
            invoker.invoke(call)
        })
    });
    (client, notes)
}

#[test]
fn a_server_s_interceptors_stand_around_the_handler_in_order() {
    let notes = Notes::default();
    let around = |name: &'static str| {
        let notes = notes.clone();
        move |call: &mut IncomingCall, next: Next<'_>| {
            notes.add(format!("{name} before"));
            call.metadata_mut().append("x-passed", name)?;
            call.on_response_metadata(move |metadata| metadata.append("x-back", name).unwrap());
            let mut completed = next.run(call)?;
            completed.trailers_mut().append("x-back", name)?;
            notes.add(format!("{name} after"));
            Ok(completed)
        }
    };
    let served = serve_with(|builder| builder.intercept(around("outer")).intercept(around("inner")));
    let client = served.client();
    let answer = client.unary(ask("one")).unwrap();
    assert_eq!(notes.wait(4), ["outer before", "inner before", "inner after", "outer after"]);
    // The handler echoes what it got; on the way back the inner one is the first.
    let all = |metadata: &threadwire::grpc::Metadata, key| metadata.get_all(key).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(all(answer.metadata(), "x-passed"), ["outer", "inner"]);
    assert_eq!(all(answer.metadata(), "x-back"), ["inner", "outer"]);
    assert_eq!(all(answer.trailers(), "x-back"), ["inner", "outer"]);
    // The same for a stream, also when it has no message.
    for count in [0, 2] {
        let mut answers = client.download(Ask { count, ..ask("") }).unwrap();
        assert_eq!(all(answers.metadata().unwrap(), "x-passed"), ["outer", "inner"], "{count}");
        assert_eq!(all(answers.metadata().unwrap(), "x-back"), ["inner", "outer"]);
        assert_eq!(answers.by_ref().map(Result::unwrap).count(), count as usize);
        assert_eq!(all(answers.trailers().unwrap(), "x-back"), ["inner", "outer"]);
    }
}

#[test]
fn a_server_s_interceptor_sees_what_is_known_of_the_call() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&seen);
    let served = serve_with(|builder| {
        builder.intercept(move |call: &mut IncomingCall, next: Next<'_>| {
            let left = call.deadline().map(|deadline| deadline - Instant::now());
            noting.lock().unwrap().push((call.path().to_owned(), call.kind(), call.peer().clone(), left));
            next.run(call)
        })
    });
    let client = served.client();
    client.unary(Request::new(ask("")).with_timeout(Duration::from_secs(1_000))).unwrap();
    let (sink, answer) = client.upload(()).unwrap();
    sink.finish().unwrap();
    answer.receive().unwrap();
    client.download(ask("")).unwrap().for_each(drop);
    let seen = seen.lock().unwrap();
    let kinds: Vec<_> = seen.iter().map(|(_, kind, ..)| *kind).collect();
    assert_eq!(kinds, [CallKind::Unary, CallKind::ClientStreaming, CallKind::ServerStreaming]);
    let (path, kind, peer, left) = &seen[0];
    assert_eq!((path.as_str(), *kind), ("/probe.v1.Probe/Unary", CallKind::Unary));
    assert!(matches!(peer, PeerAddress::Tcp(address) if address.ip().is_loopback()));
    assert!(*left > Some(Duration::from_secs(900)) && *left <= Some(Duration::from_secs(1_000)), "{left:?}");
}

#[test]
fn what_a_server_s_interceptor_refuses_reaches_no_handler() {
    for dispatch in [Dispatch::Inline, Dispatch::Pool] {
        let authorise = |call: &mut IncomingCall, next: Next<'_>| match call.metadata().get("authorization") {
            Some("Bearer secret") => next.run(call),
            _ => Err(Status::unauthenticated("a token is needed")),
        };
        let served = serve_with(|builder| builder.dispatch(dispatch).intercept(authorise));
        let client = served.client();
        let refused = |status: Status| assert_eq!(status.to_string(), "UNAUTHENTICATED: a token is needed");
        refused(client.unary(ask("")).unwrap_err());
        refused(client.download(ask("")).unwrap().receive().unwrap_err());
        refused(client.upload(()).unwrap().1.receive().unwrap_err());
        let (_sink, mut answers) = client.chat(()).unwrap();
        refused(answers.receive().unwrap_err());
        assert_eq!(served.behaviour.calls(), 0);
        let mut request = Request::new(ask("in"));
        request.metadata_mut().insert("authorization", "Bearer secret").unwrap();
        assert_eq!(client.unary(request).unwrap().message().text, "in");
    }
}

#[test]
fn what_an_interceptor_knows_of_the_caller_reaches_the_handler() {
    #[derive(Debug, Clone)]
    struct User(u32);
    let service = ServiceDefinition::new("a.B")
        .unary("One", |request: Request<Bytes>| {
            let user = request.extensions().get::<User>().unwrap().0;
            Ok(Response::new(Bytes::from(user.to_string())))
        })
        .bidirectional("Many", |request: Request<RequestStream<Bytes>>, sink: &mut ResponseSink<Bytes>| {
            sink.send(Bytes::from(request.extensions().get::<User>().unwrap().0.to_string()))
        });
    let know = |call: &mut IncomingCall, next: Next<'_>| {
        call.extensions_mut().insert(User(7));
        next.run(call)
    };
    let server = Server::builder().add_service(service).intercept(know).bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0].to_string();
    let _handle = server.spawn().unwrap();
    let channel = Channel::connect(&address).unwrap();
    let method = |name, kind| threadwire::grpc::MethodDescriptor::named("a.B", name, kind).unwrap();
    let one = channel.unary::<Bytes, Bytes>(&method("One", CallKind::Unary), Bytes::new().into());
    assert_eq!(one.unwrap().into_message(), "7");
    let (_sink, mut answers) =
        channel.bidirectional::<Bytes, Bytes>(&method("Many", CallKind::Bidirectional), ().into()).unwrap();
    assert_eq!(answers.receive().unwrap().unwrap(), "7");
}

#[test]
fn a_server_s_interceptor_sees_changes_and_refuses_messages() {
    let sizes = Notes::default();
    let noting = sizes.clone();
    let served = serve_with(|builder| {
        builder.intercept(move |call: &mut IncomingCall, next: Next<'_>| {
            let (requests, responses) = (noting.clone(), noting.clone());
            call.on_request(move |message| {
                requests.add(format!("in {}", message.len()));
                if message.is_empty() { Err(Status::invalid_argument("an empty one")) } else { Ok(()) }
            });
            call.on_response(move |message| {
                responses.add(format!("out {}", message.len()));
                // The last of a field that comes twice counts: field 1, "!".
                *message = [&message[..], b"\x0a\x01!"].concat().into();
                Ok(())
            });
            next.run(call)
        })
    });
    let client = served.client();
    assert_eq!(client.unary(ask("abc")).unwrap().message().text, "!");
    let (mut sink, mut answers) = client.chat(()).unwrap();
    for text in ["a", "bb"] {
        sink.send(ask(text)).unwrap();
        assert_eq!(answers.receive().unwrap().unwrap().text, "!");
    }
    assert_eq!(sizes.wait(6), ["in 5", "out 5", "in 3", "out 3", "in 4", "out 4"]);
    sink.send(Ask::default()).unwrap();
    assert_eq!(answers.receive().unwrap_err().to_string(), "INVALID_ARGUMENT: an empty one");
    assert_eq!(client.unary(Ask::default()).unwrap_err().to_string(), "INVALID_ARGUMENT: an empty one");
}

#[test]
fn a_server_s_interceptor_sees_methods_that_are_not_there() {
    let (served, notes) = serve_noting();
    let mut raw = Raw::client(served.address);
    for (index, path) in ["/probe.v1.Probe/Nothing", "/no.Service/Unary", "/probe.v1.Probe/Unary?x"].iter().enumerate()
    {
        let outcome = raw.call(1 + 2 * u32::try_from(index).unwrap(), path, &[], &body(&ask("")));
        assert_eq!((outcome.status(), outcome.http()), ("12", "200"));
        assert!(!outcome.message().is_empty());
    }
    assert_eq!(notes.wait(3), ["Nothing UNIMPLEMENTED", "Unary UNIMPLEMENTED", "Unary?x UNIMPLEMENTED"]);
}

#[test]
fn a_server_s_interceptor_learns_each_outcome_once() {
    let (served, notes) = serve_noting();
    let client = served.client();
    client.unary(ask("")).unwrap();
    client.unary(Ask { code: 5, ..ask("") }).unwrap_err();
    client.unary(Ask { panic: true, ..ask("") }).unwrap_err();
    client.download(Ask { count: 3, code: 9, ..ask("") }).unwrap().for_each(drop);
    let (mut sink, answers) = client.chat(()).unwrap();
    sink.send(Ask { panic: true, ..ask("") }).unwrap();
    answers.for_each(drop);
    let expected = ["Unary OK", "Unary NOT_FOUND", "Unary INTERNAL", "Download FAILED_PRECONDITION", "Chat INTERNAL"];
    assert_eq!(notes.wait(5), expected);
    // The deadline, of a handler that waits for it and then says OK. (A client of ours would give the call up then.)
    let mut raw = Raw::client(served.address);
    let late = [("grpc-timeout", "50m")];
    assert_eq!(raw.call(1, support::UNARY, &late, &body(&waits())).status(), "4");
    assert_eq!(notes.wait(6)[5], "Unary DEADLINE_EXCEEDED");
    assert_eq!(raw.call(3, "/probe.v1.Probe/Download", &late, &body(&waits())).status(), "4");
    assert_eq!(notes.wait(7)[6], "Download DEADLINE_EXCEEDED");
    drop(raw);
    // Given up by the client.
    let answers = client.download(waits()).unwrap();
    served.behaviour.until_waiting(3);
    drop(answers);
    assert_eq!(notes.wait(8)[7], "Download CANCELLED");
    // The connection lost.
    let mut raw = Raw::client(served.address);
    raw.open(1, support::UNARY, &[], 0);
    raw.write(&support::frame(support::DATA, support::END_STREAM, 1, &body(&waits())));
    served.behaviour.until_waiting(4);
    drop(raw);
    assert_eq!(notes.wait(9)[8], "Unary UNAVAILABLE");
    assert!(served.handle.shutdown(LONG).is_clean());
    assert_eq!(notes.wait(9).len(), 9);
}

#[test]
fn a_panic_of_an_interceptor_ends_its_call_alone_and_is_seen_outside() {
    let notes = Notes::default();
    let noting = notes.clone();
    let served = serve_with(|builder| {
        let outer = builder.intercept(move |call: &mut IncomingCall, next: Next<'_>| {
            let outcome = next.run(call);
            noting.add(code(&outcome));
            outcome
        });
        outer.intercept(|call: &mut IncomingCall, next: Next<'_>| {
            assert!(call.metadata().get("x-panic").is_none(), "as the test wants it");
            next.run(call)
        })
    });
    let client = served.client();
    let mut request = Request::new(ask(""));
    request.metadata_mut().append("x-panic", "1").unwrap();
    assert_eq!(client.unary(request.clone()).unwrap_err().code(), Code::Internal);
    assert_eq!(client.download(request).unwrap().receive().unwrap_err().code(), Code::Internal);
    client.unary(ask("")).unwrap();
    assert_eq!(notes.wait(3), ["INTERNAL", "INTERNAL", "OK"]);
}

#[test]
fn a_client_s_interceptors_stand_around_the_call_in_order() {
    let served = serve();
    let notes = Notes::default();
    let around = |name: &'static str| {
        let notes = notes.clone();
        move |call: &mut OutgoingCall, invoker: Invoker<'_>| -> Result<Invoked, Status> {
            assert!(call.deadline().is_some() && call.target().starts_with("127.0.0.1:"));
            call.metadata_mut().append("x-passed", name)?;
            call.on_response_metadata(move |metadata| metadata.append("x-back", name).unwrap());
            let ending = notes.clone();
            call.on_end(move |outcome| {
                ending.add(format!("{name} end"));
                outcome.as_mut().unwrap().trailers_mut().append("x-back", name).unwrap();
            });
            notes.add(format!("{name} before"));
            let invoked = invoker.invoke(call)?;
            notes.add(format!("{name} after"));
            Ok(invoked)
        }
    };
    let client = client_with(&served, |builder| builder.intercept(around("outer")).intercept(around("inner")));
    let answer = client.unary(ask("")).unwrap();
    let expected = ["outer before", "inner before", "inner end", "outer end", "inner after", "outer after"];
    assert_eq!(notes.wait(6), expected);
    let all = |metadata: &threadwire::grpc::Metadata, key| metadata.get_all(key).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(all(answer.metadata(), "x-passed"), ["outer", "inner"]);
    assert_eq!(all(answer.metadata(), "x-back"), ["inner", "outer"]);
    assert_eq!(all(answer.trailers(), "x-back"), ["inner", "outer"]);
    let mut answers = client.download(Ask { count: 2, ..ask("") }).unwrap();
    assert_eq!(all(answers.metadata().unwrap(), "x-back"), ["inner", "outer"]);
    assert_eq!(answers.by_ref().map(Result::unwrap).count(), 2);
    assert_eq!(all(answers.trailers().unwrap(), "x-back"), ["inner", "outer"]);
    // A stream's end comes after its beginning.
    assert_eq!(
        notes.wait(12)[6..],
        ["outer before", "inner before", "inner after", "outer after", "inner end", "outer end"]
    );
}

#[test]
fn a_client_s_interceptor_learns_each_outcome_once() {
    let served = serve();
    let (client, notes) = client_noting(&served);
    client.unary(ask("")).unwrap();
    client.unary(Ask { code: 5, ..ask("") }).unwrap_err();
    let mut answers = client.download(Ask { count: 2, code: 9, ..ask("") }).unwrap();
    assert_eq!(answers.by_ref().count(), 3);
    assert!(answers.receive().unwrap().is_none());
    client.download(ask("")).unwrap().for_each(drop);
    let (sink, answer) = client.upload(()).unwrap();
    sink.finish().unwrap();
    answer.receive().unwrap();
    let (sink, answers) = client.chat(()).unwrap();
    drop(sink);
    assert_eq!(answers.map(Result::unwrap_err).count(), 1);
    // Dropped before the end, and a deadline.
    drop(client.download(waits()).unwrap());
    drop(client.upload(()).unwrap());
    let short = Duration::from_millis(50);
    client.unary(Request::new(waits()).with_timeout(short)).unwrap_err();
    // A wait that ends is no end of the call.
    let mut answers = client.download(Request::new(waits()).with_timeout(Duration::from_millis(200))).unwrap();
    assert_eq!(answers.receive_timeout(Duration::from_millis(1)).unwrap_err().code(), Code::DeadlineExceeded);
    let before = notes.wait(9).len();
    assert_eq!(answers.receive().unwrap_err().code(), Code::DeadlineExceeded);
    let expected = [
        "Unary OK",
        "Unary NOT_FOUND",
        "Download FAILED_PRECONDITION",
        "Download OK",
        "Upload OK",
        "Chat CANCELLED",
        "Download CANCELLED",
        "Upload CANCELLED",
        "Unary DEADLINE_EXCEEDED",
        "Download DEADLINE_EXCEEDED",
    ];
    assert_eq!(before, 9);
    assert_eq!(notes.wait(10), expected);
    // What cannot even be begun.
    let target = served.address.to_string();
    assert!(served.handle.shutdown(Duration::ZERO).still_running.is_empty());
    let noting = notes.clone();
    let channel = Channel::builder(&target).intercept(move |call: &mut OutgoingCall, invoker: Invoker<'_>| {
        let noting = noting.clone();
        call.on_end(move |outcome| noting.add(code(outcome)));
        invoker.invoke(call)
    });
    let client = ProbeClient::new(channel.connect_lazy().unwrap());
    assert_eq!(client.unary(ask("")).unwrap_err().code(), Code::Unavailable);
    assert_eq!(client.chat(()).unwrap_err().code(), Code::Unavailable);
    assert_eq!(notes.wait(12)[10..], ["UNAVAILABLE", "UNAVAILABLE"]);
}

#[test]
fn what_a_client_s_interceptor_refuses_is_not_sent() {
    let served = serve();
    let notes = Notes::default();
    let noting = notes.clone();
    let client = client_with(&served, |builder| {
        let outer = builder.intercept(move |call: &mut OutgoingCall, invoker: Invoker<'_>| {
            let noting = noting.clone();
            call.on_end(move |outcome| noting.add(code(outcome)));
            invoker.invoke(call)
        });
        outer.intercept(|_: &mut OutgoingCall, _: Invoker<'_>| Err(Status::aborted("no calls today")))
    });
    assert_eq!(client.unary(ask("")).unwrap_err().to_string(), "ABORTED: no calls today");
    assert_eq!(client.download(ask("")).unwrap_err().code(), Code::Aborted);
    assert_eq!(client.upload(()).unwrap_err().code(), Code::Aborted);
    assert_eq!(client.chat(()).unwrap_err().code(), Code::Aborted);
    assert_eq!(notes.wait(4), ["ABORTED"; 4]);
    assert_eq!(served.behaviour.calls(), 0);
}

#[test]
fn a_client_s_interceptor_sees_changes_and_refuses_messages_and_sets_deadlines() {
    let served = serve();
    let sizes = Notes::default();
    let noting = sizes.clone();
    let client = client_with(&served, |builder| {
        builder.intercept(move |call: &mut OutgoingCall, invoker: Invoker<'_>| {
            let (requests, responses) = (noting.clone(), noting.clone());
            if call.metadata().get("x-short").is_some() {
                call.set_deadline(Instant::now() + Duration::from_millis(50));
            }
            call.on_request(move |message| {
                requests.add(format!("out {}", message.len()));
                if message.is_empty() { Err(Status::invalid_argument("an empty one")) } else { Ok(()) }
            });
            call.on_response(move |message| {
                responses.add(format!("in {}", message.len()));
                *message = [&message[..], b"\x0a\x01!"].concat().into();
                Ok(())
            });
            invoker.invoke(call)
        })
    });
    assert_eq!(client.unary(ask("abc")).unwrap().message().text, "!");
    let (mut sink, mut answers) = client.chat(()).unwrap();
    for text in ["a", "bb"] {
        sink.send(ask(text)).unwrap();
        assert_eq!(answers.receive().unwrap().unwrap().text, "!");
    }
    assert_eq!(sizes.wait(6), ["out 5", "in 5", "out 3", "in 3", "out 4", "in 4"]);
    assert_eq!(sink.send(Ask::default()).unwrap_err().to_string(), "INVALID_ARGUMENT: an empty one");
    assert_eq!(client.unary(Ask::default()).unwrap_err().to_string(), "INVALID_ARGUMENT: an empty one");
    let mut request = Request::new(waits());
    request.metadata_mut().append("x-short", "1").unwrap();
    assert_eq!(client.unary(request).unwrap_err().code(), Code::DeadlineExceeded);
}
