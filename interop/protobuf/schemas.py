"""Python's classes for the messages of a serialized FileDescriptorSet, as protoc writes it."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Schemas:
    def __init__(self, path):
        files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file
        # Of the messages, by the file that declares them.
        self.names = {file.name: list(names(f"{file.package}." if file.package else "", file.message_type))
                      for file in files}
        self.whole = pool(files)
        for file in files:
            without_extensions(file)
        self.bare = pool(files)

    def to_fill(self, name):
        """With the extensions that the files declare."""
        return message_factory.GetMessageClass(self.whole.FindMessageTypeByName(name))

    def to_compare(self, name):
        """As threadwire has them: extensions are unknown fields."""
        return message_factory.GetMessageClass(self.bare.FindMessageTypeByName(name))


def names(prefix, messages):
    """The messages and those within them; the entries of maps are no messages of their own."""
    for message in messages:
        if not message.options.map_entry:
            yield prefix + message.name
            yield from names(f"{prefix}{message.name}.", message.nested_type)


def pool(files):
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    return pool


def without_extensions(declared):
    """Strips a file or message of the extensions that it declares, not of the ranges that are open to them."""
    del declared.extension[:]
    nested = declared.nested_type if isinstance(declared, descriptor_pb2.DescriptorProto) else declared.message_type
    for message in nested:
        without_extensions(message)
    # Options that are extensions are of no interest here, and could not be read any more.
    declared.options.DiscardUnknownFields()
