"""The Python interop server of grpc.testing, on grpcio.

    interop_server.py --port=PORT    prints `port PORT`, serves until it is killed

grpcio does not show a handler whether a request came compressed, so `expect_compressed` cannot be judged here.
The modules made from the .proto files are found through PYTHONPATH (interop/run sets it).
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc_testing_pb2 as pb
import grpc_testing_pb2_grpc as stubs

import interop_flags

MAX_MESSAGE = 16 << 20
ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def echo_metadata(context):
    """Sends back what the client asks for: the first goes into the head, which leaves with the first message."""
    sent = context.invocation_metadata()
    if initial := [pair for pair in sent if pair.key == ECHO_INITIAL]:
        context.send_initial_metadata(initial)
    context.set_trailing_metadata([pair for pair in sent if pair.key == ECHO_TRAILING])


def end_as_asked(request, context):
    if request.HasField("response_status"):
        context.abort(CODES[request.response_status.code], request.response_status.message)


def answers(request, context):
    """One message for each of the request's parameters, then the status that it asks for."""
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        peer = context.peer() if parameters.fill_peer_socket_address else ""
        yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(parameters.size)), peer_socket_address=peer)
    end_as_asked(request, context)


class TestService(stubs.TestServiceServicer):
    def EmptyCall(self, request, context):
        echo_metadata(context)
        return pb.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        end_as_asked(request, context)
        response = pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))
        if request.fill_server_id:
            response.server_id = f"python {os.getpid()}"
        return response

    def StreamingOutputCall(self, request, context):
        if any(parameters.compressed.value for parameters in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        yield from answers(request, context)

    def StreamingInputCall(self, requests, context):
        echo_metadata(context)
        return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(each.payload.body) for each in requests))

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            yield from answers(request, context)

    def HalfDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in list(requests):
            yield from answers(request, context)


def main():
    flags = interop_flags.parse({"port": 0})
    options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(50), options=options)
    stubs.add_TestServiceServicer_to_server(TestService(), server)
    print("port", server.add_insecure_port(f"[::]:{flags.port}"), flush=True)
    server.start()
    server.wait_for_termination()


main()
