"""Random bytes, and openings that come to nothing, at both ports of `threadwire serve`. The bytes come from a
fixed seed."""

import random
import socket
import struct
import time

from .client import REQUEST, Target
from .wire import PREFACE, frame, headers, same, settings

UPGRADE = (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
BEGINNING = PREFACE + settings()
# What a connection has sent when it goes silent: within 10 s the server ends it.
UNFINISHED = {
    "nothing": b"",
    "one byte": b"P",
    "half a preface": PREFACE[:13],
    "a preface without SETTINGS": PREFACE,
    "a preface and half of SETTINGS": PREFACE + settings({4: 1})[:12],
    "half a request head": UPGRADE[:60],
}
# Likewise, but these have said enough to be kept; the client closes them.
BEGUN = {
    "a call without its message": BEGINNING + headers(1, REQUEST),
    "half a frame": BEGINNING + frame(0, length=8192),
    "half a header block": BEGINNING + headers(1, REQUEST)[:-10],
    "half a WebSocket frame": UPGRADE + b"\x81\xfe\1",
}
# What noise begins with.
NOISE = [b"", PREFACE, BEGINNING, BEGINNING + headers(1, REQUEST), UPGRADE, b"GET / HTTP/1.1\r\n"]
HANDSHAKE_SECONDS = 10
# On a busy machine everything takes longer.
SLACK_SECONDS = 10


def random_bytes(targets):
    """Behind each beginning; they end in three ways. To an end the server answers with its own."""
    dice = random.Random(7)
    for target in targets:
        for begin in NOISE:
            for number in range(40):
                with target.connect(begin + dice.randbytes(dice.randrange(1, 5000))) as connection:
                    if number % 3 == 0:
                        # A reset instead of an orderly end.
                        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    elif number % 3 == 1:
                        ends_with_its_peer(connection, f"{begin!r:.40} and noise")


def ends_with_its_peer(connection, what):
    try:
        connection.socket.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the server was first
    until = time.monotonic() + HANDSHAKE_SECONDS + SLACK_SECONDS
    same(f"{what}: the server ends the connection", ends(connection, until), True)


def unfinished_openings(targets):
    """They end within the time of a handshake; beside them, and beside what has begun, others are served."""
    held = [target.connect(sent) for target in targets for sent in BEGUN.values() for _ in range(20)]
    unfinished = [(what, target.connect(sent)) for target in targets for what, sent in UNFINISHED.items()
                  for _ in range(10)]
    until = time.monotonic() + HANDSHAKE_SECONDS + SLACK_SECONDS
    # Slowloris: these say a byte now and then, which gives them no more time.
    slow = [target.connect() for target in targets for _ in range(5)]
    for byte in UPGRADE[:20]:
        for connection in slow:
            connection.try_send(bytes([byte]))
        time.sleep(0.4)
    unfinished += [("byte by byte", connection) for connection in slow]
    same("kept", {what for what, connection in unfinished if not ends(connection, until)}, set())
    for connection in held + [connection for _, connection in unfinished]:
        connection.socket.close()


def ends(connection, until):
    """Whether the server ends the connection in time."""
    try:
        while True:
            connection.socket.settimeout(max(until - time.monotonic(), 0.001))
            if not connection.socket.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True


def targets_of(server):
    return [Target(server.grpc_port), Target(server.websocket_port)]


CASES = [random_bytes, unfinished_openings]
