//! The protocol's face at byte level: events at every split point, what is answered, how each end is told.

use super::{Event, Failure, Protocol, Role, State};
use crate::Limits;
use crate::websocket::{CloseCode, CloseFrame, Error, Message};

fn end(role: Role) -> Protocol {
    let limits = Limits { websocket_message_bytes: 1000, websocket_frame_bytes: 900, ..Limits::default() };
    Protocol::new(role, &limits)
}

/// A frame as a client sends it, with the mask 0.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

fn events(protocol: &mut Protocol, bytes: &[u8]) -> Vec<Event> {
    protocol.receive_data(bytes);
    std::iter::from_fn(|| protocol.next_event()).collect()
}

fn text(text: &str) -> Event {
    Event::Message(Message::from(text))
}

#[test]
fn every_split_point_gives_the_same_events_and_answers() {
    let script = [
        masked(0x81, "Привет".as_bytes()),
        masked(0x01, "фраг".as_bytes()),
        masked(0x89, b"ping"),
        masked(0x80, "менты".as_bytes()),
        masked(0x82, &[]),
        masked(0x8a, b"pong"),
        masked(0x88, b"\x0f\xa0bye"),
    ]
    .concat();
    let expected = [
        text("Привет"),
        Event::Ping("ping".into()),
        text("фрагменты"),
        Event::Message(Message::from(Vec::new())),
        Event::Pong("pong".into()),
        Event::Close(CloseFrame::new(4000, "bye")),
    ];
    for split in 0..=script.len() {
        let mut server = end(Role::Server);
        let mut seen = events(&mut server, &script[..split]);
        seen.extend(events(&mut server, &script[split..]));
        assert_eq!(seen, expected, "split at {split}");
        assert_eq!(server.data_to_send().as_ref(), b"\x8a\x04ping\x88\x05\x0f\xa0bye");
        assert_eq!(server.state(), State::Closed);
    }
    let mut server = end(Role::Server);
    let seen: Vec<Event> = script.iter().flat_map(|byte| events(&mut server, &[*byte])).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_which_way() {
    for (bytes, code) in [
        (b"\x81\x01a".to_vec(), 1002),
        (masked(0xc1, b"rsv1"), 1002),
        (masked(0x83, b"opcode 3"), 1002),
        (masked(0x80, b"continues nothing"), 1002),
        (masked(0x09, b"fragmented ping"), 1002),
        (masked(0x88, b"x"), 1002),
        (masked(0x81, b"\xff"), 1007),
        (masked(0x88, b"\x03\xe8\xff"), 1007),
        (b"\x82\xfe\x03\x85\0\0\0\0".to_vec(), 1009),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(), 1009),
    ] {
        let mut server = end(Role::Server);
        let seen = events(&mut server, &bytes);
        let [Event::Failed(failure)] = &seen[..] else { panic!("{bytes:x?}: {seen:?}") };
        assert_eq!(failure.close_code(), CloseCode(code), "{bytes:x?}");
        let notice = server.data_to_send();
        assert_eq!(notice[..2], [0x88, 2]);
        assert_eq!(u16::from_be_bytes([notice[2], notice[3]]), code);
        assert!(matches!(server.send("late".into()), Err(Error::Closed)));
    }
}

#[test]
fn a_message_of_many_fragments_has_the_limit_of_a_message() {
    let mut server = end(Role::Server);
    let mut bytes = masked(0x02, &[0; 100]);
    for _ in 0..10 {
        bytes.extend(masked(0x00, &[0; 100]));
    }
    assert_eq!(events(&mut server, &bytes), [Event::Failed(Failure::TooBig { length: 1100, limit: 1000 })]);
}

