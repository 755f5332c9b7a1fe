"""The descriptor sets that threadwire-build writes against protoc's, for every .proto file that our tests use."""

import json
import shutil

import conformance
import install

# Each is also where its files look for their imports.
FOLDERS = ["proto", "tests/proto", "tests/proto/packages", "codegen/tests/proto", "interop/proto",
           "interop/descriptors", "examples/greeter/proto", "benches/proto"]
# Those that are not read yet, and what is said of them.
EDITIONS = {f"google/protobuf/test_messages_{name}.proto": "found 'edition'"
            for name in ["edition2023", "proto2_editions", "proto3_editions"]}


def run(tally, processes):
    for name in FOLDERS:
        others = [install.ROOT / other for other in FOLDERS if other.startswith(f"{name}/")]
        compare(tally, processes, name, [install.ROOT / name], others)
    compare(tally, processes, "conformance", [conformance.package() / "include"], unread=EDITIONS)


def compare(tally, processes, name, includes, but=(), files=None, unread={}):
    """Has both compile the files, by default all in the first of the folders `but` those in others; a line a file, and
    one for what they import."""
    compiler, python = install.compiler(), install.python_environment()
    files = files or sorted(str(path.relative_to(includes[0])) for path in includes[0].rglob("*.proto")
                            if not any(other in path.parents for other in but))
    what, folder = f"descriptors {name}", install.PEERS / "descriptors" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = [part for include in includes for part in ("--include", str(include))]
    options = [compiler, "--out", str(folder), "--descriptor-set", "ours.bin", *options]
    for file, complaint in unread.items():
        tally.contains(f"{what}: {file} is not read yet", processes.output([*options, file]).errors, complaint)
    files = [file for file in files if file not in unread]
    output = processes.output([*options, *files], timeout=300)
    if output.status != 0:
        tally.failed(what, output.errors.strip())
        return
    case = {"includes": [str(include) for include in includes], "files": files, "folder": str(folder)}
    (folder / "case.json").write_text(json.dumps(case))
    script = install.INTEROP / "python" / "descriptors.py"
    output = processes.output([str(python), str(script), str(folder / "case.json")], timeout=300)
    tally.report(what, output, [*files, "imports"])
