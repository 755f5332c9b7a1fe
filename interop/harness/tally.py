"""Counts cases and prints a line for each."""


class Tally:
    def __init__(self):
        self.passed = 0
        self.failures = 0

    def ok(self, case):
        self.passed += 1
        print(f"ok {case}", flush=True)

    def failed(self, case, why):
        self.failures += 1
        print(f"FAILED {case}: {why}", flush=True)

    def note(self, text):
        """Says something that is no case."""
        print(text, flush=True)

    def equal(self, case, came, expected):
        if came == expected:
            self.ok(case)
        else:
            self.failed(case, f"expected {expected!r}, came {came!r}")

    def contains(self, case, came, expected):
        if expected in came:
            self.ok(case)
        else:
            self.failed(case, f"expected {expected!r} in {came!r}")

    def report(self, what, output, expected):
        """Takes over the lines of a peer's `check`: each expected case once, in order, and nothing else."""
        reported = []
        for line in output.text.splitlines():
            outcome, _, rest = line.partition(" ")
            case, _, why = rest.partition(": ")
            reported.append(case)
            if outcome == "ok":
                self.ok(f"{what}: {rest}")
            else:
                self.failed(f"{what}: {case}", why or line)
        if reported != expected:
            self.failed(f"{what}: its cases", f"expected {expected}, came {reported}; {output.errors.strip()}")
        elif output.status != 0:
            self.failed(f"{what}: its exit", f"expected 0, came {output.status}; {output.errors.strip()}")

    def must_run(self, what, server):
        """A server that has ended by itself is a failure, whatever its clients saw."""
        if server.ended() is not None:
            self.failed(f"{what}: the server", f"ended with {server.ended()}; {server.errors()}")

    def end(self):
        """Prints the last line; the exit status of the run."""
        print(f"{self.passed} passed, {self.failures} failed", flush=True)
        return 1 if self.failures or not self.passed else 0
