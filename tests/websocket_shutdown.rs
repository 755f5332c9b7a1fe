//! The end of a server: everybody is told 1001 and waited for, whoever does not end is cut off and named, and
//! afterwards nothing of the server is left. And that dropping a handle never blocks.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "support/websocket.rs"]
mod support;

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use support::{LONG, Raw, RawServer, echo, in_time, limits, masked_close, serve, serve_within};
use threadwire::websocket::{self, CloseCode, Connection, Error, HandlerResult, Message, Server, ServerHandle};
use threadwire::{Limits, Threads};

/// Long enough to be seen, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(100);

/// A server whose handlers do not look after their connections; each tells that it has begun, and returns when `Stuck`
/// is dropped.
fn serve_stuck(limits: Limits) -> (ServerHandle, Stuck) {
    let ((begun, began), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
    let released = std::sync::Mutex::new(released);
    let (server, _) = serve_within(limits, move |socket| {
        begun.send(socket.peer().to_string())?;
        // Either end of this wait is the right one.
        let _ = released.lock().unwrap().recv_timeout(LONG);
        Ok(())
    });
    (server, Stuck { began, _release: release })
}

struct Stuck {
    began: mpsc::Receiver<String>,
    _release: mpsc::Sender<()>,
}

fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err()
}

#[test]
fn everybody_is_told_and_waited_for() {
    let (told, ends) = mpsc::channel();
    let (server, url) = serve(move |mut socket| {
        socket.send("welcome")?;
        told.send(socket.receive())?;
        Ok(())
    });
    let address = server.local_addresses()[0];
    let mut sockets: Vec<Connection> = (0..5).map(|_| websocket::connect(&url).unwrap()).collect();
    for socket in &mut sockets {
        assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("welcome")));
    }
    assert_eq!(server.connections(), 5);
    let report = server.shutdown(LONG);
    assert_eq!((report.open, report.cut_off, report.still_running.len()), (5, 0, 0));
    assert!(report.is_clean());
    assert_eq!(report.to_string(), "5 WebSocket connections closed");
    for mut socket in sockets {
        assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
        assert_eq!(socket.close_frame().unwrap().code, CloseCode::GOING_AWAY);
        // A handler in `receive` sees a clean end: it was not the peer's fault.
        assert_eq!(ends.recv_timeout(LONG).unwrap().unwrap(), None);
    }
    assert!(is_refused(address));
}

#[test]
fn a_connection_is_told_from_its_first_moment_on() {
    for _ in 0..100 {
        let (server, url) = serve(echo);
        let mut socket = websocket::connect(&url).unwrap();
        assert!(server.shutdown(LONG).is_clean());
        assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
        assert_eq!(socket.close_frame().unwrap().code, CloseCode::GOING_AWAY);
    }
}

#[test]
fn what_was_sent_before_arrives_before() {
    let (server, url) = serve(|mut socket| {
        for number in 0..100 {
            socket.send(format!("{number}"))?;
        }
        socket.receive()?;
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("0")));
    let closing = thread::spawn(move || server.shutdown(LONG));
    let mut received = 1;
    while let Some(message) = socket.receive_timeout(LONG).unwrap() {
        assert_eq!(message, Message::from(format!("{received}")));
        received += 1;
    }
    // The handler may have been told before it had sent all of them.
    assert!(received <= 100);
    assert!(closing.join().unwrap().is_clean());
}

#[test]
fn a_handler_that_never_returns_is_named_and_not_waited_for() {
    let (server, stuck) = serve_stuck(Limits::default());
    let address = server.local_addresses()[0];
    let mut raw = Raw::upgrade(address);
    let peer = stuck.began.recv_timeout(LONG).unwrap();
    let begin = Instant::now();
    let report = in_time(move || server.shutdown(SHORT));
    assert!(begin.elapsed() >= SHORT && begin.elapsed() < LONG / 2, "{:?}", begin.elapsed());
    assert_eq!((report.open, report.cut_off), (1, 1));
    assert_eq!(report.still_running, [peer.parse::<SocketAddr>().unwrap()]);
    assert!(!report.is_clean());
    assert!(report.to_string().contains(&format!("the handler of {peer} still runs")), "{report}");
    // The peer was told all the same, and the port is free although the handler still runs.
    assert_eq!(raw.close().0, 1001);
    assert_eq!(raw.rest(), []);
    assert!(is_refused(address));
    TcpListener::bind(address).unwrap();
    drop(stuck);
}

