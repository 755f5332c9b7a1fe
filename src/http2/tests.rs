//! HTTP/2 connections against peers that speak frames as no good peer does.

use super::{Accept, Failure, Requests, Settings, accept, connect};
use crate::link::{Attendant, Io};
use crate::net::{Socket, Transport};
use crate::{Limits, Threads};
use bytes::Bytes;
use http::Request;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(30);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// `:status: 200` (RFC 7541 Appendix A, 8).
const OK: u8 = 0x88;

fn io(transport: impl Transport + 'static) -> Io {
    Io::new(Box::new(transport), 256 * 1024, LONG)
}

fn pair() -> (Socket<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_read_timeout(Some(LONG)).unwrap();
    (Socket::new(ours), theirs)
}

fn attendant() -> Arc<Attendant> {
    Attendant::new(&Threads::new()).unwrap()
}

fn server(transport: impl Transport + 'static) -> Accept {
    server_within(transport, &Limits::default())
}

fn server_within(transport: impl Transport + 'static, limits: &Limits) -> Accept {
    accept(io(transport), &attendant(), &Settings::new(limits), b"").unwrap()
}

/// A client whose server has sent its SETTINGS.
fn client() -> (Requests, UnixStream) {
    client_within(&Limits::default())
}

fn client_within(limits: &Limits) -> (Requests, UnixStream) {
    let (ours, mut theirs) = pair();
    let requests = connect(io(ours), &attendant(), &Settings::new(limits)).unwrap();
    theirs.write_all(SETTINGS).unwrap();
    requests.wait_begun(Some(Instant::now() + LONG)).unwrap();
    theirs.read_exact(&mut [0; 24]).unwrap();
    (requests, theirs)
}

fn request() -> Request<()> {
    Request::post("http://host/path").body(()).unwrap()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, u8::try_from(payload.len()).unwrap(), kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The next frame: its type, stream and payload.
fn next(mut from: &UnixStream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    from.read_exact(&mut head).unwrap();
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    from.read_exact(&mut payload).unwrap();
    (head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload)
}

/// A peer that sends PRIORITY frames without end, faster than they can be read.
#[derive(Debug)]
struct Flood {
    socket: Socket<UnixStream>,
    begun: bool,
}

impl Transport for Flood {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.begun {
            self.begun = true;
            buffer[..PREFACE.len()].copy_from_slice(PREFACE);
            return Ok(PREFACE.len());
        }
        let priority = frame(2, 0, 1, &[0, 0, 0, 3, 1]);
        let count = buffer.len() / priority.len();
        for place in buffer.chunks_exact_mut(priority.len()) {
            place.copy_from_slice(&priority);
        }
        Ok(count * priority.len())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.socket.shutdown_write()
    }

    fn holds_input(&self) -> bool {
        true
    }

    fn descriptor(&self) -> Arc<dyn AsFd + Send + Sync> {
        self.socket.descriptor()
    }
}

#[test]
fn a_flood_does_not_hold_who_drives() {
    let (ours, theirs) = pair();
    let patient = Limits { control_frames: usize::MAX, ..Limits::default() };
    let accepted = server_within(Flood { socket: ours, begun: false }, &patient);
    let connection = &accepted.connection;
    // Both come back, although there is always more to read; and what is owed leaves.
    connection.kick();
    let waited = connection.wait_until(&connection.parker(), Some(Instant::now()), || None::<()>);
    assert!(waited.is_err());
    assert_eq!(next(&theirs).0, 4);
}

