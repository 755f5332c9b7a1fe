"""A scripted server, and the client that it judges: `threadwire-interop-peer calls`, a process of its own a case, which
makes calls when it is told and says how each ended. So a case is one story: the client calls, the server sends frames,
the call ends so."""

import select
import socket
import subprocess
from typing import NamedTuple

from . import wire
from .wire import (END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, Connection, Mismatch, data, headers, message, same,
                   settings, window_update)

(OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
 RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS,
 UNAUTHENTICATED) = range(17)
HEAD = [(":status", "200"), ("content-type", "application/grpc")]
# Room for all that the client sends in a case, so that a script need not give it.
ROOM = 1 << 30


class Ended(NamedTuple):
    """How a call ended, as the client says."""
    code: int
    responses: int
    bytes: int
    message: str
    trailers: dict


class Request(NamedTuple):
    stream: int
    headers: list
    body: bytes


class Script:
    """A listener, and a client that calls it."""

    def __init__(self, peer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(wire.PATIENCE)
        port = self.listener.getsockname()[1]
        self.client = subprocess.Popen([*peer, "calls", f"127.0.0.1:{port}"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.connections = []
        self.first = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in [self.listener, *self.connections]:
            end.close()
        self.client.kill()
        self.client.communicate()

    def call(self, kind="unary", count=1, size=0, seconds=10):
        """The client begins so many calls at once."""
        self.client.stdin.write(f"{kind} {count} {size} {int(seconds * 1000)}\n".encode())

    def has_ended(self, within):
        """Whether the next of the calls ends in so many seconds."""
        return bool(select.select([self.client.stdout], [], [], within)[0])

    def ended(self):
        """How the next of the calls ended."""
        line = b""
        while not line.endswith(b"\n"):
            if not self.has_ended(wire.PATIENCE):
                raise Mismatch("the call does not end")
            byte = self.client.stdout.read(1)
            if not byte:
                raise Mismatch(f"the client has ended: {self.client.stderr.read()!r}")
            line += byte
        code, responses, length, text, trailers = line.decode().removesuffix("\n").split("\t")
        pairs = [pair.partition("=") for pair in trailers.split(",") if pair]
        return Ended(int(code), int(responses), int(length), bytes.fromhex(text).decode(),
                     {key: bytes.fromhex(value) for key, _, value in pairs})

    def ends(self, code, responses=None):
        """The next call ends with this code, or one of these."""
        ended = self.ended()
        wire.among(f"code ({ended.message})", ended.code, code if isinstance(code, tuple) else (code,))
        if responses is not None:
            same("responses", ended.responses, responses)
        return ended

    def accept(self, pairs=((INITIAL_WINDOW_SIZE, ROOM),)):
        """The client's next connection, opened in order."""
        connection = self.accept_raw()
        same("preface", connection.read(len(wire.PREFACE)), wire.PREFACE)
        connection.send(settings(pairs), window_update(0, ROOM))
        return connection

    def connection(self):
        """The client's first connection."""
        self.first = self.first or self.accept()
        return self.first

    def accept_raw(self):
        try:
            accepted, _ = self.listener.accept()
        except TimeoutError:
            raise Mismatch("expected a connection, none came") from None
        self.connections.append(accepted)
        return Serving(accepted)

    def no_connection(self):
        """None has come so far."""
        self.listener.settimeout(0)
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return
        finally:
            self.listener.settimeout(wire.PATIENCE)
        raise Mismatch("the client has connected once more")


class Serving(Connection):
    def head(self):
        """The head of the next request: (stream, fields)."""
        came = self.until(lambda came: came.kind == HEADERS, "a request")
        return came, self.headers_of(came)

    def request(self):
        """The next request, whole."""
        came, fields = self.head()
        body = b""
        while not came.flags & END_STREAM:
            came = self.until(lambda next, stream=came.stream: next.stream == stream, "the rest of the request")
            body += came.payload if came.kind == wire.DATA else b""
        return Request(came.stream, fields, body)

    def answer(self, stream, payload=b"reply"):
        """What a good server answers."""
        self.send(headers(stream, HEAD), data(stream, message(payload)), trailers(stream))

    def serve(self, payload=b"reply"):
        """Takes the next request and answers it."""
        self.answer(self.request().stream, payload)


def trailers(stream, status="0", *more):
    return headers(stream, [("grpc-status", status), *more], END_STREAM)
