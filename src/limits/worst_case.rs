//! The worst case: how many bytes a hostile peer can make one connection hold, as a formula over [`Limits`].
//!
//! It counts what is allocated (not what the allocator adds to that), by the library and by h2 or tungstenite, for one
//! connection of a server: a peer that sends what it may, in the most wasteful form, and takes nothing. Buffers that
//! grow take up to twice what is in them, and while one of them grows, its old and its new memory are there at once.
//!
//! It does not count what handlers hold (nor a compressed message that is unpacked on a handler's thread, which takes
//! up to twice the largest message and, with zstd, 1 MiB beside), what the calls that wait for a thread hold
//! ([`Limits::queued_call_bytes`], for the whole server), the stack of the connection's thread (of which 20 KiB are
//! used), nor the system's own buffers of the socket. `tests/memory` holds it against such peers.

use super::Limits;

const KIB: usize = 1024;

/// The largest frame of HTTP/2 with its head (RFC 9113 §4.2): h2 announces no larger one.
const FRAME: usize = 16_384 + 9;
/// The most entries of the HPACK table (RFC 7541 §4.1: 4,096 bytes, of which each entry takes its name, its value and
/// 32) whose value is a slice of the buffer that it came in: of `:path` with one byte. Each holds that buffer.
const HPACK_ENTRIES: usize = 4_096 / (32 + 5 + 1);
/// A header block that goes on in CONTINUATION frames, of which h2 takes five after the first, and that is decoded when
/// it is whole; the buffer grows.
const HEADER_BLOCK: usize = 3 * 7 * FRAME;
/// What h2 keeps of received frames: entries of 240 bytes, for those that two steps of 256 frames let in, and one more
/// for each stream; in a table that doubles.
const FRAME_ENTRIES: usize = 3 * 512 * 240;
/// All else that a connection of HTTP/2 has: the buffers of reading (64 KiB, and h2's, 32 KiB) and of writing, the
/// tables of HPACK, the connection itself.
const HTTP2: usize = 192 * KIB;
/// A stream of HTTP/2 and its call, without what it received or sends, and the entry for its frames.
const STREAM: usize = 5 * KIB;
/// What a header list takes, for each byte that RFC 9113 §6.5.2 counts: the shortest fields take most.
const HEADERS: usize = 6;

/// What a stream gathers of short messages before they leave together (`http2::outflow`).
const GATHERED: usize = 64 * KIB;

/// What one read of a socket takes at most.
const READ: usize = 64 * KIB;
/// Up to so much of a WebSocket's outbox lies there encoded.
const ENCODED: usize = 64 * KIB;
/// Binary messages from this length on are slices of the buffer that they came in.
const COPIED: usize = 64 * KIB;
/// All else that a WebSocket has.
const WEBSOCKET: usize = 64 * KIB;

