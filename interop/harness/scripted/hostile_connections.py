"""What breaks HTTP/2, other protocols on the port, and windows that are shut (RFC 9113)."""

from . import wire
from .client import HELLO, REQUEST, WORLD, request
from .wire import (ACK, END_HEADERS, END_STREAM, INITIAL_WINDOW_SIZE, PREFACE, data, frame, goaway, headers, message,
                   ping, reset, same, settings, window_update)

MIB = 1 << 20
# The frames, and the code of the GOAWAY that answers them; PROTOCOL_ERROR may always stand for it (§5.4).
BREAKING = {
    "DATA on stream 0": ([data(0, b"x")], wire.PROTOCOL_ERROR),
    "HEADERS on stream 0": ([headers(0, REQUEST)], wire.PROTOCOL_ERROR),
    "a stream of even number": ([headers(2, REQUEST)], wire.PROTOCOL_ERROR),
    "a stream that is lower than the last": ([request(5), request(3)], wire.PROTOCOL_ERROR),
    "DATA on a stream that is not open": ([data(7, b"x")], wire.PROTOCOL_ERROR),
    "RST_STREAM of a stream that is not open": ([reset(7, wire.CANCEL)], wire.PROTOCOL_ERROR),
    "RST_STREAM on stream 0": ([reset(0, wire.CANCEL)], wire.PROTOCOL_ERROR),
    "RST_STREAM of 3 bytes": ([frame(wire.RST_STREAM, 0, 1, bytes(3))], wire.FRAME_SIZE_ERROR),
    "PUSH_PROMISE of a client": ([frame(wire.PUSH_PROMISE, END_HEADERS, 1, bytes([0, 0, 0, 2]))], wire.PROTOCOL_ERROR),
    "CONTINUATION without HEADERS": ([frame(wire.CONTINUATION, END_HEADERS, 1)], wire.PROTOCOL_ERROR),
    "CONTINUATION of another stream": ([frame(wire.HEADERS, 0, 1), frame(wire.CONTINUATION, END_HEADERS, 3)],
                                       wire.PROTOCOL_ERROR),
    "another frame inside a header block": ([frame(wire.HEADERS, 0, 1), ping()], wire.PROTOCOL_ERROR),
    "SETTINGS of 5 bytes": ([frame(wire.SETTINGS, 0, 0, bytes(5))], wire.FRAME_SIZE_ERROR),
    "SETTINGS ACK with a payload": ([frame(wire.SETTINGS, ACK, 0, bytes(6))], wire.FRAME_SIZE_ERROR),
    "SETTINGS on a stream": ([frame(wire.SETTINGS, 0, 1)], wire.PROTOCOL_ERROR),
    "SETTINGS longer than a frame may be": ([frame(wire.SETTINGS, 0, 0, bytes(6 * 4096))], wire.FRAME_SIZE_ERROR),
    "a window of 2^31": ([settings({INITIAL_WINDOW_SIZE: 1 << 31})], wire.FLOW_CONTROL_ERROR),
    "a MAX_FRAME_SIZE of 1": ([settings({wire.MAX_FRAME_SIZE: 1})], wire.PROTOCOL_ERROR),
    "a MAX_FRAME_SIZE of 2^24": ([settings({wire.MAX_FRAME_SIZE: 1 << 24})], wire.PROTOCOL_ERROR),
    "an ENABLE_PUSH of 2": ([settings({wire.ENABLE_PUSH: 2})], wire.PROTOCOL_ERROR),
    "PING of 7 bytes": ([ping(bytes(7))], wire.FRAME_SIZE_ERROR),
    "PING on a stream": ([frame(wire.PING, 0, 1, bytes(8))], wire.PROTOCOL_ERROR),
    "GOAWAY on a stream": ([frame(wire.GOAWAY, 0, 1, bytes(8))], wire.PROTOCOL_ERROR),
    "GOAWAY of 7 bytes": ([frame(wire.GOAWAY, 0, 0, bytes(7))], wire.FRAME_SIZE_ERROR),
    "WINDOW_UPDATE of 3 bytes": ([frame(wire.WINDOW_UPDATE, 0, 0, bytes(3))], wire.FRAME_SIZE_ERROR),
    "WINDOW_UPDATE of 0": ([window_update(0, 0)], wire.PROTOCOL_ERROR),
    "WINDOW_UPDATE of 0 on a stream": ([headers(1, REQUEST), window_update(1, 0)], wire.PROTOCOL_ERROR),
    "a window that overflows": ([window_update(0, (1 << 31) - 1)], wire.FLOW_CONTROL_ERROR),
    "DATA that is longer than allowed": ([headers(1, REQUEST), frame(wire.DATA, 0, 1, length=MIB)],
                                      wire.FRAME_SIZE_ERROR),
    "HEADERS of 2^24-1 bytes": ([frame(wire.HEADERS, END_HEADERS, 1, length=(1 << 24) - 1)], wire.FRAME_SIZE_ERROR),
    "padding longer than its frame": ([headers(1, REQUEST), frame(wire.DATA, wire.PADDED, 1, b"\x09abc")],
                                      wire.PROTOCOL_ERROR),
    "HEADERS too short for their padding": ([frame(wire.HEADERS, END_HEADERS | wire.PADDED, 1)], wire.PROTOCOL_ERROR),
    "a header block that is none": ([frame(wire.HEADERS, END_HEADERS, 1, b"\xff" * 7)], wire.COMPRESSION_ERROR),
    "a header that is not in the table": ([frame(wire.HEADERS, END_HEADERS, 1, b"\xfe")], wire.COMPRESSION_ERROR),
    "a header table that is too large": ([frame(wire.HEADERS, END_HEADERS, 1, b"\x3f\xff\xff\x7f\x82")],
                                         wire.COMPRESSION_ERROR),
    "a Huffman code that is none": ([frame(wire.HEADERS, END_HEADERS, 1, b"\0\x81\xff\x81\xff")],
                                    wire.COMPRESSION_ERROR),
}
OPENINGS = [
    # Of HTTP/2, and wrong.
    PREFACE[:-1] + b"X", PREFACE.replace(b"2.0", b"3.0") + settings(), PREFACE + ping(), PREFACE + headers(1, REQUEST),
    PREFACE + frame(wire.SETTINGS, ACK, 0), PREFACE + frame(wire.SETTINGS, 0, 0, bytes(6 * 3000)),
    # Of others.
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(500), b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"\xff" * 100,
    b"*1\r\n$4\r\nPING\r\n",
]


