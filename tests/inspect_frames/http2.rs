//! HTTP/2 frames and the gRPC messages inside DATA.

use super::{PREFACE, check, frame, message};
use threadwire::inspect::Protocol::{Detect, Http2};
use threadwire::net::Direction::{Received, Sent};

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

#[test]
fn a_unary_call() {
    let settings = [0, 3, 0, 0, 0, 100, 0, 4, 0, 16, 0, 0];
    let script = vec![
        (Sent, PREFACE.to_vec()),
        (Sent, frame(4, 0, 0, &settings)),
        (Sent, frame(8, 0, 0, &[0, 0x0f, 0, 1])),
        (Received, frame(4, 0, 0, &[])),
        (Received, frame(4, 1, 0, &[])),
        (Sent, frame(1, END_HEADERS, 1, &[0x88; 43])),
        (Sent, frame(0, END_STREAM, 1, &message(0, &[7; 7]))),
        (Received, frame(1, END_HEADERS, 1, &[0x88; 20])),
        (Received, frame(0, 0, 1, &message(0, &[7; 15]))),
        (Received, frame(1, END_HEADERS | END_STREAM, 1, &[0x88; 10])),
        (Sent, frame(6, 0, 0, &[9; 8])),
        (Received, frame(6, 1, 0, &[9; 8])),
        (Sent, frame(7, 0, 0, &[0; 8])),
    ];
    check(
        Detect,
        &script,
        &[
            "→ HTTP/2 preface 24 bytes",
            "→ SETTINGS 12 bytes · MAX_CONCURRENT_STREAMS=100 INITIAL_WINDOW_SIZE=1048576",
            "→ WINDOW_UPDATE 4 bytes · +983041",
            "← SETTINGS 0 bytes",
            "← SETTINGS ACK 0 bytes",
            "→ HEADERS stream=1 END_HEADERS 43 bytes",
            "→ DATA stream=1 END_STREAM 12 bytes · gRPC message 7 bytes",
            "← HEADERS stream=1 END_HEADERS 20 bytes",
            "← DATA stream=1 20 bytes · gRPC message 15 bytes",
            "← HEADERS stream=1 END_STREAM END_HEADERS 10 bytes",
            "→ PING 8 bytes",
            "← PING ACK 8 bytes",
            "→ GOAWAY 8 bytes · NO_ERROR last_stream=0",
        ],
    );
}

#[test]
fn a_prefix_split_over_frames_and_a_body_over_three() {
    let bytes = message(1, &[3; 20]);
    let script = vec![(
        Sent,
        [
            frame(0, 0, 5, &bytes[..3]),
            frame(0, 0, 5, &[]),
            frame(0, 0, 5, &bytes[3..10]),
            frame(0, 0, 5, &bytes[10..20]),
            frame(0, END_STREAM, 5, &bytes[20..]),
        ]
        .concat(),
    )];
    check(
        Http2,
        &script,
        &[
            "→ DATA stream=5 3 bytes · 3 of 5 bytes of a gRPC prefix",
            "→ DATA stream=5 0 bytes · 3 of 5 bytes of a gRPC prefix",
            "→ DATA stream=5 7 bytes · gRPC message compressed 20 bytes",
            "→ DATA stream=5 10 bytes · gRPC message continued, 5 bytes to come",
            "→ DATA stream=5 END_STREAM 5 bytes · gRPC message continued to its end",
        ],
    );
}

#[test]
fn many_messages_in_a_frame_interleaved_streams_and_padding() {
    let both = [message(0, b"one"), message(0, b""), message(0, b"three")[..6].to_vec()].concat();
    let mut padded = vec![4];
    padded.extend(message(0, b"padded"));
    padded.extend([0; 4]);
    let script = vec![(
        Sent,
        [
            frame(0, 0, 1, &both),
            frame(0, PADDED, 3, &padded),
            frame(0, END_STREAM, 1, b"hree"),
            frame(0, 0, 7, &message(0, b"").repeat(11)),
        ]
        .concat(),
    )];
    check(
        Http2,
        &script,
        &[
            "→ DATA stream=1 19 bytes · gRPC message 3 bytes, gRPC message 0 bytes, gRPC message 5 bytes",
            "→ DATA stream=3 PADDED 16 bytes · gRPC message 6 bytes",
            "→ DATA stream=1 END_STREAM 4 bytes · gRPC message continued to its end",
            &format!("→ DATA stream=7 55 bytes · {} and 3 more", ["gRPC message 0 bytes"; 8].join(", ")),
        ],
    );
}

#[test]
fn streams_that_end_inside_a_message() {
    let half = message(0, &[1; 10])[..8].to_vec();
    let script = vec![
        (Sent, frame(0, END_STREAM, 1, &half)),
        (Sent, frame(0, END_STREAM, 3, &half[..2])),
        (Sent, frame(0, 0, 5, &half)),
        (Sent, frame(1, END_STREAM | END_HEADERS, 5, &[])),
    ];
    check(
        Http2,
        &script,
        &[
            "→ DATA stream=1 END_STREAM 8 bytes · gRPC message 10 bytes, the stream ends inside a gRPC message",
            "→ DATA stream=3 END_STREAM 2 bytes · 2 of 5 bytes of a gRPC prefix, the stream ends inside a gRPC message",
            "→ DATA stream=5 8 bytes · gRPC message 10 bytes",
            "→ HEADERS stream=5 END_STREAM END_HEADERS 0 bytes · the stream ends inside a gRPC message",
        ],
    );
}

