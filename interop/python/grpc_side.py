"""gRPC with grpcio: the server of Interop and Greeter, and the cases of a client."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import helloworld_pb2
import helloworld_pb2_grpc
import interop_pb2 as pb
import interop_pb2_grpc as stubs

import cases
from cases import same

CODES = {code.value[0]: code for code in grpc.StatusCode}
COMPRESSIONS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
# Answers that do not come at all fail the case instead of holding the run.
PATIENCE = 30


class Interop(stubs.InteropServicer):
    def Echo(self, request, context):
        echoed = [pair for pair in context.invocation_metadata() if pair.key.startswith("x-echo-")]
        for compression in values(context.invocation_metadata(), "x-compress-reply"):
            context.set_compression(COMPRESSIONS[compression])
        context.send_initial_metadata(echoed)
        context.set_trailing_metadata(echoed)
        time.sleep(request.sleep_ms / 1000)
        if request.fail_code:
            context.abort(CODES[request.fail_code], request.fail_message)
        payload = bytes(request.reply_bytes) if request.reply_bytes else request.payload
        return pb.EchoReply(text=request.text, payload=payload)


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}!")


def serve():
    # The replies over the limit are the client's to refuse.
    server = grpc.server(ThreadPoolExecutor(20), options=[("grpc.max_send_message_length", -1)])
    stubs.add_InteropServicer_to_server(Interop(), server)
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    serve.server = server  # a server that nobody holds stops
    return port


def refused(call, code, within=PATIENCE):
    """The error of a call that must end with `code`."""
    begin = time.monotonic()
    try:
        call()
    except grpc.RpcError as error:
        same("code", error.code(), code)
        if time.monotonic() - begin > within:
            raise cases.Mismatch(f"it took {time.monotonic() - begin:.1f} s, expected {within} s at most")
        return error
    raise cases.Mismatch(f"expected {code}, came a reply")


def values(metadata, key):
    return [value for name, value in metadata if name == key]


def checks(target, joined=False, tells=False):
    channel = grpc.insecure_channel(target, options=[("grpc.max_send_message_length", -1)])
    stub = stubs.InteropStub(channel)

    def echo(request, **options):
        return stub.Echo(request, timeout=options.pop("timeout", PATIENCE), **options)

    def reply():
        same("reply", echo(pb.EchoRequest(text=cases.TEXT, payload=b"\0\xff")),
             pb.EchoReply(text=cases.TEXT, payload=b"\0\xff"))
        same("empty reply", echo(pb.EchoRequest()), pb.EchoReply())

    def sent_metadata():
        return [("x-echo-text", value) for value in cases.TEXT_VALUES] + \
            [("x-echo-data-bin", value) for value in cases.BINARY_VALUES]

    def echoed(where, metadata):
        texts = [", ".join(cases.TEXT_VALUES)] if joined else cases.TEXT_VALUES
        same(f"{where} x-echo-text", values(metadata, "x-echo-text"), texts)
        same(f"{where} x-echo-data-bin", values(metadata, "x-echo-data-bin"), cases.BINARY_VALUES)

    def metadata_both_ways():
        call = stub.Echo.with_call(pb.EchoRequest(), timeout=PATIENCE, metadata=sent_metadata())[1]
        echoed("initial", call.initial_metadata())
        echoed("trailing", call.trailing_metadata())

    def error_status():
        request = pb.EchoRequest(fail_code=cases.FAIL_CODE, fail_message=cases.FAIL_MESSAGE)
        error = refused(lambda: echo(request, metadata=sent_metadata()), CODES[cases.FAIL_CODE])
        same("message", error.details(), cases.FAIL_MESSAGE)
        echoed("trailing", error.trailing_metadata())

    def deadline():
        refused(lambda: echo(pb.EchoRequest(sleep_ms=2000), timeout=0.2), grpc.StatusCode.DEADLINE_EXCEEDED, 1.5)

    def unknown_method():
        refused(lambda: stub.Missing(pb.EchoRequest(), timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED)
        no_such = channel.unary_unary("/threadwire.interop.Interop/NoSuchMethod")
        refused(lambda: no_such(b"", timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED)

    def unknown_service():
        absent = stubs.AbsentStub(channel)
        refused(lambda: absent.Call(pb.EchoRequest(), timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED)

    def large_message():
        same("payload", echo(pb.EchoRequest(payload=cases.LARGE)).payload, cases.LARGE)

    def gzip_and_deflate():
        for name, compression in COMPRESSIONS.items():
            request = pb.EchoRequest(payload=cases.LARGE)
            reply, call = stub.Echo.with_call(request, timeout=PATIENCE, compression=compression,
                                              metadata=[("x-compress-reply", name)])
            same("payload", reply.payload, cases.LARGE)
            if tells:
                same("x-came-compressed", values(call.trailing_metadata(), "x-came-compressed"), ["true"])
            same("empty reply", echo(pb.EchoRequest(), compression=compression), pb.EchoReply())

    def request_over_the_limit():
        request = pb.EchoRequest(payload=bytes(cases.TOO_LARGE))
        refused(lambda: echo(request), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def reply_over_the_limit():
        request = pb.EchoRequest(reply_bytes=cases.TOO_LARGE)
        refused(lambda: echo(request), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def many_calls():
        def hundred(thread):
            for number in range(100):
                text = f"thread {thread} call {number}"
                same("text", echo(pb.EchoRequest(text=text)).text, text)

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(hundred, range(10)))

    yield "reply", reply
    yield "metadata both ways", metadata_both_ways
    yield "error status", error_status
    yield "deadline", deadline
    yield "unknown method", unknown_method
    yield "unknown service", unknown_service
    yield "large message", large_message
    yield "gzip and deflate", gzip_and_deflate
    yield "request over the limit", request_over_the_limit
    yield "reply over the limit", reply_over_the_limit
    yield "1000 calls over 10 threads", many_calls
    yield "reply after all that", reply


def greeter_checks(target):
    channel = grpc.insecure_channel(target)
    stub = helloworld_pb2_grpc.GreeterStub(channel)

    def greeting():
        for name in ["World", cases.TEXT]:
            reply = stub.SayHello(helloworld_pb2.HelloRequest(name=name), timeout=PATIENCE)
            same("greeting", reply.message, f"Hello, {name}!")

    yield "greeting", greeting
