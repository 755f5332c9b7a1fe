//! Hostile gRPC clients.

use super::support::proto::Ask;
use super::support::{
    ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, Raw, SETTINGS, Served, UNARY, WINDOW_UPDATE, block, body,
    call_head, frame, serve, serve_within, waits,
};
use super::{Held, LONG, MEMORY, alone, is_bounded, narrow, rest, roomy};
use std::thread;
use std::time::Duration;
use std::time::Instant;
use threadwire::Limits;

const UPLOAD: &str = "/probe.v1.Probe/Upload";
const DOWNLOAD: &str = "/probe.v1.Probe/Download";
const CONTINUATION: u8 = 9;

/// Each short frame lies alone in one of h2's buffers.
#[test]
fn short_frames_that_nobody_reads_hold_their_bytes_and_no_buffers() {
    let _alone = alone();
    let served = serve();
    let mut raw = Raw::client(served.address);
    raw.write(&frame(SETTINGS, ACK, 0, &[]));
    raw.open(1, UPLOAD, &[], 0);
    raw.write(&frame(DATA, 0, 1, &body(&waits())));
    served.behaviour.until_waiting(1);
    raw.ping();
    rest();
    let before = MEMORY.now();
    let (count, size) = (2_000, 256);
    // The filler is of a type that nobody knows: it is passed over.
    let pair = [frame(DATA, 0, 1, &vec![0; size]), frame(0xfa, 0, 0, &[0; 7_900])].concat();
    for _ in 0..count {
        raw.write(&pair);
    }
    raw.ping();
    let held = MEMORY.now() - before;
    assert!(held >= count * size, "they are not unread: {held}");
    assert!(held <= 2 * count * size + 64 * 1024, "{held}");
}

/// Everything at once: the table of HPACK, all streams with full heads, streamed messages that nobody takes, requests
/// that do not become whole, answers that are not taken, and a header block without an end.
#[test]
fn a_hostile_client_holds_no_more_than_the_formula_says() {
    let _alone = alone();
    for mut limits in [Limits::small(), roomy()] {
        // The test asks by PING whether all has been read.
        limits.least_ping_interval = Duration::ZERO;
        let served = serve_within(limits.clone(), 4, "threadwire");
        let stream = narrow(served.address);
        let held = Held::from_now();
        let mut client = Hostile { raw: Raw::over(stream), served: &served, limits: &limits, streams: 0 };
        client.begin();
        client.fill_the_table();
        client.send_what_does_not_end();
        client.send_what_nobody_takes();
        client.fill_the_socket();
        client.take_no_answer();
        client.send_a_head_without_end();
        is_bounded("gRPC", held.most(), limits.worst_case_http2_connection_bytes());
        drop(client);
        served.behaviour.release();
        assert!(served.handle.shutdown(LONG).still_running.is_empty());
    }
}

struct Hostile<'t> {
    raw: Raw,
    served: &'t Served,
    limits: &'t Limits,
    streams: u32,
}

