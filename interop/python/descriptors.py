"""Compares what protoc makes of .proto files with what threadwire-build made of them.

    descriptors.py CASE     a line a file: `ok FILE` or `FAILED FILE: why`, and one for the files that they import

CASE is a JSON file: includes, files, and the folder of `ours.bin`, the FileDescriptorSet to be judged. Options of a
.proto file's own kind are unknown fields here, and so compared byte for byte. Of the files that both bring along, those
of google/protobuf, each may have its own version: only their names are compared.
"""

import difflib
import json
import sys
from pathlib import Path

import grpc_tools
from google.protobuf import descriptor_pb2, text_format
from grpc_tools import protoc

import cases

GOOGLE = Path(grpc_tools.__file__).parent / "_proto"


def protocs(case):
    out = Path(case["folder"]) / "protoc.bin"
    includes = [f"-I{include}" for include in [*case["includes"], GOOGLE]]
    status = protoc.main(["protoc", *includes, "--include_imports", f"--descriptor_set_out={out}", *case["files"]])
    assert status == 0, f"protoc refuses the files ({status})"
    return read(out)


def read(path):
    return {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file}


def same(name, expected, came):
    expected, came = expected[name], came[name]
    if expected.SerializeToString() != came.SerializeToString():
        lines = difflib.unified_diff(text(expected), text(came), "protoc", "threadwire", lineterm="")
        raise cases.Mismatch(" | ".join(list(lines)[:60]) or "only in the order of unknown fields")


def text(file):
    return text_format.MessageToString(file, print_unknown_fields=True).splitlines()


def imports(case, expected, came):
    cases.same("the files in their order", list(came), list(expected))
    for name in expected.keys() - set(case["files"]):
        if not (GOOGLE / name).exists():
            same(name, expected, came)


def main(case):
    expected, came = protocs(case), read(Path(case["folder"]) / "ours.bin")
    checks = [(name, lambda name=name: same(name, expected, came)) for name in case["files"]]
    cases.run([*checks, ("imports", lambda: imports(case, expected, came))])


main(json.loads(Path(sys.argv[1]).read_text()))
