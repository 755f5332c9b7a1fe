"""Random bytes and half-open connections at both ports of `threadwire serve`: it goes on answering, and afterwards
no thread and no descriptor is left. The bytes come from a fixed seed."""

import os
import random
import socket
import struct
import time

import install
from expected import ECHO, GREETER

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"
def header(name, value):
    """A literal header field without indexing (RFC 7541 §6.2.2)."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


# A call of the Greeter that is all there but for its message, on stream 1 (RFC 9113 §6.2): POST, http.
BLOCK = (b"\x83\x86" + header(b":path", b"/Greeter/SayHello") + header(b":authority", b"localhost")
         + header(b"content-type", b"application/grpc") + header(b"te", b"trailers"))
HEADERS = struct.pack(">I", len(BLOCK))[1:] + b"\1\4\0\0\0\1" + BLOCK
UPGRADE = (b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")

# What a connection has sent when it goes silent: within 10 s the server ends it.
UNFINISHED = {
    "nothing": b"",
    "one byte": b"P",
    "half a preface": PREFACE[:13],
    "a preface without SETTINGS": PREFACE,
    "half a request head": UPGRADE[:60],
}
# Likewise, but these have said enough to be kept; the client closes them.
BEGUN = {
    "a call without its message": PREFACE + SETTINGS + HEADERS,
    "half a frame": PREFACE + SETTINGS + b"\0\0\x20\0\0",
    "half a WebSocket frame": UPGRADE + b"\x81\xfe\1",
}
# What noise begins with.
BEGINNINGS = [b"", PREFACE, PREFACE + SETTINGS, PREFACE + SETTINGS + HEADERS, UPGRADE, b"GET / HTTP/1.1\r\n"]
HANDSHAKE_SECONDS = 10
# On a busy machine everything takes longer.
SLACK_SECONDS = 10


def run(tally, processes):
    peer = install.python()
    server = processes.program(install.ours().program)
    ports = [server.grpc_port, server.websocket_port]

    def answers(when):
        for kind, address, expected in [("--greeter", server.target, GREETER), ("--echo", server.url, ECHO)]:
            tally.report(f"hostile peers: {when}", processes.output(peer + ["check", kind, address]), expected)

    answers("before")
    before = settled(server.process.pid)
    kept = {f"{begin} at {port}" for port in ports for begin in BEGINNINGS if not random_bytes(port, begin)}
    tally.equal("hostile peers: after random bytes and an end the server ends too", kept, set())
    answers("after random bytes")

    held = [open_and_send(port, sent) for port in ports for sent in BEGUN.values() for _ in range(20)]
    unfinished = [(what, port, open_and_send(port, sent)) for port in ports for what, sent in UNFINISHED.items()
                  for _ in range(10)]
    answers("beside half-open connections")
    until = time.monotonic() + HANDSHAKE_SECONDS + SLACK_SECONDS
    kept = {f"{what} at {port}" for what, port, connection in unfinished if not ends(connection, until)}
    tally.equal("hostile peers: unfinished handshakes are ended", kept, set())
    for connection in held + [connection for _, _, connection in unfinished]:
        connection.close()
    left = back_to(server.process.pid, before)
    tally.equal("hostile peers: no thread or descriptor is left", left, None)
    answers("afterwards")
    tally.equal("hostile peers: SIGTERM drains and exits 0", processes.terminate(server), 0)


def random_bytes(port, begin):
    """Connections that send `begin` and noise, and end in three ways; False if the server did not end one of them."""
    dice = random.Random(7)
    for number in range(40):
        connection = open_and_send(port, begin + dice.randbytes(dice.randrange(1, 5000)))
        with connection:
            if number % 3 == 0:
                # A reset instead of an orderly end.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif number % 3 == 1:
                quiet(lambda: connection.shutdown(socket.SHUT_WR))
                if not ends(connection, time.monotonic() + HANDSHAKE_SECONDS + SLACK_SECONDS):
                    return False
    return True


def open_and_send(port, sent):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    quiet(lambda: connection.sendall(sent))
    return connection


def quiet(action):
    """The server may have ended the connection already."""
    try:
        action()
    except OSError:
        pass


def ends(connection, until):
    """Whether the server ends the connection in time."""
    try:
        while True:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            if not connection.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True


def counts(pid):
    """(threads, descriptors) of a process."""
    return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


def settled(pid):
    """The counts once they have stayed the same for two seconds."""
    now, since = counts(pid), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.05)
        if counts(pid) != now:
            now, since = counts(pid), time.monotonic()
    return now


def back_to(pid, before):
    """None once neither count is above what it was; else what it is after a while."""
    until = time.monotonic() + HANDSHAKE_SECONDS + SLACK_SECONDS
    while any(now > then for now, then in zip(counts(pid), before)):
        if time.monotonic() > until:
            return f"(threads, descriptors) before {before}, now {counts(pid)}"
        time.sleep(0.05)
    return None
