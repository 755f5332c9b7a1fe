"""grpc-go: its own interop client and server, of the versions in interop/go; for the cases that they have not, those in
interop/go/more."""

import install
from matrix import COMPRESSED, PADDING, WITHOUT_PROBE, Language, Programs

SOURCE = install.INTEROP / "go"
MODULE = "google.golang.org/grpc"
FOLDER = install.PEERS / "go-interop"
MORE = [*COMPRESSED, "very_large_request", "long_lived_channel", "concurrent_large_unary"]


def programs():
    packages = [f"{MODULE}/interop/{name}" for name in ("client", "server", "http2")]
    install.run(["go", "build", "-o", f"{FOLDER}/", *packages], cwd=SOURCE)
    install.run(["go", "build", "-o", f"{FOLDER}/more/", "./more/client", "./more/server"], cwd=SOURCE)
    version = install.output(["go", "list", "-m", MODULE], cwd=SOURCE).split()[1]
    client, server = [FOLDER / "more" / "client"], [FOLDER / "more" / "server"]
    return Programs(f"grpc-go {version}: its interop/client and interop/server; what they lack, interop/go/more",
                    [FOLDER / "server"], [FOLDER / "client"],
                    servers={case: server for case in [*COMPRESSED, "very_large_request"]},
                    clients={case: client for case in MORE})


def negative_client():
    programs()
    return [str(FOLDER / "http2")]


LANGUAGE = Language(
    "Go",
    programs,
    client_lacks={
        "client_compressed_streaming": "a client of grpc-go compresses all messages of a call or none",
    },
    server_lacks={case: "grpc-go's server compresses as the client does, not as it is asked"
                  for case in COMPRESSED if case.startswith("server_")},
    fails_alone={
        "pick_first_unary": "grpc-go's client wants an id that its server does not give",
        "client_compressed_unary": "grpc-go's server does not look whether a request came compressed",
    },
    instead=WITHOUT_PROBE,
)
NEGATIVE_LACKS = {
    **{case: "grpc-go's client has no such case" for case in PADDING},
    "rst_during_data": "grpc-go's client wants UNKNOWN, where its channel says INTERNAL",
}
