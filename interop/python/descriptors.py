"""Compares what protoc makes of .proto files with what threadwire-build made of them.

    descriptors.py FOLDER     a line a case: `ok CASE` or `FAILED CASE: why`

FOLDER/cases.json lists the cases: name, file, include, and the folder of `ours.bin`, the FileDescriptorSet to be judged.
Options of a .proto file's own kind are unknown fields here, and so compared byte for byte.
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
    status = protoc.main(["protoc", f"-I{case['include']}", f"-I{GOOGLE}", "--include_imports",
                          f"--descriptor_set_out={out}", case["file"]])
    assert status == 0, f"protoc refuses the file ({status})"
    return read(out)


def read(path):
    return descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())


def compare(case):
    expected, came = protocs(case), read(Path(case["folder"]) / "ours.bin")
    if expected.SerializeToString(deterministic=True) != came.SerializeToString(deterministic=True):
        lines = difflib.unified_diff(text(expected), text(came), "protoc", "threadwire", lineterm="")
        raise cases.Mismatch(" | ".join(list(lines)[:40]))


def text(files):
    return text_format.MessageToString(files, print_unknown_fields=True).splitlines()


def main(folder):
    listed = json.loads((folder / "cases.json").read_text())
    cases.run([(case["name"], lambda case=case: compare(case)) for case in listed])


main(Path(sys.argv[1]))