def what_breaks_the_connection(target):
    """GOAWAY with the right code, then the end."""
    for what, (frames, code) in BREAKING.items():
        with target.open() as connection:
            connection.try_send(*frames)
            wire.among(f"{what}: code of the GOAWAY", connection.is_ended(), (code, wire.PROTOCOL_ERROR))


def more_data_than_a_streams_window(target):
    """A reset of the stream, or the end of the connection."""
    with target.open() as connection:
        connection.try_send(headers(1, REQUEST), data(1, message(length=4 * MIB)), *[data(1, bytes(16384))] * 70)
        came = connection.until(lambda came: came.kind in (wire.RST_STREAM, wire.GOAWAY), "RST_STREAM or GOAWAY")
        code = came.payload[4:8] if came.kind == wire.GOAWAY else came.payload
        same("code", int.from_bytes(code), wire.FLOW_CONTROL_ERROR)


def openings_that_are_wrong(target):
    """The end, soon, and perhaps a GOAWAY before it."""
    for opening in OPENINGS:
        with target.connect(opening) as connection:
            wire.among(f"{opening[:20]!r}: code of the GOAWAY", connection.is_ended(),
                       (None, wire.PROTOCOL_ERROR, wire.FRAME_SIZE_ERROR))


def http1_is_answered_in_words(target):
    for asked in [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /Greeter/SayHello HTTP/1.0\r\n\r\n",
                  b"OPTIONS * HTTP/1.1\r\n\r\n"]:
        with target.connect(asked) as connection:
            answer = connection.read(MIB)
            same("an answer of HTTP/1.1", answer[:13], b"HTTP/1.1 505 ")
            same("it names gRPC", b"gRPC" in answer, True)


def unknown_frames_and_settings(target):
    """§4.1, §6.5.2: passed over."""
    unknown = [frame(kind, 0xFF, stream, b"unknown") for kind in (0x0C, 0x42, 0xFF) for stream in (0, 1, 2)]
    with target.open({0x99: 7, 0xFFFF: 0xFFFFFFFF}) as connection:
        connection.send(*unknown)
        connection.succeeds(1)
        connection.send(*unknown, frame(wire.PRIORITY, 0, 1, bytes(5)))
        connection.succeeds(3)


def what_comes_late_means_nothing(target):
    """Frames for streams that are over (§5.1, *closed*): RST_STREAM, WINDOW_UPDATE, PRIORITY."""
    with target.open() as connection:
        connection.succeeds(1)
        connection.send(reset(1, wire.CANCEL), window_update(1, 5), frame(wire.PRIORITY, 0, 1, bytes(5)))
        connection.succeeds(3)


