# SPDX-License-Identifier: Apache-2.0
"""Runs the suite on one Python after the other. Imports bundle and the standard library only."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence
from xml.etree import ElementTree

from bundle import environment, interpreter, paths, program

PYTHONS = ("3.6", "3.9", "3.12", "3.13")
# CI may not be green without these: those of Enterprise Linux 8 and 9, and the one that builds.
NEEDED = ("3.6", "3.9", "3.12")
BUILD = "3.12"
LOCK = "test"
CLIENT = "sdk"  # of the simulated engine: oVirt's own, compiled, in an environment of its own
CORES = 2
# Thousands of small files are made and synced: in memory, where there is plenty of it.
MEMORY = "/dev/shm"
ROOM = 4 << 30


class Result(NamedTuple):
    """What one Python, or the virtual machine, said."""

    name: str
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
    chosen = (slow or breadth, crash_cases or breadth)
    options = ["--slow=" + chosen[0], "--crash-cases=" + chosen[1]]
    result = pytest(found.release, str(python), options + list(words))
    return result._replace(text="{}; slow tests: {}, crash cases: {}".format(result.text, *chosen))


def prepare(minors: Sequence[str]) -> None:
    """Make the environments these will need, beside the tests of others."""

    def make() -> None:
        for found in map(interpreter.find, minors):
            if found is not None:
                # `run` makes it again, and then reports what is wrong.
                with contextlib.suppress(program.Failed):
                    environment.ensure(found, LOCK)
                    if found.minor == BUILD:
                        environment.ensure(found, CLIENT)

    threading.Thread(target=make, daemon=True).start()


def pytest(
    name: str,
    python: str,
    words: List[str],
    workers: int = CORES,
    more: Optional[Dict[str, str]] = None,
) -> Result:
    """Run pytest with these words, and count what its report holds."""
    report = paths.VENVS / "junit-{}.xml".format(name.replace(" ", "-"))
    if report.exists():
        report.unlink()
    # pytest-xdist for 3.6 cannot hand waiting tests to an idle core.
    spread = "load" if name.startswith("3.6.") else "worksteal"
    parallel = ["-n", str(workers), "--dist", spread]
    argv = [python, "-m", "pytest", "-q", "--junitxml", str(report)] + parallel + words
    program.say("\n=== {}: {}".format(title(name), " ".join(argv[1:])))
    before = time.monotonic()
    with _temporary() as folder:
        environ = dict(environment_of_children(), **dict(folder, **(more or {})))
        status = subprocess.call(argv, stdin=subprocess.DEVNULL, cwd=str(paths.ROOT), env=environ)
    text = "{}, {:.0f} s".format(_counts(report), time.monotonic() - before)
    if status != 0:
        text += ", pytest's exit status {}".format(status)
    return Result(name, status == 0, text)


def title(name: str) -> str:
    """A release number is that of a Python; other names speak for themselves."""
    return "Python " + name if name[0].isdigit() else name


@contextlib.contextmanager
def _temporary() -> Iterator[Dict[str, str]]:
    """A directory in memory as TMPDIR; nothing where memory is short or runs no programs."""
    if not roomy(MEMORY):
        yield {}
        return
    folder = tempfile.mkdtemp(prefix="ovirt-cert-recovery-tests-", dir=MEMORY)
    try:
        yield {"TMPDIR": folder}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def roomy(folder: str) -> bool:
    """Whether gigabytes of tests' files may lie there, and programs among them."""
    try:
        there = os.statvfs(folder)
        with open("/proc/meminfo") as lines:
            sizes = {line.split(":")[0]: int(line.split()[1]) << 10 for line in lines}
    except (OSError, ValueError, IndexError):
        return False
    free = min(there.f_bavail * there.f_frsize, sizes.get("MemAvailable", 0) // 2)
    return free > ROOM and not there.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK)


def environment_of_children() -> Dict[str, str]:
    """Ours without what would let the caller's Python in, or keep ours from its compiled files."""
    taken = (
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "PYTEST_ADDOPTS",
        "PYTHONDONTWRITEBYTECODE",
    )
    return {name: value for name, value in os.environ.items() if name not in taken}


def _counts(report: Path) -> str:
    if not report.exists():
        return "no report"
    suite = next(ElementTree.parse(str(report)).iter("testsuite"))
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    bad = number["failures"] + number["errors"]
    passed = number["tests"] - bad - number["skipped"]
    return "{} passed, {} failed, {} skipped".format(passed, bad, number["skipped"])
