"""What a server does to one stream: resets, statuses, heads and trailers (PROTOCOL-HTTP2.md, *Responses* and *Errors*;
http-grpc-status-mapping.md). The connection goes on: a call that succeeds on it ends each case."""

from . import wire
from .server import (CANCELLED, DEADLINE_EXCEEDED, HEAD, INTERNAL, NOT_FOUND, OK, PERMISSION_DENIED, RESOURCE_EXHAUSTED,
                     UNAUTHENTICATED, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN, trailers)
from .wire import END_STREAM, PADDED, WITH_PRIORITY, among, block, data, frame, headers, message, reset, same

OF_RESETS = {
    wire.NO_ERROR: INTERNAL,
    wire.PROTOCOL_ERROR: INTERNAL,
    wire.INTERNAL_ERROR: INTERNAL,
    wire.FLOW_CONTROL_ERROR: INTERNAL,
    wire.SETTINGS_TIMEOUT: INTERNAL,
    wire.STREAM_CLOSED: INTERNAL,
    wire.FRAME_SIZE_ERROR: INTERNAL,
    wire.CANCEL: CANCELLED,
    wire.COMPRESSION_ERROR: INTERNAL,
    wire.CONNECT_ERROR: INTERNAL,
    wire.ENHANCE_YOUR_CALM: RESOURCE_EXHAUSTED,
    wire.INADEQUATE_SECURITY: PERMISSION_DENIED,
    wire.HTTP_1_1_REQUIRED: INTERNAL,
    # No code that there is: RFC 9113 §7 says that it is as INTERNAL_ERROR.
    0xBEEF: INTERNAL,
}
OF_HTTP = {
    200: UNKNOWN, 204: UNKNOWN, 301: UNKNOWN, 400: INTERNAL, 401: UNAUTHENTICATED, 403: PERMISSION_DENIED,
    404: UNIMPLEMENTED, 405: UNKNOWN, 415: UNKNOWN, 418: UNKNOWN, 429: UNAVAILABLE, 431: INTERNAL, 500: UNKNOWN,
    501: UNKNOWN, 502: UNAVAILABLE, 503: UNAVAILABLE, 504: UNAVAILABLE, 599: UNKNOWN,
}
# 17 KiB.
LONG = [(f"x-{number}", "v" * 1000) for number in range(17)]


def on_one_connection(script, answers, kind="unary"):
    """Each of `answers` is (frames of the answer to a call, its code); a good answer follows."""
    for answer, code in answers:
        script.call(kind)
        connection = script.connection()
        stream = connection.request().stream if kind in ["unary", "stream"] else connection.head()[0].stream
        connection.send(*answer(stream))
        yield script.ends(code)
    script.call()
    script.connection().serve()
    script.ends(OK)


def each(script, answers, kind="unary"):
    for _ in on_one_connection(script, answers, kind):
        pass


def rst_after_header(script):
    each(script, [(lambda stream: [headers(stream, HEAD), reset(stream, wire.NO_ERROR)], INTERNAL)])


def rst_during_data(script):
    each(script, [(lambda stream: [headers(stream, HEAD), data(stream, message(b"half")[:7]),
                                   reset(stream, wire.NO_ERROR)], INTERNAL)])


def rst_after_data(script):
    each(script, [(lambda stream: [headers(stream, HEAD), data(stream, message(b"whole")),
                                   reset(stream, wire.NO_ERROR)], INTERNAL)])


def every_reset_code_before_the_head(script):
    each(script, [(lambda stream, code=code: [reset(stream, code)], expected) for code, expected in OF_RESETS.items()])


def every_reset_code_behind_the_head(script):
    answers = [(lambda stream, code=code: [headers(stream, HEAD), reset(stream, code)], expected)
               for code, expected in {**OF_RESETS, wire.REFUSED_STREAM: UNAVAILABLE}.items()]
    each(script, answers)
    each(script, answers, "stream")


def a_reset_behind_the_trailers_means_nothing(script):
    """Of a server that wants no more of the request."""
    def early(stream):
        return [headers(stream, HEAD), data(stream, message(b"early")), trailers(stream), reset(stream, wire.NO_ERROR)]

    def refused(stream):
        return [headers(stream, [*HEAD, ("grpc-status", "7")], END_STREAM), reset(stream, wire.NO_ERROR)]
    each(script, [(early, OK), (refused, PERMISSION_DENIED)], "upload")
    each(script, [(early, OK), (refused, PERMISSION_DENIED)], "duplex")


