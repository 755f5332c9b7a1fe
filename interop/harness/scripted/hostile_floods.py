"""Frames for their own sake, and peers that take nothing (RFC 9113 §10.5). What is too often ends its connection with
GOAWAY(ENHANCE_YOUR_CALM); whoever is slow costs nobody but itself."""

import threading

from . import wire
from .client import REQUEST, request
from .wire import (ACK, END_HEADERS, END_STREAM, INITIAL_WINDOW_SIZE, Mismatch, block, data, frame, headers, message,
                   ping, reset, same, settings, window_update)

MIB = 1 << 20
BATCH = 100
# More than any bound allows: 10,000 frames that carry nothing, ten more for each stream.
MOST_BATCHES = 3000
CALM = wire.ENHANCE_YOUR_CALM
# HelloRequest with a name of 1 MiB, and of half of it.
LONG_REQUEST = message(b"\x0a\x80\x80\x40" + bytes(MIB))
HALF_REQUEST = message(b"\x0a\x80\x80\x20" + bytes(MIB // 2))


def is_cut(target, batch, *before, code=(CALM,)):
    """Sends `before` and then batches, by their number, until the server ends the connection."""
    with target.open() as connection:
        connection.send(*before)
        # It reads all the while, and fast: otherwise the server would stop reading, too, or its last word not fit.
        reader = threading.Thread(target=connection.read_on)
        reader.start()
        try:
            for number in range(MOST_BATCHES):
                connection.socket.sendall(batch(number))
        except OSError:
            pass
        reader.join(wire.PATIENCE)
        same("the connection is ended", reader.is_alive(), False)
        wire.among("code of the GOAWAY", connection.is_ended(), code)


def each_frame(target, *repeated, before=(), **options):
    is_cut(target, lambda _: b"".join(repeated) * BATCH, *before, **options)


def pings(target):
    each_frame(target, ping())


def pings_beside_a_call(target):
    each_frame(target, ping(), before=[headers(1, REQUEST)])


def answers_to_no_ping(target):
    each_frame(target, ping(flags=ACK))


def many_settings(target):
    each_frame(target, settings({INITIAL_WINDOW_SIZE: 70_000}), settings({INITIAL_WINDOW_SIZE: 60_000}))


def priorities(target):
    each_frame(target, frame(wire.PRIORITY, 0, 1, bytes(5)))


def window_updates(target):
    each_frame(target, window_update(1, 1), before=[headers(1, REQUEST)])


def unknown_frames(target):
    each_frame(target, frame(0x42, 0, 0, b"unknown"))


def empty_data(target):
    each_frame(target, data(1, b""), before=[headers(1, REQUEST)])


def padding_alone(target):
    each_frame(target, frame(wire.DATA, wire.PADDED, 1, b"\x03\0\0\0"), before=[headers(1, REQUEST)])


def resets_of_what_is_over(target):
    each_frame(target, reset(1, wire.CANCEL), before=[request(1)])


def empty_continuations(target):
    each_frame(target, frame(wire.CONTINUATION, 0, 1), before=[frame(wire.HEADERS, 0, 1, block(REQUEST))])


def a_header_block_without_end(target):
    """CONTINUATION flood (CVE-2024-27316)."""
    field = block([("x-field", "v" * 1000)]) * 16
    each_frame(target, frame(wire.CONTINUATION, 0, 1, field), before=[frame(wire.HEADERS, 0, 1, block(REQUEST))])


def a_header_block_that_grows(target):
    """HPACK bomb: a field of 3,000 bytes in the table, named again and again by a byte, 30 MB in all."""
    entry = b"\x40" + wire.integer(6, 7) + b"x-bomb" + wire.integer(3000, 7) + b"v" * 3000
    bomb = block(REQUEST) + entry + b"\xbe" * 10_000
    with target.open() as connection:
        connection.send(frame(wire.HEADERS, END_HEADERS | END_STREAM, 1, bomb))
        same("code of the GOAWAY", connection.is_ended(), CALM)


def streams(build):
    """Batches of new streams."""
    return lambda number: b"".join(build(2 * at + 1) for at in range(number * BATCH, (number + 1) * BATCH))


def rapid_reset(target):
    """CVE-2023-44487."""
    is_cut(target, streams(lambda stream: headers(stream, REQUEST) + reset(stream, wire.CANCEL)))


def whole_calls_that_are_reset(target):
    is_cut(target, streams(lambda stream: request(stream) + reset(stream, wire.CANCEL)))


def made_you_reset(target):
    """CVE-2025-8671: it is the server that resets, for what the client does wrong."""
    overflow = (1 << 31) - 1
    is_cut(target, streams(lambda stream: headers(stream, REQUEST) + window_update(stream, overflow)))


def streams_over_the_limit(target):
    """Opened without end, never closed: refused, then the end."""
    is_cut(target, streams(lambda stream: headers(stream, REQUEST)))


def answers_that_are_not_taken(target):
    """40 answers of 1 MiB for a client of no window: beyond 32 MiB they are RESOURCE_EXHAUSTED, others go on."""
    with target.open({INITIAL_WINDOW_SIZE: 0}) as connection:
        for stream in range(1, 2 * 40, 2):
            connection.send(headers(stream, REQUEST))
            connection.send_within_windows(stream, LONG_REQUEST)
            connection.send(data(stream, b"", END_STREAM))
        while len(connection.heads) < 40:
            connection.until(lambda came: came.kind == wire.HEADERS, "a head")
        refused = [stream for stream, heads in connection.heads.items() if heads[0].get("grpc-status") == "8"]
        same("some are refused, and not all", 0 < len(refused) < 20, True)
        connection.send(request(99), window_update(99, 1000))
        same("status", connection.answer(99).status(), 0)


def a_peer_that_never_reads(target):
    """Its windows are wide, but it takes nothing from its socket: the server stops reading."""
    with target.open({INITIAL_WINDOW_SIZE: (1 << 31) - 1}) as connection:
        connection.send(window_update(0, 1 << 30))
        # The server's windows count from the acknowledgement of its SETTINGS.
        connection.is_ponged()
        connection.socket.settimeout(2)
        try:
            for stream in range(1, 2 * 200, 2):
                pieces = [data(stream, HALF_REQUEST[at:at + 16384]) for at in range(0, len(HALF_REQUEST), 16384)]
                connection.socket.sendall(headers(stream, REQUEST) + b"".join(pieces) + data(stream, b"", END_STREAM))
        except TimeoutError:
            return
        except ConnectionError:
            return  # the end, for what it owes
        raise Mismatch("100 MiB were taken of a peer that reads nothing")


def connections_that_come_and_go(target):
    for number in range(500):
        with target.connect(*[wire.PREFACE, settings()][:number % 3]):
            pass


def connections_that_stay(target):
    """300 of them, each with a call begun: others are served."""
    held = [target.open() for _ in range(300)]
    for connection in held:
        connection.send(headers(1, REQUEST))
    with target.open() as connection:
        connection.succeeds(1)
    for connection in held:
        connection.socket.close()


CASES = [
    pings, pings_beside_a_call, answers_to_no_ping, many_settings, priorities, window_updates, unknown_frames,
    empty_data, padding_alone, resets_of_what_is_over, empty_continuations, a_header_block_without_end,
    a_header_block_that_grows, rapid_reset, whole_calls_that_are_reset, made_you_reset, streams_over_the_limit,
    answers_that_are_not_taken, a_peer_that_never_reads, connections_that_come_and_go, connections_that_stay,
]
