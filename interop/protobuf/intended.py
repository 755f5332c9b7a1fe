"""Where threadwire means to differ from Python, each as narrow as it can be said."""

from filter import REFUSED
from values import reachable


class Intended:
    """`is_it(message_class, data, theirs, ours)`: whether this is why they differ. `theirs` is None if refused."""

    def __init__(self, name, is_it):
        self.name, self.is_it = name, is_it


def proto2_string_that_is_not_utf8(message_class, data, theirs, ours):
    """Python keeps such bytes in a `string` of a proto2 file and fails when it is read; a Rust String cannot hold
    them, so that here the message is refused."""
    return theirs is not None and ours.kind == REFUSED and ours.error().endswith("a string that is not UTF-8")


def field_zero_in_a_message_without_fields(message_class, data, theirs, ours):
    """No field has the number 0, and Python refuses it everywhere but in messages that declare no fields (seen with
    7.36), where it is one more unknown field."""
    return (theirs is not None and ours.kind == REFUSED and ours.error().endswith("field number 0 does not exist")
            and any(not descriptor.fields for descriptor in reachable(message_class.DESCRIPTOR)))


INTENDED = [
    Intended("field 0 in a message without fields", field_zero_in_a_message_without_fields),
    Intended("a string of proto2 that is not UTF-8", proto2_string_that_is_not_utf8),
]
