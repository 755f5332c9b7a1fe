"""Compares what protoc makes of .proto files with what threadwire-build made of them.

    descriptors.py FOLDER     a line a case: `ok CASE` or `FAILED CASE: why`

FOLDER/cases.json lists the cases: name, file, include, and the folder of `ours.bin`, the FileDescriptorSet to be judged.
Options of a .proto file's own kind are unknown fields here, and so compared byte for byte. Of the files that both bring
along, those of google/protobuf, each may have its own version: only their names are compared.
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
    cases.same("the files", [file.name for file in came.file], [file.name for file in expected.file])
    for expected, came in zip(expected.file, came.file):
        brought_along = (GOOGLE / expected.name).exists() and not (Path(case["include"]) / expected.name).exists()
        if not brought_along and expected.SerializeToString() != came.SerializeToString():
            lines = difflib.unified_diff(text(expected), text(came), "protoc", "threadwire", lineterm="")
            raise cases.Mismatch(" | ".join(list(lines)[:60]) or "only in the order of unknown fields")


def text(file):
    return text_format.MessageToString(file, print_unknown_fields=True).splitlines()


def main(folder):
    listed = json.loads((folder / "cases.json").read_text())
    cases.run([(case["name"], lambda case=case: compare(case)) for case in listed])


main(Path(sys.argv[1]))
