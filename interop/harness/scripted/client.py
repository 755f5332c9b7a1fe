"""A scripted client of `threadwire serve`, and the bystander whom nothing of it may disturb."""

import socket
import subprocess
from typing import NamedTuple

from . import wire
from .wire import (DATA, END_STREAM, HEADERS, PREFACE, RST_STREAM, Connection, Mismatch, data, headers, message, same,
                   settings)

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/Greeter/SayHello"), (":authority", "localhost"),
           ("content-type", "application/grpc"), ("te", "trailers")]
# HelloRequest{name: "World"} and its answer.
WORLD = message(b"\x0a\x05World")
HELLO = message(b"\x0a\x0dHello, World!")
# A busy machine is slow; what disturbs is slower.
LONGEST_CALL_MS = 5000


class Answer(NamedTuple):
    """What came on a stream: its head, its DATA, its trailers, and the code of a reset (None: it ended in order)."""
    head: dict
    body: bytes
    trailers: dict
    reset: int | None

    def status(self):
        """The grpc-status."""
        status = self.trailers.get("grpc-status", self.head.get("grpc-status"))
        return None if status is None else int(status)


def request(stream, pairs=(), without=(), payload=WORLD):
    """A whole request: the usual head, with these fields instead or more, and a message."""
    replaced = dict(pairs)
    head = [(name, replaced.pop(name, value)) for name, value in REQUEST if name not in without]
    return headers(stream, [*head, *replaced.items()]) + data(stream, payload, END_STREAM)


class Calling(Connection):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.heads = {}

    def next(self):
        came = super().next()
        if came and came.kind == HEADERS:
            # At once, whoever waits for them: HPACK wants them in their order.
            self.heads.setdefault(came.stream, []).append(dict(self.headers_of(came)))
        return came

    def answer(self, stream):
        """All that comes on the stream from now on, to its end."""
        body = b""
        while True:
            came = self.until(lambda came: came.stream == stream and came.kind in (HEADERS, DATA, RST_STREAM),
                              "an answer")
            body += came.payload if came.kind == DATA else b""
            if came.kind == RST_STREAM or came.flags & END_STREAM:
                code = int.from_bytes(came.payload) if came.kind == RST_STREAM else None
                return Answer(*self.parts(self.heads.get(stream, []), body), code)

    def parts(self, heads, body):
        return heads[0] if heads else {}, body, heads[1] if len(heads) > 1 else {}

    def succeeds(self, stream):
        """A call as it should be, on this connection."""
        self.send(request(stream))
        answer = self.answer(stream)
        same("status and body", (answer.status(), answer.body), (0, HELLO))


class Target:
    """Where the server is."""

    def __init__(self, port):
        self.port = port

    def connect(self, *first, patience=wire.PATIENCE):
        """A connection that has sent these bytes."""
        connection = Calling(socket.create_connection(("127.0.0.1", self.port), timeout=wire.PATIENCE), patience)
        connection.try_send(*first)
        return connection

    def open(self, pairs=(), **options):
        """A connection of HTTP/2, opened in order."""
        return self.connect(PREFACE, settings(pairs), **options)


class Bystander:
    """python/bystander.py, a process of its own."""

    def __init__(self, peer, target):
        *interpreter, program = peer
        argv = [*interpreter, program.replace("peer.py", "bystander.py"), target]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def is_undisturbed(self):
        """Since the last time none of its calls failed or took long; it makes calls now, on its first connection."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Mismatch(f"the bystander has ended: {self.process.stderr.read()!r}")
        failed, longest, connected = map(int, line.split())
        same("calls of the bystander that failed", failed, 0)
        same("connections of the bystander", connected, 1)
        same(f"none of its calls took long ({longest} ms)", longest < LONGEST_CALL_MS, True)