#[test]
fn a_handler_that_does_something_else_does_not_keep_its_connection_open() {
    let (server, stuck) = serve_stuck(Limits::default());
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let peer = stuck.began.recv_timeout(LONG).unwrap();
    let ending = thread::spawn(move || server.shutdown(LONG));
    assert_eq!(raw.close().0, 1001);
    raw.write(&masked_close(1001, ""));
    assert_eq!(raw.rest(), []);
    drop((raw, stuck));
    let report = ending.join().unwrap();
    assert!(report.is_clean(), "{report}, {peer}");
}

#[test]
fn a_peer_that_does_not_answer_is_cut_off_after_the_grace() {
    let (told, ends) = mpsc::channel();
    let (server, _) = serve(move |mut socket| Ok(told.send(socket.receive())?));
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let report = in_time(move || server.shutdown(SHORT));
    assert_eq!((report.open, report.cut_off, report.still_running.len()), (1, 1, 0));
    assert_eq!(report.to_string(), "0 WebSocket connections closed, 1 cut off");
    let end = ends.recv_timeout(LONG).unwrap();
    assert!(matches!(end, Err(Error::Local(threadwire::Error::Io { .. }))), "{end:?}");
    assert_eq!(raw.close().0, 1001);
}

#[test]
fn handshakes_that_are_not_over_are_cut() {
    let (server, _) = serve(|_| panic!("nobody has shaken hands"));
    let address = server.local_addresses()[0];
    let mut silent = Raw::connect(address);
    let mut half = Raw::connect(address);
    half.write(&support::request(address)[..40]);
    // Both have been accepted.
    while server.connections() < 2 {
        thread::yield_now();
    }
    let begin = Instant::now();
    let report = server.shutdown(LONG);
    assert!(begin.elapsed() < LONG / 2, "{:?}", begin.elapsed());
    assert_eq!((report.open, report.cut_off), (2, 0));
    assert_eq!(silent.rest(), []);
    assert_eq!(half.rest(), []);
}

#[test]
fn a_server_whose_handle_is_dropped_ends() {
    let (server, url) = serve(echo);
    let address = server.local_addresses()[0];
    let mut socket = websocket::connect(&url).unwrap();
    socket.send("there").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("there")));
    in_time(move || drop(server));
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
    assert_eq!(socket.close_frame().unwrap().code, CloseCode::GOING_AWAY);
    let begin = Instant::now();
    while !is_refused(address) {
        assert!(begin.elapsed() < LONG, "still listening");
        thread::yield_now();
    }
}

#[test]
fn dropping_never_blocks() {
    // A server with a handler that does not return and peers that do nothing.
    let (server, stuck) = serve_stuck(Limits::default());
    let raw = Raw::upgrade(server.local_addresses()[0]);
    stuck.began.recv_timeout(LONG).unwrap();
    let silent = Raw::connect(server.local_addresses()[0]);
    in_time(move || drop(server));
    drop((raw, silent, stuck));

    // A client whose server neither reads nor answers, while its outbox is full.
    let (socket, raw) = RawServer::established(limits(|limits| limits.close_timeout = LONG), b"");
    while socket.try_send(vec![0; 64 * 1024]).unwrap().is_none() {}
    let sender = socket.sender();
    in_time(move || drop(socket));
    in_time(move || drop(sender));
    drop(raw);

    // A server that was never told to serve.
    in_time(|| drop(Server::bind("127.0.0.1:0").unwrap()));
}

#[test]
fn a_shutdown_does_not_wait_for_the_senders_that_others_keep() {
    let (give, given) = mpsc::channel();
    let (server, url) = serve(move |mut socket| {
        give.send(socket.sender())?;
        Ok(socket.receive().map(|_| ())?)
    });
    let mut socket = websocket::connect(&url).unwrap();
    let sender = given.recv_timeout(LONG).unwrap();
    assert!(server.shutdown(LONG).is_clean());
    assert!(matches!(sender.send("x"), Err(Error::Closed)));
    assert!(matches!(sender.ping(LONG), Err(Error::Closed)));
    sender.start_close(1000, "").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
}

