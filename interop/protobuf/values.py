"""Random messages of a descriptor, with the values that encoders get wrong."""

import math
import struct

FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e10, 1e-5, 123456789.0, 3.4028234663852886e38, 1.401298464324817e-45, math.inf,
          -math.inf, math.nan]
DOUBLES = FLOATS + [1.7976931348623157e308, 5e-324, 1 / 3, 0.1 + 0.2, 1e15, 1e16, 1e17, -1e100, 1e-7]
STRINGS = ["", "a", "John Doe", "Привет ☺ 😈", "\0\1\x1b\x7f", "\"'\\ \n\r\t?", "\u2028\ufeff\u202e", "x" * 200, "%s{}"]
LARGEST_DEPTH = 6


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def reachable(descriptor):
    """The descriptor and those of all that lies in it."""
    found, left = {}, [descriptor]
    while left:
        descriptor = left.pop()
        if found.setdefault(descriptor.full_name, descriptor) is descriptor:
            left += [field.message_type for field in descriptor.fields
                     if field.message_type and field.message_type.full_name not in found]
    return found.values()


def integer(dice, bits, signed):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    edges = [0, 1, 127, 128, 300, low, high, low + 1, high - 1, -1, -128]
    return dice.choice([edge for edge in edges if low <= edge <= high] + [dice.randint(low, high)] * 3)


def number(dice, kind):
    """A `float` (as a float that is one) or `double`."""
    if kind == "d":
        return dice.choice(DOUBLES + [struct.unpack("<d", dice.randbytes(8))[0]] * 4)
    value = dice.choice(FLOATS + [struct.unpack("<f", dice.randbytes(4))[0]] * 4)
    return struct.unpack("<f", struct.pack("<f", value))[0]


def scalar(dice, field):
    match field.type:
        case field.TYPE_DOUBLE:
            return number(dice, "d")
        case field.TYPE_FLOAT:
            return number(dice, "f")
        case field.TYPE_INT32 | field.TYPE_SINT32 | field.TYPE_SFIXED32:
            return integer(dice, 32, True)
        case field.TYPE_INT64 | field.TYPE_SINT64 | field.TYPE_SFIXED64:
            return integer(dice, 64, True)
        case field.TYPE_UINT32 | field.TYPE_FIXED32:
            return integer(dice, 32, False)
        case field.TYPE_UINT64 | field.TYPE_FIXED64:
            return integer(dice, 64, False)
        case field.TYPE_BOOL:
            return dice.random() < 0.5
        case field.TYPE_STRING:
            return dice.choice(STRINGS)
        case field.TYPE_BYTES:
            return dice.choice([b"", b"\0", dice.randbytes(dice.randrange(1, 40)), "ж".encode(), b"'\"\\\n"])
        case field.TYPE_ENUM:
            numbers = [value.number for value in field.enum_type.values]
            # An open enum keeps what it does not name.
            return dice.choice(numbers if field.enum_type.is_closed else numbers + [-1, 77, 0x7fffffff])
    raise ValueError(f"{field.full_name}: type {field.type}")


def message(dice, message_class, fields=80):
    """A message with about so many fields at most, in all that lies in it; with few, they lie near the top."""
    built = message_class()
    Filler(dice, fields).fill(built, dice.choice([0.1, 0.4, 0.9]))
    return built


class Filler:
    def __init__(self, dice, fields):
        self.dice, self.left = dice, fields

    def fill(self, built, chance, depth=0):
        """Sets each field with this chance, in a random order."""
        fields = list(built.DESCRIPTOR.fields)
        fields += built.DESCRIPTOR.file.pool.FindAllExtensions(built.DESCRIPTOR)
        self.dice.shuffle(fields)
        for field in fields:
            if field.is_required or self.left > 0 and self.dice.random() < chance:
                self.left -= 1
                self.put(built, field, chance, depth)

    def put(self, built, field, chance, depth):
        count = self.dice.choice([0, 1, 1, 2, 3, 10])
        if is_map(field):
            self.put_entries(getattr(built, field.name), field.message_type, count, chance, depth)
        elif field.message_type is not None:
            self.put_messages(built, field, min(count, 3), chance, depth)
        elif field.is_repeated:
            values = [scalar(self.dice, field) for _ in range(count)]
            (built.Extensions[field] if field.is_extension else getattr(built, field.name)).extend(values)
        elif field.is_extension:
            built.Extensions[field] = scalar(self.dice, field)
        else:
            setattr(built, field.name, scalar(self.dice, field))

    def put_entries(self, entries, entry, count, chance, depth):
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        for _ in range(count):
            if value.message_type is None:
                entries[scalar(self.dice, key)] = scalar(self.dice, value)
            elif depth < LARGEST_DEPTH:
                self.fill(entries[scalar(self.dice, key)], chance * 0.8, depth + 1)

    def put_messages(self, built, field, count, chance, depth):
        if depth >= LARGEST_DEPTH:
            return
        value = built.Extensions[field] if field.is_extension else getattr(built, field.name)
        for value in [value.add() for _ in range(count)] if field.is_repeated else [value]:
            if not field.is_repeated:
                value.SetInParent()
            self.fill(value, chance * 0.8, depth + 1)
