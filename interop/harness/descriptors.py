"""The descriptor sets that threadwire-build writes against protoc's, for every .proto file that our tests use."""

import json
import os
import shutil

import conformance
import install

# Each is also where its files look for their imports.
FOLDERS = [install.ROOT / "proto", install.ROOT / "tests" / "proto", install.ROOT / "codegen" / "tests" / "proto",
           install.INTEROP / "proto", install.INTEROP / "descriptors"]

# Those that we do not read yet, by what is said of them.
UNREAD = {f"test_messages_{name}.proto": "found 'edition'"
          for name in ["edition2023", "proto2_editions", "proto3_editions"]}


def run(tally, processes):
    python, compiler = install.python_environment(), install.compiler()
    folder = install.PEERS / "descriptors"
    shutil.rmtree(folder, ignore_errors=True)
    cases = []
    for include in [*FOLDERS, conformance.package() / "include"]:
        files = sorted(include.rglob("*.proto"))
        if not files:
            tally.failed(f"descriptors: {include}", "there is no .proto file")
        for file in files:
            name = os.path.relpath(file, install.ROOT)
            out = folder / name
            out.mkdir(parents=True)
            output = processes.output([compiler, "--out", str(out), "--descriptor-set", "ours.bin", "--include",
                                       str(include), str(file)])
            unread = UNREAD.get(file.name)
            if unread is not None and unread in output.errors:
                tally.note(f"descriptors: {name}: is not read yet: {output.errors.strip()}")
            elif unread is not None:
                tally.failed(f"descriptors: {name}", f"expected {unread!r}, came {output.errors.strip()!r}")
            elif output.status == 0:
                cases.append({"name": name, "file": str(file), "include": str(include), "folder": str(out)})
            else:
                tally.failed(f"descriptors: {name}", output.errors.strip())
    (folder / "cases.json").write_text(json.dumps(cases))
    output = processes.output([str(python), str(install.INTEROP / "python" / "descriptors.py"), str(folder)],
                              timeout=300)
    tally.report("descriptors", output, [case["name"] for case in cases])
