//! A host that runs out of descriptors, or cannot start threads: what there is goes on, what comes is refused or waits,
//! no processor time is burnt, and when the shortage is over all is as before.

use super::child::{Child, hear, say};
use super::host::{client, descriptors, echoes, processor_time, serve_grpc, serve_websocket, socket, threads, until};
use super::support::ask;
use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use threadwire::Threads;

const MIB: u64 = 1 << 20;
/// So large that threads, and nothing else, fail when the address space is short.
const STACK: u64 = 64 * MIB;

/// The host: both servers, and limits that change when the test says so.
pub fn host() {
    let stacks = || Threads::new().stack_size(usize::try_from(STACK).unwrap());
    let (_websocket, websocket) = serve_websocket(stacks());
    let (_grpc, grpc) = serve_grpc(stacks());
    say(&format!("{websocket} {grpc}"));
    let (descriptors, space) = (getrlimit(Resource::Nofile), getrlimit(Resource::As));
    while let Some(order) = hear() {
        match order.split_once(' ') {
            Some(("descriptors", more)) => {
                let open = fs::read_dir("/proc/self/fd").unwrap().count() as u64 - 1;
                leave(Resource::Nofile, &descriptors, open + more.parse::<u64>().unwrap());
            }
            Some(("space", more)) => {
                let used = address_space();
                leave(Resource::As, &space, used + more.parse::<u64>().unwrap() * MIB);
            }
            _ => {
                setrlimit(Resource::Nofile, descriptors).unwrap();
                setrlimit(Resource::As, space).unwrap();
            }
        }
        say("done");
    }
}

/// The size of this process's address space.
fn address_space() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
    size.unwrap().parse::<u64>().unwrap() * 1024
}

fn leave(resource: Resource, all: &Rlimit, most: u64) {
    setrlimit(resource, Rlimit { current: Some(most), maximum: all.maximum }).unwrap();
}

/// A host, and what it has before anything happens.
struct Host {
    child: Child,
    websocket: SocketAddr,
    grpc: SocketAddr,
    descriptors: usize,
    threads: usize,
}

impl Host {
    fn start() -> Self {
        let child = Child::start("shortage", &[]);
        let line = child.next();
        let (websocket, grpc) = line.split_once(' ').unwrap();
        let (descriptors, threads) = (descriptors(child.id()), threads(child.id()));
        Self { websocket: websocket.parse().unwrap(), grpc: grpc.parse().unwrap(), descriptors, threads, child }
    }

    fn order(&mut self, order: &str) {
        assert_eq!(self.child.ask(order), "done");
    }

    /// Sees that it does nothing while there is nothing that can be done.
    fn burns_nothing(&self) {
        let (before, time) = (processor_time(self.child.id()), Duration::from_secs(2));
        // What is measured, not what is waited for.
        thread::sleep(time);
        let used = processor_time(self.child.id()) - before;
        assert!(used < time / 10, "{used:?} of {time:?}");
    }

    /// Sees that all is as at the beginning, once all connections have gone.
    fn has_nothing_left(self) {
        let id = self.child.id();
        until("descriptors are as before", || descriptors(id) <= self.descriptors);
        until("threads are as before", || threads(id) <= self.threads);
        self.child.end();
    }
}

pub fn of_descriptors() {
    let mut host = Host::start();
    let mut before = socket(host.websocket).unwrap();
    let calls = client(host.grpc);
    assert!(echoes(&mut before));
    calls.unary(ask("before")).unwrap();
    host.order("descriptors 20");
    // Silent ones: they wait for their handshake, or to be accepted. Those of gRPC for which there is a socket, but
    // nothing to be woken by, are cut off.
    let silent =
        |address: SocketAddr| -> Vec<TcpStream> { (0..30).map(|_| TcpStream::connect(address).unwrap()).collect() };
    let mut crowd = silent(host.grpc);
    crowd.extend(silent(host.websocket));
    let full = descriptors(host.child.id());
    until("all descriptors are in use", || descriptors(host.child.id()) >= full.max(host.descriptors + 20));
    host.burns_nothing();
    assert!(echoes(&mut before));
    calls.unary(ask("during")).unwrap();
    // Still short, but there is room again.
    drop(crowd);
    until("one more is served", || socket(host.websocket).is_ok_and(|mut socket| echoes(&mut socket)));
    until("one more is called", || {
        let channel = threadwire::grpc::Channel::connect(&host.grpc.to_string());
        channel.is_ok_and(|channel| super::support::proto::ProbeClient::new(channel).unary(ask("new")).is_ok())
    });
    host.order("back");
    let mut after: Vec<_> = (0..30).map(|_| socket(host.websocket).unwrap()).collect();
    assert!(after.iter_mut().all(echoes) && echoes(&mut before));
    calls.unary(ask("after")).unwrap();
    drop((after, before, calls));
    host.has_nothing_left();
}

pub fn of_threads() {
    let mut host = Host::start();
    let mut before = socket(host.websocket).unwrap();
    let calls = client(host.grpc);
    assert!(echoes(&mut before));
    calls.unary(ask("before")).unwrap();
    host.order(&format!("space {}", STACK / MIB / 2));
    for _ in 0..20 {
        assert!(socket(host.websocket).is_err());
        assert!(threadwire::grpc::Channel::connect(&host.grpc.to_string()).is_err());
    }
    // A streaming call needs one, too.
    let refused = calls.download(ask("x")).and_then(|mut stream| stream.receive()).unwrap_err();
    assert_eq!(refused.code(), threadwire::grpc::Code::ResourceExhausted, "{refused}");
    host.burns_nothing();
    assert!(echoes(&mut before));
    calls.unary(ask("during")).unwrap();
    host.order("back");
    let mut after: Vec<_> = (0..10).map(|_| socket(host.websocket).unwrap()).collect();
    assert!(after.iter_mut().all(echoes) && echoes(&mut before));
    assert_eq!(client(host.grpc).download(ask("x")).unwrap().count(), 0);
    drop((after, before, calls));
    host.has_nothing_left();
}

/// Those that reset before anybody has accepted them.
pub fn gone_before() {
    let mut host = Host::start();
    host.order("descriptors 0");
    for number in 0..100 {
        let stream = TcpStream::connect(if number % 2 == 0 { host.websocket } else { host.grpc }).unwrap();
        set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    }
    host.order("back");
    let mut socket = socket(host.websocket).unwrap();
    assert!(echoes(&mut socket));
    client(host.grpc).unary(ask("x")).unwrap();
    drop(socket);
    host.has_nothing_left();
}
