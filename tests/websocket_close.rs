//! The orderly end, at both ends: which code the wire and the handles see, that last words are not lost, that no end
//! waits for ever, and what is left to be done on a closed connection.

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

use std::io::Write;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use support::{
    LONG, Raw, RawServer, echo, in_time, is_timeout, limits, masked, masked_close, serve, serve_telling, serve_within,
};
use threadwire::Limits;
use threadwire::websocket::{self, CloseCode, CloseFrame, Connection, Error, HandlerResult, Message};

/// Long enough to be seen, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn what_the_handler_returns_becomes_the_close_code() {
    let returns: fn(Connection) -> HandlerResult = |_| Ok(());
    let fails: fn(Connection) -> HandlerResult = |_| Err("no more".into());
    // A panic without the words that the standard library writes about it.
    let panics: fn(Connection) -> HandlerResult = |_| resume_unwind(Box::new("an accident"));
    for (handler, code) in [(returns, 1000), (fails, 1011), (panics, 1011)] {
        let (server, _) = serve(handler);
        let mut raw = Raw::upgrade(server.local_addresses()[0]);
        assert_eq!(raw.close(), (code, String::new()));
        raw.write(&masked_close(code, ""));
        assert_eq!(raw.rest(), []);
        drop(raw);
        assert!(server.shutdown(LONG).is_clean());
    }
}

#[test]
fn a_clients_code_and_reason_reach_the_handler() {
    let (server, url, ends) = serve_telling(Limits::default());
    let mut socket = websocket::connect(&url).unwrap();
    socket.close(4000, "привет").unwrap();
    let Err(Error::ClosedByPeer(frame)) = ends.recv_timeout(LONG).unwrap() else { panic!("no close by the peer") };
    assert_eq!(frame, CloseFrame::new(4000, "привет"));
    // The answer has the same code (RFC 6455 §5.5.1).
    assert_eq!(socket.close_frame().unwrap().code, CloseCode(4000));
    assert_eq!(socket.receive().unwrap(), None);
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn a_handlers_code_and_reason_reach_the_client() {
    let (told, outcome) = mpsc::channel();
    let (_server, url) = serve(move |mut socket| {
        socket.send("before")?;
        told.send(socket.close(4001, "enough"))?;
        // The first who asks for the end says why.
        Err("too late".into())
    });
    let mut socket = websocket::connect(&url).unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("before")));
    let Err(Error::ClosedByPeer(frame)) = socket.receive_timeout(LONG) else { panic!("no close by the peer") };
    assert_eq!(frame, CloseFrame::new(4001, "enough"));
    assert_eq!(socket.close_frame(), Some(frame));
    outcome.recv_timeout(LONG).unwrap().unwrap();
}

#[test]
fn codes_that_say_that_nothing_went_wrong_are_a_clean_end() {
    for code in [CloseCode::NORMAL, CloseCode::GOING_AWAY, CloseCode::NO_CODE] {
        let (_server, url, ends) = serve_telling(Limits::default());
        let mut socket = websocket::connect(&url).unwrap();
        socket.close(code, "").unwrap();
        ends.recv_timeout(LONG).unwrap().unwrap();
        assert_eq!(socket.close_frame().unwrap().code, code);
    }
}

#[test]
fn codes_that_may_not_be_sent_are_refused_and_nothing_is_closed() {
    let (_server, url) = serve(echo);
    let mut socket = websocket::connect(&url).unwrap();
    for code in [0, 999, 1004, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        let refused = [socket.sender().start_close(code, "x"), socket.close(code, "x")];
        for outcome in refused {
            assert!(matches!(outcome, Err(Error::CloseCode(CloseCode(found))) if found == code), "{outcome:?}");
        }
    }
    socket.send("still there").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("still there")));
}

