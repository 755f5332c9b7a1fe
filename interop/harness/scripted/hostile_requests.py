"""Requests that are none, or lie: what each is answered with (PROTOCOL-HTTP2.md, *Requests*). A call that succeeds on
the same connection follows each."""

from . import wire
from .client import HELLO, REQUEST, WORLD, request
from .wire import END_STREAM, among, data, headers, message, same

OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 1, 4, 8, 12, 13
MIB = 1 << 20
PATHS = ["/greeter/SayHello", "/Greeter/sayHello", "/Greeter/SayHello/", "//Greeter/SayHello", "/Greeter//SayHello",
         "/Greeter/SayHello?x=1", "/Greeter/Say%48ello", "/Greeter%2FSayHello", "/Greeter/../Greeter/SayHello",
         "/./Greeter/SayHello", "/Greeter/SayHello%00", "/Greeter/SayHello;a=b", "/Greeter", "/", "/Greeter/",
         "/helloworld.Greeter/SayHello", "/Greeter/" + "x" * 4000]


def on_one_connection(target, requests):
    """Each request's answer; a call as it should be follows each."""
    with target.open() as connection:
        for number, build in enumerate(requests):
            stream = 4 * number + 1
            connection.send(build(stream))
            yield connection.answer(stream)
            connection.succeeds(stream + 2)


def fails(target, code, *requests):
    for number, answer in enumerate(on_one_connection(target, requests)):
        same(f"request {number}: HTTP status, content-type, grpc-status",
             (answer.head.get(":status"), answer.head.get("content-type"), answer.status()),
             ("200", "application/grpc", code))


def with_fields(**options):
    return lambda stream: request(stream, **options)


def is_http(target, status, *requests):
    """Refused in HTTP, with a line of text, and a grpc-status beside it that is no success."""
    for number, answer in enumerate(on_one_connection(target, requests)):
        same(f"request {number}: HTTP status", answer.head.get(":status"), status)
        same(f"request {number}: content-type", answer.head.get("content-type", "").partition(";")[0], "text/plain")
        same(f"request {number}: a line of text", 0 < len(answer.body) < 500 and b"gRPC" in answer.body, True)
        same(f"request {number}: a grpc-status that is no success", answer.status() not in (None, OK), True)


def paths(target):
    """They are exactly as registered, and raw."""
    fails(target, UNIMPLEMENTED, *(with_fields(pairs=[(":path", path)]) for path in PATHS))


def methods(target):
    is_http(target, "405", *(with_fields(pairs=[(":method", method)]) for method in
                             ["GET", "PUT", "HEADER", "post", "OPTIONS", "DELETE"]))


def head_has_no_body(target):
    for answer in on_one_connection(target, [with_fields(pairs=[(":method", "HEAD")])]):
        same("HTTP status and body", (answer.head.get(":status"), answer.body), ("405", b""))


def content_types(target):
    kinds = ["text/plain", "application/grpc-web", "application/grpc-web+proto", "application/grpcx",
             "application/json", "application/grpc+json", "", "application/gr", "application/grpc+", "x" * 5000]
    is_http(target, "415", *(with_fields(pairs=[("content-type", kind)]) for kind in kinds),
            with_fields(without=["content-type"]))


def content_types_that_are_right(target):
    kinds = ["application/grpc+proto", "application/grpc;charset=utf-8", "Application/GRPC",
             "application/grpc+proto;a=b"]
    for answer in on_one_connection(target, [with_fields(pairs=[("content-type", kind)]) for kind in kinds]):
        same("status and body", (answer.status(), answer.body), (OK, HELLO))


def what_is_tolerated(target):
    """No te, unknown fields, metadata of 12 KiB, a timeout that is huge."""
    long = [(f"x-{number}", "v" * 1000) for number in range(12)]
    requests = [with_fields(without=["te"]), with_fields(pairs=[("grpc-foo", "bar"), ("x", "y")]),
                with_fields(pairs=long),
                *(with_fields(pairs=[("grpc-timeout", value)]) for value in ["99999999H", "99999999S", "00000030S"])]
    for answer in on_one_connection(target, requests):
        same("status and body", (answer.status(), answer.body), (OK, HELLO))


def timeouts_that_are_none(target):
    values = ["", "1", "S", "1s", "1x", "-1S", "+1S", "1.5S", " 1S", "1 S", "123456789S", "1SS", "0x1S", "٣S".encode()]
    fails(target, INTERNAL, *(with_fields(pairs=[("grpc-timeout", value)]) for value in values))


def timeouts_that_have_passed(target):
    values = ["0S", "0n", "1n", "00000000H"]
    fails(target, DEADLINE_EXCEEDED, *(with_fields(pairs=[("grpc-timeout", value)]) for value in values))


def a_request_that_does_not_come_in_its_time(target):
    """At the deadline the server ends the call itself."""
    with target.open() as connection:
        connection.send(headers(1, [*REQUEST, ("grpc-timeout", "200m")]), data(1, message(b"12345678")[:7]))
        answer = connection.answer(1)
        same("status", answer.status(), DEADLINE_EXCEEDED)
        # C-core takes the code of any other for the call's status.
        came = connection.until(lambda came: (came.kind, came.stream) == (wire.RST_STREAM, 1), "RST_STREAM")
        same("reset", int.from_bytes(came.payload), wire.NO_ERROR)
        connection.succeeds(3)


