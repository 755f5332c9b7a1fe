"""Random .proto files: several packages that import each other, every kind of field, odd names.

    schema.py --seed SEED DIRECTORY     writes the files

The same seed makes the same files.
"""

import argparse
import random
from pathlib import Path

from names import Scope

SCALARS = ["double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
           "sfixed32", "sfixed64", "bool", "string", "bytes"]
KEYS = [scalar for scalar in SCALARS if scalar not in ("double", "float", "bytes")]
UNPACKABLE = ("string", "bytes")
DEFAULTS = {
    "double": ["1.5", "-0.0", "inf", "-inf", "nan", "1e300"], "float": ["-2.5", "inf", "3"], "bool": ["true", "false"],
    "string": [r'"a\"b\n\\"', '"ж☺"', r'"\001\x7f"', '""'], "bytes": [r'"\000\377\'a"', '"b"'],
    "signed": ["-1", "2147483647", "-2147483648", "0x10", "010"], "unsigned": ["4294967295", "0", "7"],
}
# Path, syntax, package.
FILES = [
    ("root.proto", 3, ""),
    ("demo/first.proto", 3, "demo"),
    ("demo/v1/second-file.proto", 3, "demo.v1"),
    ("demo/type.proto", 3, "demo.type"),
    ("demo/more.proto", 2, "demo"),
    ("old/groups.proto", 2, "old_pkg.async"),
    ("old/extends.proto", 2, "old_pkg"),
    ("wide.proto", 3, "wide.self.x1"),
    ("loose.proto", 2, ""),
    ("other/crate.proto", 3, "other.crate"),
]
LARGEST = (1 << 29) - 1
# Where a tag takes a byte more, and beside the numbers that are reserved for protoc.
EDGES = [1, 2, 15, 16, 2047, 2048, 18999, 20000, 262143, 262144, 33554431, 33554432, LARGEST]


class Type:
    """A message or an enum that fields can have."""

    def __init__(self, file, scope_name, name, is_enum):
        self.file, self.name, self.is_enum = file, name, is_enum
        self.full_name = f"{scope_name}.{name}" if scope_name else name
        # Of a message: the number from which on others may extend it.
        self.extensions = None
        # Of an enum: the names of its values, and whether the first is 0, as the value of a map must be able to be.
        self.values, self.begins_with_zero = [], False


class File:
    def __init__(self, path, syntax, package):
        self.path, self.syntax, self.package = path, syntax, package
        self.imports, self.types, self.lines = [], [], []