def data_behind_its_end(target):
    """§5.1: STREAM_CLOSED, of the stream or the connection; the call has its answer all the same, or is reset."""
    with target.open() as connection:
        connection.send(request(1), data(1, b"more"))
        came = connection.until(lambda came: came.kind in (wire.RST_STREAM, wire.GOAWAY), "RST_STREAM or GOAWAY")
        code = came.payload[4:8] if came.kind == wire.GOAWAY else came.payload
        wire.among("code", int.from_bytes(code), (wire.STREAM_CLOSED, wire.PROTOCOL_ERROR))


def a_stream_of_no_window_holds_no_other(target):
    """Head of line: an answer that is not taken, and the calls behind it on the same connection."""
    with target.open({INITIAL_WINDOW_SIZE: 0}) as connection:
        connection.send(request(1))
        for stream in range(3, 43, 2):
            connection.send(request(stream), window_update(stream, 1000))
            answer = connection.answer(stream)
            same("status and body", (answer.status(), answer.body), (0, HELLO))
        connection.send(window_update(1, 1000))
        same("the first one at last", connection.answer(1).body, HELLO)


def a_window_by_bytes(target):
    with target.open({INITIAL_WINDOW_SIZE: 0}) as connection:
        connection.send(request(1))
        for taken in range(1, len(HELLO) + 1):
            connection.send(window_update(1, 1))
            connection.until(lambda came: came.kind == wire.DATA, "a byte")
            same("bytes", connection.received(1), taken)
        connection.until(lambda came: came.kind == wire.HEADERS and came.flags & END_STREAM, "trailers")


def uploads_that_do_not_go_on(target):
    """As many streams as there may be, each with a message begun: others are served, on another connection too."""
    with target.open() as stuck, target.open() as other:
        for stream in range(1, 2 * 200, 2):
            stuck.send(headers(stream, REQUEST), data(stream, message(b"begun", length=1000)))
        stuck.succeeds(401)
        other.succeeds(1)


def more_streams_than_allowed(target):
    """REFUSED_STREAM for what is beyond 256, and never GOAWAY: a peer may not have read the limit yet."""
    with target.open() as connection:
        for stream in range(1, 2 * 260, 2):
            connection.send(headers(stream, REQUEST))
        refused = {connection.answer(stream).reset for stream in range(1 + 2 * 256, 2 * 260, 2)}
        same("resets", refused, {wire.REFUSED_STREAM})
        connection.send(data(1, WORLD, END_STREAM))
        same("the first", connection.answer(1).status(), 0)


def settings_in_the_middle(target):
    """Windows and frame sizes that change under a running answer of 100 kB."""
    name = b"x" * 100_000
    with target.open({INITIAL_WINDOW_SIZE: 10_000}) as connection:
        field = b"\x0a\xa0\x8d\x06" + name
        connection.send(headers(1, REQUEST))
        connection.send_within_windows(1, message(field))
        connection.send(data(1, b"", END_STREAM))
        while connection.received(1) < 10_000:
            connection.until(lambda came: came.kind == wire.DATA, "DATA")
        connection.send(settings({INITIAL_WINDOW_SIZE: 0}), settings({INITIAL_WINDOW_SIZE: 60_000}),
                        window_update(0, MIB))
        while connection.received(1) < 60_000:
            connection.until(lambda came: came.kind == wire.DATA, "DATA")
        connection.send(settings({INITIAL_WINDOW_SIZE: MIB, wire.MAX_FRAME_SIZE: 30_000}))
        connection.until(lambda came: came.flags & END_STREAM and came.stream == 1, "the end of the answer")
        same("bytes", connection.received(1), len(field) + 5 + len("Hello, !"))


def goaway_of_a_client(target):
    """The calls that are open get their answers; then the connection ends."""
    with target.open() as connection:
        connection.send(headers(1, REQUEST), goaway(0), data(1, WORLD, END_STREAM))
        same("status", connection.answer(1).status(), 0)


CASES = [
    what_breaks_the_connection, more_data_than_a_streams_window, openings_that_are_wrong,
    http1_is_answered_in_words, unknown_frames_and_settings, what_comes_late_means_nothing, data_behind_its_end,
    a_stream_of_no_window_holds_no_other, a_window_by_bytes, uploads_that_do_not_go_on, more_streams_than_allowed,
    settings_in_the_middle, goaway_of_a_client,
]
