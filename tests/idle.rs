//! What is idle does nothing: connections of both protocols and both sides, after they have been used, wake up nobody,
//! and all clients have one thread.

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
#![cfg(target_os = "linux")]

#[path = "support/grpc.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::proto::{ProbeClient, ProbeServer};
use support::{Behaviour, LONG, ask};
use threadwire::grpc::{Channel, Dispatch, Server};
use threadwire::{Threads, websocket};

/// Time enough for what ticks to be seen.
const IDLE: Duration = Duration::from_secs(10);

/// How often each thread of the library has gone to sleep, by its number and name.
fn sleeps() -> BTreeMap<String, u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let read = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        let name = name.trim();
        let thread = format!("{} {name}", task.file_name().display());
        name.starts_with("idle-").then(|| (thread, count.trim().parse().unwrap()))
    };
    tasks.filter_map(|task| read(task.unwrap())).collect()
}

#[test]
fn nothing_wakes_up_while_nothing_happens() {
    let threads = || Threads::new().name_prefix("idle");
    let server = Server::builder()
        .threads(threads())
        .dispatch(Dispatch::Inline)
        .add_service(ProbeServer::new(Arc::new(Behaviour::default())))
        .bind("127.0.0.1:0")
        .unwrap();
    let target = server.local_addresses()[0].to_string();
    let _server = server.spawn().unwrap();
    let sockets = websocket::Server::builder().threads(threads()).bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", sockets.local_addresses()[0]);
    // One handler receives; another does something else: its connection is the attendant's.
    let _sockets = sockets
        .spawn(|mut socket: websocket::Connection| {
            while let Some(message) = socket.receive()? {
                if message.to_text().is_ok_and(|text| text == "away") {
                    thread::sleep(2 * LONG);
                }
                socket.send(message)?;
            }
            Ok(())
        })
        .unwrap();
    let channels: Vec<_> = (0..3)
        .map(|_| {
            let channel = Channel::builder(&target).threads(threads()).connect().unwrap();
            let client = ProbeClient::new(channel.clone());
            (0..50).for_each(|_| drop(client.unary(ask("x")).unwrap()));
            channel
        })
        .collect();
    let client = websocket::Client::new().threads(threads());
    let mut socket = client.connect(&url).unwrap();
    socket.send("here").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some("here".into()));
    let away = client.connect(&url).unwrap();
    away.send("away").unwrap();

    // It comes to rest: whoever reads sleeps, the attendants have what is left to them.
    let begin = Instant::now();
    let mut before = sleeps();
    loop {
        thread::sleep(Duration::from_millis(200));
        let now = sleeps();
        if now == before {
            break;
        }
        assert!(begin.elapsed() < LONG, "it never comes to rest: {now:?}");
        before = now;
    }
    thread::sleep(IDLE);
    assert_eq!(sleeps(), before, "somebody woke up");
    // One attendant for each server, and one for all clients.
    let attendants = before.keys().filter(|thread| thread.ends_with(" idle-attend")).count();
    assert_eq!(attendants, 3, "{before:?}");
    drop((channels, socket, away));
}
