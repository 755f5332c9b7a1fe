//! WebSocket peers that flood, crawl, fall silent or take nothing: each is told why it is let go, if it can be; others
//! go on being served meanwhile, and nothing is left of it.

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

#[path = "support/websocket.rs"]
mod support;

#[path = "support/process.rs"]
mod process;

use process::{alone, comes_true, descriptors, memory, processor_time, threads};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use support::{
    LONG, Raw, RawServer, echo, is_timeout, limits, masked, masked_close, request, serve_telling, serve_within,
};
use threadwire::websocket::{self, Connection, Error, HandlerResult, Server, ServerHandle};
use threadwire::{Limits, Threads};

const SHORT: Duration = Duration::from_millis(300);
/// Between two bytes of a peer that sends them one by one.
const PACE: Duration = Duration::from_millis(10);

const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A server, another client that is served all the time, and an attacker that has shaken hands.
struct Scene {
    server: ServerHandle,
    raw: Raw,
    name: &'static str,
    over: Arc<AtomicBool>,
    bystander: thread::JoinHandle<(usize, Duration)>,
    descriptors: usize,
}

fn serve_named(
    name: &str,
    limits: Limits,
    handler: impl Fn(Connection) -> HandlerResult + Send + Sync + 'static,
) -> (ServerHandle, SocketAddr) {
    let threads = Threads::new().name_prefix(name);
    let server = Server::builder().limits(limits).threads(threads).bind("127.0.0.1:0").unwrap().spawn(handler).unwrap();
    let address = server.local_addresses()[0];
    (server, address)
}

fn bystander(address: SocketAddr, over: &Arc<AtomicBool>) -> thread::JoinHandle<(usize, Duration)> {
    let over = Arc::clone(over);
    let mut socket = websocket::connect(&format!("ws://{address}/")).unwrap();
    thread::spawn(move || {
        let (mut messages, mut slowest) = (0, Duration::ZERO);
        while !over.load(Ordering::Relaxed) || messages < 20 {
            let begin = Instant::now();
            socket.send("x").unwrap();
            assert_eq!(socket.receive().unwrap().unwrap().to_text().unwrap(), "x");
            slowest = slowest.max(begin.elapsed());
            messages += 1;
        }
        socket.close(1000, "").unwrap();
        (messages, slowest)
    })
}

fn was_served(bystander: thread::JoinHandle<(usize, Duration)>, over: &AtomicBool) {
    over.store(true, Ordering::Relaxed);
    let (messages, slowest) = bystander.join().unwrap();
    assert!(slowest < Duration::from_secs(2), "one of {messages} messages took {slowest:?}");
}

impl Scene {
    /// What this server's threads are called begins with `name`, which is short, so that it can be seen whole.
    fn new(name: &'static str, limits: Limits) -> Self {
        Self::serving(name, limits, echo)
    }

    fn serving(
        name: &'static str,
        limits: Limits,
        handler: impl Fn(Connection) -> HandlerResult + Send + Sync + 'static,
    ) -> Self {
        let (server, address) = serve_named(name, limits, handler);
        let over = Arc::default();
        let bystander = bystander(address, &over);
        let descriptors = descriptors();
        let raw = Raw::upgrade(address);
        Self { server, raw, name, over, bystander, descriptors }
    }

    /// What the thread is called that serves the attacker: the second to connect.
    fn thread(&self) -> String {
        format!("{}-ws-2", self.name)
    }

