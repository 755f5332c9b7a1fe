"""The message layer against Python's protobuf: random schemas, and .proto files of the world.

The scripts in interop/protobuf run under the Python peer's interpreter, which has the library; interop/filter is built
anew for each set of files.
"""

import shutil

import install
from install import INTEROP, PEERS

SCRIPTS = INTEROP / "protobuf"
FOLDER = PEERS / "filter"
# What `--seed` sets anew.
SEED = 1
SECONDS = 600


class Files:
    """.proto files, by the names by which they are imported from these directories."""

    def __init__(self, name, includes, files):
        self.name, self.includes, self.files = name, includes, files


def differential(tally, processes):
    print(f"protobuf-differential: the seed is {SEED}; another with --seed", flush=True)
    python, folder = install.python_environment(), PEERS / "differential"
    shutil.rmtree(folder, ignore_errors=True)
    install.run([python, SCRIPTS / "schema.py", "--seed", SEED, folder])
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.proto"))
    files = Files("differential", [folder], files)
    round_trip(tally, processes, "protobuf-differential", files, values=10000, hostile=30000)
    # Strings and bytes in the buffer.
    round_trip(tally, processes, "protobuf-differential, shared", files, values=5000, hostile=15000, shared=True)


def round_trip(tally, processes, what, files, values, hostile, shared=False):
    """Compiles the files with both generators, and has Python compare what both make of so many messages."""
    python, descriptors = install.python_environment(), describe(files)
    program = shutil.copy(cargo("build", files, shared) / "threadwire-interop-filter", FOLDER / files.name)
    options = {"filter": program, "descriptors": descriptors, "seed": SEED, "values": values, "hostile": hostile}
    options = [f"--{name}={value}" for name, value in options.items()]
    argv = [python, SCRIPTS / "differential.py", *options, *files.files]
    output = processes.output([str(part) for part in argv], timeout=SECONDS)
    tally.report(what, output, ["values", "hostile bytes"])


def check(tally, what, files):
    """Only that what is emitted compiles."""
    cargo("check", files)
    tally.ok(f"{what}: compiles")


def describe(files):
    """Has protoc write the descriptors of the files and of all that they import."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    descriptors = FOLDER / f"{files.name}.bin"
    includes = [f"-I{include}" for include in files.includes]
    install.run([install.python_environment(), "-m", "grpc_tools.protoc", *includes, "--include_imports",
                 f"--descriptor_set_out={descriptors}", *files.files])
    return descriptors


def cargo(action, files, shared=False):
    """Builds or checks the filter for these files; where the program lies then, until the next one is built."""
    listing = FOLDER / f"{files.name}.txt"
    lines = [f"include {include}" for include in files.includes] + [f"file {file}" for file in files.files]
    lines += ["shared"] if shared else []
    # threadwire's own well-known types, unless the files are at hand: those may be newer.
    lines += ["well-known"] if any((include / "google/protobuf").is_dir() for include in files.includes) else []
    listing.write_text("".join(f"{line}\n" for line in lines))
    return install.cargo(INTEROP / "filter", action, environment={"THREADWIRE_FILTER": str(listing)})
