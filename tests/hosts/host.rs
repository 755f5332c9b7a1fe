//! What the hosts of these tests have in common: both servers, with simple services; what the system says of a process.

use super::LONG;
use super::support::Behaviour;
use super::support::proto::{ProbeClient, ProbeServer};
use super::websocket_support::echo;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use threadwire::grpc::{self, Channel};
use threadwire::websocket::{self, Connection};
use threadwire::{Limits, Threads};

/// Bounds that a crowd from one address does not meet.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.connections_per_peer = limits.connections;
    limits.queued_calls = limits.connections;
    limits.handshake_timeout = LONG;
    limits
}

pub fn serve_websocket(threads: Threads) -> (websocket::ServerHandle, SocketAddr) {
    let server = websocket::Server::builder().threads(threads).limits(limits()).bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0];
    (server.spawn(echo).unwrap(), address)
}

pub fn serve_grpc(threads: Threads) -> (grpc::ServerHandle, SocketAddr) {
    let server = grpc::Server::builder()
        .threads(threads)
        .limits(limits())
        .add_service(ProbeServer::new(Arc::<Behaviour>::default()));
    let server = server.bind("127.0.0.1:0").unwrap();
    let address = server.local_addresses()[0];
    (server.spawn().unwrap(), address)
}

pub fn client(address: SocketAddr) -> ProbeClient {
    ProbeClient::new(Channel::builder(&address.to_string()).timeout(LONG).connect().unwrap())
}

pub fn socket(address: SocketAddr) -> Result<Connection, websocket::Error> {
    websocket::Client::new().timeout(LONG).connect(&format!("ws://{address}/"))
}

/// Whether a message comes back.
pub fn echoes(socket: &mut Connection) -> bool {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let text = format!("message {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    socket.send(text.as_str()).is_ok()
        && socket.receive_timeout(LONG).is_ok_and(|back| back.is_some_and(|back| back.to_text().ok() == Some(&text)))
}

/// Asks again and again until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not after {LONG:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processor time that a process has used.
pub fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Behind the name, which may have spaces: proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

/// How many descriptors a process has open.
pub fn descriptors(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// How many threads a process has, without those that wait for some seconds for the next call.
pub fn threads(process: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    // One that ends just now has no name any more.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim_end() != "threadwire-call").count()
}