#[test]
fn a_client_that_breaks_the_protocol_is_told_and_the_handler_too() {
    let small = limits(|limits| {
        limits.websocket_message_bytes = 1000;
        limits.websocket_frame_bytes = 800;
    });
    for (bytes, code) in [
        (b"\x81\x01a".to_vec(), 1002),
        (masked(0xc1, b"a reserved bit"), 1002),
        (masked(0x83, b"an opcode that is none"), 1002),
        (masked(0x80, b"continues nothing"), 1002),
        ([masked(0x01, b"one"), masked(0x01, b"and another")].concat(), 1002),
        (masked(0x09, b"half a Ping"), 1002),
        (masked(0x89, &[0; 126]), 1002),
        (masked(0x88, b"x"), 1002),
        (masked(0x81, b"\xff\xfe"), 1007),
        ([masked(0x01, b"\xd0"), masked(0x80, b"x")].concat(), 1007),
        (masked(0x82, &[0; 801]), 1009),
        ([masked(0x02, &[0; 600]), masked(0x80, &[0; 600])].concat(), 1009),
        // What follows a frame's head that announces too much is not waited for.
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1009),
    ] {
        let (server, _, ends) = serve_telling(small.clone());
        let mut raw = Raw::upgrade(server.local_addresses()[0]);
        raw.write(&[masked(0x81, b"a message before"), bytes.clone()].concat());
        assert_eq!(raw.close().0, code, "{bytes:x?}");
        // Nothing of the handler's own end (1011) follows.
        assert_eq!(raw.rest(), [], "{bytes:x?}");
        match ends.recv_timeout(LONG).unwrap() {
            Err(Error::Protocol { close_code, .. }) => assert_eq!(close_code, CloseCode(code), "{bytes:x?}"),
            Err(Error::TooBig { limit, .. }) => assert!(code == 1009 && (limit == 800 || limit == 1000)),
            other => panic!("{bytes:x?}: {other:?}"),
        }
    }
}

#[test]
fn a_server_that_breaks_the_protocol_is_told_and_the_client_too() {
    for (bytes, code) in [
        (masked(0x81, b"masked"), 1002),
        (b"\x83\0".to_vec(), 1002),
        (b"\x81\x01\xff".to_vec(), 1007),
        (b"\x82\x7e\x04\0".to_vec(), 1009),
    ] {
        let small = limits(|limits| limits.websocket_frame_bytes = 1000);
        let (mut socket, mut raw) = RawServer::established(small, &bytes);
        let told = raw.client_frame();
        assert_eq!((told.first, told.payload), (0x88, u16::to_be_bytes(code).to_vec()), "{bytes:x?}");
        assert_eq!(raw.rest(), [], "{bytes:x?}");
        match socket.receive_timeout(LONG) {
            Err(Error::Protocol { close_code, .. }) => assert_eq!(close_code, CloseCode(code), "{bytes:x?}"),
            Err(Error::TooBig { length, limit }) => assert_eq!((code, length, limit), (1009, 1024, 1000)),
            other => panic!("{bytes:x?}: {other:?}"),
        }
    }
}

#[test]
fn what_came_before_the_end_is_received_before_it() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let (told, seen) = mpsc::channel();
    let (server, _) = serve(move |mut socket| {
        wait.lock().unwrap().recv()?;
        let mut all = Vec::new();
        let end = loop {
            match socket.receive() {
                Ok(Some(message)) => all.push(message.into_text()?),
                end => break format!("{end:?}"),
            }
        };
        told.send((all, end))?;
        Ok(())
    });
    let messages = [masked(0x81, b"one"), masked(0x81, b"two")].concat();
    for (last, end) in [
        (masked_close(1000, ""), "Ok(None)"),
        (masked_close(4000, "x"), "Err(ClosedByPeer(CloseFrame { code: CloseCode(4000), reason: \"x\" }))"),
        (masked(0x83, b""), "Err(Protocol {"),
        (Vec::new(), "Err(Aborted)"),
        // Half a frame is no message.
        (masked(0x81, b"three")[..8].to_vec(), "Err(Aborted)"),
    ] {
        let mut raw = Raw::upgrade(server.local_addresses()[0]);
        raw.write(&[messages.clone(), last].concat());
        raw.end_output();
        // All of it has been read: the server has ended its side too.
        raw.rest();
        go.send(()).unwrap();
        let (all, found) = seen.recv_timeout(LONG).unwrap();
        assert_eq!(all, ["one", "two"]);
        assert!(found.starts_with(end), "{found}, expected {end}");
    }
}

