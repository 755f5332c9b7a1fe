"""What the cases have in common: the texts they send, comparing, and one line of outcome each."""

TEXT = "Привет, мир ☺ 😈"
FAIL_CODE = 9
FAIL_MESSAGE = "100 % сломано ☺\nвторая строка\tи 😈"
TEXT_VALUES = ["first", "second value"]
BINARY_VALUES = [b"\x00\xff\xab", b"\xfe", b"ab"]
LARGE = bytes(range(251)) * (3 * 1024 * 1024 // 251)
MIB = bytes(range(256)) * 4096
TOO_LARGE = 5 * 1024 * 1024


class Mismatch(Exception):
    """What came is not what was expected."""


def same(what, came, expected):
    if came != expected:
        raise Mismatch(f"{what}: expected {expected!r:.200}, came {came!r:.200}")


def run(checks):
    """Runs (name, function) one after the other and prints a line for each."""
    for name, check in checks:
        try:
            check()
        except Exception as error:  # a case may fail in any way; it is the line that says so
            print(f"FAILED {name}: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
        else:
            print(f"ok {name}", flush=True)
