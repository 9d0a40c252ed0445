# SPDX-License-Identifier: Apache-2.0
"""`python3 -m tests.benchmarks`: how fast the tool is; its figures are no pass or fail."""

import argparse
import os
import platform
import sys
import tempfile
from typing import List, Sequence

from tests.benchmarks import archives, checking, measure, rewind, startup, worlds

NAMES = ("help", "diagnose", "rewind", "certificates", "archive")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="pairs of measurements (default: 7)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of: " + " ".join(NAMES))
    arguments = parser.parse_args()
    wanted = arguments.names or NAMES
    strange = set(wanted) - set(NAMES)
    if strange:
        parser.error("no such benchmark: " + " ".join(sorted(strange)))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        results = measured(wanted, arguments.runs, folder)
    print(
        "Python %s, %d cores, load %.1f before and %.1f after"
        % (platform.python_version(), os.cpu_count() or 0, load, os.getloadavg()[0])
    )
    print("\n".join(measure.table(results)))
    return 0


def measured(wanted: Sequence[str], runs: int, folder: str) -> List[measure.Result]:
    results: List[measure.Result] = []
    if "help" in wanted:
        results += startup.help_page(runs)
    if {"diagnose", "rewind", "archive"} & set(wanted):
        bench = worlds.Bench(folder)
        if "diagnose" in wanted:
            results += startup.diagnose(runs, bench)
        if "rewind" in wanted:
            results += rewind.overhead(runs, bench, folder)
        if "archive" in wanted:
            built = archives.Archives(folder)
            results += archives.starts(runs, built, bench)
            print("\n".join(built.sizes()))
    if "certificates" in wanted:
        results.append(checking.check(runs, folder))
    return results


if __name__ == "__main__":
    sys.exit(main())
