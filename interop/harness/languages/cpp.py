"""gRPC C++: a client and a server of our own in interop/cpp, on Debian's gRPC."""

import install
from matrix import Language, Programs

SOURCE = install.INTEROP / "cpp"
FOLDER = install.PEERS / "cpp"
PACKAGES = ["libgrpc++-dev", "libprotobuf-dev", "protobuf-compiler", "protobuf-compiler-grpc", "pkg-config",
            "g++", "make"]


def programs():
    install.debian(PACKAGES)
    install.run(["make", f"OUT={FOLDER}"], cwd=SOURCE)
    version = install.output(["pkg-config", "--modversion", "grpc++"]).strip()
    program = FOLDER / "interop"
    return Programs(f"gRPC C++ {version} (Debian's libgrpc++): interop/cpp", [program, "server"], [program, "client"])


LANGUAGE = Language("C++", programs, client_lacks={}, server_lacks={})
