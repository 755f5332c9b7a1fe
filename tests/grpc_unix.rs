//! gRPC over Unix sockets, by their path.

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

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use support::proto::{Ask, ProbeClient, ProbeServer};
use support::{Behaviour, LONG, ask};
use threadwire::Error;
use threadwire::grpc::{Channel, Code, IncomingCall, Next, Server, ServerBuilder, ServerHandle};
use threadwire::net::PeerAddress;

/// A path of this test's own, in a folder that goes with it.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("threadwire-{test}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("a socket")
    }

    fn address(&self) -> String {
        format!("unix:{}", self.path().display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn start(builder: ServerBuilder, address: &str) -> ServerHandle {
    builder.add_service(ProbeServer::new(Behaviour::default())).bind(address).unwrap().spawn().unwrap()
}

fn client(address: &str) -> ProbeClient {
    ProbeClient::new(Channel::builder(address).timeout(LONG).connect().unwrap())
}

#[test]
fn calls_go_over_a_path_that_goes_with_the_server() {
    let place = Place::new("calls");
    let peers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&peers);
    let builder = Server::builder().intercept(move |call: &mut IncomingCall, next: Next<'_>| {
        seen.lock().unwrap().push(call.peer().clone());
        next.run(call)
    });
    let server = start(builder, &place.address());
    assert_eq!(server.local_addresses(), []);
    let client_by = client(&format!("unix://{}", place.path().display()));
    assert_eq!(client_by.unary(ask("one")).unwrap().message().text, "one");
    let client = client(&place.address());
    let mut answers = client.download(Ask { count: 100, size: 100_000, ..ask("") }).unwrap();
    assert_eq!(answers.by_ref().map(|answer| answer.unwrap().payload.len()).sum::<usize>(), 10_000_000);
    assert_eq!(*peers.lock().unwrap(), [PeerAddress::Unix, PeerAddress::Unix]);
    assert_eq!(server.connections(), 2);
    assert!(server.shutdown(LONG).is_clean());
    assert!(!place.path().exists());
    let status = client.unary(ask("")).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains(&place.address()), "{status}");
}

#[test]
fn a_path_is_taken_over_only_from_a_server_that_is_gone() {
    let place = Place::new("taken");
    drop(UnixListener::bind(place.path()).unwrap());
    let server = start(Server::builder(), &place.address());
    assert_eq!(client(&place.address()).unary(ask("new")).unwrap().message().text, "new");
    let refused = Server::builder().bind(&place.address()).unwrap_err();
    assert!(matches!(&refused, Error::Bind { address, .. } if *address == place.address()), "{refused}");
    assert_eq!(client(&place.address()).unary(ask("still")).unwrap().message().text, "still");
    drop(server.shutdown(LONG));
    // What is no socket is nobody's to remove.
    fs::write(place.path(), "a file").unwrap();
    Server::builder().bind(&place.address()).unwrap_err();
    assert_eq!(fs::read_to_string(place.path()).unwrap(), "a file");
}

#[test]
fn a_path_that_another_has_taken_stays_when_the_server_ends() {
    let place = Place::new("successor");
    let first = start(Server::builder(), &place.address());
    fs::remove_file(place.path()).unwrap();
    let successor = start(Server::builder(), &place.address());
    assert!(first.shutdown(LONG).is_clean());
    assert_eq!(client(&place.address()).unary(ask("second")).unwrap().message().text, "second");
    assert!(successor.shutdown(LONG).is_clean());
    assert!(!place.path().exists());
}
