# SPDX-License-Identifier: Apache-2.0
"""Start-up: --help and diagnose against a bare interpreter, diagnose against its programs."""

import subprocess
import sys
from typing import List

from bundle import paths
from tests import overheard
from tests.benchmarks import measure, recording, worlds


def bare() -> float:
    argv = [sys.executable, "-c", "pass"]
    return measure.timed(lambda: subprocess.run(argv, stdin=subprocess.DEVNULL, check=True))


def help_page(runs: int) -> List[measure.Result]:
    """By its path, as a console script or the dead-man timer does, and by -m, which costs runpy."""
    script = [sys.executable, str(paths.ROOT / "recovery/__main__.py"), "--help"]

    def by_path() -> float:
        return measure.timed(lambda: subprocess.run(script, stdout=subprocess.PIPE, check=True))

    def by_module() -> float:
        return measure.timed(lambda: worlds.tool(["--help"]))

    baseline, aim = "python -c pass", "ratio <= 2.0"
    return [
        measure.alternate("--help", baseline, aim, runs, by_path, bare),
        measure.alternate("--help by -m", baseline, "", runs, by_module, bare),
    ]


def diagnose(runs: int, bench: worlds.Bench) -> List[measure.Result]:
    """Both results come from the node as it was created, made fresh before each run."""
    words = bench.base + ["diagnose"]
    bench.renew()
    calls = recording.record(words)[1]

    def subject() -> float:
        bench.renew()
        return measure.timed(lambda: worlds.tool(words))

    def programs() -> float:
        bench.renew()
        return measure.timed(lambda: _again(bench, calls))

    title = "diagnose (%d programs)" % len(calls)
    return [
        measure.alternate("diagnose", "python -c pass", "", runs, subject, bare),
        measure.alternate(
            title, "the same programs alone", "<= 400 ms more", runs, subject, programs
        ),
    ]


def _again(bench: worlds.Bench, calls: List[overheard.Call]) -> None:
    for call in calls:
        subprocess.run(
            [bench.world.programs + "/" + call.argv[0]] + list(call.argv[1:]),
            input=call.data or b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(bench.environment(), **dict(call.env)),
            cwd="/",
        )
