//! The bounds of everything a peer can cause: one table for all ends.

mod worst_case;

use std::time::Duration;

/// Bounds on sizes, counts and times. Each server, channel and connection takes one.
///
/// The defaults are for hosts with memory to spare; [`Limits::small`] is for those without. What one connection can be
/// made to hold in the worst case follows from the bounds:
/// [`Limits::worst_case_http2_connection_bytes`], [`Limits::worst_case_websocket_connection_bytes`].
///
/// | what a peer, or a caller, can have | field | default | small | one more |
/// | --- | --- | --- | --- | --- |
/// | connections of a server | `connections` | 10,000 | 64 | GOAWAY; 503 |
/// | those of one address | `connections_per_peer` | 5,000 | 16 | GOAWAY; 503 |
/// | a header list of HTTP/2 | `header_list_bytes` | 16 KiB | 4 KiB | 431 |
/// | a request head of HTTP/1.1 | `request_head_bytes` | 16 KiB | 8 KiB | 431 |
/// | streams of a connection | `concurrent_streams` | 256 | 8 | waits |
/// | calls of a server | `concurrent_calls` | 10,000 | 256 | RESOURCE_EXHAUSTED |
/// | those of one connection | `concurrent_calls_per_connection` | any | any | RESOURCE_EXHAUSTED |
/// | streaming calls of a server, each with a thread | `streaming_calls` | 1,000 | 16 | RESOURCE_EXHAUSTED |
/// | those of one connection | `streaming_calls_per_connection` | 250 | 4 | RESOURCE_EXHAUSTED |
/// | unary handlers that run in the pool | `ServerBuilder::workers` | 10 | | waits in the queue |
/// | calls in the queue | `queued_calls` | 1,000 | 32 | RESOURCE_EXHAUSTED |
/// | bytes of their requests | `queued_call_bytes` | 64 MiB | 512 KiB | RESOURCE_EXHAUSTED |
/// | a gRPC message that is received | `receive_message_bytes` | 4 MiB | 64 KiB | RESOURCE_EXHAUSTED |
/// | one that is sent | `send_message_bytes` | any | any | RESOURCE_EXHAUSTED |
/// | unfinished requests of a connection | `unfinished_message_bytes` | 32 MiB | 128 KiB | RESOURCE_EXHAUSTED |
/// | those of a server | `server_unfinished_message_bytes` | 256 MiB | 512 KiB | RESOURCE_EXHAUSTED |
/// | untaken unary answers of a connection | `untaken_message_bytes` | 32 MiB | 128 KiB | RESOURCE_EXHAUSTED |
/// | bytes on their way to a peer, of a stream and a connection | `outbox_bytes` | 256 KiB | 16 KiB | sending waits |
/// | bytes on their way from a peer, of a stream | `stream_window_bytes` | 1 MiB | 16 KiB | the peer waits |
/// | those of a connection | `connection_window_bytes` | 16 MiB | 64 KiB | the peer waits |
/// | a WebSocket message | `websocket_message_bytes` | 64 MiB | 64 KiB | 1009 |
/// | a frame of one | `websocket_frame_bytes` | 16 MiB | 64 KiB | 1009 |
/// | received messages that nobody has taken | `inbox_bytes` | 64 KiB | 16 KiB | the peer waits |
///
/// The times, and what is against peers that are silent, slow, or send for the sake of sending, stand with their
/// fields.
///
/// ```
/// let mut limits = threadwire::Limits::small();
/// limits.receive_message_bytes = 32 * 1024;
/// limits.connections = (8 << 20) / limits.worst_case_http2_connection_bytes();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections that a server serves at once; one more is refused (503; in gRPC a GOAWAY). By default 10,000.
    pub connections: usize,
    /// Connections that a server serves at once for one address; one more is refused in the same way. An address of
    /// IPv6 counts by its first 64 bits. By default 5,000, half of all: no address alone shuts out the others, and a
    /// proxy, behind which all have one address, still carries thousands. For a server that only a proxy reaches, set
    /// it to [`Limits::connections`]; for one that the public reaches, far lower.
    pub connections_per_peer: usize,
    /// From the accepted connection to its whole handshake: a WebSocket's request head, HTTP/2's preface and
    /// first SETTINGS. By default 10 s.
    pub handshake_timeout: Duration,
    /// Resolving a name and connecting to it. By default 20 s.
    pub connect_timeout: Duration,
    /// Gathered output that does not shrink for this long ends the connection. By default 30 s.
    pub write_timeout: Duration,
    /// How long the other end of a TCP connection may be gone (its host, or the way to it) before the system ends the
    /// connection: what was sent is not acknowledged for so long (TCP_USER_TIMEOUT), or it was idle for so long, and as
    /// long again it does not answer to keepalive probes, which begin then. On Linux a peer that is there, but takes
    /// nothing for so long, counts as gone, too, if that is sooner than [`Limits::write_timeout`]. On other systems only
    /// keepalive is set, as far as they have it. None leaves all of it to the system. By default 20 s.
    pub dead_peer_timeout: Option<Duration>,
    /// How long a connection that ends may wait for the peer's close. By default 5 s.
    pub close_timeout: Duration,
    /// The largest request head of HTTP/1.1, in bytes. By default 16 KiB.
    pub request_head_bytes: usize,
    /// The largest header list of HTTP/2 (RFC 9113 §6.5.2), in bytes. By default 16 KiB.
    pub header_list_bytes: u32,
    /// Streams that a peer may have open on one HTTP/2 connection. By default 256.
    pub concurrent_streams: u32,
    /// The window of a stream of HTTP/2, in bytes. By default 1 MiB.
    pub stream_window_bytes: u32,
    /// The window of a whole connection of HTTP/2, in bytes; far above that of a stream, else one unread stream
    /// holds all others. By default 16 MiB.
    pub connection_window_bytes: u32,
    /// The largest gRPC message that is received, in bytes, both as it comes and decompressed. By default 4 MiB.
    pub receive_message_bytes: usize,
    /// The largest gRPC message that is sent, in bytes before it is compressed. By default no bound.
    pub send_message_bytes: usize,
    /// Bytes of gRPC requests that are not whole yet, on one connection of a server; the call that exceeds it is
    /// answered RESOURCE_EXHAUSTED. By default 32 MiB.
    pub unfinished_message_bytes: usize,
    /// The same, of all connections of a server together. By default 256 MiB.
    pub server_unfinished_message_bytes: usize,
    /// Bytes of gRPC answers that their client's window does not take, on one connection; the call that exceeds it is
    /// answered RESOURCE_EXHAUSTED. One of which nothing is taken for [`Limits::write_timeout`] is given up. By default
    /// 32 MiB.
    pub untaken_message_bytes: usize,
    /// Calls of all kinds that a server has at once, from their head until their handler has returned; one more is
    /// answered RESOURCE_EXHAUSTED. One that its connection's thread runs as soon as it has come is not counted. By
    /// default 10,000.
    pub concurrent_calls: usize,
    /// The same, of one connection. By default no bound but that of [`Limits::concurrent_streams`], which has a client
    /// wait instead of refusing its call. (A call that its client has given up is no stream any more, while its handler
    /// may still run, in one of the server's `workers` or as one of [`Limits::streaming_calls_per_connection`].)
    pub concurrent_calls_per_connection: usize,
    /// Streaming calls that a server runs at once, each on a thread of its own; one more is answered
    /// RESOURCE_EXHAUSTED. By default 1,000.
    pub streaming_calls: usize,
    /// Streaming calls of one connection that a server runs at once; one more is answered RESOURCE_EXHAUSTED. A call
    /// counts until its handler has returned, whether its client still wants it or not. By default 250, a quarter of
    /// all.
    pub streaming_calls_per_connection: usize,
    /// Calls that wait for a handler's thread; one more is answered RESOURCE_EXHAUSTED. By default 1,000.
    pub queued_calls: usize,
    /// Bytes of the requests of calls that wait for a handler's thread; the call that exceeds it is answered
    /// RESOURCE_EXHAUSTED. By default 64 MiB.
    pub queued_call_bytes: usize,
    /// The largest WebSocket message, in bytes. By default 64 MiB.
    pub websocket_message_bytes: usize,
    /// The largest WebSocket frame, in bytes. By default 16 MiB.
    pub websocket_frame_bytes: usize,
    /// Received WebSocket messages that wait to be handed out, in bytes; then reading stops. By default 64 KiB.
    pub inbox_bytes: usize,
    /// Output that waits to be written, in bytes; then sending waits. In HTTP/2 also what waits of each stream. By
    /// default 256 KiB.
    pub outbox_bytes: usize,

    // Against peers that are silent, slow, or send frames for their own sake.
    /// A peer from which nothing was read for so long is asked whether it is there: a PING of HTTP/2, a Ping of
    /// WebSocket. A gRPC channel asks only while it has calls (but see [`Limits::keepalive_without_calls`]), and not
    /// more often than every 10 s (most servers take less than their [`Limits::least_ping_interval`] for an attack). By
    /// default none; a gRPC server then asks after 2 hours, all others never.
    pub keepalive_interval: Option<Duration>,
    /// How long a peer that was asked has to say something; then its connection is ended. By default 20 s.
    pub keepalive_timeout: Duration,
    /// A gRPC channel asks although it has no calls; a gRPC server lets its clients do so. By default false.
    pub keepalive_without_calls: bool,
    /// How often a gRPC server's clients may send PING that have no calls and are sent nothing: each that comes sooner
    /// (unless [`Limits::keepalive_without_calls`]: than 2 hours) is a strike, and the third ends the connection with
    /// GOAWAY `too_many_pings`. With calls [`Limits::control_frames`] is the bound. Zero: as often as they like. By
    /// default 5 min.
    pub least_ping_interval: Duration,
    /// A server's connection that is not used for so long is ended: one of gRPC without a call, drained; a WebSocket
    /// without a message in either direction, of a client too, with 1001. By default none.
    pub idle_timeout: Option<Duration>,
    /// How long a message that has begun may take to be whole: one of WebSocket with all its fragments, the request of
    /// a unary gRPC call from its head. By default 5 min.
    pub message_timeout: Duration,
    /// The fragments of one WebSocket message. By default 65,536: the largest message in pieces of 1 KiB.
    pub websocket_fragments: usize,
    /// Frames that carry nothing and a peer may send in 10 s: Pings and Pongs of WebSocket, with one more for each
    /// message; in HTTP/2 PING, SETTINGS (as ten), PRIORITY, WINDOW_UPDATE, empty DATA and others, with ten more for
    /// each stream, and each HEADERS or DATA frame that it is sent. One more ends the connection. By default 10,000.
    pub control_frames: usize,
    /// Streams of HTTP/2 that a client may open and have reset within 100 ms, unanswered, in 10 s (CVE-2023-44487,
    /// CVE-2025-8671). One more ends the connection, if they are more than half of those it opened. By default 1,000.
    pub rapid_resets: usize,
}

