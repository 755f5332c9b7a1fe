//! A host that forks while it has servers, channels and WebSockets: what the child does with them fails in words, and
//! the parent notices nothing.

use super::LONG;
use super::child::{Child, say};
use super::host::{client, echoes, serve_grpc, serve_websocket, socket};
use super::support::ask;
use super::support::proto::{ProbeClient, ProbeServer};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use threadwire::grpc::{self, Channel, Code};
use threadwire::{Error, Threads, websocket};
use threadwire_test_host::fork;

pub fn harms_nothing() {
    let child = Child::start("fork", &[]);
    assert_eq!(child.next(), "the child was told");
    assert_eq!(child.next(), "the parent goes on");
    child.end();
}

/// All that one process has of the library.
struct Everything {
    websocket: (websocket::ServerHandle, std::net::SocketAddr),
    grpc: (grpc::ServerHandle, std::net::SocketAddr),
    calls: ProbeClient,
    idle: ProbeClient,
    sink: grpc::RequestSink<super::support::proto::Ask>,
    responses: grpc::ResponseStream<super::support::proto::Answer>,
    socket: websocket::Connection,
    clients: websocket::Client,
    unserved: grpc::Server,
    unserved_websocket: websocket::Server,
}

impl Everything {
    fn new() -> Self {
        let websocket = serve_websocket(Threads::new());
        let grpc = serve_grpc(Threads::new());
        let calls = client(grpc.1);
        calls.unary(ask("before")).unwrap();
        let idle = Channel::builder(&grpc.1.to_string()).connect_lazy().unwrap();
        let (mut sink, mut responses) = calls.chat(()).unwrap();
        sink.send(ask("before")).unwrap();
        assert_eq!(responses.receive().unwrap().unwrap().text, "before");
        let clients = websocket::Client::new();
        let mut socket = clients.connect(&format!("ws://{}/", websocket.1)).unwrap();
        assert!(echoes(&mut socket));
        let service = ProbeServer::new(Arc::<super::support::Behaviour>::default());
        Self {
            unserved: grpc::Server::builder().add_service(service).bind("127.0.0.1:0").unwrap(),
            unserved_websocket: websocket::Server::bind("127.0.0.1:0").unwrap(),
            idle: ProbeClient::new(idle),
            websocket,
            grpc,
            calls,
            sink,
            responses,
            socket,
            clients,
        }
    }

    /// What the child does: uses all of it, and drops it.
    fn fails_here(mut self) {
        for client in [&self.calls, &self.idle] {
            let refused = client.unary(ask("during")).unwrap_err();
            assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
            assert!(refused.message().contains("made in another process"), "{refused}");
            assert_eq!(client.chat(()).unwrap_err().code(), Code::FailedPrecondition);
        }
        let sent = self.sink.send(ask("during"));
        let received = self.responses.receive().unwrap_err();
        assert!(received.message().contains("made in another process"), "{received}, {sent:?}");
        let is_foreign = |error: &websocket::Error| {
            matches!(error, websocket::Error::Local(Error::OtherProcess { what: "WebSocket" }))
        };
        assert!(is_foreign(&self.socket.send("during").unwrap_err()));
        assert!(is_foreign(&self.socket.receive().unwrap_err()));
        assert!(is_foreign(&self.socket.receive_timeout(LONG).unwrap_err()));
        assert!(is_foreign(&self.socket.ping(LONG).unwrap_err()));
        assert!(is_foreign(&self.socket.close(1000, "").unwrap_err()));
        assert!(matches!(self.unserved.serve(), Err(Error::OtherProcess { what: "server" })));
        let served = self.unserved_websocket.spawn(|_| Ok(()));
        assert!(matches!(served, Err(websocket::Error::Local(Error::OtherProcess { what: "server" }))));
        // What is made here works here.
        client(self.grpc.1).unary(ask("from the child")).unwrap();
        let mut own = self.clients.connect(&format!("ws://{}/", self.websocket.1)).unwrap();
        assert!(echoes(&mut own));
        own.close(1000, "").unwrap();
        assert_eq!(self.grpc.0.shutdown(LONG).open, 0);
        drop(self.websocket.0);
    }

    /// What the parent does afterwards: as if nothing had been.
    fn goes_on(mut self) {
        self.calls.unary(ask("after")).unwrap();
        self.sink.send(ask("after")).unwrap();
        assert_eq!(self.responses.receive().unwrap().unwrap().text, "after");
        self.sink.finish().unwrap();
        assert!(self.responses.receive().unwrap().is_none());
        assert!(echoes(&mut self.socket));
        assert!(echoes(&mut socket(self.websocket.1).unwrap()));
        client(self.grpc.1).unary(ask("new")).unwrap();
        self.socket.close(1000, "").unwrap();
        drop((self.calls, self.idle));
        assert!(self.grpc.0.shutdown(LONG).is_clean());
        assert!(self.websocket.0.shutdown(LONG).is_clean());
    }
}

/// The host.
pub fn host() {
    let everything = Everything::new();
    // Threads that are in the middle of something would stay there in the child.
    thread::sleep(Duration::from_millis(100));
    let Some(child) = fork().unwrap() else {
        let outcome = catch_unwind(AssertUnwindSafe(|| everything.fails_here()));
        std::process::exit(i32::from(outcome.is_err()));
    };
    let child = Pid::from_raw(i32::try_from(child).unwrap()).unwrap();
    assert_eq!(ended(child), Some(0), "the child says no");
    say("the child was told");
    everything.goes_on();
    say("the parent goes on");
}

/// The exit code of a child, which must not last.
fn ended(child: Pid) -> Option<i32> {
    let end = Instant::now() + LONG / 2;
    loop {
        match waitpid(Some(child), WaitOptions::NOHANG).unwrap() {
            Some((_, status)) => return status.exit_status(),
            None if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            None => {
                kill_process(child, Signal::KILL).unwrap();
                let _ = waitpid(Some(child), WaitOptions::empty());
                panic!("the child hangs");
            }
        }
    }
}
