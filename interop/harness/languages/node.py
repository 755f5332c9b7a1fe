"""Node's @grpc/grpc-js: a client and a server of our own in interop/node."""

import json
from pathlib import Path

import install
from matrix import WITHOUT_PROBE, Language, Programs


def programs():
    runtime, peer = install.node()
    folder = Path(peer).parent
    version = json.loads((folder / "package.json").read_text())["dependencies"]["@grpc/grpc-js"]
    return Programs(f"@grpc/grpc-js {version}: interop/node", [runtime, folder / "interop_server.js"],
                    [runtime, folder / "interop_client.js"])


LANGUAGE = Language(
    "Node",
    programs,
    client_lacks={},
    server_lacks={case: "a server of grpc-js compresses nothing"
                  for case in ("server_compressed_unary", "server_compressed_streaming")},
    fails_alone={case: "a server of grpc-js is not told whether a request came compressed" for case in WITHOUT_PROBE},
    instead=WITHOUT_PROBE,
)
