"""The cases of the interop client, as gRPC's interop test descriptions define them."""

import random
from queue import SimpleQueue

import grpc
import grpc_testing_pb2 as pb
import grpc_testing_pb2_grpc as stubs

from cases import Mismatch, same
from relay import Relay

MAX_MESSAGE = 16 << 20
# A call that does not end by itself fails its case instead of holding the run.
PATIENCE = 30
SENT, ANSWERED = [27182, 8, 1828, 45904], [31415, 9, 2653, 58979]
METADATA = [("x-grpc-test-echo-initial", "test_initial_metadata_value"),
            ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
# How many bytes more than its payload a message may take on the wire: its head and trailers, frames, SETTINGS, PINGs.
OVERHEAD = 10_000


class Client:
    """A channel to the server, and its stub."""

    def __init__(self, flags, target=None):
        self.flags = flags
        options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", -1),
                   # A channel each, not a connection that channels with the same options share.
                   ("grpc.use_local_subchannel_pool", 1)]
        if flags.server_host_override:
            options.append(("grpc.default_authority", flags.server_host_override))
        self.channel = grpc.insecure_channel(target or f"{flags.server_host}:{flags.server_port}", options=options)
        self.stub = stubs.TestServiceStub(self.channel)

    def relayed(self):
        """A client of the same server with a relay between, and the relay."""
        relay = Relay((self.flags.server_host, self.flags.server_port))
        return Client(self.flags, f"127.0.0.1:{relay.port}"), relay


def payload(size):
    return pb.Payload(body=bytes(size))


def is_payload(came, size):
    same("length of the payload", len(came.body), size)
    same("the payload is zeros", came.body == bytes(size), True)


def failed(call, code):
    """The error of a call that must end with `code`."""
    try:
        call()
    except grpc.RpcError as error:
        same(f"code ({error.details()})", error.code(), code)
        return error
    raise Mismatch(f"expected {code}, came a reply")


def output_request(size, *sizes):
    parameters = [pb.ResponseParameters(size=size) for size in sizes]
    return pb.StreamingOutputCallRequest(response_parameters=parameters, payload=payload(size))


def empty_unary(client):
    same("reply", client.stub.EmptyCall(pb.Empty(), timeout=PATIENCE), pb.Empty())


def large_unary(client, size=271828, response_size=314159, **options):
    request = pb.SimpleRequest(response_size=response_size, payload=payload(size))
    response, call = client.stub.UnaryCall.with_call(request, timeout=PATIENCE, **options)
    is_payload(response.payload, response_size)
    return call


def client_streaming(client):
    requests = (pb.StreamingInputCallRequest(payload=payload(size)) for size in SENT)
    same("sum", client.stub.StreamingInputCall(requests, timeout=PATIENCE).aggregated_payload_size, 74922)


def server_streaming(client):
    responses = list(client.stub.StreamingOutputCall(output_request(0, *ANSWERED), timeout=PATIENCE))
    same("messages", len(responses), len(ANSWERED))
    for response, size in zip(responses, ANSWERED):
        is_payload(response.payload, size)


class Duplex:
    """A FullDuplexCall whose requests are sent one by one; None ends them."""

    def __init__(self, client, timeout=PATIENCE, **options):
        self.requests = SimpleQueue()
        self.call = client.stub.FullDuplexCall(iter(self.requests.get, None), timeout=timeout, **options)

    def send(self, request):
        self.requests.put(request)

    def exchange(self, size, response_size):
        self.send(output_request(size, response_size))
        is_payload(next(self.call).payload, response_size)

    def finish(self):
        """Half-closes; no more responses may come."""
        self.requests.put(None)
        same("responses after the last", list(self.call), [])


def ping_pong(client):
    duplex = Duplex(client)
    for size, response_size in zip(SENT, ANSWERED):
        duplex.exchange(size, response_size)
    duplex.finish()


def empty_stream(client):
    Duplex(client).finish()


def custom_metadata(client):
    duplex = Duplex(client, metadata=METADATA)
    duplex.exchange(271828, 314159)
    duplex.finish()
    for call in [large_unary(client, metadata=METADATA), duplex.call]:
        for came, expected in [(call.initial_metadata(), METADATA[0]), (call.trailing_metadata(), METADATA[1])]:
            same(expected[0], [value for key, value in came if key == expected[0]], [expected[1]])


def status(client, message, kinds):
    asked = pb.EchoStatus(code=2, message=message)

    def unary():
        client.stub.UnaryCall(pb.SimpleRequest(response_status=asked), timeout=PATIENCE)

    def duplex():
        call = Duplex(client)
        call.send(pb.StreamingOutputCallRequest(response_status=asked))
        call.finish()

    for call in [unary, duplex][:kinds]:
        same("message", failed(call, grpc.StatusCode.UNKNOWN).details(), message)


