//! Hostile WebSocket clients.

use super::websocket_support::{Raw, masked, request, serve_within};
use super::{Held, LONG, alone, is_bounded, narrow, roomy};
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use threadwire::Limits;

/// Everything at once, to a handler that sends back what it gets: answers that are not taken, until it waits in `send`;
/// the inbox filled to its brim, with the shortest messages or the shortest that are not copied; behind them most of a
/// message in fragments, and most of a frame.
#[test]
fn a_hostile_client_holds_no_more_than_the_formula_says() {
    let _alone = alone();
    for (limits, brim) in [(Limits::small(), 1), (roomy(), 1), (roomy(), 64 * 1024)] {
        let (told, sent) = mpsc::channel();
        let (server, _) = serve_within(limits.clone(), move |mut socket| {
            while let Some(message) = socket.receive()? {
                socket.send(message)?;
                told.send(())?;
            }
            Ok(())
        });
        let whole = in_fragments(limits.websocket_message_bytes - 1, &limits).concat();
        let full = masked(0x82, &vec![7; brim]).repeat((limits.inbox_bytes - 1) / (brim + 64));
        let mut parts = in_fragments(limits.websocket_message_bytes - 1, &limits);
        let most_of_the_last = parts.last_mut().unwrap();
        most_of_the_last.pop();
        let parts = parts.concat();
        let held = Held::from_now();
        let mut raw = shake_hands(server.local_addresses()[0], &limits);
        raw.write(&whole);
        while is_sent(&sent) {
            raw.write(&whole);
        }
        raw.write(&full);
        raw.write(&parts);
        is_bounded("WebSocket", held.most(), limits.worst_case_websocket_connection_bytes());
        drop(raw);
        assert!(server.shutdown(LONG).is_clean());
    }
}

/// A client that reads nothing but the head of the answer. Its own request is as long as it may be.
fn shake_hands(address: SocketAddr, limits: &Limits) -> Raw {
    let mut raw = Raw(narrow(address));
    raw.0.set_write_timeout(Some(LONG)).unwrap();
    let mut head = request(address);
    head.truncate(head.len() - 2);
    let left = limits.request_head_bytes - head.len() - 100;
    head.extend(format!("X-Long: {}\r\n\r\n", "x".repeat(left)).bytes());
    raw.write(&head);
    let answer = raw.head();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    raw
}

/// A binary message in fragments, as long as they may be.
fn in_fragments(size: usize, limits: &Limits) -> Vec<Vec<u8>> {
    let longest = limits.websocket_frame_bytes - 1;
    let count = size.div_ceil(longest);
    let sizes = (0..count).map(|number| longest.min(size - number * longest));
    let first = |number| if number == 0 { 2 } else { 0 } | if number + 1 == count { 0x80 } else { 0 };
    sizes.enumerate().map(|(number, size)| masked(first(number), &vec![7; size])).collect()
}

/// Whether the handler has sent one more message. It has not if it waits for long.
fn is_sent(sent: &Receiver<()>) -> bool {
    sent.recv_timeout(Duration::from_millis(500)).is_ok()
}
