//! Random bytes, damaged transcripts, and a bound on what is kept.

use super::{PREFACE, frame, lines_cut, message, websocket};
use threadwire::inspect::{Inspector, Protocol};
use threadwire::net::Direction::{Received, Sent};

/// xorshift64*: the same bytes on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 56) as u8).collect()
    }

    /// Bytes that look like the protocols often enough to get inside them.
    fn likely(&mut self) -> Vec<u8> {
        let count = self.below(40);
        let payload = self.bytes(count);
        match self.below(7) {
            0 => PREFACE.to_vec(),
            1 => frame(self.below(12) as u8, self.next() as u8, self.below(5) as u32, &payload),
            2 => frame(0, self.next() as u8 & 9, self.below(5) as u32, &message(0, &payload)),
            3 => websocket::frame(self.next() as u8, Some([1, 2, 3, 4]), &payload),
            4 => b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n".to_vec(),
            5 => b"HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n".to_vec(),
            _ => payload,
        }
    }
}

#[test]
fn random_bytes_give_the_same_lines_however_they_are_cut() {
    let mut random = Random(0x5eed_cafe);
    for round in 0..3_000 {
        let protocol = [Protocol::Detect, Protocol::Http2, Protocol::WebSocket][round % 3];
        let script: Vec<_> = (0..6)
            .map(|_| {
                let mut bytes = random.likely();
                if !bytes.is_empty() && random.below(4) == 0 {
                    let at = random.below(bytes.len());
                    bytes[at] = random.next() as u8;
                }
                (if random.below(2) == 0 { Sent } else { Received }, bytes)
            })
            .collect();
        let whole = lines_cut(protocol, &script, |bytes| vec![bytes]);
        let size = 1 + random.below(7);
        let cut = lines_cut(protocol, &script, |bytes| bytes.chunks(size).collect());
        assert_eq!(whole, cut, "round {round}, pieces of {size}");
    }
}

#[test]
fn every_first_byte_is_survived() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let mut inspector = Inspector::new(Protocol::Detect);
            inspector.push(Received, &[first, second]);
            inspector.push(Received, &[0xff; 64]);
            inspector.end(Received);
        }
    }
}

#[test]
fn streams_left_inside_a_message_are_bounded() {
    let mut inspector = Inspector::new(Protocol::Http2);
    let half = message(0, &[0; 10])[..7].to_vec();
    let mut lines = Vec::new();
    for stream in 0..5_000u32 {
        let seen = inspector.push(Sent, &frame(0, 0, 2 * stream + 1, &half));
        lines.extend(seen.iter().map(ToString::to_string));
    }
    assert_eq!(lines[4095], "DATA stream=8191 7 bytes · gRPC message 10 bytes");
    // The frame that made it too many is whole; after it, messages are not followed.
    assert_eq!(lines[4097], "DATA stream=8195 7 bytes");
    assert_eq!(lines[4999], "DATA stream=9999 7 bytes");
}