#[test]
fn a_reset_from_the_other_end_forgets_the_message() {
    let half = message(0, &[1; 10])[..8].to_vec();
    let script = vec![
        (Sent, frame(0, 0, 1, &half)),
        (Received, frame(3, 0, 1, &8u32.to_be_bytes())),
        // A stream's number is not used again; here it shows that nothing is left of it.
        (Sent, frame(0, 0, 1, &message(0, b"new"))),
    ];
    check(
        Http2,
        &script,
        &[
            "→ DATA stream=1 8 bytes · gRPC message 10 bytes",
            "← RST_STREAM stream=1 4 bytes · CANCEL",
            "→ DATA stream=1 8 bytes · gRPC message 3 bytes",
        ],
    );
}

#[test]
fn data_that_is_not_grpc_is_said_once() {
    let script = vec![
        (Received, frame(0, 0, 1, b"this port speaks gRPC\n")),
        (Received, frame(0, 0, 1, b"\0and more")),
        (Received, frame(0, END_STREAM, 1, b"")),
    ];
    check(
        Http2,
        &script,
        &[
            "← DATA stream=1 22 bytes · not gRPC (0x74 where 0 or 1 is expected)",
            "← DATA stream=1 9 bytes",
            "← DATA stream=1 END_STREAM 0 bytes",
        ],
    );
}

#[test]
fn rare_frames_unknown_numbers_and_wrong_lengths() {
    let goaway = [0x80, 0, 0, 9, 0, 0, 0, 0xb, b't', b'o', b'o'];
    let settings: Vec<u8> = (0..20u8).flat_map(|n| [0, 0x40 + n, 0, 0, 0, n]).collect();
    let shown: Vec<String> = (0..16).map(|n| format!("0x{:04x}={n}", 0x40 + n)).collect();
    let script = vec![
        (Sent, frame(2, 0, 3, &[0; 5])),
        (Sent, frame(5, 0xc, 3, &[0; 6])),
        (Sent, frame(9, 0x84, 3, &[0; 2])),
        (Sent, frame(0x2a, 0x3, 0, &[1, 2])),
        (Sent, frame(7, 0, 0, &goaway)),
        (Sent, frame(7, 0, 0, &goaway[..7])),
        (Sent, frame(3, 0, 3, &0xffu32.to_be_bytes())),
        (Sent, frame(3, 0, 3, &[0; 5])),
        (Sent, frame(8, 0, 3, &[0x80, 0, 0, 1])),
        (Sent, frame(6, 0, 0, &[0; 7])),
        (Sent, frame(4, 0, 0, &[0; 7])),
        (Sent, frame(4, 1, 0, &[0; 6])),
        (Sent, frame(4, 0, 0, &settings)),
        (Sent, frame(0, PADDED, 9, &[200, 1, 2])),
        (Sent, frame(0, 0, 0, &[])),
    ];
    check(
        Http2,
        &script,
        &[
            "→ PRIORITY stream=3 5 bytes",
            "→ PUSH_PROMISE stream=3 END_HEADERS PADDED 6 bytes",
            "→ CONTINUATION stream=3 END_HEADERS flags=0x80 2 bytes",
            "→ frame type 0x2a flags=0x03 2 bytes",
            "→ GOAWAY 11 bytes · ENHANCE_YOUR_CALM last_stream=9, 3 bytes of debug data",
            "→ GOAWAY 7 bytes · wrong length, expected 8 or more",
            "→ RST_STREAM stream=3 4 bytes · error 0xff",
            "→ RST_STREAM stream=3 5 bytes · wrong length, expected 4",
            "→ WINDOW_UPDATE stream=3 4 bytes · +1",
            "→ PING 7 bytes · wrong length, expected 8",
            "→ SETTINGS 7 bytes · wrong length, expected a multiple of 6",
            "→ SETTINGS ACK 6 bytes · wrong length, expected 0 with ACK",
            &format!("→ SETTINGS 120 bytes · {} and 4 more", shown.join(" ")),
            "→ DATA stream=9 PADDED 3 bytes",
            "→ DATA stream=0 0 bytes",
        ],
    );
}

#[test]
fn a_direction_that_stops_inside_a_frame_says_so() {
    let script = vec![
        (Sent, frame(0, 0, 1, &message(0, &[1; 20]))[..20].to_vec()),
        (Received, frame(4, 0, 0, &[])[..5].to_vec()),
    ];
    check(
        Http2,
        &script,
        &["← cut off inside a head or body, 4 bytes missing", "→ DATA stream=1 25 bytes · cut off, 14 bytes missing"],
    );
}
