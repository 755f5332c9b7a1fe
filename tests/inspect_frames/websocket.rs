//! The handshake and WebSocket frames.

use super::check;
use threadwire::inspect::Protocol::{Detect, WebSocket};
use threadwire::net::Direction::{Received, Sent};

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";

/// A frame with a payload of `length` bytes; a mask if there is one.
pub(super) fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(bit | u8::try_from(short).unwrap()),
        middle @ 126..65536 => {
            bytes.push(bit | 126);
            bytes.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(bit | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    let mask_bytes = mask.unwrap_or_default();
    bytes.extend(mask.iter().flatten());
    bytes.extend(payload.iter().zip(mask_bytes.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

const MASK: Option<[u8; 4]> = Some([0x12, 0x34, 0x56, 0x78]);

#[test]
fn an_echo_from_handshake_to_close() {
    let script = vec![
        (Sent, REQUEST.to_vec()),
        // The response and a message pushed at once may come in one piece.
        (Received, [RESPONSE, &frame(0x81, None, b"hello")].concat()),
        (Sent, frame(0x81, MASK, "Привет".as_bytes())),
        (Received, frame(0x81, None, "Ответ: Привет".as_bytes())),
        (Sent, frame(0x82, MASK, &[7; 200])),
        (Sent, frame(0x01, MASK, b"a")),
        (Sent, frame(0x89, MASK, b"now")),
        (Sent, frame(0x80, MASK, b"b")),
        (Received, frame(0x8a, None, b"now")),
        (Sent, frame(0x88, MASK, &[0x03, 0xe8])),
        (Received, frame(0x88, None, b"\x03\xe8bye")),
    ];
    check(
        Detect,
        &script,
        &[
            "→ GET /chat HTTP/1.1 · head 92 bytes",
            "← HTTP/1.1 101 Switching Protocols · head 77 bytes",
            "← TEXT FIN 5 bytes",
            "→ TEXT FIN MASKED 12 bytes",
            "← TEXT FIN 24 bytes",
            "→ BINARY FIN MASKED 200 bytes",
            "→ TEXT MASKED 1 bytes",
            "→ PING FIN MASKED 3 bytes",
            "→ CONTINUATION FIN MASKED 1 bytes",
            "← PONG FIN 3 bytes",
            "→ CLOSE FIN MASKED 2 bytes · 1000 normal closure",
            "← CLOSE FIN 5 bytes · 1000 normal closure",
        ],
    );
}

#[test]
fn lengths_in_all_three_forms_and_odd_frames() {
    let script = vec![(
        Sent,
        [
            frame(0x82, MASK, &[0; 125]),
            frame(0x82, None, &[0; 126]),
            frame(0x88, MASK, &[]),
            frame(0x88, None, &[3]),
            frame(0x88, MASK, &4000u16.to_be_bytes()),
            frame(0xf3, None, b"?"),
            frame(0xc1, None, b"deflated"),
        ]
        .concat(),
    )];
    check(
        WebSocket,
        &script,
        &[
            "→ BINARY FIN MASKED 125 bytes",
            "→ BINARY FIN 126 bytes",
            "→ CLOSE FIN MASKED 0 bytes",
            "→ CLOSE FIN 1 bytes",
            "→ CLOSE FIN MASKED 2 bytes · 4000",
            "→ opcode 0x3 FIN RSV1 RSV2 RSV3 1 bytes",
            "→ TEXT FIN RSV1 8 bytes",
        ],
    );
}

#[test]
fn a_long_frame_has_its_length_in_eight_bytes() {
    let mut inspector = threadwire::inspect::Inspector::new(WebSocket);
    let bytes = frame(0x82, MASK, &vec![5; 70_000]);
    let lines: Vec<String> =
        bytes.chunks(999).flat_map(|piece| inspector.push(Sent, piece)).map(|r| r.to_string()).collect();
    assert_eq!(lines, ["BINARY FIN MASKED 70000 bytes"]);
}

#[test]
fn a_frame_that_claims_the_largest_length_only_counts_down() {
    let mut head = vec![0x82, 127];
    head.extend(u64::MAX.to_be_bytes());
    head.extend([0; 10]);
    check(
        WebSocket,
        &vec![(Received, head)],
        &["← BINARY FIN 18446744073709551615 bytes · cut off, 18446744073709551605 bytes missing"],
    );
}
