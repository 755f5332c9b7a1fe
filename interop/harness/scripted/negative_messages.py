"""What a server sends as messages (PROTOCOL-HTTP2.md): framing, padding, flags, lengths, counts."""

from . import wire
from .negative_streams import each
from .server import HEAD, INTERNAL, OK, RESOURCE_EXHAUSTED, UNIMPLEMENTED, trailers
from .wire import END_STREAM, PADDED, data, frame, headers, message, reset, same

REPLY = message(b"a reply in pieces")
MIB = 1 << 20


def answer(*pieces, head=HEAD):
    return lambda stream: [headers(stream, head), *(data(stream, piece) for piece in pieces), trailers(stream)]


def split_at_every_byte(script):
    each(script, [(answer(REPLY[:at], REPLY[at:]), OK) for at in range(len(REPLY) + 1)])


def a_byte_a_frame_and_empty_frames(script):
    single = [REPLY[at:at + 1] for at in range(len(REPLY))]
    mixed = [piece for byte in single[:7] for piece in (b"", byte)]
    each(script, [(answer(*single), OK), (answer(*mixed, REPLY[7:], b""), OK)])


def many_messages_in_a_frame(script):
    script.call("stream")
    connection = script.connection()
    joined = b"".join(message(bytes(size)) for size in [0, 1, 2, 0, 500, 3])
    stream = connection.request().stream
    # The last one begins in the one frame and ends in the next.
    connection.send(*answer(joined + REPLY[:9], REPLY[9:])(stream))
    ended = script.ends(OK, responses=7)
    same("bytes", ended.bytes, 506 + len(REPLY) - 5)


def data_frame_padding(script):
    """Padding of every length behind a byte each, and alone."""
    reply = message(bytes(251))

    def padded(stream, piece, pad):
        return frame(wire.DATA, PADDED, stream, bytes([pad]) + piece + bytes(pad))

    def all_lengths(stream):
        padded_bytes = [padded(stream, reply[pad:pad + 1], pad) for pad in range(256)]
        return [headers(stream, HEAD), *padded_bytes, trailers(stream)]

    def alone(stream):
        return [headers(stream, HEAD), padded(stream, b"", 255), padded(stream, b"", 0), data(stream, reply),
                padded(stream, b"", 255), trailers(stream)]
    each(script, [(all_lengths, OK), (alone, OK)])


def padding_counts_in_the_window(script):
    """Four times the connection's window, nearly all of it padding: it is given back, or the answers stop."""
    reply = message(bytes(995))

    def mostly_padding(stream):
        frames = [frame(wire.DATA, PADDED, stream, bytes([255]) + reply[at:at + 1] + bytes(255))
                  for at in range(len(reply))]
        return [headers(stream, HEAD), *frames, trailers(stream)]
    each(script, [(mostly_padding, OK)] * 250)
    seen = script.connection().seen
    given = sum(int.from_bytes(came.payload) for came in seen if (came.kind, came.stream) == (wire.WINDOW_UPDATE, 0))
    # 250 KiB an answer; the window of a connection is 16 MiB.
    same("most of it was given back", given > 48 * MIB, True)


def an_end_inside_a_message(script):
    """It is neither a clean end nor a message."""
    answers = [(answer(REPLY[:at]), INTERNAL) for at in range(1, len(REPLY))]
    answers += [(lambda stream: [headers(stream, HEAD), data(stream, REPLY[:3], END_STREAM)], INTERNAL),
                (lambda stream: [headers(stream, HEAD), data(stream, REPLY[:9], END_STREAM)], INTERNAL)]
    each(script, answers)
    each(script, [(answer(REPLY, REPLY[:3]), INTERNAL)], "stream")


def flags_that_are_wrong(script):
    """Compressed without an encoding, and flags that there are not."""
    identity = [*HEAD, ("grpc-encoding", "identity")]
    each(script, [(answer(message(b"x", 1)), INTERNAL), (answer(message(b"x", 1), head=identity), INTERNAL),
                  (answer(message(b"x", 2)), INTERNAL), (answer(message(b"x", 0x80)), INTERNAL),
                  (answer(message(b"x", 255)), INTERNAL)])


def an_encoding_that_nobody_asked_for(script):
    encoded = [*HEAD, ("grpc-encoding", "br")]
    each(script, [(answer(message(b"x", 1), head=encoded), (INTERNAL, UNIMPLEMENTED))])


def counts_that_are_wrong(script):
    """A call of one response has one."""
    each(script, [(answer(*replies), UNIMPLEMENTED) for replies in ([], [REPLY, REPLY], [REPLY + REPLY])])
    each(script, [(answer(REPLY, REPLY), UNIMPLEMENTED), (answer(), UNIMPLEMENTED)], "upload")
    each(script, [(answer(), OK)], "stream")


def messages_over_the_limit(script):
    """By their length alone: none of their bytes needs to come."""
    for length in [4 * MIB + 1, 1 << 31, (1 << 32) - 1]:
        each(script, [(lambda stream: [headers(stream, HEAD), data(stream, message(b"x", length=length))],
                       RESOURCE_EXHAUSTED)])
    script.call()
    connection = script.connection()
    stream = connection.request().stream
    connection.send(headers(stream, HEAD))
    connection.send_within_windows(stream, message(bytes(4 * MIB)))
    connection.send(trailers(stream))
    same("bytes", script.ends(OK).bytes, 4 * MIB)


def a_message_and_a_reset(script):
    """What a stream has brought before it was reset is not lost."""
    script.call("stream")
    connection = script.connection()
    stream = connection.request().stream
    connection.send(headers(stream, HEAD), data(stream, REPLY), data(stream, REPLY[:7]))
    connection.is_ponged()
    connection.send(reset(stream, wire.INTERNAL_ERROR))
    script.ends(INTERNAL, responses=1)


CASES = [
    split_at_every_byte, a_byte_a_frame_and_empty_frames, many_messages_in_a_frame, data_frame_padding,
    padding_counts_in_the_window, an_end_inside_a_message, flags_that_are_wrong, an_encoding_that_nobody_asked_for,
    counts_that_are_wrong, messages_over_the_limit, a_message_and_a_reset,
]