impl Limits {
    /// The most bytes that a hostile peer can make a gRPC server hold for one connection:
    ///
    /// ```text
    ///   what h2 can be made to waste                        2.5 MiB
    /// + open streams, with the header list of each          concurrent_streams × (5 KiB + 6 × header_list_bytes)
    /// + received, and not taken by a streaming handler      2.2 × min(connection_window_bytes,
    ///                                                           concurrent_streams × stream_window_bytes)
    /// + requests that are not whole                         3 × unfinished_message_bytes
    /// + answers that are not taken                          2 × untaken_message_bytes
    /// + answers that h2 has taken over                      2 × concurrent_streams × outbox_bytes
    /// + short responses that gather                         2 × streaming calls × min(outbox_bytes, 64 KiB)
    /// + output that is written                              3 × (outbox_bytes + 18 KiB)
    /// ```
    ///
    /// Of h2's share, 1.7 MiB are values in the table of HPACK, each of which holds the frame that it came in. A single
    /// answer that is larger than [`Limits::untaken_message_bytes`] takes its own size in its place, and a handler that
    /// streams its responses the size of the last one more for each call; both are the server's own doing. (A peer may
    /// use 65,535 bytes of each stream's window until it has acknowledged a smaller one.)
    pub fn worst_case_http2_connection_bytes(&self) -> usize {
        let streams = size(self.concurrent_streams);
        let headers = STREAM.saturating_add(HEADERS.saturating_mul(size(self.header_list_bytes)));
        let stream_window = size(self.stream_window_bytes).max(usize::from(u16::MAX));
        let connection_window = size(self.connection_window_bytes).max(usize::from(u16::MAX));
        let unread = streams.saturating_mul(stream_window).min(connection_window);
        let unfinished = self.unfinished_message_bytes.min(self.server_unfinished_message_bytes);
        [
            HPACK_ENTRIES * FRAME + HEADER_BLOCK + FRAME_ENTRIES + HTTP2,
            streams.saturating_mul(headers),
            unread.saturating_mul(11) / 5,
            unfinished.saturating_mul(3),
            self.untaken_message_bytes.saturating_mul(2),
            streams.saturating_mul(self.outbox_bytes).saturating_mul(2),
            streams
                .min(self.streaming_calls_per_connection)
                .saturating_mul(self.outbox_bytes.min(GATHERED))
                .saturating_mul(2),
            self.outbox_bytes.saturating_add(18 * KIB).saturating_mul(3),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// The most bytes that a hostile peer can make a WebSocket server hold for one connection whose handler sends
    /// messages of up to [`Limits::websocket_message_bytes`], such as one that sends back what it receives:
    ///
    /// ```text
    ///   the request, and the connection                     64 KiB + 4 × request_head_bytes
    /// + bytes that are not decoded                          192 KiB
    /// + a frame that is not whole, and the buffer for it    3 × websocket_frame_bytes + 32 KiB
    /// + a message that is not whole, or the last one        3 × websocket_message_bytes
    /// + messages that nobody has taken                      2 × inbox_bytes
    /// + what those of 64 KiB or more hold beside them       2 × websocket_frame_bytes × (inbox_bytes / 64 KiB)
    /// + messages to be sent, and the last one               2 × outbox_bytes + 2 × websocket_message_bytes
    /// + the same as frames, on their way to the socket      8 × min(outbox_bytes, 64 KiB)
    ///                                                           + 7 × websocket_message_bytes
    /// ```
    pub fn worst_case_websocket_connection_bytes(&self) -> usize {
        let (message, frame) = (self.websocket_message_bytes, self.websocket_frame_bytes);
        [
            WEBSOCKET,
            self.request_head_bytes.saturating_mul(4),
            3 * READ,
            frame.saturating_mul(3).saturating_add(32 * KIB),
            message.saturating_mul(3),
            self.inbox_bytes.saturating_mul(2),
            frame.saturating_mul(2).saturating_mul(self.inbox_bytes / COPIED),
            self.outbox_bytes.saturating_add(message).saturating_mul(2),
            8 * self.outbox_bytes.min(ENCODED),
            message.saturating_mul(7),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

fn size(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::KIB;
    use crate::Limits;

    #[test]
    fn a_small_host_holds_all_connections_of_an_address() {
        let limits = Limits::small();
        let one = limits.worst_case_http2_connection_bytes() + limits.worst_case_websocket_connection_bytes();
        let waiting = 2 * limits.queued_call_bytes + limits.queued_calls * 6 * limits.header_list_bytes as usize;
        let most = limits.connections_per_peer * one + waiting;
        assert!(most <= 96 * KIB * KIB, "{} KiB, {} KiB for one", most / KIB, one / KIB);
        assert!(limits.connections_per_peer < limits.connections);
    }

    #[test]
    fn no_limits_overflow() {
        let limits =
            Limits { untaken_message_bytes: usize::MAX, websocket_message_bytes: usize::MAX, ..Limits::default() };
        assert_eq!(limits.worst_case_http2_connection_bytes(), usize::MAX);
        assert_eq!(limits.worst_case_websocket_connection_bytes(), usize::MAX);
    }
}