/// Streams that are opened and reset while nobody takes them: h2 does not count them as open.
#[test]
fn streams_that_nobody_takes_are_bounded() {
    let (ours, mut theirs) = pair();
    let accepted = server(ours);
    accepted.connection.entrust();
    let mut answers = theirs.try_clone().unwrap();
    let draining = thread::spawn(move || io::copy(&mut answers, &mut io::sink()));
    theirs.write_all(PREFACE).unwrap();
    let mut sent = Ok(());
    for round in 0..400_u32 {
        let mut frames = Vec::new();
        for stream in (0..100).map(|number| (round * 100 + number) * 2 + 1) {
            // POST http / host "a" (RFC 7541 Appendix A).
            frames.extend(frame(1, 4, stream, &[0x83, 0x86, 0x84, 0x41, 1, b'a']));
            frames.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
        }
        sent = theirs.write_all(&frames);
        if sent.is_err() {
            break;
        }
    }
    assert!(sent.is_err(), "40,000 streams were taken");
    draining.join().unwrap().unwrap_or(0);
    let mut left = 0;
    while accepted.accepted.next(&accepted.connection, &accepted.connection.parker()).is_some() {
        left += 1;
    }
    assert!(left <= 256, "{left} streams were kept");
}

#[test]
fn a_call_that_is_given_up_is_reset() {
    let (requests, theirs) = client();
    let (mut pending, mut outbound) = requests.open(request(), None, None).unwrap();
    outbound.send(Bytes::from_static(b"hi"), true, None).unwrap();
    drop(outbound);
    assert_eq!(pending.wait(Some(Instant::now())), Err(Failure::TimedOut));
    drop(pending);
    // CANCEL
    while next(&theirs) != (3, 1, vec![0, 0, 0, 8]) {}
}

#[test]
fn after_goaway_a_connection_is_not_usable() {
    let (requests, mut theirs) = client();
    let (mut pending, outbound) = requests.open(request(), None, None).unwrap();
    outbound.pump();
    // The last stream that it serves is the first.
    theirs.write_all(&frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0])).unwrap();
    let end = Instant::now() + LONG;
    while requests.is_usable() {
        let _ = pending.wait(Some(Instant::now() + Duration::from_millis(1)));
        assert!(Instant::now() < end);
    }
    let refused = requests.open(request(), None, None).unwrap_err();
    assert!(matches!(refused, Failure::GoAway { by_peer: true, .. }), "{refused}");
    // The call that is open goes on.
    theirs.write_all(&frame(1, 5, 1, &[OK])).unwrap();
    pending.wait(Some(end)).unwrap();
    assert_eq!(pending.head().unwrap().status(), 200);
}

/// Answers each call that is reset, too late, and every hundred-and-first that is not.
#[test]
fn late_answers_to_calls_given_up_do_not_end_the_connection() {
    const DATA: u8 = 0;
    const RESET: u8 = 3;
    const GIVEN_UP: u32 = 100;
    let (requests, theirs) = client();
    let peer = thread::spawn(move || {
        let (mut late, mut in_time) = (0, 0);
        while in_time < 20 {
            let (kind, stream, payload) = next(&theirs);
            // h2 says STREAM_CLOSED to each answer that is late.
            let given_up = kind == RESET && payload == [0, 0, 0, 8];
            let waited_for = kind == DATA && stream / 2 % (GIVEN_UP + 1) == GIVEN_UP;
            late += u32::from(given_up);
            in_time += u32::from(waited_for);
            if given_up || waited_for {
                (&theirs).write_all(&frame(1, 5, stream, &[OK])).unwrap();
            }
        }
        (theirs, late)
    });
    let open = || {
        let (pending, mut outbound) = requests.open(request(), Some(Instant::now() + LONG), None).unwrap();
        outbound.send(Bytes::new(), true, None).unwrap();
        (pending, outbound)
    };
    for _ in 0..20 {
        for _ in 0..GIVEN_UP {
            open();
        }
        let (mut pending, _outbound) = open();
        pending.wait(Some(Instant::now() + LONG)).unwrap();
        pending.head().unwrap();
    }
    let (_theirs, late) = peer.join().unwrap();
    // h2's own limit for the life of a connection is 1,024.
    assert!(late > 1_100, "{late}");
}