impl Hostile<'_> {
    /// Opens all windows as wide as they go.
    fn begin(&mut self) {
        let wide = frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
        let more = frame(WINDOW_UPDATE, 0, 0, &(0x7fff_ffff_u32 - 65_535).to_be_bytes());
        self.raw.write(&[PREFACE, &wide, &frame(SETTINGS, ACK, 0, &[]), &more].concat());
    }

    fn next(&mut self) -> u32 {
        self.streams += 1;
        self.streams * 2 - 1
    }

    /// The head of a call, with as many fields as the limit lets in.
    fn open(&mut self, path: &str) -> u32 {
        let mut head = call_head(path, &[]);
        let size = |(name, value): &(String, String)| 32 + name.len() + value.len();
        let mut left = self.limits.header_list_bytes as usize - 100 - head.iter().map(size).sum::<usize>();
        for number in 0_usize.. {
            let name = format!("{}{}", char::from(b'a' + (number % 26) as u8), "b".repeat(number / 26));
            let Some(rest) = left.checked_sub(32 + name.len()) else { break };
            left = rest;
            head.push((name, String::new()));
        }
        let stream = self.next();
        self.raw.write(&frame(HEADERS, END_HEADERS, stream, &block(&head)));
        stream
    }

    /// Each of these heads puts one `:path` into the table: a slice of the frame, which holds all of it.
    fn fill_the_table(&mut self) {
        for number in 0..130 {
            // Changes of the table's size, which change nothing, then POST, http, and a literal `:path` with indexing.
            let mut block = [0x3f, 0xe1, 0x1f].repeat(5_459);
            block.extend([0x83, 0x86, 0x44, 1, b'!' + number % 90]);
            let stream = self.next();
            self.raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
            self.raw.ping();
        }
    }

    /// Handlers that take no more than the first message, and all of the window behind it, much of it in the shortest
    /// frames.
    fn send_what_nobody_takes(&mut self) {
        let first = body(&waits());
        let window = self.limits.stream_window_bytes as usize;
        // The rest is for the requests that follow.
        let mut left = self.limits.connection_window_bytes as usize - 2_000;
        for number in 1..self.limits.streaming_calls_per_connection {
            let stream = self.open(UPLOAD);
            self.raw.write(&frame(DATA, 0, stream, &first));
            self.served.behaviour.until_waiting(number);
            self.raw.ping();
            let mut share = (window - first.len()).min(left - first.len());
            left -= share;
            while share > 0 {
                let size = if share % 16 < 8 { 1 } else { share.min(1_000) };
                self.raw.write(&frame(DATA, 0, stream, &vec![0; size]));
                share -= size;
            }
            self.raw.ping();
        }
    }

    /// Requests that lack their ends.
    fn send_what_does_not_end(&mut self) {
        let size = self.limits.receive_message_bytes - 100;
        let large = body(&Ask { payload: vec![1; size], ..Default::default() });
        let most = self.limits.unfinished_message_bytes;
        for _ in 0..most / size {
            let stream = self.open(UNARY);
            for piece in large[..size].chunks(16_000) {
                self.raw.write(&frame(DATA, 0, stream, piece));
                self.raw.ping();
            }
        }
    }

    /// From here on it reads nothing, and one call fills its socket.
    fn fill_the_socket(&mut self) {
        let stream = self.open(DOWNLOAD);
        let endless = Ask { count: 1_000_000, size: 10_000, ..Default::default() };
        self.raw.write(&frame(DATA, END_STREAM, stream, &body(&endless)));
        // It rests when the socket is full.
        rest();
    }

    /// On all streams that are left, answers that stay where they are.
    fn take_no_answer(&mut self) {
        let before = self.served.behaviour.calls();
        let unfinished = self.limits.unfinished_message_bytes / (self.limits.receive_message_bytes - 100);
        let open = self.limits.streaming_calls_per_connection - 1 + unfinished + 1;
        let left = self.limits.concurrent_streams as usize - open;
        let size = u32::try_from(self.limits.outbox_bytes + self.limits.untaken_message_bytes / left).unwrap();
        for _ in 0..left {
            let stream = self.open(UNARY);
            self.raw.write(&frame(DATA, END_STREAM, stream, &body(&Ask { size, ..Default::default() })));
        }
        let end = Instant::now() + LONG;
        while self.served.behaviour.calls() < before + left {
            assert!(Instant::now() < end, "only {} calls", self.served.behaviour.calls());
            thread::yield_now();
        }
    }

    fn send_a_head_without_end(&mut self) {
        let stream = self.next();
        // POST, http, and a field whose value would be longer than all of this.
        let mut block = vec![0x83, 0x86, 0, 1, b'x', 0x7f, 0x80, 0x80, 0x40];
        block.resize(16_384, b'y');
        self.raw.write(&frame(HEADERS, 0, stream, &block));
        for _ in 0..5 {
            self.raw.write(&frame(CONTINUATION, 0, stream, &block));
        }
    }
}
