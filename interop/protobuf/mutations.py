"""Bytes that may or may not be a message: valid ones changed, and records that fit a descriptor more or less."""

import struct

LARGEST_NUMBER = (1 << 29) - 1


def varint(value, size=0):
    """With `size`, at least so many bytes: more than are needed."""
    out = bytearray()
    while value > 127 or len(out) + 1 < size:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number, wire_type, size=0):
    return varint(number << 3 | wire_type, size)


def payload(value, size=0):
    return varint(len(value), size) + value


def value(dice, wire_type, number, depth=0):
    """A value of a wire type; a group's with its end."""
    match wire_type:
        case 0:
            bits = dice.choice([0, 1, 7, 8, 31, 32, 33, 63, 64])
            return varint(dice.getrandbits(bits) if bits else 0, dice.choice([0, 0, 0, 0, 5, 10, 11]))
        case 1:
            return dice.choice([dice.randbytes(8), bytes(8), struct.pack("<d", float("nan"))])
        case 2:
            inner = dice.choice([b"", b"a", dice.randbytes(dice.randrange(1, 12)), "ж".encode(), b"\xed\xa0\x80",
                                 tag(1, 0) + varint(5), varint(1) + varint(2)])
            return payload(inner, dice.choice([0, 0, 0, 0, 5, 6, 10]))
        case 3:
            inner = dice.choice([1, 2, number]), dice.choice([0, 2, 3, 5])
            within = b"" if depth > 3 else record(dice, *inner, depth + 1)
            end = number if dice.random() < 0.9 else number + 1
            return within + (tag(end, 4) if dice.random() < 0.95 else b"")
        case 5:
            return dice.choice([dice.randbytes(4), bytes(4)])
    return b""


def record(dice, number, wire_type, depth=0):
    return tag(number, wire_type, dice.choice([0, 0, 0, 0, 5, 6])) + value(dice, wire_type, number, depth)


def records(dice, descriptor):
    """Fields of the descriptor, some with another wire type or number than it says."""
    numbers = [field.number for field in descriptor.fields] or [1]
    out = b""
    for _ in range(dice.randrange(1, 5)):
        number = dice.choice(numbers * 4 + [1, 2, dice.randrange(0, 40), LARGEST_NUMBER, LARGEST_NUMBER + 1])
        out += record(dice, number, dice.choice([0, 0, 1, 2, 2, 2, 3, 5, 5, 6, 7, 4]))
    return out


def nested(dice, descriptor, depth):
    """A message within itself, through a field that holds it, or groups within each other; None if neither."""
    for field in descriptor.fields:
        if field.message_type is descriptor:
            inner = b""
            for _ in range(depth):
                inner = (tag(field.number, 3) + inner + tag(field.number, 4) if field.type == field.TYPE_GROUP
                         else tag(field.number, 2) + payload(inner))
            return inner
    number = dice.choice([LARGEST_NUMBER, 12345])
    return tag(number, 3) * depth + tag(number, 4) * depth


def mutated(dice, data, other, descriptor):
    """Bytes that were valid, after one change, or two."""
    data = bytearray(data)
    for _ in range(dice.choice([1, 1, 2])):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(9):
            case 0 if data:
                data[at % len(data)] ^= 1 << dice.randrange(8)
            case 1 if data:
                data[at % len(data)] = dice.choice([0, 1, 127, 128, 255, dice.randrange(256)])
            case 2:
                del data[at:]
            case 3:
                del data[at:at + dice.randrange(1, 5)]
            case 4:
                data[at:at] = dice.randbytes(dice.randrange(1, 5))
            case 5:
                data += other
            case 6:
                data[at:] = other[dice.randrange(len(other) + 1):]
            case 7:
                data[at:at] = data[at:at + dice.randrange(1, 20)]
            case 8:
                data += records(dice, descriptor)
    return bytes(data)


def hostile(dice, descriptor, valid, other):
    match dice.randrange(12):
        case 0:
            return dice.randbytes(dice.randrange(1, 30))
        case 1 | 2 | 3:
            return records(dice, descriptor)
        case 4:
            return nested(dice, descriptor, dice.choice([2, 98, 99, 100, 101, 102, 300]))
        case 5:
            return valid + records(dice, descriptor)
        case _:
            return mutated(dice, valid, other, descriptor)
