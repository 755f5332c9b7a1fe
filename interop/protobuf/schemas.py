"""Python's classes for the messages of a serialized FileDescriptorSet, as protoc writes it.

    schemas.py FILE     prints the names of its packages, a line each
"""

import sys
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Schemas:
    def __init__(self, path):
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        self.packages = {file.package for file in files.file if file.package}
        self.descriptors = []
        for file in files.file:
            self.pool.Add(file)
        for file in files.file:
            prefix = f"{file.package}." if file.package else ""
            for message in file.message_type:
                self.collect(prefix, message)

    def collect(self, prefix, message):
        """A message and those within it; the entries of maps are no messages of their own."""
        if message.options.map_entry:
            return
        name = prefix + message.name
        self.descriptors.append(self.pool.FindMessageTypeByName(name))
        for nested in message.nested_type:
            self.collect(f"{name}.", nested)

    def of(self, descriptor):
        return message_factory.GetMessageClass(descriptor)


if __name__ == "__main__":
    print("\n".join(sorted(Schemas(Path(sys.argv[1])).packages)))
