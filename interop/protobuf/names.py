"""Names that .proto files may have and generators stumble over: keywords of Rust, names of its types, capitals,
underscores, digits. `Scope` hands them out so that protoc takes them all."""

KEYWORDS = ["type", "match", "async", "await", "dyn", "try", "gen", "fn", "impl", "self", "Self", "super", "crate",
            "loop", "move", "ref", "yield", "abstract", "box", "union", "macro_rules", "static", "where"]
FIELDS = KEYWORDS + [
    "name", "id", "key", "value", "tag", "decoder", "visitor", "unknown_fields", "default", "clone", "message", "enum",
    "optional", "repeated", "oneof", "map", "package", "import", "syntax", "option", "string", "bytes", "int32", "i32",
    "f64", "bool", "u8", "vec", "none", "some", "ok", "HTTPCode", "http_code", "fooBar", "FooBar", "_leading", "_",
    "trailing_", "double__under", "_1", "a1", "a_1", "x_1_y", "ALLCAPS", "ALL_CAPS", "l", "kind", "payload"]
TYPES = ["String", "Option", "Vec", "Box", "Result", "Default", "Message", "Enumeration", "Some", "None", "Ok", "Err",
         "Debug", "Clone", "PartialEq", "Copy", "Send", "Self", "self", "type", "Type", "T", "H", "I32", "i32", "u8",
         "str", "stringy", "int32x", "boolean", "bytes_holder", "double2", "HTTPRequest", "HttpRequest", "FooBar", "Foo_Bar",
         "foo_bar", "_Leading", "X1", "_1", "a", "A", "Core", "Std", "Threadwire", "Protobuf", "Runtime", "Visitor",
         "Decoder", "BTreeMap", "UnknownFields", "DecodeError", "Person", "Kind", "Node", "Tree", "Async"]
VALUES = ["UNKNOWN", "HOME", "AT_WORK", "Self", "self", "None", "Some", "Unrecognized", "UNRECOGNIZED", "Default", "_1",
          "_2", "lower", "Mixed_Case", "X", "TYPE", "type", "A1", "A_1", "STRING", "I32"]


def plain(name):
    """What protoc compares the values of an enum by, and protox the fields of a message of proto3. (protoc compares
    those by their JSON names, and takes `FooBar` beside `fooBar`, `HTTPCode` beside `http_code`.)"""
    return name.replace("_", "").lower()


def entry_name(name):
    """The message that protoc declares for the entries of a map."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_")) + "Entry"


class Scope:
    """The names within one package or message."""

    def __init__(self, dice):
        self.dice = dice
        self.taken = set()
        self.plain_names = set()

    def take(self, name):
        if name in self.taken:
            return False
        self.taken.add(name)
        return True

    def type(self):
        while True:
            name = self.dice.choice(TYPES)
            if self.dice.random() < 0.3:
                name += str(self.dice.randrange(100))
            if self.take(name):
                return name

    def is_field(self, name):
        """Whether there may be a field of this name, which takes it then."""
        if plain(name) in self.plain_names or not self.take(name):
            return False
        self.plain_names.add(plain(name))
        return True

    def field(self):
        while True:
            name = self.dice.choice(FIELDS)
            if self.dice.random() < 0.3:
                name += f"_{self.dice.randrange(100)}"
            if self.is_field(name):
                return name

    def map(self):
        """A field that is a map: protoc declares a message beside it."""
        while True:
            name = self.field()
            # protoc takes a message whose name begins with a digit, as that for the entries of `_1` does; Python not.
            if entry_name(name)[0].isalpha() and self.take(entry_name(name)):
                return name

    def values(self, enum, count):
        """The names of an enum's values, which lie beside the enum."""
        prefix = "" if self.dice.random() < 0.3 else f"{enum.upper()}_"
        names, seen = [], set()
        while len(names) < count:
            name = prefix + self.dice.choice(VALUES)
            if self.dice.random() < 0.3:
                name += str(self.dice.randrange(100))
            short = plain(name).removeprefix(plain(enum))
            if {plain(name), short}.isdisjoint(seen) and self.take(name):
                seen |= {plain(name), short}
                names.append(name)
        return names
