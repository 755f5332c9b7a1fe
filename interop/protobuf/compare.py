"""Whether Python and threadwire make the same of bytes. `intended` lists where they may differ, and why."""

import re

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from filter import DECODED, REFUSED
from values import is_map, reachable


class Difference(Exception):
    pass


def decoded(message_class, data):
    """None if Python refuses, or required fields are missing, which Python does not look for until it is asked."""
    try:
        message = message_class.FromString(data)
    except DecodeError:
        return None
    return message if message.IsInitialized() else None


def canonical(message):
    """Equal for equal messages, to the bits of NaNs and with unknown fields."""
    return message.SerializePartialToString(deterministic=True)


def compare(filter, message_class, data, intended):
    """What came of it: `decoded`, `refused`, or the name of an intended difference. Raises a `Difference`."""
    name = message_class.DESCRIPTOR.full_name
    theirs, ours = decoded(message_class, data), filter.ask(name, data)
    for difference in intended:
        if difference.is_it(message_class, data, theirs, ours):
            return difference.name
    if ours.kind not in (DECODED, REFUSED):
        raise Difference(ours.error())
    if (theirs is None) != (ours.kind == REFUSED):
        raise Difference("accepted here, refused by Python" if theirs is None else f"refused here: {ours.error()}")
    if theirs is None:
        return "refused"
    again = decoded(message_class, ours.data)
    if again is None:
        raise Difference(f"Python refuses it once encoded here: {ours.data.hex()}")
    if canonical(again) != canonical(theirs):
        raise Difference(f"another message once encoded here: {again} for {theirs}")
    same = sorted_alike if anywhere(theirs, has_entries_to_order) else equal
    text = text_of(theirs)
    if not same(ours.text.splitlines(), text.splitlines()):
        raise Difference(f"the text form is {ours.text!r}, Python's {text!r}")
    if not same(ours.data, canonical(theirs)) and not anywhere(theirs, has_entries_aside):
        raise Difference(f"the bytes are {ours.data.hex()}, Python's {canonical(theirs).hex()}")
    return "decoded"


def text_of(message):
    """As `print` shows it, but for groups: there Python's text_format has the name of the message, `Group {`, as the
    other languages, and `print` that of the field (seen with 7.36)."""
    text = str(message)
    groups = {field.name: field.message_type.name for descriptor in reachable(message.DESCRIPTOR)
              for field in descriptor.fields if field.type == field.TYPE_GROUP}
    if groups:
        named = "|".join(map(re.escape, groups))
        text = re.sub(rf"^( *)({named}) {{$", lambda match: f"{match[1]}{groups[match[2]]} {{", text, flags=re.M)
    return text


def equal(one, other):
    return one == other


def sorted_alike(one, other):
    return sorted(one) == sorted(other)


def anywhere(message, is_so):
    """Whether it is so of the message or of one within it."""
    if is_so(message):
        return True
    for field, value in message.ListFields():
        if is_map(field):
            inner = value.values() if field.message_type.fields_by_name["value"].message_type else []
        elif field.message_type is not None:
            inner = value if field.is_repeated else [value]
        else:
            inner = []
        if any(anywhere(message, is_so) for message in inner):
            return True
    return False


def has_entries_to_order(message):
    """Two entries in a map: their order is each implementation's own. (Ours is that of the keys; upb 7.36 takes
    negative ones for large, and in the bytes turns it round.)"""
    return any(is_map(field) and len(value) > 1 for field, value in message.ListFields())


def has_entries_aside(message):
    """An entry of a map with fields that it does not know is kept among the unknown fields: here as it came, in Python
    as the entry that it was decoded to."""
    maps = {field.number for field in message.DESCRIPTOR.fields if is_map(field)}
    return any(field.field_number in maps and field.wire_type == 2 for field in UnknownFieldSet(message))


def explained(difference, message_class, data):
    return f"{message_class.DESCRIPTOR.full_name} {data.hex()[:2000]}: {str(difference)[:2000]}"