#[test]
fn a_lost_connection_ends_what_waits() {
    let (requests, theirs) = client();
    let (mut pending, outbound) = requests.open(request(), None, None).unwrap();
    outbound.pump();
    drop(theirs);
    pending.wait(Some(Instant::now() + LONG)).unwrap();
    assert!(matches!(pending.head(), Err(Failure::Lost(_))));
    assert!(!requests.is_usable());
    assert!(matches!(requests.open(request(), None, None), Err(Failure::Lost(_))));
}

#[test]
fn a_stream_that_has_not_left_a_lost_connection_says_so() {
    let (requests, theirs) = client();
    let open = || requests.open(request(), None, None).unwrap();
    let (mut left, outbound) = open();
    outbound.pump();
    // Its head is with h2 when the end is read.
    let (mut stayed, _outbound) = open();
    drop(theirs);
    for pending in [&mut left, &mut stayed] {
        pending.wait(Some(Instant::now() + LONG)).unwrap();
    }
    assert!(matches!(left.head(), Err(Failure::Lost(_))));
    assert!(matches!(stayed.head(), Err(Failure::NeverLeft(_))));
}

/// gRFC A8. With a call that is open, and with none: then the connection ends in the same step.
#[test]
fn a_client_that_asks_too_often_is_told() {
    for with_call in [true, false] {
        let (requests, mut theirs) = client();
        let open = with_call.then(|| requests.open(request(), None, None).unwrap());
        let payload = [&[0, 0, 0, 1, 0, 0, 0, 11][..], b"too_many_pings"].concat();
        theirs.write_all(&frame(7, 0, 0, &payload)).unwrap();
        let end = Instant::now() + LONG;
        while requests.is_usable() {
            thread::yield_now();
            assert!(Instant::now() < end);
        }
        assert!(requests.was_calmed(), "{with_call}");
        drop(open);
    }
    let (requests, mut theirs) = client();
    theirs.write_all(&frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 11])).unwrap();
    let end = Instant::now() + LONG;
    while requests.is_usable() {
        thread::yield_now();
        assert!(Instant::now() < end);
    }
    assert!(!requests.was_calmed());
}

#[test]
fn an_alarm_ends_the_wait_for_a_turn() {
    let (requests, mut theirs) = client();
    // SETTINGS_MAX_CONCURRENT_STREAMS 0, and a PING to know that it was read.
    theirs.write_all(&[&frame(4, 0, 0, &[0, 3, 0, 0, 0, 0])[..], &frame(6, 0, 0, &[7; 8])].concat()).unwrap();
    while next(&theirs) != (6, 0, vec![7; 8]) {}
    let alarm = Arc::default();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| requests.open(request(), None, Some(&alarm)).map(drop));
        alarm.ring();
        assert_eq!(waiting.join().unwrap(), Err(Failure::Cancelled));
    });
}

#[test]
fn impossible_settings_become_possible_ones() {
    let mut limits = Limits {
        stream_window_bytes: u32::MAX,
        connection_window_bytes: u32::MAX,
        outbox_bytes: usize::MAX,
        handshake_timeout: Duration::MAX,
        ..Limits::default()
    };
    let (ours, theirs) = pair();
    let requests = connect(io(ours), &attendant(), &Settings::new(&limits)).unwrap();
    (&theirs).write_all(SETTINGS).unwrap();
    requests.wait_begun(Some(Instant::now() + LONG)).unwrap();
    limits.connection_window_bytes = 0;
    limits.outbox_bytes = 0;
    let (ours, mut theirs) = pair();
    let accepted = accept(io(ours), &attendant(), &Settings::new(&limits), b"").unwrap();
    theirs.write_all(PREFACE).unwrap();
    accepted.connection.entrust();
    assert_eq!(next(&theirs).0, 4);
}