#[test]
fn a_message_of_too_many_fragments_is_broken_off() {
    let limits = Limits { websocket_fragments: 3, ..Limits::default() };
    let mut script = [masked(0x01, b"a"), masked(0x00, b""), masked(0x89, b""), masked(0x00, b"b")].concat();
    script.extend(masked(0x80, b"c"));
    let whole = script.len();
    script.extend([masked(0x02, b""), masked(0x00, b""), masked(0x00, b""), masked(0x00, b"never")].concat());
    let rule = "a message has at most 3 fragments";
    for split in 0..=script.len() {
        let mut server = Protocol::new(Role::Server, &limits);
        let mut seen = events(&mut server, &script[..split]);
        assert_eq!(server.is_within_message() || seen.len() > 2, ![0, whole].contains(&split), "{split}");
        seen.extend(events(&mut server, &script[split..]));
        let broken = Failure::Rule { close_code: CloseCode::POLICY_VIOLATION, rule: rule.to_owned() };
        assert_eq!(seen, [Event::Ping("".into()), text("abc"), Event::Failed(broken)], "{split}");
        let told = server.data_to_send();
        assert_eq!(told[..6], [0x8a, 0, 0x88, 2 + 33, 0x03, 0xf0]);
        assert_eq!(&told[6..], rule.as_bytes());
        assert_eq!(server.next_event(), None);
    }
}

#[test]
fn a_masked_frame_from_a_server_is_a_violation() {
    let mut client = end(Role::Client);
    let seen = events(&mut client, &masked(0x81, b"x"));
    assert!(matches!(&seen[..], [Event::Failed(failure)] if failure.close_code() == CloseCode::PROTOCOL_ERROR));
}

#[test]
fn our_close_is_answered_and_only_then_over() {
    let mut server = end(Role::Server);
    let mut client = end(Role::Client);
    client.close(CloseFrame::new(CloseCode::NORMAL, "done")).unwrap();
    assert_eq!(client.state(), State::Closing);
    assert!(matches!(client.send("late".into()), Err(Error::Closed)));
    server.send("before".into()).unwrap();
    let crossing = server.data_to_send();
    assert_eq!(events(&mut client, &crossing), [text("before")]);
    let close = client.data_to_send();
    assert_eq!(events(&mut server, &close), [Event::Close(CloseFrame::new(1000, "done"))]);
    let answer = server.data_to_send();
    assert_eq!(events(&mut client, &answer), [Event::Close(CloseFrame::new(1000, "done"))]);
    assert_eq!((client.state(), server.state()), (State::Closed, State::Closed));
    assert!(!client.has_data_to_send() && !server.has_data_to_send());
}

#[test]
fn a_close_without_a_code_and_codes_that_may_not_be_sent() {
    let mut server = end(Role::Server);
    assert_eq!(events(&mut server, &masked(0x88, b"")), [Event::Close(CloseFrame::new(CloseCode::NO_CODE, ""))]);
    assert_eq!(server.data_to_send().as_ref(), b"\x88\0");
    let mut server = end(Role::Server);
    assert!(matches!(server.close(CloseFrame::new(1006, "")), Err(Error::CloseCode(CloseCode(1006)))));
    assert_eq!(server.state(), State::Open);
}

#[test]
fn the_end_of_input_without_a_close_is_an_abort() {
    for script in [b"".to_vec(), masked(0x81, b"whole"), masked(0x81, b"cut")[..8].to_vec()] {
        let mut server = end(Role::Server);
        events(&mut server, &script);
        server.receive_eof();
        assert_eq!(events(&mut server, b""), [Event::Aborted]);
        assert_eq!(server.next_event(), None);
    }
}

#[test]
fn a_ping_above_125_bytes_is_refused() {
    let mut server = end(Role::Server);
    assert!(matches!(server.ping(vec![0; 126].into()), Err(Error::TooBig { length: 126, limit: 125 })));
    server.ping(vec![7; 125].into()).unwrap();
    assert_eq!(server.data_to_send().len(), 127);
}

#[test]
fn random_bytes_end_in_one_last_event() {
    // xorshift: a fixed sequence, so that a failure can be repeated.
    let mut word = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..64)
            .map(|_| {
                word ^= word << 13;
                word ^= word >> 7;
                word ^= word << 17;
                word.to_le_bytes()[0]
            })
            .collect();
        let mut server = end(Role::Server);
        let mut seen = events(&mut server, &bytes);
        server.receive_eof();
        seen.extend(events(&mut server, b""));
        let last = seen.pop();
        assert!(matches!(last, Some(Event::Failed(_) | Event::Aborted | Event::Close(_))), "{bytes:x?}: {last:?}");
        assert!(!seen.iter().any(|event| matches!(event, Event::Failed(_) | Event::Aborted | Event::Close(_))));
    }
}