class Writer:
    """Writes one file."""

    def __init__(self, dice, file, scopes):
        self.dice, self.file, self.scopes = dice, file, scopes
        self.indent = 0
        self.services = 0

    def scope(self, name):
        return self.scopes.setdefault(name, Scope(self.dice))

    def line(self, text=""):
        self.file.lines.append("  " * self.indent + text)

    def chance(self, of):
        return self.dice.random() < of

    # --- The file ---

    def write(self):
        file, dice = self.file, self.dice
        skeletons = [self.skeleton(file.package, 0) for _ in range(dice.randrange(4, 7))]
        self.line(f'syntax = "proto{file.syntax}";')
        if file.package:
            self.line(f"package {file.package};")
        for imported in file.imports:
            self.line(f'import {"public " if self.chance(0.2) else ""}"{imported.path}";')
        self.line()
        for skeleton in skeletons:
            self.declare(skeleton)
        if file.syntax == 2:
            self.extend()
        self.service()

    def skeleton(self, scope_name, depth):
        """The types first, since fields name those that come later."""
        scope = self.scope(scope_name)
        is_enum = self.chance(0.25)
        type = Type(self.file, scope_name, scope.type(), is_enum)
        self.file.types.append(type)
        within = []
        if not is_enum and depth < 3:
            within = [self.skeleton(type.full_name, depth + 1) for _ in range(self.dice.choice([0, 0, 0, 1, 2]))]
        return type, scope_name, within

    def declare(self, skeleton):
        type, scope_name, within = skeleton
        if self.chance(0.3):
            self.line("// A comment with [brackets], <angles> and ```fences.")
        if type.is_enum:
            return self.enum(type, self.scope(scope_name))
        self.line(f"message {type.name} {{")
        self.indent += 1
        for inner in within:
            self.declare(inner)
        self.fields(type)
        self.indent -= 1
        self.line("}")

    def enum(self, type, scope):
        count = self.dice.randrange(2, 6)
        numbers = self.dice.sample([1, 2, 3, 5, 100, -1, -7, 0x7fffffff, -0x80000000, 128, 70000], count)
        if self.file.syntax == 3:
            numbers[0] = 0
        type.values = scope.values(type.name, count)
        self.line(f"enum {type.name} {{")
        self.indent += 1
        if self.chance(0.3):
            self.line("option allow_alias = true;")
            numbers[-1] = numbers[0]
        type.begins_with_zero = numbers[0] == 0
        for name, number in zip(type.values, numbers):
            self.line(f"{name} = {number};")
        self.indent -= 1
        self.line("}")

    # --- Fields ---

    def fields(self, message, group_depth=0):
        scope, numbers = self.scope(message.full_name), self.numbers()
        count = self.dice.randrange(0, 10)
        for _ in range(count):
            kind = self.dice.random()
            if kind < 0.15:
                self.map(scope, next(numbers))
            elif kind < 0.27:
                self.oneof(scope, numbers)
            elif kind < 0.37 and self.file.syntax == 2 and group_depth < 2:
                self.group(message, scope, next(numbers), group_depth)
            else:
                self.field(scope, next(numbers))
        if self.file.syntax == 2 and group_depth == 0 and self.chance(0.4):
            self.line("extensions 50000 to 50099;")
            message.extensions = 50000

    def numbers(self):
        """Numbers for the fields of a message, in no order; 19000 to 19999 are protoc's, 50000 on for extensions."""
        seen = set()
        while True:
            small, any = self.dice.randrange(1, 30), self.dice.randrange(1, LARGEST)
            number = self.dice.choice([self.dice.choice(EDGES), small, any])
            if number not in seen and not 19000 <= number < 20000 and not 50000 <= number < 50100:
                seen.add(number)
                yield number

    def field(self, scope, number):
        labels = ["", "", "optional ", "repeated "]
        label, name = self.dice.choice(labels), scope.field()
        if self.file.syntax == 2:
            label = label or "optional "
        kind, type = self.kind()
        if self.file.syntax == 2 and self.chance(0.1) and not isinstance(type, Type):
            label = "required "
        options = []
        if label == "repeated " and type not in UNPACKABLE and (not isinstance(type, Type) or type.is_enum):
            options += self.dice.choice([[], ["packed = true"], ["packed = false"]])
        if self.file.syntax == 2 and label != "repeated " and self.chance(0.3):
            options += self.default(type)
        if self.chance(0.05):
            options.append("deprecated = true")
        options = f" [{', '.join(options)}]" if options else ""
        self.line(f"{label}{kind} {name} = {number}{options};")

    def default(self, type):
        if isinstance(type, Type):
            return [f"default = {self.dice.choice(type.values)}"] if type.values else []
        of = "signed" if type in ("int32", "sint32", "sfixed32", "int64", "sint64", "sfixed64") else "unsigned"
        return [f"default = {self.dice.choice(DEFAULTS.get(type, DEFAULTS[of]))}"]

    def kind(self):
        """A type as the file writes it, and itself."""
        if self.chance(0.6):
            scalar = self.dice.choice(SCALARS)
            return scalar, scalar
        # proto3 takes no enum that is closed.
        types = [type for file in [self.file, *self.file.imports] for type in file.types
                 if not (type.is_enum and file.syntax == 2 and self.file.syntax == 3)]
        type = self.dice.choice(types)
        return f".{type.full_name}", type

    def map(self, scope, number):
        name = scope.map()
        kind, type = self.kind()
        if isinstance(type, Type) and type.is_enum and not type.begins_with_zero:
            kind = "string"
        self.line(f"map<{self.dice.choice(KEYS)}, {kind}> {name} = {number};")

    def oneof(self, scope, numbers):
        self.line(f"oneof {scope.field()} {{")
        for _ in range(self.dice.randrange(1, 5)):
            self.line(f"  {self.kind()[0]} {scope.field()} = {next(numbers)};")
        self.line("}")

    def group(self, message, scope, number, depth):
        name = f"Group{self.dice.randrange(1000)}"
        if not (scope.is_field(name.lower()) and scope.take(name)):
            return
        self.line(f"{self.dice.choice(['optional', 'repeated'])} group {name} = {number} {{")
        self.indent += 1
        self.fields(Type(self.file, message.full_name, name, False), depth + 1)
        self.indent -= 1
        self.line("}")

    # --- The rest ---

    def extend(self):
        scope = self.scope(self.file.package)
        extended = [type for file in [self.file, *self.file.imports] for type in file.types if type.extensions]
        for type in extended:
            if not self.chance(0.7):
                continue
            self.line(f"extend .{type.full_name} {{")
            for _ in range(self.dice.randrange(1, 4)):
                label = self.dice.choice(["optional", "repeated"])
                self.line(f"  {label} {self.kind()[0]} {scope.field()} = {type.extensions};")
                type.extensions += 1
            self.line("}")

    def service(self):
        messages = [type for type in self.file.types if not type.is_enum]
        if not messages or self.chance(0.5):
            return
        scope = self.scope(self.file.package)
        self.line(f"service {scope.type()}Service {{")
        methods = Scope(self.dice)
        for _ in range(self.dice.randrange(0, 4)):
            given, got = (f"{self.dice.choice(['', 'stream '])}.{self.dice.choice(messages).full_name}" for _ in "io")
            self.line(f"  rpc {methods.field()}({given}) returns ({got});")
        self.line("}")


def files(seed):
    """The files by their paths."""
    dice, scopes, written = random.Random(seed), {}, []
    for _, _, package in FILES:
        while package:
            around, _, part = package.rpartition(".")
            scopes.setdefault(around, Scope(dice)).take(part)
            package = around
    for path, syntax, package in FILES:
        file = File(path, syntax, package)
        file.imports = dice.sample(written, min(len(written), dice.randrange(0, 4)))
        Writer(dice, file, scopes).write()
        written.append(file)
    return {file.path: "\n".join(file.lines) + "\n" for file in written}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument("directory", type=Path)
    arguments = arguments.parse_args()
    for path, text in files(arguments.seed).items():
        path = arguments.directory / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
