# SPDX-License-Identifier: Apache-2.0
"""Runs the suite on one Python after the other. Imports bundle and the standard library only."""

import os
import subprocess
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence
from xml.etree import ElementTree

from bundle import environment, interpreter, paths, program

PYTHONS = ("3.6", "3.9", "3.12", "3.13")
# CI may not be green without these: those of Enterprise Linux 8 and 9, and the one that builds.
NEEDED = ("3.6", "3.9", "3.12")
BUILD = "3.12"
LOCK = "test"
CORES = 2


class Result(NamedTuple):
    """What one Python said."""

    python: str
    good: bool
    text: str
    ran: bool = True


def missing(minor: str) -> Result:
    """A Python this machine does not have: loud always, a failure in CI where it is needed."""
    fatal = minor in NEEDED and os.environ.get("CI") == "true"
    return Result(minor, not fatal, "NOT RUN: this machine has no Python " + minor, False)


def run(
    minor: str, crash_cases: Optional[str], slow: Optional[str], words: Sequence[str]
) -> Result:
    """The suite on that Python, its progress on our terminal."""
    found = interpreter.find(minor)
    if found is None:
        return missing(minor)
    try:
        python = environment.ensure(found, LOCK)
    except program.Failed as failure:
        return Result(found.release, False, str(failure))
    breadth = "all" if minor == BUILD else "sample"
    options = ["--crash-cases=" + (crash_cases or breadth), "--slow=" + (slow or breadth)]
    return _pytest(found.release, str(python), options + list(words))


def _pytest(release: str, python: str, words: List[str]) -> Result:
    report = paths.VENVS / "junit-{}.xml".format(release)
    if report.exists():
        report.unlink()
    # pytest-xdist for 3.6 cannot hand waiting tests to an idle core.
    spread = "load" if release.startswith("3.6.") else "worksteal"
    parallel = ["-n", str(CORES), "--dist", spread]
    argv = [python, "-m", "pytest", "-q", "--junitxml", str(report)] + parallel + words
    program.say("\n=== Python {}: {}".format(release, " ".join(argv[1:])))
    before = time.monotonic()
    status = subprocess.call(
        argv, stdin=subprocess.DEVNULL, cwd=str(paths.ROOT), env=_environment()
    )
    text = "{}, {:.0f} s".format(_counts(report), time.monotonic() - before)
    if status != 0:
        text += ", pytest's exit status {}".format(status)
    return Result(release, status == 0, text)


def _environment() -> Dict[str, str]:
    """Ours without what would let the caller's Python into the environment's."""
    taken = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS")
    return {name: value for name, value in os.environ.items() if name not in taken}


def _counts(report: Path) -> str:
    if not report.exists():
        return "no report"
    suite = next(ElementTree.parse(str(report)).iter("testsuite"))
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    bad = number["failures"] + number["errors"]
    passed = number["tests"] - bad - number["skipped"]
    return "{} passed, {} failed, {} skipped".format(passed, bad, number["skipped"])