#[test]
fn last_words_reach_a_peer_that_was_still_sending() {
    let (server, _) = serve(|socket| {
        socket.send("last words")?;
        Ok(())
    });
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let mut writing = raw.other();
    let writer = thread::spawn(move || {
        for _ in 0..64 {
            writing.write(&masked(0x82, &[1; 16 * 1024]));
        }
        writing.write(&masked_close(1000, ""));
    });
    writer.join().unwrap();
    assert_eq!(raw.frame().payload, b"last words");
    assert_eq!(raw.close().0, 1000);
    // Ends, and is not reset.
    assert_eq!(raw.rest(), []);
    drop(raw);
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn the_answer_to_a_close_or_a_violation_is_not_lost_behind_unread_input() {
    let (server, _, _ends) = serve_telling(Limits::default());
    for (last, code) in [(masked_close(1000, ""), 1000), (masked(0x83, b""), 1002)] {
        let mut raw = Raw::upgrade(server.local_addresses()[0]);
        raw.write(&[last, vec![0; 200 * 1024]].concat());
        assert_eq!(raw.close().0, code);
        assert_eq!(raw.rest(), []);
    }
    assert!(server.shutdown(LONG).is_clean());
}

#[test]
fn all_that_was_sent_arrives_before_the_close() {
    let (_server, url) = serve(|socket| {
        for number in 0..1000 {
            socket.send(format!("{number} {}", "x".repeat(1000)))?;
        }
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    for number in 0..1000 {
        let message = socket.receive_timeout(LONG).unwrap().unwrap();
        assert!(message.to_text().unwrap().starts_with(&format!("{number} ")));
    }
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
    assert_eq!(socket.close_frame(), Some(CloseFrame::new(CloseCode::NORMAL, "")));
}

#[test]
fn a_client_that_never_answers_a_close_is_cut_at_its_time() {
    let (server, _) = serve_within(limits(|limits| limits.close_timeout = SHORT), |_| Ok(()));
    let begin = Instant::now();
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    assert_eq!(raw.close().0, 1000);
    assert_eq!(raw.rest(), []);
    assert!(begin.elapsed() >= SHORT, "cut after {:?}", begin.elapsed());
    assert!(server.shutdown(LONG).is_clean());
    assert!(begin.elapsed() < LONG / 2, "gone after {:?}", begin.elapsed());
}

#[test]
fn a_client_that_reads_nothing_is_cut_too() {
    let (server, _) = serve_within(limits(|limits| limits.close_timeout = SHORT), |socket| {
        // Far more than the system takes: most of it is still owed when the handler returns.
        while socket.try_send(vec![0; 64 * 1024])?.is_none() {}
        Ok(())
    });
    let raw = Raw::upgrade(server.local_addresses()[0]);
    let begin = Instant::now();
    assert!(server.shutdown(LONG).is_clean());
    assert!(begin.elapsed() < LONG / 2, "gone after {:?}", begin.elapsed());
    drop(raw);
}

#[test]
fn a_close_that_the_server_never_answers_ends_at_its_time() {
    // Several times: it must not depend on which of two clocks is looked at first.
    for _ in 0..20 {
        let time = Duration::from_millis(10);
        let (mut socket, mut raw) = RawServer::established(limits(|limits| limits.close_timeout = time), b"");
        let sender = socket.sender();
        // Somebody else waits too, and may be the one who reads.
        let pinging = thread::spawn(move || sender.ping(LONG));
        assert_eq!(raw.client_frame().first, 0x89);
        let begin = Instant::now();
        let outcome = socket.close(1000, "");
        assert!(matches!(outcome, Err(Error::Aborted)), "{outcome:?}");
        let pinged = pinging.join().unwrap();
        assert!(matches!(pinged, Err(Error::Aborted)), "{pinged:?}");
        assert!(begin.elapsed() >= time, "{:?}", begin.elapsed());
        assert_eq!(raw.client_frame().payload, 1000_u16.to_be_bytes());
        assert_eq!(raw.rest(), []);
        let after = socket.receive_timeout(LONG);
        assert!(matches!(after, Err(Error::Aborted)), "{after:?}");
    }
}

#[test]
fn a_close_can_be_waited_for_less_long_and_goes_on() {
    let (mut socket, mut raw) = RawServer::established(Limits::default(), b"");
    let outcome = socket.close_timeout(4000, "x", Duration::from_millis(20));
    assert!(is_timeout(&outcome), "{outcome:?}");
    assert_eq!(raw.client_frame().payload, b"\x0f\xa0x");
    raw.write(b"\x88\x02\x0f\xa0");
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
    assert_eq!(raw.rest(), []);
}

#[test]
fn messages_that_the_peer_sent_before_its_answer_are_still_received() {
    let (mut socket, mut raw) = RawServer::established(Limits::default(), b"");
    socket.sender().start_close(1000, "").unwrap();
    assert_eq!(raw.client_frame().first, 0x88);
    raw.write(b"\x81\x05still\x88\x02\x03\xe8");
    socket.close(1000, "").unwrap();
    assert_eq!(socket.receive_timeout(LONG).unwrap(), Some(Message::from("still")));
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
}

#[test]
fn nothing_can_be_sent_after_a_close() {
    let closed = |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::Closed)), "{outcome:?}");
    let (keep, kept) = mpsc::channel();
    let (_server, url) = serve(move |mut socket| {
        keep.send(socket.sender())?;
        socket.receive()?;
        Ok(())
    });
    let mut socket = websocket::connect(&url).unwrap();
    let sender = socket.sender();
    socket.close(1000, "").unwrap();
    closed(socket.send("x"));
    closed(socket.send_timeout("x", LONG));
    closed(socket.try_send("x").map(|_| ()));
    closed(socket.ping(LONG).map(|_| ()));
    closed(sender.send("x"));
    closed(sender.send_timeout("x", LONG));
    closed(sender.try_send("x").map(|_| ()));
    closed(sender.ping(LONG).map(|_| ()));
    // Closing twice is closing once.
    socket.close(4000, "").unwrap();
    sender.start_close(4000, "").unwrap();
    assert_eq!(socket.close_frame().unwrap().code, CloseCode::NORMAL);

    // The same at the end that was asked, whose handler has returned.
    let pushing = kept.recv_timeout(LONG).unwrap();
    closed(in_time(move || {
        let end = pushing.send("x");
        drop(pushing);
        end
    }));
}

