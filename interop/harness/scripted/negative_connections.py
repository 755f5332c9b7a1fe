"""What a server does to the connection: GOAWAY, refusals, limits, SETTINGS, windows, PINGs, and what breaks HTTP/2
(RFC 9113 §5-6)."""

import struct

from . import wire
from .negative_streams import each
from .server import HEAD, INTERNAL, OK, ROOM, UNAVAILABLE, trailers
from .wire import (ACK, END_HEADERS, END_STREAM, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, data, frame, goaway,
                   headers, message, ping, reset, same, settings, window_update)

# What RFC 9113 calls an error of the connection: the frames, and the code of the GOAWAY that answers them, for which
# PROTOCOL_ERROR may always stand (§5.4). The last four might end the stream alone.
BREAKING = {
    "DATA on stream 0": ([data(0, b"x")], wire.PROTOCOL_ERROR),
    "HEADERS on stream 0": ([headers(0, HEAD)], wire.PROTOCOL_ERROR),
    "HEADERS on a stream that the client has not opened": ([headers(99, HEAD)], wire.PROTOCOL_ERROR),
    "HEADERS on a stream of even number": ([headers(2, HEAD)], wire.PROTOCOL_ERROR),
    "PUSH_PROMISE, which is switched off": ([frame(wire.PUSH_PROMISE, END_HEADERS, 1, bytes([0, 0, 0, 2]))],
                                            wire.PROTOCOL_ERROR),
    "CONTINUATION without HEADERS": ([frame(wire.CONTINUATION, END_HEADERS, 1)], wire.PROTOCOL_ERROR),
    "another frame inside a header block": ([frame(wire.HEADERS, 0, 1, b""), ping()], wire.PROTOCOL_ERROR),
    "SETTINGS of 5 bytes": ([frame(wire.SETTINGS, 0, 0, bytes(5))], wire.FRAME_SIZE_ERROR),
    "SETTINGS ACK with a payload": ([frame(wire.SETTINGS, ACK, 0, bytes(6))], wire.FRAME_SIZE_ERROR),
    "SETTINGS on a stream": ([frame(wire.SETTINGS, 0, 1)], wire.PROTOCOL_ERROR),
    "a window of 2^31": ([settings({INITIAL_WINDOW_SIZE: 1 << 31})], wire.FLOW_CONTROL_ERROR),
    "a MAX_FRAME_SIZE of 1": ([settings({wire.MAX_FRAME_SIZE: 1})], wire.PROTOCOL_ERROR),
    "PING of 7 bytes": ([ping(bytes(7))], wire.FRAME_SIZE_ERROR),
    "PING on a stream": ([frame(wire.PING, 0, 1, bytes(8))], wire.PROTOCOL_ERROR),
    "RST_STREAM of 3 bytes": ([frame(wire.RST_STREAM, 0, 1, bytes(3))], wire.FRAME_SIZE_ERROR),
    "RST_STREAM on stream 0": ([reset(0, wire.CANCEL)], wire.PROTOCOL_ERROR),
    "WINDOW_UPDATE of 3 bytes": ([frame(wire.WINDOW_UPDATE, 0, 0, bytes(3))], wire.FRAME_SIZE_ERROR),
    "WINDOW_UPDATE of 0": ([window_update(0, 0)], wire.PROTOCOL_ERROR),
    "a window that overflows": ([window_update(0, (1 << 31) - 1)], wire.FLOW_CONTROL_ERROR),
    "a frame longer than allowed": ([frame(wire.DATA, 0, 1, length=1 << 20)], wire.FRAME_SIZE_ERROR),
    "padding longer than its frame": ([headers(1, HEAD), frame(wire.DATA, wire.PADDED, 1, b"\x09abc")],
                                      wire.PROTOCOL_ERROR),
    "a header block that is none": ([frame(wire.HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff")],
                                    wire.COMPRESSION_ERROR),
    "a name in capitals": ([headers(1, [*HEAD, ("X-Upper", "1")])], wire.PROTOCOL_ERROR),
    "an empty name": ([headers(1, [*HEAD, ("", "1")])], wire.PROTOCOL_ERROR),
    "a status that is no number": ([headers(1, [(":status", "2xx"), HEAD[1]])], wire.PROTOCOL_ERROR),
    "a newline in a value": ([headers(1, [*HEAD, ("x", "a\nb")])], wire.PROTOCOL_ERROR),
}


def goaway_after_call_1(script):
    """The second call goes to another connection."""
    script.call()
    first = script.connection()
    stream = first.request().stream
    first.answer(stream)
    script.ends(OK)
    first.send(goaway(stream))
    # Nothing is left to be done on it.
    first.is_ended()
    script.call()
    script.accept().serve()
    script.ends(OK)


def goaway_at_a_call_lets_it_finish(script):
    script.call()
    first = script.connection()
    stream = first.request().stream
    first.send(goaway(stream))
    first.is_ponged()
    first.answer(stream)
    script.ends(OK)
    script.call()
    script.accept().serve()
    script.ends(OK)


def goaway_below_a_call_has_it_retried(script):
    """Nobody has seen it: it is made again on another connection, and the caller learns nothing."""
    script.call()
    first = script.connection()
    first.request()
    first.send(goaway(0))
    script.accept().serve()
    script.ends(OK)


def goaway_between_calls_in_two_steps(script):
    """As servers drain: the last stream is 2^31-1 at first, then what was really taken."""
    script.call()
    first = script.connection()
    stream = first.request().stream
    first.send(goaway((1 << 31) - 1), ping(b"draining"))
    first.until(lambda came: came.kind == wire.PING and came.flags & ACK, "the answer to a PING")
    first.send(goaway(stream))
    first.answer(stream)
    script.ends(OK)
    script.call()
    script.accept().serve()
    script.ends(OK)


def goaway_of_an_error(script):
    """The call that the server has taken fails; the next one goes to another connection."""
    script.call()
    first = script.connection()
    stream = first.request().stream
    first.send(goaway(stream, wire.INTERNAL_ERROR, b"no more"))
    first.socket.close()
    script.ends(UNAVAILABLE)
    script.call()
    script.accept().serve()
    script.ends(OK)


def refused_stream_is_retried(script):
    """Nothing of the call was looked at (RFC 9113 §8.7)."""
    script.call()
    connection = script.connection()
    connection.send(reset(connection.request().stream, wire.REFUSED_STREAM))
    connection.serve()
    script.ends(OK)


def refused_without_end(script):
    """A server that always refuses: in the end the call says so, after few tries."""
    script.call(seconds=10)
    connection, tries = script.connection(), 0
    connection.patience = 0.5
    while not script.has_ended(within=0):
        try:
            stream = connection.request().stream
        except TimeoutError:
            continue
        tries += 1
        same("few tries", tries < 20, True)
        connection.send(reset(stream, wire.REFUSED_STREAM))
    script.ends(UNAVAILABLE)


def pings_are_answered(script):
    """In every state of a connection: before, within, between and after calls."""
    connection, number = None, iter(range(1000))

    def asked():
        connection.is_ponged(struct.pack(">Q", next(number)))
    for _ in range(3):
        script.call()
        connection = connection or script.connection()
        stream = connection.request().stream
        asked()
        connection.send(headers(stream, HEAD))
        asked()
        connection.send(data(stream, message(b"half")[:7]))
        asked()
        connection.send(data(stream, message(b"half")[7:]), trailers(stream))
        asked()
        script.ends(OK)
        for _ in range(3):
            asked()


def max_streams(script):
    """One at a time: 10 calls at once all succeed, and never are two open."""
    script.call()
    connection = script.accept({INITIAL_WINDOW_SIZE: ROOM, MAX_CONCURRENT_STREAMS: 1})
    connection.serve()
    script.ends(OK)
    script.call(count=10)
    for _ in range(10):
        stream = connection.request().stream
        begin = len(connection.seen)
        connection.is_ponged()
        opened = [came.stream for came in connection.seen[begin:] if came.kind == wire.HEADERS]
        same("streams opened beside one that is open", opened, [])
        connection.answer(stream)
    for _ in range(10):
        script.ends(OK)
    script.no_connection()


def windows_that_are_shut(script):
    """A request of 100 kB, given out by a few bytes; never more than there is room for."""
    script.call(size=100_000)
    connection = script.accept({INITIAL_WINDOW_SIZE: 0})
    came, _ = connection.head()
    connection.is_ponged()
    room = 0
    for step in [1, 4, 5, 1000, 3, 16384, 50_000, 32_608]:
        connection.send(window_update(came.stream, step))
        room += step
        while connection.received(came.stream) < room:
            connection.until(lambda part: part.kind == wire.DATA, "DATA")
        connection.is_ponged(struct.pack(">Q", room))
        same("bytes", connection.received(came.stream), room)
    same("all of it", room, 100_005)
    connection.answer(came.stream)
    script.ends(OK)


def a_window_below_zero(script):
    """SETTINGS take back what was given (RFC 9113 §6.9.2)."""
    script.call(size=100_000)
    connection = script.accept({INITIAL_WINDOW_SIZE: 50_000})
    came, _ = connection.head()
    while connection.received(came.stream) < 50_000:
        connection.until(lambda part: part.kind == wire.DATA, "DATA")
    # The stream's window is now 40,000 below zero, then zero.
    connection.send(settings({INITIAL_WINDOW_SIZE: 10_000}))
    connection.is_ponged(b"below 0 ")
    connection.send(window_update(came.stream, 40_000))
    connection.is_ponged(b"at zero ")
    same("bytes", connection.received(came.stream), 50_000)
    connection.send(window_update(came.stream, 50_005))
    while connection.received(came.stream) < 100_005:
        connection.until(lambda part: part.kind == wire.DATA, "DATA")
    connection.answer(came.stream)
    script.ends(OK)


def frames_are_not_longer_than_allowed(script):
    script.call(size=200_000)
    connection = script.connection()
    same("bytes", len(connection.request().body), 200_005)
    same("the longest frame", max(len(came.payload) for came in connection.seen), 16384)


def unknown_frames_and_settings(script):
    """RFC 9113 §4.1, §6.5.2: passed over."""
    unknown = [frame(0x42, 0xFF, stream, b"unknown") for stream in (0, 1)]
    script.call()
    connection = script.accept({INITIAL_WINDOW_SIZE: ROOM, 0x99: 7, 0xFFFF: 0})
    connection.send(*unknown, frame(wire.PRIORITY, 0, 1, bytes(5)))
    stream = connection.request().stream
    connection.send(*unknown, headers(stream, HEAD), *unknown, data(stream, message()), *unknown, trailers(stream))
    script.ends(OK)


def what_breaks_the_connection(script):
    """The call fails, the server is told why by GOAWAY, and the next call goes to another connection."""
    for what, (frames, code) in BREAKING.items():
        script.call()
        connection = script.accept()
        connection.request()
        connection.send(*frames)
        wire.among(f"{what}: code of the GOAWAY", connection.is_ended(), (code, wire.PROTOCOL_ERROR))
        ended = script.ended()
        wire.among(f"{what}: code ({ended.message})", ended.code, (INTERNAL, UNAVAILABLE))
        connection.socket.close()
    script.call()
    script.accept().serve()
    script.ends(OK)


def a_connection_that_is_lost(script):
    """In any state: the call fails with UNAVAILABLE, the next one goes to another connection."""
    for frames in [[], [headers(1, HEAD)], [headers(1, HEAD), data(1, message(b"half")[:7])],
                   [headers(1, HEAD), data(1, message(b"whole"))]]:
        script.call()
        connection = script.accept()
        connection.request()
        connection.send(*frames)
        connection.socket.close()
        script.ends(UNAVAILABLE)
    script.call()
    script.accept().serve()
    script.ends(OK)


def another_protocol(script, said):
    """What is no HTTP/2 fails the call, soon."""
    script.call(seconds=5)
    connection = script.accept_raw()
    connection.read(len(wire.PREFACE))
    connection.send(said)
    connection.is_ended()
    script.ends((UNAVAILABLE, INTERNAL))


def a_server_of_http1(script):
    another_protocol(script, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def a_server_of_ssh(script):
    another_protocol(script, b"SSH-2.0-OpenSSH_9.2\r\n")


def a_server_of_tls(script):
    another_protocol(script, b"\x15\x03\x01\0\2\2\x46")


CASES = [
    goaway_after_call_1, goaway_at_a_call_lets_it_finish, goaway_below_a_call_has_it_retried,
    goaway_between_calls_in_two_steps, goaway_of_an_error, refused_stream_is_retried, refused_without_end,
    pings_are_answered, max_streams, windows_that_are_shut, a_window_below_zero, frames_are_not_longer_than_allowed,
    unknown_frames_and_settings, what_breaks_the_connection, a_connection_that_is_lost, a_server_of_http1,
    a_server_of_ssh, a_server_of_tls,
]
