"""Frames of HTTP/2 (RFC 9113 §4, §6) and a connection that speaks them, of either side. Header blocks are read with
hpack, which the caller of `interop/run` has installed; they are written here, since no encoder writes wrong ones."""

import socket
import struct
import time
from collections import Counter
from typing import NamedTuple

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, WITH_PRIORITY = 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY,
 HTTP_1_1_REQUIRED) = range(14)
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = \
    range(1, 7)
# How long anything may take that should happen at once; a busy machine is slow.
PATIENCE = 20


class Mismatch(Exception):
    """What came is not what was expected."""


def same(what, came, expected):
    if came != expected:
        raise Mismatch(f"{what}: expected {expected!r:.300}, came {came!r:.300}")


def among(what, came, expected):
    if came not in expected:
        raise Mismatch(f"{what}: expected one of {expected!r:.300}, came {came!r:.300}")


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; `length` is what its head says, if that is not true."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(pairs=(), flags=0):
    return frame(SETTINGS, flags, 0, b"".join(struct.pack(">HI", *pair) for pair in dict(pairs).items()))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def reset(stream, code):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last, code=NO_ERROR, text=b""):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code) + text)


def ping(payload=b"threadw.", flags=0):
    return frame(PING, flags, 0, payload)


def integer(value, bits):
    """A number with a prefix of so many bits (RFC 7541 §5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    encoded, value = bytearray([most]), value - most
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes(encoded) + bytes([value])


def block(pairs):
    """A header block of literal fields without indexing (RFC 7541 §6.2.2)."""
    raw = [part if isinstance(part, bytes) else part.encode() for pair in pairs for part in pair]
    fields = zip(raw[::2], raw[1::2])
    return b"".join(b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value for name, value in fields)


def headers(stream, pairs, flags=0):
    """HEADERS, and CONTINUATION where a frame of the usual size does not hold them."""
    encoded = block(pairs)
    pieces = [encoded[at:at + 16384] for at in range(0, len(encoded), 16384)] or [b""]
    last = len(pieces) - 1
    return b"".join(
        frame(CONTINUATION if at else HEADERS, (0 if at else flags) | (END_HEADERS if at == last else 0), stream, piece)
        for at, piece in enumerate(pieces))


def data(stream, payload, flags=0):
    return frame(DATA, flags, stream, payload)


def message(payload=b"", flag=0, length=None):
    """A message of gRPC: its prefix and its bytes; `length` is what the prefix says, if that is not true."""
    return bytes([flag]) + struct.pack(">I", len(payload) if length is None else length) + payload


class Connection:
    """Answers SETTINGS and PINGs by itself while it reads. What comes between what is waited for is kept in `seen`."""

    def __init__(self, connected, patience=PATIENCE):
        self.socket, self.patience = connected, patience
        self.socket.settimeout(patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.seen = []
        self.decoder = hpack.Decoder()
        self.answers_pings = True
        # Of what the peer takes: each stream's window at its beginning, what was added, and what was used; 0 is all.
        self.initial, self.added, self.used = 65535, Counter(), Counter()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def read(self, length):
        """So many bytes; fewer if the connection ends before."""
        until = time.monotonic() + self.patience
        while len(self.buffer) < length:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except ConnectionError:
                piece = b""
            if not piece:
                break
            self.buffer += piece
        read, self.buffer = self.buffer[:length], self.buffer[length:]
        return read

    def read_on(self):
        """Takes all that comes, to the end of the connection; it is looked at later. (In a thread of its own.)"""
        pieces = []
        try:
            while piece := self.socket.recv(1 << 20):
                pieces.append(piece)
        except OSError:
            pass
        self.buffer += b"".join(pieces)

    def next(self):
        """The next frame; None at the end of the connection."""
        head = self.read(9)
        if len(head) < 9:
            return None
        length, stream = int.from_bytes(head[:3]), int.from_bytes(head[5:]) & 0x7FFFFFFF
        came = Frame(head[3], head[4], stream, self.read(length))
        self.seen.append(came)
        if came.kind == WINDOW_UPDATE:
            self.added[stream] += int.from_bytes(came.payload)
        if came.kind == SETTINGS and not came.flags & ACK:
            pairs = dict(struct.iter_unpack(">HI", came.payload))
            self.initial = pairs.get(INITIAL_WINDOW_SIZE, self.initial)
            self.try_send(settings(flags=ACK))
        elif came.kind == PING and not came.flags & ACK and self.answers_pings:
            self.try_send(ping(came.payload, ACK))
        return came

    def try_send(self, *frames):
        """The peer may have ended the connection."""
        try:
            self.send(*frames)
        except OSError:
            pass

    def send_within_windows(self, stream, payload):
        """DATA as the peer's windows allow; waits for them. Only for connections that send all their DATA so."""
        while payload:
            size = min(self.await_room(stream, 1), len(payload), 16384)
            self.use(stream, size)
            self.send(data(stream, payload[:size]))
            payload = payload[size:]

    def await_room(self, stream, least):
        """Waits until the peer's windows take so many bytes; how many they take then."""
        while True:
            room = min(self.initial + self.added[stream] - self.used[stream], 65535 + self.added[0] - self.used[0])
            if room >= least:
                return room
            self.until(lambda came: came.kind in (WINDOW_UPDATE, SETTINGS), "more window")

    def use(self, stream, size):
        """DATA of so many bytes, padding and all, is being sent."""
        self.used[stream] += size
        self.used[0] += size

    def until(self, wanted, what):
        """The first frame that is wanted, a function says which."""
        while came := self.next():
            if wanted(came):
                return came
        raise Mismatch(f"expected {what}, came the end of the connection after {self.seen[-5:]!r:.500}")

    def is_ponged(self, payload=b"in order"):
        """Asks by PING and waits for the answer: what was sent before has been read by then."""
        self.send(ping(payload))
        self.until(lambda came: came.kind == PING and came.flags & ACK and came.payload == payload,
                   "the answer to a PING")

    def is_ended(self):
        """Reads until the end of the connection, which must come; the code of the last GOAWAY, if there was one."""
        while self.next():
            pass
        last = [came for came in self.seen if came.kind == GOAWAY]
        return int.from_bytes(last[-1].payload[4:8]) if last else None

    def received(self, stream):
        """So many bytes of DATA have come on the stream."""
        return sum(len(came.payload) for came in self.seen if (came.kind, came.stream) == (DATA, stream))

    def headers_of(self, came):
        """The fields of a HEADERS frame; with its CONTINUATIONs, which are read."""
        payload, flags = came.payload, came.flags
        if flags & PADDED:
            payload = payload[1:len(payload) - payload[0]]
        if flags & WITH_PRIORITY:
            payload = payload[5:]
        while not flags & END_HEADERS:
            more = self.next()
            payload, flags = payload + more.payload, more.flags
        return [(bytes(name).decode(), bytes(value).decode()) for name, value in self.decoder.decode(payload, raw=True)]
