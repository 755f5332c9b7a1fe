"""The cases of many calls of the interop client: one after the other, on channels of their own, and all at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc_testing_pb2 as pb

from cases import Mismatch, same
from interop_cases import PATIENCE, Client, is_payload, large_unary, payload

SOAK_FLAGS = {
    "soak_iterations": 10,
    "soak_max_failures": 0,
    "soak_per_iteration_max_acceptable_latency_ms": 1000,
    "soak_min_time_ms_between_rpcs": 0,
    "soak_overall_timeout_seconds": 10,
    "soak_request_size": 271828,
    "soak_response_size": 314159,
    "soak_num_threads": 1,
    # Of long_lived_channel: seconds from call to call.
    "iteration_interval": 10,
}
CONCURRENT_CALLS = 1000


def pick_first_unary(client):
    request = pb.SimpleRequest(response_size=1, payload=payload(1), fill_server_id=True)
    servers = {client.stub.UnaryCall(request, timeout=PATIENCE).server_id for _ in range(20)}
    same("servers", len(servers), 1)
    same("the server names itself", "" in servers, False)


def soak_call(client, flags):
    """What was wrong with one call of a soak, or None."""
    begin = time.monotonic()
    try:
        large_unary(client, flags.soak_request_size, flags.soak_response_size)
    except (Mismatch, grpc.RpcError) as error:
        return str(error)
    took = (time.monotonic() - begin) * 1000
    return None if took <= flags.soak_per_iteration_max_acceptable_latency_ms else f"it took {took:.0f} ms"


def soak(client, new_channels):
    """`soak_num_threads` threads share the iterations; each call on a new channel, or all on one."""
    flags = client.flags
    until = time.monotonic() + flags.soak_overall_timeout_seconds
    share = flags.soak_iterations // flags.soak_num_threads

    def work(_):
        outcomes = []
        while len(outcomes) < share and time.monotonic() < until:
            after = time.monotonic() + flags.soak_min_time_ms_between_rpcs / 1000
            own = Client(flags) if new_channels else client
            outcomes.append(soak_call(own, flags))
            if new_channels:
                own.channel.close()
            time.sleep(max(0, after - time.monotonic()))
        return outcomes

    with ThreadPoolExecutor(flags.soak_num_threads) as pool:
        outcomes = [outcome for each in pool.map(work, range(flags.soak_num_threads)) for outcome in each]
    same("calls in time", len(outcomes), share * flags.soak_num_threads)
    wrong = [outcome for outcome in outcomes if outcome]
    if len(wrong) > flags.soak_max_failures:
        raise Mismatch(f"{len(wrong)} calls failed, the last: {wrong[-1]}")


def long_lived_channel(client):
    for call in range(client.flags.soak_iterations):
        time.sleep(client.flags.iteration_interval if call else 0)
        large_unary(client)


def concurrent_large_unary(client):
    request = pb.SimpleRequest(response_size=314159, payload=payload(271828))
    calls = [client.stub.UnaryCall.future(request, timeout=PATIENCE) for _ in range(CONCURRENT_CALLS)]
    for call in calls:
        is_payload(call.result().payload, 314159)


CASES = {
    "pick_first_unary": pick_first_unary,
    "rpc_soak": lambda client: soak(client, new_channels=False),
    "channel_soak": lambda client: soak(client, new_channels=True),
    "long_lived_channel": long_lived_channel,
    "concurrent_large_unary": concurrent_large_unary,
}