    /// Sends `bytes` until the connection is cut, `most` times at most, and reads meanwhile; answers what came.
    fn floods(&mut self, most: usize, bytes: &[u8]) -> Vec<u8> {
        let mut out = self.raw.other();
        let bytes = bytes.to_vec();
        let writing = thread::spawn(move || (0..most).take_while(|_| out.0.write_all(&bytes).is_ok()).count());
        let mut came = Vec::new();
        if let Err(error) = self.raw.0.read_to_end(&mut came) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it was not cut: {error}");
        }
        assert!(writing.join().unwrap() < most, "all of it was taken");
        came
    }

    /// Sends `bytes` until no more is taken, and reads nothing.
    fn fills(&mut self, bytes: &[u8]) {
        self.raw.0.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut sent = 0;
        let blocked = loop {
            match self.raw.0.write(&bytes[sent % bytes.len()..]) {
                Ok(count) => sent += count,
                Err(error) => break error,
            }
            assert!(sent < 64 << 20, "{sent} bytes have been read");
        };
        assert!(matches!(blocked.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{blocked}");
    }

    /// The attacker's connection is at rest for a while, and stays so.
    fn costs_nothing(&self) {
        let quiet = || {
            let time = || processor_time(&self.thread()) + processor_time(&format!("{}-attend", self.name));
            let before = time();
            thread::sleep(SHORT);
            time().saturating_sub(before)
        };
        assert!(comes_true(|| quiet() <= Duration::from_millis(10)), "it never rests");
        assert_eq!(threads(&self.thread()), 1, "it was cut off before that could be seen");
    }

    /// Nothing is left of the attacker, and the others have noticed nothing.
    fn ends(self) {
        let thread = self.thread();
        let Self { server, raw, name, over, bystander, descriptors: before } = self;
        drop(raw);
        assert!(comes_true(|| descriptors() <= before), "{} descriptors, {before} before", descriptors());
        assert!(comes_true(|| threads(&thread) == 0), "its thread is there");
        was_served(bystander, &over);
        let report = server.shutdown(LONG);
        assert!(report.is_clean(), "{report}");
        // A thread that was joined is still to be seen for a moment.
        assert!(comes_true(|| threads(name) == 0), "{} threads", threads(name));
    }
}

/// Code and reason of the Close frame at the end of what came from a server.
fn close_in(came: &[u8]) -> (u16, String) {
    let mut rest = came;
    let mut last = None;
    while let [first, length @ 0..=125, behind @ ..] = rest {
        let (payload, behind) = behind.split_at(usize::from(*length));
        last = Some((*first, payload));
        rest = behind;
    }
    let Some((0x88, [high, low, reason @ ..])) = last else { panic!("no Close at the end: {last:x?}") };
    (u16::from_be_bytes([*high, *low]), String::from_utf8(reason.to_vec()).unwrap())
}

fn told(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[test]
fn control_frames_as_fast_as_they_go() {
    let _alone = alone();
    for (name, kind) in [("tw-ping", PING), ("tw-pong", PONG)] {
        let mut scene = Scene::new(name, Limits::default());
        let came = scene.floods(20_000, &masked(kind, b"are here").repeat(1000));
        assert_eq!(close_in(&came), told(1008, "too many control frames"));
        // Each Ping that was not too many had its answer.
        assert_eq!(came.len() > 10_000 * 10, kind == PING, "{}", came.len());
        scene.ends();
    }
}

/// While handlers are busy, one thread of the server attends all their connections: floods of some do not hold up the
/// others.
#[test]
fn floods_of_connections_that_are_attended_together() {
    let _alone = alone();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let (server, address) = serve_named("tw-attd", Limits::default(), move |_socket| {
        // Until the sender is gone.
        let _ = released.lock().unwrap().recv();
        Ok(())
    });
    let client = websocket::connect(&format!("ws://{address}/")).unwrap();
    let flooding: Vec<_> = (0..10)
        .map(|_| {
            let mut raw = Raw::upgrade(address);
            let mut out = raw.other();
            let pings = masked(PING, b"").repeat(1000);
            thread::spawn(move || {
                let writing =
                    thread::spawn(move || (0..10_000).take_while(|_| out.0.write_all(&pings).is_ok()).count());
                // It is cut, in order or not.
                let _ = raw.0.read_to_end(&mut Vec::new());
                writing.join().unwrap()
            })
        })
        .collect();
    while !flooding.iter().all(thread::JoinHandle::is_finished) {
        let took = client.ping(LONG).unwrap();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    assert!(flooding.into_iter().all(|flood| flood.join().unwrap() < 10_000));
    drop(release);
    drop(client);
    assert!(server.shutdown(LONG).is_clean());
}

/// Whoever pings with each message is no attacker.
#[test]
fn control_frames_beside_messages() {
    let (server, _) = serve_within(limits(|limits| limits.control_frames = 10), echo);
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    for _ in 0..100 {
        raw.write(&[masked(TEXT, b"x"), masked(PING, b"y")].concat());
        let firsts = [raw.frame().first, raw.frame().first];
        assert!(firsts.contains(&TEXT) && firsts.contains(&PONG), "{firsts:x?}");
    }
}

/// 54,000 Pings and more, whose answers nobody reads.
#[test]
fn pings_that_nobody_reads_the_answers_of() {
    let _alone = alone();
    let unlimited = limits(|limits| {
        limits.control_frames = usize::MAX;
        limits.write_timeout = Duration::from_secs(2);
    });
    let mut scene = Scene::new("tw-unrd", unlimited);
    let before = memory();
    scene.fills(&masked(PING, &[b'x'; 125]).repeat(1000));
    scene.costs_nothing();
    let grown = memory().saturating_sub(before);
    assert!(grown < 100 << 20, "{grown} bytes");
    assert!(comes_true(|| threads(&scene.thread()) == 0), "it is kept");
    scene.ends();
}

/// Messages to be echoed, by a peer that takes no echo.
#[test]
fn messages_that_nobody_reads_the_answers_of() {
    let _alone = alone();
    let mut scene = Scene::new("tw-mute", limits(|limits| limits.write_timeout = Duration::from_secs(2)));
    let before = memory();
    scene.fills(&masked(0x82, &[b'x'; 10_000]).repeat(10));
    scene.costs_nothing();
    let grown = memory().saturating_sub(before);
    assert!(grown < 100 << 20, "{grown} bytes");
    assert!(comes_true(|| threads(&scene.thread()) == 0), "it is kept");
    scene.ends();
}

#[test]
fn fragments_without_end() {
    let _alone = alone();
    for (name, payload) in [("tw-frag", &b"x"[..]), ("tw-fragz", b"")] {
        let mut scene = Scene::new(name, Limits::default());
        scene.raw.write(&masked(0x02, b"begins"));
        let came = scene.floods(20_000, &masked(0x00, payload).repeat(1000));
        assert_eq!(close_in(&came), told(1008, "a message has at most 65536 fragments"));
        scene.ends();
    }
}

/// What is wrong is told by its code, also before the payload that was announced has come.
#[test]
fn frames_that_no_client_sends() {
    let (server, _) = serve_within(Limits::default(), echo);
    let address = server.local_addresses()[0];
    for (bytes, code) in [
        (b"\x81\x01a".to_vec(), 1002),
        (masked(0x91, b"rsv3"), 1002),
        (masked(0xa1, b"rsv2"), 1002),
        (masked(0xc1, b"rsv1"), 1002),
        (masked(0x83, b"opcode 3"), 1002),
        (masked(0x87, b"opcode 7"), 1002),
        (masked(0x8b, b"opcode b"), 1002),
        (masked(0x8f, b"opcode f"), 1002),
        (masked(0x09, b"a fragment of a Ping"), 1002),
        (masked(0x89, &[0; 126]), 1002),
        (masked(0x80, b"continues nothing"), 1002),
        ([masked(0x01, b"a"), masked(0x81, b"b")].concat(), 1002),
        (masked(0x88, b"x"), 1002),
        (masked(TEXT, b"\xff"), 1007),
        (b"\x82\xff\0\0\0\0\x01\0\0\x01\0\0\0\0".to_vec(), 1009),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1009),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1009),
    ] {
        let mut raw = Raw::upgrade(address);
        raw.write(&bytes);
        assert_eq!(raw.close(), told(code, ""), "{bytes:x?}");
        assert_eq!(raw.rest(), b"", "{bytes:x?}");
    }
}

#[test]
fn a_peer_that_sends_byte_by_byte_is_served() {
    let (server, _) = serve_within(Limits::default(), echo);
    let address = server.local_addresses()[0];
    let mut raw = Raw::connect(address);
    for byte in [request(address), masked(0x01, b"sl"), masked(PING, b""), masked(0x80, b"ow")].concat() {
        raw.write(&[byte]);
    }
    assert!(raw.head().starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.frame().first, PONG);
    assert_eq!(raw.frame().payload, b"slow");
}

/// Two hundred that begin a request and do not go on, while another is served.
#[test]
fn requests_that_come_to_nothing() {
    let _alone = alone();
    let (server, address) =
        serve_named("tw-slow", limits(|limits| limits.handshake_timeout = Duration::from_secs(1)), echo);
    let over = Arc::default();
    let bystander = bystander(address, &over);
    let whole = request(address);
    let mut peers: Vec<_> = (0..200)
        .map(|number| {
            let mut raw = Raw::connect(address);
            raw.write(&whole[..whole.len() * (number % 4) / 4]);
            raw
        })
        .collect();
    assert!(comes_true(|| server.connections() == 201), "{}", server.connections());
    for raw in &mut peers {
        let rest = String::from_utf8(raw.rest()).unwrap();
        assert!(rest.starts_with("HTTP/1.1 408 "), "{rest}");
    }
    drop(peers);
    assert!(comes_true(|| server.connections() == 1), "{}", server.connections());
    was_served(bystander, &over);
    assert!(server.shutdown(LONG).is_clean());
}

/// A message that comes byte by byte, or stops half-way; what the server sends meanwhile gives it no more time.
#[test]
fn messages_that_never_end() {
    let (telling, ends) = mpsc::channel();
    let (server, _) = serve_within(limits(|limits| limits.message_timeout = SHORT), move |mut socket| {
        let end = loop {
            match socket.receive_timeout(PACE) {
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                outcome if is_timeout(&outcome) => {
                    let _ = socket.send("still here");
                }
                Err(error) => break Err(error),
            }
        };
        telling.send(end)?;
        Ok(())
    });
    let fragments = masked(0x00, b"x").repeat(1000);
    for (begin, paced) in [
        (b"\x81".to_vec(), &b""[..]),
        (masked(TEXT, &[b'x'; 100])[..50].to_vec(), b""),
        (masked(TEXT, &[b'x'; 60_000])[..50].to_vec(), &[b'x'; 1000]),
        (masked(0x01, b"fragment"), b""),
        (masked(0x01, b"fragment"), &fragments),
        (masked(PING, b"half")[..7].to_vec(), b""),
    ] {
        let mut raw = Raw::upgrade(server.local_addresses()[0]);
        raw.write(&masked(TEXT, b"whole"));
        raw.write(&begin);
        let mut out = raw.other();
        let paced = paced.to_vec();
        let sending = thread::spawn(move || {
            for piece in paced.chunks(1) {
                thread::sleep(PACE);
                if out.0.write_all(piece).is_err() {
                    break;
                }
            }
        });
        let closed = std::iter::repeat_with(|| raw.frame()).find(|frame| frame.first == 0x88).unwrap();
        assert_eq!(closed.payload, [&1008u16.to_be_bytes()[..], b"a message took too long"].concat());
        let end = ends.recv_timeout(LONG).unwrap();
        assert!(matches!(&end, Err(Error::Protocol { close_code, .. }) if close_code.0 == 1008), "{end:?}");
        drop(raw);
        sending.join().unwrap();
    }
}

/// It is this side that does not read: the peer's message has all the time.
#[test]
fn a_message_that_is_not_read_is_not_late() {
    let small = limits(|limits| {
        limits.message_timeout = SHORT;
        limits.inbox_bytes = 1;
    });
    let (server, _) = serve_within(small, |socket| {
        thread::sleep(SHORT * 3);
        echo(socket)
    });
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let large = masked(0x82, &[7; 500_000]);
    let mut out = raw.other();
    let sending = thread::spawn(move || {
        out.write(&masked(TEXT, b"first"));
        out.write(&large);
    });
    assert_eq!(raw.frame().payload, b"first");
    assert_eq!(raw.frame().payload.len(), 500_000);
    sending.join().unwrap();
}

fn asking() -> Limits {
    limits(|limits| {
        limits.keepalive_interval = Some(Duration::from_millis(50));
        limits.keepalive_timeout = SHORT;
    })
}

fn is_lost(end: &Result<(), Error>) -> bool {
    matches!(end, Err(Error::Local(threadwire::Error::Io { source, .. })) if source.kind() == ErrorKind::TimedOut)
}

#[test]
fn a_silent_client_is_asked_and_given_up() {
    let (server, _, ends) = serve_telling(asking());
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    for _ in 0..5 {
        let asked = raw.frame();
        assert_eq!((asked.first, &asked.payload[..]), (PING, &b""[..]));
        raw.write(&masked(PONG, b""));
    }
    // Anything is an answer.
    assert_eq!(raw.frame().first, PING);
    raw.write(&masked(TEXT, b"here"));
    assert_eq!(raw.frame().first, PING);
    assert_eq!(raw.close(), told(1011, "no answer to Ping"));
    let end = ends.recv_timeout(LONG).unwrap();
    assert!(is_lost(&end), "{end:?}");
}

#[test]
fn a_silent_server_is_asked_and_given_up() {
    let (mut client, mut raw) = RawServer::established(asking(), b"");
    let waiting = thread::spawn(move || client.receive().map(drop));
    for _ in 0..5 {
        assert_eq!(raw.client_frame().first, PING);
        raw.write(&[PONG, 0]);
    }
    assert_eq!(raw.client_frame().first, PING);
    let close = raw.client_frame();
    assert_eq!((close.first, &close.payload[..2]), (0x88, &1011u16.to_be_bytes()[..]));
    let end = waiting.join().unwrap();
    assert!(is_lost(&end), "{end:?}");
}

/// A connection without a message in either direction is closed, whatever else comes; a handler sees a clean end.
#[test]
fn a_connection_without_messages_is_closed() {
    let quiet = limits(|limits| limits.idle_timeout = Some(SHORT));
    let (server, _, ends) = serve_telling(quiet.clone());
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let mut out = raw.other();
    let pinging = thread::spawn(move || {
        while out.0.write_all(&masked(PING, b"")).is_ok() {
            thread::sleep(PACE);
        }
    });
    let close = loop {
        let frame = raw.frame();
        if frame.first != PONG {
            break frame;
        }
    };
    assert_eq!((close.first, &close.payload[..]), (0x88, &b"\x03\xe9idle"[..]));
    raw.write(&masked_close(1001, ""));
    assert!(ends.recv_timeout(LONG).unwrap().is_ok());
    drop(raw);
    pinging.join().unwrap();
    // A client closes likewise.
    let (mut client, mut raw) = RawServer::established(quiet, b"");
    let waiting = thread::spawn(move || client.receive());
    assert_eq!(raw.client_frame().first, 0x88);
    raw.write(b"\x88\x02\x03\xe9");
    assert_eq!(waiting.join().unwrap().unwrap(), None);
}

#[test]
fn messages_keep_a_connection() {
    let quiet = limits(|limits| limits.idle_timeout = Some(SHORT));
    let (server, _) = serve_within(quiet, echo);
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let begin = Instant::now();
    while begin.elapsed() < SHORT * 3 {
        raw.write(&masked(TEXT, b"x"));
        assert_eq!(raw.frame().first, TEXT);
        thread::sleep(PACE);
    }
    assert_eq!(raw.close(), told(1001, "idle"));
}
