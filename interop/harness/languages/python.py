"""Python's grpcio: a client and a server of our own in interop/python."""

import install
from matrix import WITHOUT_PROBE, Language, Programs

FOLDER = install.INTEROP / "python"


def programs():
    # `env PYTHONPATH=… python peer.py`: the same for the other programs of the folder.
    *interpreter, _peer = install.python()
    requirements = (FOLDER / "requirements.txt").read_text().splitlines()
    version = next(line for line in requirements if line.startswith("grpcio=="))
    return Programs(f"grpcio {version.removeprefix('grpcio==')}: interop/python",
                    [*interpreter, FOLDER / "interop_server.py"], [*interpreter, FOLDER / "interop_client.py"])


LANGUAGE = Language(
    "Python",
    programs,
    client_lacks={},
    server_lacks={},
    fails_alone={case: "a server of grpcio is not told whether a request came compressed" for case in WITHOUT_PROBE},
    instead=WITHOUT_PROBE,
)
