//! Sending while nobody, or somebody else, receives: pushes from other threads, order, pings, gathering, and
//! back-pressure in both directions.

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

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use support::{LONG, Raw, RawServer, echo, in_time, is_timeout, limits, masked, serve, serve_telling, serve_within};
use threadwire::Limits;
use threadwire::websocket::{self, Connection, Error, HandlerResult, Message, Sender, ServerHandle};

/// Pieces of back-pressure: large enough that the system's own buffers are soon full.
const PIECE: usize = 16 * 1024;

/// A server whose handler gives its sender away and then does `work`.
fn serve_pushing(
    limits: Limits,
    work: impl Fn(&mut Connection) -> HandlerResult + Send + Sync + 'static,
) -> (ServerHandle, String, mpsc::Receiver<Sender>) {
    let (give, given) = mpsc::channel();
    let (server, url) = serve_within(limits, move |mut socket| {
        give.send(socket.sender())?;
        work(&mut socket)
    });
    (server, url, given)
}

/// Work that does nothing with the connection until the channel's other end is dropped (or for far too long).
fn idle() -> (impl Fn(&mut Connection) -> HandlerResult + Send + Sync + 'static, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let work = move |_: &mut Connection| {
        // Either end of this wait is the right one.
        let _ = released.lock().unwrap().recv_timeout(LONG);
        Ok(())
    };
    (work, release)
}

fn text(socket: &mut Connection) -> String {
    socket.receive_timeout(LONG).unwrap().unwrap().into_text().unwrap()
}

/// Pushes from several threads at once, and sees that all arrive, each thread's in its order.
fn push_and_count(socket: &mut Connection, sender: &Sender) {
    const PUSHERS: usize = 4;
    const MESSAGES: usize = 500;
    let mut last = HashMap::new();
    thread::scope(|scope| {
        for pusher in 0..PUSHERS {
            let sender = sender.clone();
            scope.spawn(move || {
                for number in 0..MESSAGES {
                    sender.send_timeout(format!("{pusher} {number}"), LONG).unwrap();
                }
            });
        }
        for _ in 0..PUSHERS * MESSAGES {
            let message = text(socket);
            let (pusher, number) = message.split_once(' ').unwrap();
            let number: usize = number.parse().unwrap();
            assert_eq!(last.insert(pusher.to_owned(), number), number.checked_sub(1), "order of pusher {pusher}");
        }
    });
    assert_eq!(last.values().copied().collect::<Vec<_>>(), [MESSAGES - 1; PUSHERS]);
}