/// Limits with which a silent peer is asked after 20 ms, and given up after 200 ms more.
fn asking() -> Limits {
    Limits {
        keepalive_interval: Some(Duration::from_millis(20)),
        keepalive_timeout: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// The payload of the next PING that is no answer; other frames are passed over.
fn next_ping(from: &UnixStream) -> Vec<u8> {
    loop {
        if let (6, 0, payload) = next(from) {
            return payload;
        }
    }
}

#[test]
fn a_client_asks_while_it_waits_and_gives_a_silent_server_up() {
    let (requests, theirs) = client_within(&asking());
    let (mut pending, outbound) = requests.open(request(), None, None).unwrap();
    outbound.pump();
    let server = thread::spawn(move || {
        for _ in 0..3 {
            let asked = next_ping(&theirs);
            (&theirs).write_all(&frame(6, 1, 0, &asked)).unwrap();
        }
        next_ping(&theirs);
        // It is not closed before the client does.
        (&theirs).read_to_end(&mut Vec::new()).unwrap();
    });
    pending.wait(Some(Instant::now() + LONG)).unwrap();
    let Err(Failure::Lost(why)) = pending.head() else { panic!("it was not lost") };
    assert!(why.contains("has not answered PING"), "{why}");
    server.join().unwrap();
}

#[test]
fn a_client_without_calls_asks_only_if_it_is_told_to() {
    for without_calls in [false, true] {
        let limits = Limits { keepalive_without_calls: without_calls, ..asking() };
        let (requests, mut theirs) = client_within(&limits);
        let waited = requests.connection().drive_to_close(Some(Instant::now() + Duration::from_millis(500)));
        assert_eq!(waited, without_calls);
        let ending = thread::spawn(move || drop(requests));
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).unwrap();
        let pings = sent.windows(5).filter(|bytes| *bytes == [0, 0, 8, 6, 0]).count();
        assert_eq!(pings, usize::from(without_calls), "{sent:?}");
        ending.join().unwrap();
    }
}

/// A flood that comes from the server, which may ping as it likes while the client sends.
#[test]
fn a_server_that_floods_loses_its_client() {
    let (requests, mut theirs) = client_within(&Limits { control_frames: 100, ..Limits::default() });
    let (mut pending, outbound) = requests.open(request(), None, None).unwrap();
    outbound.pump();
    theirs.write_all(&frame(6, 0, 0, b"datadata").repeat(130)).unwrap();
    pending.wait(Some(Instant::now() + LONG)).unwrap();
    let Err(Failure::Lost(why)) = pending.head() else { panic!("it was not lost") };
    assert!(why.contains("too many pings"), "{why}");
    assert!(!requests.is_usable());
    let words = loop {
        if let (7, 0, words) = next(&theirs) {
            break words;
        }
    };
    assert_eq!(words, b"\0\0\0\0\0\0\0\x0btoo_many_pings");
}

/// Heads of a response that say that another follows (1xx): h2 keeps each until somebody looks.
#[test]
fn a_server_that_answers_without_end_loses_its_client() {
    let (requests, mut theirs) = client();
    let (pending, outbound) = requests.open(request(), None, None).unwrap();
    outbound.pump();
    // `:status: 100` (RFC 7541 §6.2.1): 8 names the field, and 1 to 15 is what is added to the prefix.
    let more = frame(1, 4, 1, &[0x08, 3, b'1', b'0', b'0']);
    let flooding = thread::spawn(move || {
        let sent = (0..100_000).take_while(|_| theirs.write_all(&more).is_ok()).count();
        (sent, theirs)
    });
    assert!(requests.connection().drive_to_close(Some(Instant::now() + LONG)));
    let (sent, theirs) = flooding.join().unwrap();
    assert!(sent < 100_000, "all were kept");
    let words = loop {
        if let (7, 0, words) = next(&theirs) {
            break words;
        }
    };
    assert!(words.ends_with(b"too_many_responses"), "{words:?}");
    drop(pending);
}
