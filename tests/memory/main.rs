//! What a hostile peer can make a connection hold, in allocated bytes, against the formula of `Limits`.

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

#[path = "../support/compressed.rs"]
mod compressed;
mod compression;
mod grpc;
#[path = "../support/grpc.rs"]
mod support;
mod websocket;
#[path = "../support/websocket.rs"]
mod websocket_support;

use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use threadwire::Limits;
use threadwire_test_host::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

const LONG: Duration = Duration::from_secs(30);

/// The count is of the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is allocated from its making on.
struct Held {
    before: usize,
}

impl Held {
    /// Begins when nothing changes any more.
    fn from_now() -> Self {
        rest();
        MEMORY.forget();
        Self { before: MEMORY.now() }
    }

    /// The most there was, once nothing changes any more.
    fn most(&self) -> usize {
        rest();
        MEMORY.most() - self.before
    }
}

/// Waits until the count has stayed the same for some time.
fn rest() {
    let end = Instant::now() + LONG;
    let (mut last, mut same) = (MEMORY.now(), 0);
    while same < 100 {
        assert!(Instant::now() < end, "it never rests");
        thread::sleep(Duration::from_millis(2));
        let now = MEMORY.now();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

/// What a peer made a connection hold is no more than the formula says; nor is the formula far from what it can do.
fn is_bounded(what: &str, held: usize, formula: usize) {
    println!("{what}: {held} of {formula} bytes");
    assert!(held <= formula, "{what}: {held} bytes, the formula says {formula}");
    assert!(held >= formula / 4, "{what}: {held} bytes, the formula says {formula}");
}

/// Larger than those of a small host, and still not much for a test.
fn roomy() -> Limits {
    let mut limits = Limits::small();
    limits.concurrent_streams = 32;
    limits.header_list_bytes = 16 * 1024;
    limits.stream_window_bytes = 512 * 1024;
    limits.connection_window_bytes = 1024 * 1024;
    limits.receive_message_bytes = 512 * 1024;
    limits.unfinished_message_bytes = 1024 * 1024;
    limits.server_unfinished_message_bytes = 4 * 1024 * 1024;
    limits.untaken_message_bytes = 1024 * 1024;
    limits.outbox_bytes = 64 * 1024;
    limits.websocket_message_bytes = 1024 * 1024;
    limits.websocket_frame_bytes = 512 * 1024;
    limits.inbox_bytes = 256 * 1024;
    limits
}

/// A peer whose system takes little before somebody reads.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, 4_096).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}
