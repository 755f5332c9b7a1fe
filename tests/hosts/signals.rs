//! A host with signals of its own: a timer that interrupts every call of the system each millisecond, and SIGPIPE at
//! its default, which ends the process that writes to a socket whose peer has gone.

use super::LONG;
use super::child::{Child, say};
use super::host::{client, echoes, serve_grpc, serve_websocket, socket, until};
use super::support::proto::Ask;
use super::support::{Raw, ask};
use super::websocket_support;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use threadwire::Threads;
use threadwire::grpc::Request;
use threadwire_test_host::{interrupt_every_millisecond, interruptions, restore_sigpipe};

pub fn interrupted() {
    let child = Child::start("interrupted", &[]);
    println!("  {}", child.next());
    child.end();
}

pub fn sigpipe() {
    let child = Child::start("sigpipe", &[]);
    assert_eq!(child.next(), "it lives");
    child.end();
}

/// For a second each: calls of all kinds, echoes, connects and ends, deadlines; on several threads, so that the signal
/// comes to any of them.
pub fn interrupted_host() {
    restore_sigpipe();
    let (websocket, websocket_address) = serve_websocket(Threads::new());
    let (grpc, grpc_address) = serve_grpc(Threads::new());
    interrupt_every_millisecond().unwrap();
    let counts = thread::scope(|scope| {
        let works: [fn(SocketAddr, SocketAddr); 6] = [calls, streams, echo, connects, waits, large];
        let works = works.map(|work| scope.spawn(move || repeat(|| work(grpc_address, websocket_address))));
        works.map(|work| work.join().unwrap())
    });
    // A wait of its own length, however often it is interrupted.
    let begin = Instant::now();
    let mut quiet = socket(websocket_address).unwrap();
    assert!(quiet.receive_timeout(Duration::from_millis(300)).is_err());
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
    drop(quiet);
    assert!(grpc.shutdown(LONG).is_clean());
    assert!(websocket.shutdown(LONG).is_clean());
    let times = interruptions();
    assert!(times > 100, "only {times} interruptions");
    say(&format!("{times} interruptions, {counts:?} rounds"));
}

fn repeat(mut work: impl FnMut()) -> usize {
    let end = Instant::now() + Duration::from_secs(2);
    let mut rounds = 0;
    while Instant::now() < end {
        work();
        rounds += 1;
    }
    rounds
}

fn calls(grpc: SocketAddr, _: SocketAddr) {
    let client = client(grpc);
    for _ in 0..100 {
        assert_eq!(client.unary(ask("x")).unwrap().message().text, "x");
    }
}

fn streams(grpc: SocketAddr, _: SocketAddr) {
    let client = client(grpc);
    let (mut sink, mut responses) = client.chat(()).unwrap();
    for number in 0..50 {
        sink.send(ask(&number.to_string())).unwrap();
        assert_eq!(responses.receive().unwrap().unwrap().text, number.to_string());
    }
    sink.finish().unwrap();
    assert!(responses.receive().unwrap().is_none());
    assert_eq!(client.download(Ask { count: 50, ..ask("x") }).unwrap().map(Result::unwrap).count(), 50);
}

fn echo(_: SocketAddr, websocket: SocketAddr) {
    let mut socket = socket(websocket).unwrap();
    assert!((0..100).all(|_| echoes(&mut socket)));
    socket.ping(LONG).unwrap();
    socket.close(1000, "").unwrap();
    assert!(socket.receive().unwrap().is_none());
}

fn connects(grpc: SocketAddr, websocket: SocketAddr) {
    assert!(echoes(&mut socket(websocket).unwrap()));
    client(grpc).unary(ask("x")).unwrap();
}

/// A deadline comes, neither early nor never.
fn waits(_: SocketAddr, websocket: SocketAddr) {
    let mut socket = socket(websocket).unwrap();
    let begin = Instant::now();
    assert!(socket.receive_timeout(Duration::from_millis(20)).is_err());
    assert!(begin.elapsed() >= Duration::from_millis(20), "{:?}", begin.elapsed());
}

/// More than a socket takes at once.
fn large(grpc: SocketAddr, websocket: SocketAddr) {
    let size = 3_000_000;
    let request = Request::new(Ask { size, payload: vec![1; size as usize], ..ask("x") });
    assert_eq!(client(grpc).unary(request).unwrap().message().payload.len(), size as usize);
    let mut socket = socket(websocket).unwrap();
    socket.send(vec![1; size as usize]).unwrap();
    assert_eq!(socket.receive().unwrap().unwrap().data().len(), size as usize);
}

/// Peers that reset their connections while they are written to, on both sides.
pub fn sigpipe_host() {
    restore_sigpipe();
    let (websocket, websocket_address) = serve_websocket(Threads::new());
    let (grpc, grpc_address) = serve_grpc(Threads::new());
    for _ in 0..50 {
        let mut raw = websocket_support::Raw::upgrade(websocket_address);
        raw.write(&websocket_support::masked(0x82, &[7; 60_000]).repeat(5));
        drop(raw);
        let mut raw = Raw::client(grpc_address);
        raw.open(1, "/probe.v1.Probe/Download", &[], 0);
        let endless = Ask { count: 1_000, size: 1_000, ..ask("x") };
        let body = super::support::body(&endless);
        raw.write(&super::support::frame(super::support::DATA, super::support::END_STREAM, 1, &body));
        drop(raw);
    }
    clients_of_peers_that_go();
    until("all connections are over", || websocket.connections() + grpc.connections() == 0);
    assert!(echoes(&mut socket(websocket_address).unwrap()));
    say("it lives");
}

fn clients_of_peers_that_go() {
    for _ in 0..20 {
        let (socket, raw) = websocket_support::RawServer::established(threadwire::Limits::default(), b"");
        drop(raw);
        // It fails at some time, and not by a signal.
        while socket.send(vec![7; 60_000]).is_ok() {}
    }
}
