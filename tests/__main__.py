# SPDX-License-Identifier: Apache-2.0
"""`python3 -m tests`: the whole suite on every Python a node can have, in its own environments."""

import argparse
import sys
from typing import List, Optional, Sequence

from bundle import interpreter
from tests import matrix


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
        help="whole recoveries: default all on %s, a third each elsewhere" % matrix.BUILD,
    )
    parser.add_argument("words", nargs="*", metavar="PYTEST", help="after --, words for pytest")
    return parser.parse_args(argv)


def main(argv: Optional[List[str]] = None) -> int:
    arguments = parse(argv)
    pythons = arguments.python or matrix.PYTHONS
    breadth = (arguments.crash_cases, arguments.slow, arguments.words)
    matrix.prepare(pythons[1:])
    results = [matrix.run(minor, *breadth) for minor in pythons]
    if not any(result.ran for result in results) and not arguments.python:
        # Better than nothing where there is one other Python; the summary names what did not run.
        own = interpreter.running().minor
        results.append(matrix.run(own, *breadth))
    print("\n=== all Pythons")
    for result in results:
        print(
            "Python {:8} {} {}".format(
                result.python, "ok  " if result.good else "BAD ", result.text
            )
        )
    print("total: " + total(results))
    return 0 if total(results).startswith("passed") else 1


def total(results: Sequence[matrix.Result]) -> str:
    absent = " ".join(result.python for result in results if not result.ran)
    if not all(result.good for result in results) or not any(result.ran for result in results):
        return "FAILED"
    return "passed, but NOT RUN on " + absent if absent else "passed"


if __name__ == "__main__":
    sys.exit(main())