/// One thread that runs, of those that are counted here.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Threads with names that begin with `prefix`, and the number of those that run now.
fn counted(prefix: &str) -> (Threads, Arc<AtomicUsize>) {
    thread_local! { static THIS: Cell<Option<Running>> = const { Cell::new(None) } }
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let threads = Threads::new().name_prefix(prefix).on_start(move || {
        counting.fetch_add(1, Ordering::SeqCst);
        // Dropped by the thread's end.
        THIS.set(Some(Running(Arc::clone(&counting))));
    });
    (threads, count)
}

#[test]
fn a_hook_that_panics_at_the_start_of_every_thread_strands_no_connection() {
    let threads = Threads::new().on_start(|| panic!("as the test wants it"));
    let server = Server::builder().threads(threads).bind("127.0.0.1:0").unwrap().spawn(echo).unwrap();
    let url = format!("ws://{}/", server.local_addresses()[0]);
    let mut socket = websocket::connect(&url).unwrap();
    socket.send("x").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("x")));
    assert!(server.shutdown(LONG).is_clean());
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
}

#[test]
fn no_thread_is_left() {
    let prefix = "leftover";
    for round in 0..10 {
        let (threads, running) = counted(prefix);
        let (told, begun) = mpsc::channel();
        let handler = move |mut socket: Connection| -> HandlerResult {
            told.send(())?;
            socket.receive()?;
            Ok(())
        };
        let limits = limits(|limits| limits.connections = 4);
        let builder = Server::builder().threads(threads).limits(limits);
        let server = builder.bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
        let address = server.local_addresses()[0];
        let sockets: Vec<Connection> =
            (0..3).map(|_| websocket::connect(&format!("ws://{address}/")).unwrap()).collect();
        (0..3).for_each(|_| begun.recv_timeout(LONG).unwrap());
        let _silent = Raw::connect(address);
        while server.connections() < 4 {
            thread::yield_now();
        }
        let mut refused = Raw::connect(address);
        assert!(refused.head().starts_with("HTTP/1.1 503 "));
        drop(refused);
        assert!(running.load(Ordering::SeqCst) >= 4);
        #[cfg(target_os = "linux")]
        assert!(linux::threads(prefix) >= 4);
        assert!(server.shutdown(LONG).is_clean());
        assert_eq!(running.load(Ordering::SeqCst), 0, "round {round}");
        #[cfg(target_os = "linux")]
        {
            // The system may show a thread for a moment after it has been joined.
            let begin = Instant::now();
            while linux::threads(prefix) > 0 {
                assert!(begin.elapsed() < LONG, "round {round}");
                thread::yield_now();
            }
        }
        drop(sockets);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use std::fs;

    /// How many threads of this process have a name that begins so.
    pub(crate) fn threads(prefix: &str) -> usize {
        let names = fs::read_dir("/proc/self/task").unwrap().filter_map(|task| {
            // One that ends meanwhile is not there.
            fs::read_to_string(task.ok()?.path().join("comm")).ok()
        });
        names.filter(|name| name.starts_with(prefix)).count()
    }

    /// In a process of its own, since the other tests open and close descriptors at the same time.
    #[test]
    fn no_descriptor_is_left() {
        const ALONE: &str = "THREADWIRE_TEST_ALONE";
        if std::env::var_os(ALONE).is_none() {
            let this = std::env::current_exe().unwrap();
            let name = "linux::no_descriptor_is_left";
            let run = std::process::Command::new(this).args([name, "--exact"]).env(ALONE, "1").output().unwrap();
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
            return;
        }
        let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = descriptors();
        for round in 0..5 {
            let (server, stuck) = serve_stuck(limits(|limits| limits.connections = 2));
            let address = server.local_addresses()[0];
            // One that shakes hands, one that does not, one that is refused.
            let mut raw = Raw::upgrade(address);
            stuck.began.recv_timeout(LONG).unwrap();
            let silent = Raw::connect(address);
            let mut refused = Raw::connect(address);
            assert!(refused.head().starts_with("HTTP/1.1 503 "));
            let ending = thread::spawn(move || server.shutdown(LONG));
            assert_eq!(raw.close().0, 1001);
            drop((raw, silent, refused, stuck));
            assert!(ending.join().unwrap().is_clean());
            assert_eq!(descriptors(), before, "round {round}");
        }
    }
}