def unimplemented(stub):
    failed(lambda: stub.UnimplementedCall(pb.Empty(), timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED)


def cancel_after_begin(client):
    duplex = Duplex(client)  # for its queue of requests: nothing is sent
    call = client.stub.StreamingInputCall.future(iter(duplex.requests.get, None), timeout=PATIENCE)
    call.cancel()
    same("code", call.code(), grpc.StatusCode.CANCELLED)


def cancel_after_first_response(client):
    duplex = Duplex(client)
    duplex.exchange(27182, 31415)
    duplex.call.cancel()
    failed(duplex.finish, grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server(client):
    duplex = Duplex(client, timeout=0.001)
    duplex.send(output_request(27182))
    failed(lambda: next(duplex.call), grpc.StatusCode.DEADLINE_EXCEEDED)


def client_compressed_unary(client):
    def call(expected, compression):
        request = pb.SimpleRequest(response_size=314159, payload=payload(271828),
                                   expect_compressed=pb.BoolValue(value=expected))
        is_payload(client.stub.UnaryCall(request, timeout=PATIENCE, compression=compression).payload, 314159)

    plain, gzip = grpc.Compression.NoCompression, grpc.Compression.Gzip
    # Whether the server looks at all: it must refuse what is not as it says.
    failed(lambda: call(True, plain), grpc.StatusCode.INVALID_ARGUMENT)
    call(True, gzip)
    call(False, plain)


def client_compressed_streaming(client):
    def call(compression, *requests):
        made = [pb.StreamingInputCallRequest(payload=pb.Payload(body=body), expect_compressed=pb.BoolValue(value=value))
                for body, value in requests]
        return client.stub.StreamingInputCall(iter(made), timeout=PATIENCE, compression=compression)

    failed(lambda: call(grpc.Compression.NoCompression, (bytes(27182), True)), grpc.StatusCode.INVALID_ARGUMENT)
    # A client of grpcio compresses all messages of a call or none, but for those that would not be shorter.
    noise = random.Random(7).randbytes(45904)
    response = call(grpc.Compression.Gzip, (bytes(27182), True), (noise, False))
    same("sum", response.aggregated_payload_size, 73086)


def server_compressed_unary(client):
    """grpcio does not say whether a message came compressed; the number of bytes does."""
    for compressed in [True, False]:
        relayed, relay = client.relayed()
        request = pb.SimpleRequest(response_size=314159, payload=payload(271828),
                                   response_compressed=pb.BoolValue(value=compressed))
        is_payload(relayed.stub.UnaryCall(request, timeout=PATIENCE).payload, 314159)
        same("compressed", relay.received < OVERHEAD, compressed)
        same("bytes are within bounds", relay.received < 314159 + OVERHEAD, True)


def server_compressed_streaming(client):
    relayed, relay = client.relayed()
    parameters = [pb.ResponseParameters(size=31415, compressed=pb.BoolValue(value=True)),
                  pb.ResponseParameters(size=92653, compressed=pb.BoolValue(value=False))]
    request = pb.StreamingOutputCallRequest(response_parameters=parameters)
    responses = list(relayed.stub.StreamingOutputCall(request, timeout=PATIENCE))
    same("messages", len(responses), 2)
    is_payload(responses[0].payload, 31415)
    is_payload(responses[1].payload, 92653)
    same("only the second takes its size on the wire", 92653 <= relay.received < 92653 + OVERHEAD, True)


CASES = {
    "empty_unary": empty_unary,
    "large_unary": large_unary,
    "client_compressed_unary": client_compressed_unary,
    "server_compressed_unary": server_compressed_unary,
    "client_streaming": client_streaming,
    "client_compressed_streaming": client_compressed_streaming,
    "server_streaming": server_streaming,
    "server_compressed_streaming": server_compressed_streaming,
    "ping_pong": ping_pong,
    "empty_stream": empty_stream,
    "custom_metadata": custom_metadata,
    "status_code_and_message": lambda client: status(client, "test status message", 2),
    "special_status_message": lambda client: status(client, SPECIAL, 1),
    "unimplemented_method": lambda client: unimplemented(client.stub),
    "unimplemented_service": lambda client: unimplemented(stubs.UnimplementedServiceStub(client.channel)),
    "cancel_after_begin": cancel_after_begin,
    "cancel_after_first_response": cancel_after_first_response,
    "timeout_on_sleeping_server": timeout_on_sleeping_server,
    "very_large_request": lambda client: large_unary(client, 10 << 20, 10),
}
