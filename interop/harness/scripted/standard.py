"""The server of the gRPC project's negative-http2-interop-test-descriptions.md. Any client with the standard flags can
be judged by it; its exit code says what it made of the calls, and `wrong` what the server saw of it."""

import socket
import struct
import threading

from . import wire
from .server import HEAD, ROOM, Serving, trailers
from .wire import (HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, PADDED, PING, frame, goaway, headers, message,
                   ping, reset, same, settings, window_update)

# Bytes of the response's payload, as all clients ask for it.
RESPONSE = 314159
# Of the padded frames: bytes of the message and of padding.
PIECE, PADDING = 1000, 255


def varint(value):
    """A number of Protocol Buffers."""
    encoded = bytearray()
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes(encoded) + bytes([value])


def field(number, value):
    """A field of bytes, or a message in a message."""
    return varint(number << 3 | 2) + varint(len(value)) + value


# SimpleResponse{payload=1: Payload{body=2}}
REPLY = message(field(1, field(2, bytes(RESPONSE))))


def goes_away(number, connection):
    """GOAWAY behind the first answer; the second call must come on another connection."""
    answer(connection, next_stream(connection))
    if number == 0:
        connection.send(goaway(1))
        same("a call behind the GOAWAY", next_stream(connection), None)


def resets_after_header(_, connection):
    stream = next_stream(connection)
    connection.send(headers(stream, HEAD), reset(stream, wire.NO_ERROR))


def resets_during_data(_, connection):
    cut_off(connection, REPLY[:len(REPLY) // 2])


def resets_after_data(_, connection):
    cut_off(connection, REPLY)


def cut_off(connection, sent):
    stream = next_stream(connection)
    connection.send(headers(stream, HEAD))
    connection.send_within_windows(stream, sent)
    connection.send(reset(stream, wire.NO_ERROR))


def pings(_, connection):
    """A PING before each frame; all must have been answered before the call ends."""
    sent = 0

    def asks():
        nonlocal sent
        connection.send(ping(struct.pack(">Q", sent)))
        sent += 1

    asks()
    stream = next_stream(connection)
    asks()
    connection.send(headers(stream, HEAD))
    for at in range(0, len(REPLY), 16384):
        asks()
        connection.send_within_windows(stream, REPLY[at:at + 16384])

    def answered():
        return [came.payload for came in connection.seen if came.kind == PING and came.flags & wire.ACK]

    while len(answered()) < sent:
        connection.until(lambda came: came.kind == PING, "the answer to a PING")
    same("answers to PINGs", answered(), [struct.pack(">Q", number) for number in range(sent)])
    connection.send(trailers(stream))


def allows_one_stream(_, connection):
    """Each call is answered only when all that the client has sent so far has been seen."""
    connection.send(settings({MAX_CONCURRENT_STREAMS: 1}))
    streams = []
    while stream := next_stream(connection):
        connection.is_ponged()
        streams.append(stream)
        same("streams", [came.stream for came in connection.seen if came.kind == HEADERS], streams)
        answer(connection, stream)


def pads(_, connection):
    """Padding uses up the window as the rest of a frame does (RFC 9113 §6.9.1)."""
    stream = next_stream(connection)
    connection.send(headers(stream, HEAD))
    for at in range(0, len(REPLY), PIECE):
        piece = REPLY[at:at + PIECE]
        padded = bytes([PADDING]) + piece + bytes(PADDING)
        connection.await_room(stream, len(padded))
        connection.use(stream, len(padded))
        connection.send(frame(wire.DATA, PADDED, stream, padded))
    connection.send(trailers(stream))


def answers(_, connection):
    answer(connection, next_stream(connection))


# What the server does with its connections, and how many there must be.
CASES = {
    "goaway": (goes_away, 2),
    "rst_after_header": (resets_after_header, 1),
    "rst_during_data": (resets_during_data, 1),
    "rst_after_data": (resets_after_data, 1),
    "ping": (pings, 1),
    "max_streams": (allows_one_stream, 1),
    "data_frame_padding": (pads, 1),
    "no_df_padding_sanity_test": (answers, 1),
}


def next_stream(connection):
    """The next request, read to its end; None when the client has closed the connection."""
    while came := connection.next():
        if came.kind == HEADERS:
            break
    else:
        return None
    ended = came.flags & wire.END_STREAM
    while not ended:
        more = connection.until(lambda next: next.stream == came.stream, "the rest of the request")
        ended = more.flags & wire.END_STREAM
    return came.stream


def answer(connection, stream):
    if stream is None:
        raise wire.Mismatch("expected a call, came the end of the connection")
    connection.send(headers(stream, HEAD))
    connection.send_within_windows(stream, REPLY)
    connection.send(trailers(stream))


class Standard:
    """A server for one case; serves each connection on a thread of its own until the client has gone."""

    def __init__(self, case):
        self.script, self.expected = CASES[case]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads, self.mismatches = [], []
        self.accepting = threading.Thread(target=self.accept)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:  # the end of the case
                return
            thread = threading.Thread(target=self.serve, args=(len(self.threads), accepted))
            self.threads.append(thread)
            thread.start()

    def serve(self, number, accepted):
        try:
            with Serving(accepted) as connection:
                same("preface", connection.read(len(wire.PREFACE)), wire.PREFACE)
                connection.send(settings({INITIAL_WINDOW_SIZE: ROOM}), window_update(0, ROOM))
                self.script(number, connection)
                while connection.next():
                    pass
        except Exception as error:  # whatever stops the script is what was wrong
            self.mismatches.append(f"connection {number + 1}: {type(error).__name__}: {error}")

    def wrong(self):
        """What the server saw that it should not have seen, once the client has ended; None if nothing."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in [self.accepting, *self.threads]:
            thread.join()
        if len(self.threads) != self.expected:
            self.mismatches.append(f"expected {self.expected} connections, came {len(self.threads)}")
        return "; ".join(self.mismatches) or None
