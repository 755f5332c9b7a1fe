"""Random messages and hostile bytes of every message that some .proto files declare: Python and threadwire must make
the same of them.

    differential.py --filter PROGRAM --descriptors FILE --seed SEED --values N --hostile N PROTO…

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
    def __init__(self, filter, schemas, files, seed):
        self.filter, self.dice = filter, random.Random(seed)
        names = [name for file in files for name in schemas.names[file]]
        self.classes = [(schemas.to_fill(name), schemas.to_compare(name)) for name in names]

    def inputs(self, count):
        """Each type in turn: the class to make messages with, and that to compare with."""
        return (self.classes[number % len(self.classes)] for number in range(count))

    def values(self, count):
        """Valid messages. They are no place for intended differences."""
        for filled, compared in self.inputs(count):
            yield compared, canonical(values.message(self.dice, filled)), []

    def hostile(self, count):
        for filled, compared in self.inputs(count):
            valid, other = (canonical(values.message(self.dice, filled, 12)) for _ in range(2))
            yield compared, mutations.hostile(self.dice, compared.DESCRIPTOR, valid, other), INTENDED

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
        figures = f"{len(self.classes)} types, {figures}"
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
    arguments.add_argument("files", nargs="+")
    arguments = arguments.parse_args()
    schemas = Schemas(arguments.descriptors)
    with Filter(arguments.filter) as filter:
        run = Run(filter, schemas, arguments.files, arguments.seed)
        run.case("values", run.values(arguments.values))
        run.case("hostile bytes", run.hostile(arguments.hostile))


main()