def every_http_status(script):
    html = ("content-type", "text/html")
    answers = []
    for status, code in OF_HTTP.items():
        page = [(":status", str(status)), html]
        answers.append((lambda stream, page=page: [headers(stream, page, END_STREAM)], code))
        answers.append((lambda stream, page=page: [headers(stream, page), data(stream, b"<html>", END_STREAM)], code))
    each(script, answers)


def a_grpc_status_goes_before_that_of_http(script):
    each(script, [(lambda stream: [headers(stream, [(":status", "503"), HEAD[1], ("grpc-status", "5")], END_STREAM)],
                   NOT_FOUND)])


def a_wrong_content_type_is_no_success(script):
    types = [[("content-type", kind)] for kind in ["text/html", "application/grpc-web", "application/grpcx", ""]] + [[]]
    answers = []
    for kind in types:
        head = [HEAD[0], *kind]
        only = [*head, ("grpc-status", "0")]
        answers.append((lambda stream, only=only: [headers(stream, only, END_STREAM)], UNKNOWN))
        answers.append((lambda stream, head=head: [headers(stream, head), data(stream, message()), trailers(stream)],
                        UNKNOWN))
    each(script, answers)


def content_types_that_are_right(script):
    kinds = ["application/grpc+proto", "application/grpc;charset=utf-8", "Application/Grpc"]
    each(script, [(lambda stream, kind=kind: [headers(stream, [HEAD[0], ("content-type", kind)]),
                                              data(stream, message()), trailers(stream)], OK) for kind in kinds])


def informational_heads_are_skipped(script):
    each(script, [(lambda stream: [headers(stream, [(":status", "100")]),
                                   headers(stream, [(":status", "103"), ("link", "</a>"), ("grpc-status", "5")]),
                                   headers(stream, HEAD), data(stream, message()), trailers(stream)], OK)])


def a_status_in_the_head_is_ignored_when_more_follows(script):
    def answer(in_head, at_end):
        return lambda stream: [headers(stream, [*HEAD, ("grpc-status", in_head)]), data(stream, message()),
                               trailers(stream, at_end)]
    each(script, [(answer("13", "0"), OK), (answer("0", "5"), NOT_FOUND)])


def trailers_only(script):
    def only(status):
        return lambda stream: [headers(stream, [*HEAD, ("grpc-status", str(status))], END_STREAM)]
    answers = [(only(status), status) for status in range(1, 17)]
    each(script, answers)
    each(script, answers, "duplex")


def statuses_that_are_none(script):
    for_whom = [[("grpc-status", value)] for value in ["17", "99", "-1", "abc", "", "1 2", "99999999999", "0x5"]] + [[]]
    answers = []
    for pairs in for_whom:
        answers.append((lambda stream, pairs=pairs: [headers(stream, HEAD), data(stream, message()),
                                                     headers(stream, [*pairs, ("x", "y")], END_STREAM)], UNKNOWN))
        answers.append((lambda stream, pairs=pairs: [headers(stream, [*HEAD, *pairs], END_STREAM)], UNKNOWN))
    each(script, answers)


def an_end_without_trailers(script):
    each(script, [(lambda stream: [headers(stream, HEAD), data(stream, message(), END_STREAM)], UNKNOWN),
                  (lambda stream: [headers(stream, HEAD), data(stream, b"", END_STREAM)], UNKNOWN),
                  (lambda stream: [headers(stream, HEAD, END_STREAM)], UNKNOWN)])


def percent_encoding_never_fails(script):
    """What is no escape stays as it is; what is no UTF-8 becomes U+FFFD."""
    texts = {
        "plain": "plain", "%41%20b": "A b", "%": "%", "100%": "100%", "%4": "%4", "%zz": "%zz", "%%41": "%A",
        "%E2%98%BA": "☺", "%e2%98%ba": "☺", "%E2%98": "�", "%FF": "�", "": "", "a%00b": "a\0b", "%0D%0A": "\r\n",
        "%25": "%", "%2541": "%41", "+": "+",
    }
    answers = [(lambda stream, sent=sent: [headers(stream, [*HEAD, ("grpc-status", "5"), ("grpc-message", sent)],
                                                   END_STREAM)], NOT_FOUND) for sent in texts]
    for (sent, expected), ended in zip(texts.items(), on_one_connection(script, answers)):
        same(f"message of {sent!r}", ended.message, expected)
    raw = "raw ☺".encode()
    for ended in on_one_connection(script, [(lambda stream: [headers(stream, [*HEAD, ("grpc-status", "5"), (
            "grpc-message", raw)], END_STREAM)], NOT_FOUND)]):
        among("message of raw UTF-8", ended.message, ["raw ☺"])