impl Limits {
    /// Bounds for a host with 128 MB of memory in all: whatever the peers of one address do, all their connections to a
    /// gRPC and a WebSocket server together hold less than 96 MiB.
    ///
    /// - 64 connections for each server, 16 of them for one address. An ordinary idle connection takes some 46 kB, and
    ///   64 take 3 MB; it is the hostile peer that makes them so few: h2 alone can be made to waste 2.5 MiB on one.
    ///   Where attackers may have many addresses, [`Limits::connections`] is the memory that there is by
    ///   [`Limits::worst_case_http2_connection_bytes`]; where peers are trusted, it may be raised.
    /// - Messages of 64 KiB, as configuration and readings have; twice that of unfinished and of untaken ones.
    /// - 8 streams a connection, with header lists of 4 KiB, in which a token still fits. A window of 16 KiB for each
    ///   stream, which a local network fills, and 64 KiB, the least there is, for a connection: four unread streams do
    ///   not hold the others.
    /// - 256 calls in all, twice what one address can have open; 16 streaming calls, which are as many threads, 4 of
    ///   them for one connection; 32 calls that wait for a thread.
    /// - Half the time for a handshake: places are few.
    pub fn small() -> Self {
        Self {
            connections: 64,
            connections_per_peer: 16,
            handshake_timeout: Duration::from_secs(5),
            request_head_bytes: 8 * 1024,
            header_list_bytes: 4 * 1024,
            concurrent_streams: 8,
            stream_window_bytes: 16 * 1024,
            connection_window_bytes: 64 * 1024,
            receive_message_bytes: 64 * 1024,
            unfinished_message_bytes: 128 * 1024,
            server_unfinished_message_bytes: 512 * 1024,
            untaken_message_bytes: 128 * 1024,
            concurrent_calls: 256,
            streaming_calls: 16,
            streaming_calls_per_connection: 4,
            queued_calls: 32,
            queued_call_bytes: 512 * 1024,
            websocket_message_bytes: 64 * 1024,
            websocket_frame_bytes: 64 * 1024,
            inbox_bytes: 16 * 1024,
            outbox_bytes: 16 * 1024,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_peer: 5_000,
            handshake_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            dead_peer_timeout: Some(Duration::from_secs(20)),
            close_timeout: Duration::from_secs(5),
            request_head_bytes: 16 * 1024,
            header_list_bytes: 16 * 1024,
            concurrent_streams: 256,
            stream_window_bytes: 1024 * 1024,
            connection_window_bytes: 16 * 1024 * 1024,
            receive_message_bytes: 4 * 1024 * 1024,
            send_message_bytes: usize::MAX,
            unfinished_message_bytes: 32 * 1024 * 1024,
            server_unfinished_message_bytes: 256 * 1024 * 1024,
            untaken_message_bytes: 32 * 1024 * 1024,
            concurrent_calls: 10_000,
            concurrent_calls_per_connection: usize::MAX,
            streaming_calls: 1_000,
            streaming_calls_per_connection: 250,
            queued_calls: 1_000,
            queued_call_bytes: 64 * 1024 * 1024,
            websocket_message_bytes: 64 * 1024 * 1024,
            websocket_frame_bytes: 16 * 1024 * 1024,
            inbox_bytes: 64 * 1024,
            outbox_bytes: 256 * 1024,
            keepalive_interval: None,
            keepalive_timeout: Duration::from_secs(20),
            keepalive_without_calls: false,
            least_ping_interval: Duration::from_secs(5 * 60),
            idle_timeout: None,
            message_timeout: Duration::from_secs(5 * 60),
            websocket_fragments: 65_536,
            control_frames: 10_000,
            rapid_resets: 1_000,
        }
    }
}
