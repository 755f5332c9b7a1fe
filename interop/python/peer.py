"""The Python peer: serves and checks both protocols with grpcio and websockets.

    peer.py serve                    prints `grpc PORT` and `ws PORT`, serves until it is killed
    peer.py check --grpc TARGET      one line a case: `ok CASE` or `FAILED CASE: why`; with `--joined` behind it the
                                     server may join the values of a metadata key by `, `, as Node's http2 does; with
                                     `--tells` it says whether requests came compressed
    peer.py check --ws URL           likewise
    peer.py check --greeter TARGET   the classic example, against `threadwire serve`
    peer.py check --echo URL         likewise

The modules made from the .proto files are found through PYTHONPATH (interop/run sets it).
"""

import sys
import threading

import cases
import grpc_side
import websocket_side


def serve():
    print("grpc", grpc_side.serve(), flush=True)
    print("ws", websocket_side.serve(), flush=True)
    threading.Event().wait()


CHECKS = {
    "--grpc": grpc_side.checks,
    "--greeter": grpc_side.greeter_checks,
    "--ws": websocket_side.checks,
    "--echo": websocket_side.echo_checks,
}


def main(arguments):
    match arguments:
        case ["serve"]:
            serve()
        case ["check", kind, address] if kind in CHECKS:
            cases.run(CHECKS[kind](address))
        case ["check", "--grpc", target, *flags]:
            cases.run(grpc_side.checks(target, joined="--joined" in flags, tells="--tells" in flags))
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
