"""Random messages and hostile bytes of every message of some .proto files: Python and threadwire must make the same
of them.

    differential.py --filter PROGRAM --descriptors FILE --seed SEED --values N --hostile N

A line a case, `ok CASE: how many` or `FAILED CASE: why`; N is how many messages, over all types.
"""

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

import mutations
import values
from compare import Difference, canonical, compare, explained
from filter import Filter
from intended import INTENDED
from schemas import Schemas

SHOWN = 5


class Run:
    def __init__(self, filter, classes, seed):
        self.filter, self.classes = filter, classes
        self.dice = random.Random(seed)

    def values(self, count):
        """Valid messages. They are no place for intended differences."""
        for number in range(count):
            message_class = self.classes[number % len(self.classes)]
            message = values.message(self.dice, message_class)
            yield message_class, canonical(message), []

    def hostile(self, count):
        for number in range(count):
            message_class = self.classes[number % len(self.classes)]
            valid, other = (canonical(values.message(self.dice, message_class, 12)) for _ in range(2))
            yield message_class, mutations.hostile(self.dice, message_class.DESCRIPTOR, valid, other), INTENDED

    def case(self, name, inputs):
        outcomes, failures = Counter(), []
        for message_class, data, intended in inputs:
            try:
                outcomes[compare(self.filter, message_class, data, intended)] += 1
            except Difference as difference:
                failures.append(explained(difference, message_class, data))
        for failure in failures[:SHOWN]:
            print(failure, file=sys.stderr)
        figures = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        if failures or not outcomes["decoded"]:
            print(f"FAILED {name}: {len(failures)} differences; {figures}; {' | '.join(failures[:SHOWN])}"[:20000])
        else:
            print(f"ok {name}: {figures}", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--filter", required=True)
    arguments.add_argument("--descriptors", type=Path, required=True)
    arguments.add_argument("--seed", type=int, required=True)
    arguments.add_argument("--values", type=int, required=True)
    arguments.add_argument("--hostile", type=int, required=True)
    arguments = arguments.parse_args()
    schemas = Schemas(arguments.descriptors)
    classes = [schemas.of(descriptor) for descriptor in schemas.descriptors]
    with Filter(arguments.filter) as filter:
        run = Run(filter, classes, arguments.seed)
        run.case("values", run.values(arguments.values))
        run.case("hostile bytes", run.hostile(arguments.hostile))


main()
