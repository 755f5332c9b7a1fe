"""The client of interop/filter, which answers what threadwire makes of a message's bytes."""

import struct
import subprocess
import threading

DECODED, REFUSED, BUG, UNKNOWN = range(4)
# The filter answers within milliseconds; one that says nothing for so long hangs.
SILENCE_SECONDS = 20


class Answer:
    def __init__(self, kind, data, text):
        self.kind, self.data, self.text = kind, data, text

    def error(self):
        return self.data.decode() or "there is no such message"


class Filter:
    def __init__(self, program):
        self.program = program
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.kill()
        self.process.communicate()

    def ask(self, name, data):
        """One answer. A filter that hangs or ends by itself is started anew, and that is a bug's answer."""
        late = threading.Timer(SILENCE_SECONDS, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(part(name.encode()) + part(data))
            self.process.stdin.flush()
            kind = self.read(1)[0]
            first, second = self.read_part(), self.read_part()
            return Answer(kind, first, second.decode())
        except (BrokenPipeError, EOFError):
            how = "hangs" if not late.is_alive() else f"ended with {self.process.wait()}"
            self.end()
            self.start()
            return Answer(BUG, how.encode(), "")
        finally:
            late.cancel()

    def read(self, count):
        data = self.process.stdout.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def read_part(self):
        return self.read(struct.unpack("<I", self.read(4))[0])


def part(data):
    return struct.pack("<I", len(data)) + data
