//! Thousands that connect at the same moment: all are served, while all are there.
//!
//! The servers and their clients are processes of their own, each of which takes all descriptors that it may have.
//! Where that, or the number of threads, is not enough for 5,000, there are fewer.

use super::LONG;
use super::child::{Child, hear, say};
use super::host::{serve_grpc, serve_websocket};
use super::support::{self, DATA, END_STREAM, HEADERS, PREFACE, Raw, SETTINGS, UNARY, ask, body, frame};
use super::websocket_support;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;
use threadwire::Threads;

const CROWD: u64 = 5_000;

/// How many there can be here: a server needs two descriptors and a thread for each.
fn size() -> u64 {
    let descriptors = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let threads =
        [getrlimit(Resource::Nproc).current, number("/proc/sys/kernel/threads-max"), number("/sys/fs/cgroup/pids.max")];
    let threads = threads.into_iter().flatten().min().unwrap_or(u64::MAX);
    CROWD.min(descriptors.saturating_sub(100) / 2).min(threads.saturating_sub(500))
}

fn number(file: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn take_all_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

fn threads() -> Threads {
    Threads::new().stack_size(128 * 1024)
}

pub fn websocket_server() {
    take_all_descriptors();
    let (server, address) = serve_websocket(threads());
    say(&address.to_string());
    while hear().is_some() {
        say(&server.connections().to_string());
    }
}

pub fn grpc_server() {
    take_all_descriptors();
    let (server, address) = serve_grpc(threads());
    say(&address.to_string());
    while hear().is_some() {
        say(&server.connections().to_string());
    }
}

pub fn over_websocket() {
    over("websocket");
}

pub fn over_grpc() {
    over("grpc");
}

fn over(protocol: &str) {
    let mut server = Child::start(&format!("{protocol}-server"), &[]);
    let address = server.next();
    let size = size().to_string();
    let mut clients = Child::start(&format!("{protocol}-clients"), &[&address, &size]);
    println!("  {protocol}: {}", clients.next());
    // All of them are there, and answered.
    assert_eq!(server.ask("connections"), size);
    assert_eq!(clients.ask("go"), "gone");
    clients.end();
    let end = Instant::now() + LONG;
    while server.ask("connections") != "0" {
        assert!(Instant::now() < end, "{} are left", server.ask("connections"));
    }
    server.end();
}

/// As many sockets as there are to be, all of them connecting before the first is waited for.
fn connect_all(arguments: &[String]) -> Vec<TcpStream> {
    take_all_descriptors();
    let (address, count) = (arguments[0].parse::<SocketAddr>().unwrap(), arguments[1].parse::<usize>().unwrap());
    let begun: Vec<OwnedFd> = (0..count).map(|_| begin(address)).collect();
    let mut waiting: Vec<&OwnedFd> = begun.iter().collect();
    let end = Instant::now() + LONG;
    while !waiting.is_empty() {
        let mut entries: Vec<PollFd<'_>> =
            waiting.iter().map(|socket| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT)).collect();
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        poll(&mut entries, Some(&second)).unwrap();
        let ready: Vec<bool> = entries.iter().map(|entry| !entry.revents().is_empty()).collect();
        assert!(Instant::now() < end, "{} have not connected", waiting.len());
        let mut ready = ready.into_iter();
        waiting.retain(|_| !ready.next().unwrap());
    }
    begun
        .into_iter()
        .map(|socket| {
            sockopt::socket_error(&socket).unwrap().unwrap();
            let stream = TcpStream::from(socket);
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream
        })
        .collect()
}

fn begin(address: SocketAddr) -> OwnedFd {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => socket,
        Err(error) => panic!("{error}"),
    }
}

/// Tells how long it took, and stays until the test says so.
fn tell(begin: Instant, connected: Instant, count: usize) {
    let (connecting, all) = (connected - begin, begin.elapsed());
    say(&format!("{count} connected in {connecting:.2?}, all answered in {all:.2?}"));
    hear();
    say("gone");
}

pub fn websocket_clients(arguments: &[String]) {
    let begin = Instant::now();
    let streams = connect_all(arguments);
    let connected = Instant::now();
    let mut sockets: Vec<websocket_support::Raw> = streams.into_iter().map(websocket_support::Raw).collect();
    let request = websocket_support::request(arguments[0].parse().unwrap());
    sockets.iter_mut().for_each(|socket| socket.write(&request));
    for socket in &mut sockets {
        let head = socket.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }
    let message = websocket_support::masked(0x81, b"are you there");
    sockets.iter_mut().for_each(|socket| socket.write(&message));
    for socket in &mut sockets {
        assert_eq!(socket.frame().payload, b"are you there");
    }
    tell(begin, connected, sockets.len());
}

pub fn grpc_clients(arguments: &[String]) {
    let begin = Instant::now();
    let streams = connect_all(arguments);
    let connected = Instant::now();
    let mut sockets: Vec<Raw> = streams.into_iter().map(Raw::over).collect();
    let head = support::block(&support::call_head(UNARY, &[]));
    let call = [
        PREFACE,
        &frame(SETTINGS, 0, 0, &[]),
        &frame(HEADERS, support::END_HEADERS, 1, &head),
        &frame(DATA, END_STREAM, 1, &body(&ask("are you there"))),
    ]
    .concat();
    sockets.iter_mut().for_each(|socket| socket.write(&call));
    for socket in &mut sockets {
        let outcome = socket.outcome(1);
        assert_eq!(outcome.status(), "0", "{outcome:?}");
    }
    tell(begin, connected, sockets.len());
}