#[test]
fn pushes_arrive_while_the_handler_receives() {
    let (_server, url, given) = serve_pushing(Limits::default(), |socket| {
        socket.receive()?;
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    push_and_count(&mut socket, &given.recv_timeout(LONG).unwrap());
    socket.close(1000, "").unwrap();
}

#[test]
fn pushes_arrive_while_the_handler_does_something_else() {
    let (work, _release) = idle();
    let (_server, url, given) = serve_pushing(Limits::default(), work);
    let mut socket = websocket::connect(&url).unwrap();
    push_and_count(&mut socket, &given.recv_timeout(LONG).unwrap());
}

#[test]
fn a_push_larger_than_all_buffers_arrives_while_the_handler_does_something_else() {
    let (work, _release) = idle();
    let (_server, url, given) = serve_pushing(Limits::default(), work);
    let mut socket = websocket::connect(&url).unwrap();
    let sender = given.recv_timeout(LONG).unwrap();
    // Accepted whole, into an empty outbox; the attendant sends the rest of it.
    sender.send(vec![7; 16 << 20]).unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap().unwrap().len(), 16 << 20);
    sender.send("and the next").unwrap();
    assert_eq!(text(&mut socket), "and the next");
}

#[test]
fn a_client_pushes_while_it_does_not_receive() {
    let (told, came) = mpsc::channel();
    let (_server, url) = serve(move |mut socket| {
        while let Some(message) = socket.receive()? {
            told.send(message.into_text()?)?;
        }
        Ok(())
    });
    let socket = websocket::connect(&url).unwrap();
    for number in 0..100 {
        socket.send(format!("{number}")).unwrap();
    }
    for number in 0..100 {
        assert_eq!(came.recv_timeout(LONG).unwrap(), format!("{number}"));
    }
}

/// A handler that leaves messages in its inbox, so that its answer to the first gathers.
fn serve_gathering(after: impl Fn(&Connection) + Send + Sync + 'static) -> (ServerHandle, Raw, mpsc::Sender<()>) {
    let (work, release) = idle();
    let (server, _) = serve(move |mut socket| {
        let first = socket.receive()?.ok_or("no message")?;
        socket.send(first)?;
        after(&socket);
        work(&mut socket)
    });
    let mut raw = Raw::connect(server.local_addresses()[0]);
    let frames = [masked(0x81, b"one"), masked(0x81, b"two")].concat();
    raw.write(&[support::request(server.local_addresses()[0]), frames].concat());
    assert!(raw.head().starts_with("HTTP/1.1 101 "));
    (server, raw, release)
}

#[test]
fn what_gathers_leaves_although_the_handler_never_receives_again() {
    let (_server, mut raw, _release) = serve_gathering(|_| {});
    assert_eq!(raw.frame().payload, b"one");
}

#[test]
fn what_gathers_leaves_on_flush() {
    let (_server, mut raw, _release) = serve_gathering(Connection::flush);
    assert_eq!(raw.frame().payload, b"one");
}

#[test]
fn what_gathers_leaves_before_what_another_thread_sends() {
    let (_server, mut raw, _release) = serve_gathering(|socket| {
        let sender = socket.sender();
        thread::spawn(move || sender.send("pushed").unwrap()).join().unwrap();
    });
    assert_eq!(raw.frame().payload, b"one");
    assert_eq!(raw.frame().payload, b"pushed");
}

#[test]
fn a_ping_is_answered_and_measured_whatever_the_other_side_does() {
    let (work, release) = idle();
    let (_server, url, given) = serve_pushing(Limits::default(), work);
    let socket = websocket::connect(&url).unwrap();
    let sender = given.recv_timeout(LONG).unwrap();
    for ping in [&(|| socket.ping(LONG)) as &dyn Fn() -> Result<Duration, Error>, &|| sender.ping(LONG)] {
        let begin = Instant::now();
        let measured = ping().unwrap();
        assert!(measured > Duration::ZERO && measured <= begin.elapsed());
        // The best of some: a busy machine may keep any one from its processor.
        assert!((0..10).map(|_| ping().unwrap()).min().unwrap() < Duration::from_millis(100));
    }
    drop(release);
}

#[test]
fn a_ping_measures_until_its_own_pong() {
    let (server, _, given) = serve_pushing(Limits::default(), |socket| Ok(socket.receive().map(|_| ())?));
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let sender = given.recv_timeout(LONG).unwrap();
    let pinging = thread::spawn(move || (sender.ping(LONG).unwrap(), sender));
    let ping = raw.frame();
    assert_eq!(ping.first, 0x89);
    let held = Instant::now();
    // Pongs that nobody asked for are allowed, and answer nothing.
    raw.write(&[masked(0x8a, b""), masked(0x8a, b"something"), masked(0x8a, &[0xff; 8])].concat());
    // A Ping of this side, whose answer says that those Pongs have been read.
    raw.write(&masked(0x89, b"read?"));
    assert_eq!(raw.frame().payload, b"read?");
    assert!(!pinging.is_finished());
    let held = held.elapsed();
    raw.write(&masked(0x8a, &ping.payload));
    let (measured, sender) = pinging.join().unwrap();
    assert!(measured >= held, "measured {measured:?}, held for {held:?}");

    // One that is not answered ends at its time, and harms nothing.
    assert!(is_timeout(&sender.ping(Duration::from_millis(20))));
    let unanswered = raw.frame();
    let pinging = thread::spawn(move || (sender.ping(LONG), sender));
    let ping = raw.frame();
    raw.write(&masked(0x8a, &unanswered.payload));
    // A Pong of the last Ping answers those before it too (RFC 6455 §5.5.3).
    raw.write(&masked(0x8a, &ping.payload));
    pinging.join().unwrap().0.unwrap();
}

#[test]
fn a_ping_ends_with_the_connection() {
    let (socket, mut raw) = RawServer::established(Limits::default(), b"");
    let sender = socket.sender();
    let pinging = thread::spawn(move || sender.ping(LONG));
    assert_eq!(raw.client_frame().first, 0x89);
    raw.write(b"\x88\x02\x0f\xa0");
    let outcome = pinging.join().unwrap();
    assert!(matches!(&outcome, Err(Error::ClosedByPeer(frame)) if frame.code.0 == 4000), "{outcome:?}");
    drop(socket);
}

/// Sends until a message comes back; answers how many were taken.
fn send_until_full(try_send: impl Fn(Message) -> Result<Option<Message>, Error>) -> usize {
    for number in 0..100_000 {
        if let Some(back) = try_send(piece(number)).unwrap() {
            assert_eq!(back, piece(number));
            return number;
        }
    }
    panic!("never full")
}

fn piece(number: usize) -> Message {
    Message::from(format!("{number:<PIECE$}"))
}

#[test]
fn a_peer_that_does_not_read_makes_sending_wait_and_loses_nothing() {
    let (work, release) = idle();
    let (server, _, given) = serve_pushing(limits(|limits| limits.outbox_bytes = 64 * 1024), work);
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let sender = given.recv_timeout(LONG).unwrap();
    let mut taken = send_until_full(|message| sender.try_send(message));
    // The attendant may still find room in the system's buffers: full is when a wait does not help.
    while !is_timeout(&sender.send_timeout(piece(taken), Duration::from_millis(50))) {
        taken += 1;
    }
    let sending = thread::spawn(move || {
        sender.send_timeout("after all", LONG).unwrap();
        sender
    });
    for number in 0..taken {
        assert!(raw.frame().payload == piece(number).data(), "message {number} of {taken}");
    }
    assert_eq!(raw.frame().payload, b"after all");
    assert_eq!(sending.join().unwrap().try_send("room again").unwrap(), None);
    assert_eq!(raw.frame().payload, b"room again");
    drop(release);
    assert_eq!(raw.close().0, 1000);
}

#[test]
fn a_handler_that_does_not_receive_makes_its_client_wait_and_loses_nothing() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (told, came) = mpsc::channel();
    let (_server, url) = serve(move |mut socket| {
        wait.lock().unwrap().recv_timeout(LONG)?;
        while let Some(message) = socket.receive()? {
            told.send(message)?;
        }
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    let mut taken = send_until_full(|message| socket.try_send(message));
    while !is_timeout(&socket.send_timeout(piece(taken), Duration::from_millis(50))) {
        taken += 1;
    }
    go.send(()).unwrap();
    socket.send_timeout("after all", LONG).unwrap();
    for number in 0..taken {
        assert!(came.recv_timeout(LONG).unwrap() == piece(number), "message {number} of {taken}");
    }
    assert_eq!(came.recv_timeout(LONG).unwrap(), Message::from("after all"));
    socket.close(1000, "").unwrap();
}

#[test]
fn two_that_both_send_first_do_not_block_each_other() {
    const MESSAGES: usize = 1000;
    // Room for all of it in the inbox, and little elsewhere: who waits for room must read meanwhile.
    let roomy = limits(|limits| {
        limits.inbox_bytes = 2 * MESSAGES * PIECE;
        limits.outbox_bytes = 64 * 1024;
    });
    let exchange = |socket: &mut Connection| -> HandlerResult {
        for number in 0..MESSAGES {
            socket.send(piece(number))?;
        }
        for number in 0..MESSAGES {
            assert!(socket.receive()?.as_ref() == Some(&piece(number)), "message {number}");
        }
        Ok(())
    };
    let (told, outcome) = mpsc::channel();
    let (_server, url) = serve_within(roomy.clone(), move |mut socket| Ok(told.send(exchange(&mut socket))?));
    let mut socket = websocket::Client::new().limits(roomy).connect(&url).unwrap();
    in_time(move || exchange(&mut socket).map(|()| socket)).unwrap();
    outcome.recv_timeout(LONG).unwrap().unwrap();
}

#[test]
fn two_that_both_wait_beyond_all_buffers_are_ended_by_their_time_and_lose_nothing() {
    let full = |socket: &mut Connection| {
        let mut taken = send_until_full(|message| socket.try_send(message));
        while !is_timeout(&socket.send_timeout(piece(taken), Duration::from_millis(50))) {
            taken += 1;
        }
        taken
    };
    let (told, counts) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (_server, url) = serve(move |mut socket| {
        told.send(full(&mut socket))?;
        wait.lock().unwrap().recv_timeout(LONG)?;
        echo(socket)
    });
    let mut socket = websocket::connect(&url).unwrap();
    let sent = full(&mut socket);
    let pushed = counts.recv_timeout(LONG).unwrap();
    go.send(()).unwrap();
    for number in 0..pushed {
        assert!(socket.receive_timeout(LONG).unwrap() == Some(piece(number)), "pushed message {number}");
    }
    for number in 0..sent {
        assert!(socket.receive_timeout(LONG).unwrap() == Some(piece(number)), "message {number} that came back");
    }
}

#[test]
fn a_small_inbox_passes_everything_on() {
    let narrow = limits(|limits| {
        limits.inbox_bytes = 1;
        limits.outbox_bytes = 1;
    });
    let (_server, url) = serve_within(narrow.clone(), echo);
    let (mut receiver, sender) = websocket::Client::new().limits(narrow).connect(&url).unwrap().split();
    let sending = thread::spawn(move || {
        for number in 0..500 {
            sender.send_timeout(format!("{number}"), LONG).unwrap();
        }
    });
    for number in 0..500 {
        assert_eq!(receiver.receive_timeout(LONG).unwrap(), Some(Message::from(format!("{number}"))));
    }
    sending.join().unwrap();
}

#[test]
fn halves_work_on_two_threads_at_both_ends() {
    const MESSAGES: usize = 5000;
    fn both(socket: Connection) -> HandlerResult {
        let (mut receiver, sender) = socket.split();
        let sending = thread::spawn(move || {
            for number in 0..MESSAGES {
                sender.send_timeout(format!("{number}"), LONG)?;
            }
            Ok::<_, Error>(sender)
        });
        for number in 0..MESSAGES {
            assert_eq!(receiver.receive_timeout(LONG)?, Some(Message::from(format!("{number}"))));
        }
        let sender = sending.join().unwrap()?;
        // Nobody leaves before the other has all.
        sender.send("done")?;
        assert_eq!(receiver.receive_timeout(LONG)?, Some(Message::from("done")));
        Ok(())
    }
    let (told, outcome) = mpsc::channel();
    let (_server, url) = serve(move |socket| Ok(told.send(both(socket))?));
    both(websocket::connect(&url).unwrap()).unwrap();
    outcome.recv_timeout(LONG).unwrap().unwrap();
}

#[test]
fn another_thread_ends_a_blocked_receive() {
    // On a client.
    let (_server, url, ends) = serve_telling(Limits::default());
    let (mut receiver, sender) = websocket::connect(&url).unwrap().split();
    let (began, begun) = mpsc::channel();
    let receiving = thread::spawn(move || {
        began.send(()).unwrap();
        (receiver.receive(), receiver.close_frame())
    });
    begun.recv_timeout(LONG).unwrap();
    sender.start_close(1000, "enough").unwrap();
    let (outcome, answer) = in_time(move || receiving.join().unwrap());
    assert_eq!(outcome.unwrap(), None);
    assert_eq!(answer.unwrap().code.0, 1000);
    ends.recv_timeout(LONG).unwrap().unwrap();

    // On a server.
    let (told, ends) = mpsc::channel();
    let (_server, url, given) =
        serve_pushing(Limits::default(), move |socket| Ok(told.send(socket.receive().map(|_| ()))?));
    let mut socket = websocket::connect(&url).unwrap();
    given.recv_timeout(LONG).unwrap().start_close(4000, "enough").unwrap();
    ends.recv_timeout(LONG).unwrap().unwrap();
    let end = socket.receive_timeout(LONG);
    assert!(matches!(&end, Err(Error::ClosedByPeer(frame)) if frame.to_string() == "4000: enough"), "{end:?}");
}

#[test]
fn another_thread_ends_a_blocked_send() {
    let hasty = limits(|limits| limits.close_timeout = Duration::from_millis(100));
    let (work, _release) = idle();
    let (server, _, given) = serve_pushing(hasty, work);
    let raw = Raw::upgrade(server.local_addresses()[0]);
    let sender = given.recv_timeout(LONG).unwrap();
    let closing = sender.clone();
    let sending = thread::spawn(move || {
        loop {
            if let Err(error) = sender.send(piece(0)) {
                break error;
            }
        }
    });
    closing.start_close(1001, "").unwrap();
    let outcome = in_time(move || sending.join().unwrap());
    assert!(matches!(outcome, Error::Closed), "{outcome:?}");
    drop(raw);
}

#[test]
fn a_peer_that_takes_nothing_for_too_long_is_given_up() {
    let hasty = limits(|limits| limits.write_timeout = Duration::from_millis(100));
    let (told, ends) = mpsc::channel();
    let (server, _) = serve_within(hasty, move |mut socket| {
        let sent = loop {
            if let Err(error) = socket.send_timeout(piece(0), LONG) {
                break error;
            }
        };
        told.send((sent, socket.receive()))?;
        Ok(())
    });
    let raw = Raw::upgrade(server.local_addresses()[0]);
    let (sent, end) = ends.recv_timeout(LONG).unwrap();
    assert!(matches!(sent, Error::Closed), "{sent:?}");
    let Err(Error::Local(threadwire::Error::Io { source, .. })) = end else { panic!("{end:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::TimedOut, "{source}");
    drop(raw);
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn a_peer_that_pings_and_takes_no_answer_is_not_read_for_ever() {
    let (server, _) = serve_within(limits(|limits| limits.control_frames = usize::MAX), echo);
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let pings = masked(0x89, &[b'x'; 125]).repeat(1000);
    raw.0.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut sent = 0;
    let blocked = loop {
        match raw.0.write(&pings[sent % pings.len()..]) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < 64 << 20, "{sent} bytes of Pings have been read, and their answers kept");
    };
    assert!(matches!(blocked.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{blocked}");
    // All that were sent whole are answered as soon as the answers are taken.
    for _ in 0..sent / masked(0x89, &[b'x'; 125]).len() {
        assert_eq!(raw.frame().first, 0x8a);
    }
}

#[test]
fn receiving_can_be_waited_for_or_not() {
    let (_server, url, given) = serve_pushing(Limits::default(), |socket| Ok(socket.receive().map(|_| ())?));
    let mut socket = websocket::connect(&url).unwrap();
    assert_eq!(socket.try_receive().unwrap(), None);
    assert!(is_timeout(&socket.receive_timeout(Duration::from_millis(5))));
    given.recv_timeout(LONG).unwrap().send("now").unwrap();
    assert_eq!(text(&mut socket), "now");
    assert_eq!(socket.try_receive().unwrap(), None);
    socket.close(1000, "").unwrap();
    assert_eq!(socket.try_receive().unwrap(), Some(None));
}
