//! Servers for this process alone: calls of all kinds, the rules and bounds of any other connection, many servers at
//! once, and their end.

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

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{Ask, ProbeClient, ProbeServer};
use support::{Behaviour, LONG, ask, waits};
use threadwire::grpc::{
    CancelCause, Code, Completed, InProcess, IncomingCall, Next, Request, Server, ServerBuilder, Status,
};
use threadwire::net::PeerAddress;
use threadwire::{Error, Limits};

fn start(builder: ServerBuilder) -> (InProcess, Arc<Behaviour>) {
    let behaviour = Arc::new(Behaviour::default());
    let server = builder.add_service(ProbeServer::new(Arc::clone(&behaviour))).in_process().unwrap();
    (server, behaviour)
}

fn client(server: &InProcess) -> ProbeClient {
    ProbeClient::new(server.channel_builder().timeout(LONG).connect().unwrap())
}

#[test]
fn calls_of_all_kinds_are_served() {
    let (server, _) = start(Server::builder());
    let client = client(&server);
    let mut request = Request::new(ask("one"));
    request.metadata_mut().append("x-key", "value").unwrap();
    let answer = client.unary(request).unwrap();
    assert_eq!((answer.message().text.as_str(), answer.trailers().get("x-key")), ("one", Some("value")));
    assert_eq!(client.download(Ask { count: 3, ..ask("") }).unwrap().map(Result::unwrap).count(), 3);
    let (mut sink, answer) = client.upload(()).unwrap();
    sink.send(ask("a")).unwrap();
    sink.send(ask("b")).unwrap();
    sink.finish().unwrap();
    assert_eq!(answer.receive().unwrap().message().text, "ab");
    let (mut sink, mut answers) = client.chat(()).unwrap();
    sink.send(ask("there")).unwrap();
    assert_eq!(answers.receive().unwrap().unwrap().text, "there");
    drop(sink);
    assert_eq!(server.connections(), 1);
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn the_peer_is_this_process() {
    let peers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&peers);
    let (server, _) = start(Server::builder().intercept(
        move |call: &mut IncomingCall, next: Next<'_>| -> Result<Completed, Status> {
            seen.lock().unwrap().push(call.peer().clone());
            next.run(call)
        },
    ));
    client(&server).unary(ask("")).unwrap();
    assert_eq!(*peers.lock().unwrap(), [PeerAddress::InProcess]);
    assert_eq!(PeerAddress::InProcess.to_string(), "in-process");
}

#[test]
fn deadlines_cancellation_and_flow_control_are_those_of_any_connection() {
    let (server, behaviour) = start(Server::builder());
    let client = client(&server);
    let short = Request::new(waits()).with_timeout(Duration::from_millis(50));
    assert_eq!(client.unary(short).unwrap_err().code(), Code::DeadlineExceeded);
    behaviour.causes(1);
    let answers = client.download(waits()).unwrap();
    behaviour.until_waiting(2);
    drop(answers);
    assert_eq!(behaviour.causes(2)[1], Some(CancelCause::Peer));
    // Ten times what the window takes, read late.
    let mut answers = client.download(Ask { count: 100, size: 100_000, ..ask("") }).unwrap();
    assert_eq!(client.unary(ask("beside it")).unwrap().message().text, "beside it");
    assert_eq!(answers.by_ref().map(|answer| answer.unwrap().payload.len()).sum::<usize>(), 10_000_000);
}

#[test]
fn bounds_hold() {
    let mut limits = Limits::default();
    limits.receive_message_bytes = 100;
    limits.connections = 1;
    // Of those that are not for addresses.
    limits.connections_per_peer = 0;
    let (server, _) = start(Server::builder().limits(limits));
    let client = client(&server);
    let status = client.unary(ask(&"x".repeat(100))).unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    // The second is accepted only to be told that it is one too many: at once, or before its first call.
    match server.channel() {
        Err(error) => assert!(matches!(error, Error::Connect { .. }), "{error}"),
        Ok(channel) => assert_eq!(ProbeClient::new(channel).unary(ask("")).unwrap_err().code(), Code::Unavailable),
    }
    assert_eq!(client.unary(ask("still here")).unwrap().message().text, "still here");
}

#[test]
fn many_servers_live_side_by_side() {
    let servers: Vec<_> = (0..50).map(|_| start(Server::builder()).0).collect();
    thread::scope(|scope| {
        for (number, server) in servers.iter().enumerate() {
            scope.spawn(move || {
                let text = number.to_string();
                assert_eq!(client(server).unary(ask(&text)).unwrap().message().text, text);
            });
        }
    });
    assert!(servers.into_iter().all(|server| server.shutdown(LONG).is_clean()));
}

#[test]
fn a_channel_outlives_its_server() {
    let (server, behaviour) = start(Server::builder());
    let channel = server.channel().unwrap();
    let lazy = ProbeClient::new(server.channel_builder().timeout(Duration::from_secs(1)).connect_lazy().unwrap());
    let late = server.channel_builder();
    let client = ProbeClient::new(channel);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.unary(waits()));
        behaviour.until_waiting(1);
        let report = server.shutdown(Duration::ZERO);
        assert_eq!((report.open, report.cut_off, report.cut_calls), (1, 1, 1));
        assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Unavailable);
    });
    assert_eq!(behaviour.causes(1), [Some(CancelCause::Shutdown)]);
    for status in [client.unary(ask("")).unwrap_err(), lazy.unary(ask("")).unwrap_err()] {
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("the server has been shut down"), "{status}");
    }
    let error = late.connect().unwrap_err();
    assert!(error.to_string().contains("in-process") && error.to_string().contains("shut down"), "{error}");
}

#[test]
fn a_server_that_is_dropped_ends_once_its_calls_have() {
    let (server, behaviour) = start(Server::builder());
    let client = client(&server);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| client.unary(waits()));
        behaviour.until_waiting(1);
        drop(server);
        behaviour.release();
        assert!(waiting.join().unwrap().is_ok());
    });
    // The connection ends after the call, not with it.
    let begin = Instant::now();
    while client.unary(ask("")).is_ok() {
        assert!(begin.elapsed() < LONG, "it still serves");
        thread::yield_now();
    }
}
