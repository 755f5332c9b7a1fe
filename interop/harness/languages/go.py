"""grpc-go: its own interop client and server, of the versions in interop/go."""

import install
from matrix import COMPRESSED, PADDING, Language, Programs

SOURCE = install.INTEROP / "go"
MODULE = "google.golang.org/grpc"
FOLDER = install.PEERS / "go-interop"
NO_COMPRESSION = {case: "grpc-go's programs have no such case" for case in COMPRESSED}


def programs():
    packages = [f"{MODULE}/interop/{name}" for name in ("client", "server", "http2")]
    pinned = "".join((SOURCE / name).read_text() for name in ("go.mod", "go.sum"))
    install.once("go-interop", pinned, lambda: install.run(["go", "build", "-o", f"{FOLDER}/", *packages], cwd=SOURCE))
    version = install.output(["go", "list", "-m", MODULE], cwd=SOURCE).split()[1]
    return Programs(f"grpc-go {version}: its interop/client and interop/server", [FOLDER / "server"], [FOLDER / "client"])


def negative_client():
    programs()
    return [str(FOLDER / "http2")]


LANGUAGE = Language(
    "Go",
    programs,
    client_lacks={
        **NO_COMPRESSION,
        "very_large_request": "grpc-go's client has no such case",
        "long_lived_channel": "grpc-go's client has no such case",
        "concurrent_large_unary": "grpc-go's client has no such case",
    },
    server_lacks={**NO_COMPRESSION, "very_large_request": "grpc-go's server takes 4 MiB at most"},
    fails_alone={"pick_first_unary": "grpc-go's client wants an id that its server does not give"},
)
NEGATIVE_LACKS = {
    **{case: "grpc-go's client has no such case" for case in PADDING},
    "rst_during_data": "grpc-go's client wants UNKNOWN, where its channel says INTERNAL",
}
