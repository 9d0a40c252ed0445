# SPDX-License-Identifier: Apache-2.0
"""`python3 -m tests`: the whole suite on every Python a node can have, then in the machine."""

import argparse
import sys
from typing import List, Optional, Sequence

from bundle import interpreter
from tests import machine, matrix


def parse(argv: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests", description=__doc__)
    parser.add_argument(
        "--python",
        action="append",
        metavar="X.Y",
        help="only this Python (may be given more than once; default: %s)"
        % " ".join(matrix.PYTHONS),
    )
    parser.add_argument(
        "--crash-cases",
        choices=("sample", "all"),
        help="default: all on %s, a seeded sample elsewhere" % matrix.BUILD,
    )
    parser.add_argument(
        "--slow",
        choices=("sample", "all"),
        help="what takes long: default all on %s, a sixth each elsewhere" % matrix.BUILD,
    )
    parser.add_argument(
        "--machine",
        choices=("yes", "no", "only"),
        help="the tests in the virtual machine; default: yes, but no beside --python",
    )
    parser.add_argument("words", nargs="*", metavar="PYTEST", help="after --, words for pytest")
    return parser.parse_args(argv)


def with_machine(arguments: argparse.Namespace) -> str:
    """Whether the machine has its turn: yes, no or only. One Python alone is asked for in haste."""
    return str(arguments.machine or ("no" if arguments.python else "yes"))


def main(argv: Optional[List[str]] = None) -> int:
    arguments = parse(argv)
    pythons = arguments.python or matrix.PYTHONS
    breadth = (arguments.crash_cases, arguments.slow, arguments.words)
    wanted = with_machine(arguments)
    if wanted == "only":
        pythons = []
    elif wanted == "yes":
        machine.prepare_beside()
    matrix.prepare(pythons[1:])
    results = [matrix.run(minor, *breadth) for minor in pythons]
    if pythons and not any(result.ran for result in results) and not arguments.python:
        # Better than nothing where there is one other Python; the summary names what did not run.
        own = interpreter.running().minor
        results.append(matrix.run(own, *breadth))
    if wanted != "no":
        results.append(machine.run(arguments.slow, arguments.words))
    print("\n=== all")
    for result in results:
        good = "ok  " if result.good else "BAD "
        print("{:16} {} {}".format(matrix.title(result.name), good, result.text))
    print("total: " + total(results))
    return 0 if total(results).startswith("passed") else 1


def total(results: Sequence[matrix.Result]) -> str:
    absent = ", ".join(result.name for result in results if not result.ran)
    if not all(result.good for result in results) or not any(result.ran for result in results):
        return "FAILED"
    return "passed, but NOT RUN on " + absent if absent else "passed"


if __name__ == "__main__":
    sys.exit(main())