def binary_metadata_that_is_none(target):
    values = ["*", "A", "A=B=", "====", "a b"]
    fails(target, INTERNAL, *(with_fields(pairs=[("x-data-bin", value)]) for value in values))


def encodings_that_are_unknown(target):
    answers = on_one_connection(target, [with_fields(pairs=[("grpc-encoding", value)]) for value in ["br", "x" * 3000]])
    for answer in answers:
        same("status", answer.status(), UNIMPLEMENTED)
        among("grpc-accept-encoding is said", "grpc-accept-encoding" in answer.head, [True])


def two_hosts(target):
    with target.open() as connection:
        connection.send(headers(1, [*REQUEST, ("host", "a"), ("host", "b")], END_STREAM))
        same("HTTP status", connection.answer(1).head.get(":status"), "400")
        connection.succeeds(3)


def fields_that_come_twice(target):
    """Of what there is one at most, the first counts; metadata may come twice."""
    twice = [("content-type", "text/plain"), ("grpc-timeout", "10S"), ("grpc-timeout", "0S"), ("te", "trailers"),
             ("user-agent", "a"), ("user-agent", "b"), ("x-data-bin", "AA"), ("x-data-bin", "AA,AP8="),
             ("x", "1"), ("x", "2")]
    with target.open() as connection:
        connection.send(headers(1, [*REQUEST, *twice]), data(1, WORLD, END_STREAM))
        answer = connection.answer(1)
        same("status and body", (answer.status(), answer.body), (OK, HELLO))
        connection.succeeds(3)


def messages_that_are_none(target):
    """Flags, lengths, an end inside, none, two."""
    body = [message(b"x", 1), message(b"x", 2), message(b"x", 255), b"\0", b"\0\0\0\0", message(b"x", length=2),
            message(b"x", length=2)[:6]]
    fails(target, INTERNAL, *(with_fields(payload=payload) for payload in body))
    fails(target, UNIMPLEMENTED, *(with_fields(payload=payload) for payload in [b"", message() + message()]))
    # What no HelloRequest is: wrong wire types, a length that reaches out, no UTF-8.
    wrong = [b"\x0a", b"\x0a\x7f", b"\x0a\xff\xff\xff\xff\x0f", b"\x0f", b"\x0a\x02\xff\xfe", b"\xff" * 20]
    fails(target, INTERNAL, *(with_fields(payload=message(payload)) for payload in wrong))


def messages_over_the_limit(target):
    """By their length alone."""
    for length in [4 * MIB + 1, 1 << 31, (1 << 32) - 1]:
        with target.open() as connection:
            connection.send(headers(1, REQUEST), data(1, message(b"x", length=length)))
            same("status", connection.answer(1).status(), RESOURCE_EXHAUSTED)
            connection.succeeds(3)


def header_lists_over_the_limit(target):
    """20 KiB where 16 are allowed: 431, and the connection goes on."""
    long = [(f"x-{number}", "v" * 1000) for number in range(20)]
    for answer in on_one_connection(target, [with_fields(pairs=long)]):
        same("HTTP status", answer.head.get(":status"), "431")


def malformed_heads(target):
    """RFC 9113 §8.1.1: RST_STREAM(PROTOCOL_ERROR), and the connection goes on."""
    bad = {
        "no method": REQUEST[1:],
        "no path": [*REQUEST[:2], *REQUEST[3:]],
        "an empty path": [*REQUEST[:2], (":path", ""), *REQUEST[3:]],
        "a status": [(":status", "200"), *REQUEST],
        "two paths": [REQUEST[2], *REQUEST],
        "a pseudo-header behind others": [REQUEST[4], *REQUEST[:4]],
        "connection": [*REQUEST, ("connection", "close")],
        "transfer-encoding": [*REQUEST, ("transfer-encoding", "chunked")],
        "te that is not trailers": [*REQUEST[:5], ("te", "gzip")],
        "a length that is not true": [*REQUEST, ("content-length", "7")],
        "a length that is none": [*REQUEST, ("content-length", "x")],
    }
    with target.open() as connection:
        for number, (what, pairs) in enumerate(bad.items()):
            stream = 4 * number + 1
            connection.send(headers(stream, pairs), data(stream, message(), END_STREAM))
            same(f"{what}: reset", connection.answer(stream).reset, wire.PROTOCOL_ERROR)
            connection.succeeds(stream + 2)


def trailers_without_an_end(target):
    with target.open() as connection:
        connection.send(headers(1, REQUEST), data(1, message()), headers(1, [("x", "y")]))
        same("reset", connection.answer(1).reset, wire.PROTOCOL_ERROR)
        connection.succeeds(3)


CASES = [
    paths, methods, head_has_no_body, content_types, content_types_that_are_right, what_is_tolerated,
    timeouts_that_are_none, timeouts_that_have_passed, a_request_that_does_not_come_in_its_time,
    binary_metadata_that_is_none, encodings_that_are_unknown, two_hosts, fields_that_come_twice,
    messages_that_are_none, messages_over_the_limit, header_lists_over_the_limit, malformed_heads,
    trailers_without_an_end,
]
