"""The Python interop client of grpc.testing, on grpcio.

    interop_client.py --server_host=HOST --server_port=PORT --test_case=NAME [--soak_…]

Exits 0 if the case passed; else it says on stderr what was wrong, and exits 1 (2: it was called wrongly).
The modules made from the .proto files are found through PYTHONPATH (interop/run sets it).
"""

import sys

import grpc

import cases
import interop_cases
import interop_flags
import interop_many

FLAGS = {
    "server_host": "localhost",
    "server_port": 8080,
    "server_host_override": "",
    "test_case": "large_unary",
    "use_test_ca": "false",
    **interop_many.SOAK_FLAGS,
}
CASES = {**interop_cases.CASES, **interop_many.CASES}


def main():
    flags = interop_flags.parse(FLAGS)
    if flags.test_case not in CASES:
        sys.stderr.write(f"usage: no case {flags.test_case}\n")
        return 2
    try:
        CASES[flags.test_case](interop_cases.Client(flags))
    except (cases.Mismatch, grpc.RpcError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


sys.exit(main())