#[test]
fn a_handler_that_has_returned_does_not_mind_a_peer_that_goes_on() {
    let (server, _) = serve_within(limits(|limits| limits.close_timeout = SHORT), |_| Ok(()));
    let mut raw = Raw::upgrade(server.local_addresses()[0]);
    let mut writing = raw.other();
    // Sends until it is cut off.
    let writer = thread::spawn(move || while writing.0.write_all(&masked(0x82, &[1; 16 * 1024])).is_ok() {});
    assert_eq!(raw.close().0, 1000);
    assert!(server.shutdown(LONG).is_clean());
    writer.join().unwrap();
}

#[test]
fn a_client_that_only_sends_learns_why_the_server_closed() {
    let (_server, url) = serve(|_| Err("not now".into()));
    let mut socket = websocket::connect(&url).unwrap();
    let outcome = loop {
        if let Err(error) = socket.send_timeout(vec![0; 1000], LONG) {
            break error;
        }
    };
    assert!(matches!(outcome, Error::Closed), "{outcome:?}");
    let end = socket.receive_timeout(LONG);
    assert!(matches!(&end, Err(Error::ClosedByPeer(frame)) if frame.code == CloseCode::INTERNAL_ERROR), "{end:?}");
}

#[test]
fn a_client_that_is_dropped_closes_with_1000() {
    let (socket, mut raw) = RawServer::established(Limits::default(), b"");
    socket.send("before").unwrap();
    let sender = socket.sender();
    // Nobody reads at the other end yet.
    raw.write(b"\x81\x07unheard");
    drop(socket.split().0);
    assert_eq!(raw.client_frame().payload, b"before");
    assert_eq!(raw.client_frame().payload, 1000_u16.to_be_bytes());
    raw.write(b"\x88\x02\x03\xe8");
    assert_eq!(raw.rest(), []);
    assert!(matches!(sender.send("x"), Err(Error::Closed)));
    let (mut socket, raw) = RawServer::established(Limits::default(), b"");
    drop(raw);
    let end = socket.receive_timeout(LONG);
    assert!(matches!(end, Err(Error::Aborted)), "{end:?}");
}

#[test]
fn both_may_close_at_once() {
    let (mut socket, mut raw) = RawServer::established(Limits::default(), b"");
    let sender = socket.sender();
    sender.start_close(4001, "mine").unwrap();
    raw.write(b"\x88\x02\x0f\xa2");
    assert_eq!(socket.receive_timeout(LONG).unwrap(), None);
    assert_eq!(raw.client_frame().payload, b"\x0f\xa1mine");
    assert_eq!(raw.rest(), []);
    assert_eq!(socket.close_frame().unwrap().code, CloseCode(4002));
}

#[test]
fn times_that_no_clock_can_show_are_as_good_as_none() {
    let endless = limits(|limits| {
        limits.handshake_timeout = Duration::MAX;
        limits.connect_timeout = Duration::MAX;
        limits.write_timeout = Duration::MAX;
        limits.close_timeout = Duration::MAX;
    });
    let (server, url) = serve_within(endless.clone(), echo);
    let client = websocket::Client::new().limits(endless).timeout(Duration::MAX);
    let mut socket = client.connect(&url).unwrap();
    socket.send_timeout("there and back", Duration::MAX).unwrap();
    assert_eq!(socket.receive_timeout(Duration::MAX).unwrap(), Some(Message::from("there and back")));
    socket.ping(Duration::MAX).unwrap();
    socket.close_timeout(1000, "", Duration::MAX).unwrap();
    assert!(in_time(move || server.shutdown(Duration::MAX)).is_clean());
}
