"""The message layer against Python's protobuf: random schemas, and .proto files of the world.

The scripts in interop/protobuf run under the Python peer's interpreter, which has the library; interop/filter is built
anew for each set of files.
"""

import shutil
from pathlib import Path

import install
from install import INTEROP, PEERS, ROOT

SCRIPTS = INTEROP / "protobuf"
# What `--seed` sets anew.
SEED = 1
SECONDS = 600


def differential(tally, processes):
    print(f"protobuf-differential: the seed is {SEED}; another with --seed", flush=True)
    python, folder = install.python_environment(), PEERS / "differential"
    shutil.rmtree(folder, ignore_errors=True)
    install.run([python, SCRIPTS / "schema.py", "--seed", SEED, folder])
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.proto"))
    round_trip(tally, processes, "protobuf-differential", [folder], files, values=6000, hostile=20000)


def round_trip(tally, processes, what, includes, files, values, hostile):
    """Compiles the files with both generators, and has Python compare what both make of as many messages."""
    python, name = install.python_environment(), what.replace(" ", "-")
    descriptors = describe(python, name, includes, files)
    program = build(python, name, includes, files, descriptors)
    options = {"filter": program, "descriptors": descriptors, "seed": SEED, "values": values, "hostile": hostile}
    argv = [python, SCRIPTS / "differential.py", *(f"--{name}={value}" for name, value in options.items()), *files]
    output = processes.output([str(part) for part in argv], timeout=SECONDS)
    tally.report(what, output, ["values", "hostile bytes"])


def check(tally, what, includes, files):
    """Only that what is emitted compiles."""
    python, name = install.python_environment(), what.replace(" ", "-")
    build(python, name, includes, files, describe(python, name, includes, files), action="check")
    tally.ok(f"{what}: what is emitted compiles")


def describe(python, name, includes, files):
    """Has protoc write the descriptors of the files and of all that they import."""
    descriptors = PEERS / "filter" / f"{name}.bin"
    descriptors.parent.mkdir(parents=True, exist_ok=True)
    install.run([python, "-m", "grpc_tools.protoc", *(part for include in includes for part in ("-I", include)),
                 "--include_imports", f"--descriptor_set_out={descriptors}", *files])
    return descriptors


def build(python, name, includes, files, descriptors, action="build"):
    """Builds the filter for these files; the program, which the next build does not overwrite."""
    listing = PEERS / "filter" / f"{name}.txt"
    packages = install.output([python, SCRIPTS / "schemas.py", descriptors]).split()
    lines = [f"include {include}" for include in includes] + [f"file {file}" for file in files]
    lines += [f"package {package}" for package in packages]
    listing.write_text("".join(f"{line}\n" for line in lines))
    built = install.cargo(INTEROP / "filter", action, environment={"THREADWIRE_FILTER": str(listing)})
    if action != "build":
        return None
    return shutil.copy(built / "threadwire-interop-filter", PEERS / "filter" / name)