def binary_metadata(script):
    """Padded or not, and several values in one; what is no base64 fails the call alone."""
    sent = {"q6ur": b"\xab\xab\xab", "AP8": b"\0\xff", "AP8=": b"\0\xff", "": b""}
    answers = [(lambda stream, value=value: [headers(stream, HEAD), data(stream, message()),
                                             trailers(stream, "0", ("x-data-bin", value))], OK) for value in sent]
    for (value, expected), ended in zip(sent.items(), on_one_connection(script, answers)):
        same(f"x-data-bin of {value!r}", ended.trailers.get("x-data-bin"), expected)
    def wrong(value):
        head = [*HEAD, ("x-data-bin", value)]
        return lambda stream: [headers(stream, head), data(stream, message()), trailers(stream)]
    each(script, [(wrong(value), (INTERNAL, UNKNOWN)) for value in ["*", "A", "A=B="]])


def reserved_metadata_is_not_shown(script):
    more = [("grpc-foo", "1"), ("x-mine", "2"), ("content-type", "application/grpc")]
    for ended in on_one_connection(script, [(lambda stream: [headers(stream, HEAD), data(stream, message()),
                                                             trailers(stream, "0", *more)], OK)]):
        same("trailers", ended.trailers, {"x-mine": b"2"})


def heads_in_many_forms(script):
    """Padded, with a priority, and in CONTINUATION frames."""
    encoded = block(HEAD)
    padded = bytes([9]) + bytes(4) + b"\x10" + encoded + bytes(9)
    each(script, [(lambda stream: [frame(wire.HEADERS, PADDED | WITH_PRIORITY | wire.END_HEADERS, stream, padded),
                                   data(stream, message()), trailers(stream)], OK),
                  (lambda stream: [frame(wire.HEADERS, 0, stream, encoded[:1]),
                                   frame(wire.CONTINUATION, 0, stream, b""),
                                   frame(wire.CONTINUATION, wire.END_HEADERS, stream, encoded[1:]),
                                   data(stream, message()), trailers(stream)], OK)])


def header_lists_over_the_limit(script):
    """17 KiB where 16 are allowed: the call fails, the connection goes on."""
    each(script, [(lambda stream: [headers(stream, [*HEAD, *LONG])], INTERNAL),
                  (lambda stream: [headers(stream, [*HEAD, ("grpc-status", "5"), *LONG], END_STREAM)], INTERNAL)])


def trailers_over_the_limit(script):
    """They are cut: a status that is within the limit counts, one behind it is none."""
    status = ("grpc-status", "5")
    each(script, [(lambda stream: [headers(stream, HEAD), headers(stream, [status, *LONG], END_STREAM)], NOT_FOUND),
                  (lambda stream: [headers(stream, HEAD), headers(stream, [*LONG, status], END_STREAM)], UNKNOWN)])


def malformed_heads(script):
    """RFC 9113 §8.1.1: the call fails, the connection goes on. (Others end the connection, as they may: see
    `negative_connections`.)"""
    bad = [
        [HEAD[1]],  # no status
        [HEAD[0], *HEAD],  # two of them
        [*reversed(HEAD)],  # behind a field
        [*HEAD, (":path", "/")],
        [*HEAD, ("connection", "close")],
    ]
    each(script, [(lambda stream, pairs=pairs: [headers(stream, pairs)], INTERNAL) for pairs in bad])


def a_deadline_ends_the_call_and_the_stream(script):
    script.call(seconds=0.3)
    connection = script.connection()
    stream = connection.request().stream
    script.ends(DEADLINE_EXCEEDED)
    cancelled = connection.until(lambda came: came.kind == wire.RST_STREAM, "RST_STREAM")
    same("reset", (cancelled.stream, cancelled.payload), (stream, bytes([0, 0, 0, wire.CANCEL])))
    # What was under way when it was reset means nothing.
    connection.answer(stream)
    script.call()
    connection.serve()
    script.ends(OK)


CASES = [
    rst_after_header, rst_during_data, rst_after_data, every_reset_code_before_the_head,
    every_reset_code_behind_the_head, a_reset_behind_the_trailers_means_nothing, every_http_status,
    a_grpc_status_goes_before_that_of_http, a_wrong_content_type_is_no_success, content_types_that_are_right,
    informational_heads_are_skipped, a_status_in_the_head_is_ignored_when_more_follows, trailers_only,
    statuses_that_are_none, an_end_without_trailers, percent_encoding_never_fails, binary_metadata,
    reserved_metadata_is_not_shown, heads_in_many_forms, header_lists_over_the_limit, trailers_over_the_limit,
    malformed_heads, a_deadline_ends_the_call_and_the_stream,
]
