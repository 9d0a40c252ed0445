# SPDX-License-Identifier: Apache-2.0
"""Runs the tests against the virtual machine. Imports bundle, matrix and the machine's packages."""

import contextlib
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import List, Optional

from bundle import environment, interpreter, paths, program
from simulators.vm import packages
from simulators.vm.failure import Failed
from tests import matrix

NAME = "virtual machine"
FROZEN = ("node-expired", "still-running")
MACHINES = 2  # at a time; one keeps a core and a half busy


def absent() -> str:
    """Why these tests cannot run here; empty where they can."""
    try:
        for name in packages.NEEDED:
            packages.program(name)
    except Failed as failure:
        return str(failure)
    if os.geteuid() != 0:
        return "cannot build the machine's image: only root can lay out the file system"
    if interpreter.find(matrix.BUILD) is None:
        return "this machine lacks Python %s" % matrix.BUILD
    return ""


def run(slow: Optional[str], words: List[str]) -> matrix.Result:
    """Build what is missing, then the tests; not run is told, and a failure in CI.

    slow: "all" is with the longest tests, which no proof rests on alone.
    """
    why = absent()
    if why:
        in_ci = os.environ.get("CI") == "true"
        return matrix.Result(NAME, not in_ci, "NOT RUN: " + why.replace("\n", ";"), False)
    try:
        python = prepare()
        with tempfile.TemporaryDirectory(prefix="archive-") as folder:
            archive = Path(folder) / paths.ARCHIVE.name
            _build(archive)
            chosen = ["-m", "vm" if slow == "all" else "vm and not slow"]
            chosen += ["tests/vm", "tests/contract/machine"]
            chosen += ["--durations=0", "--durations-min=20"] + words
            environ = {"VM_ARCHIVE": str(archive)}
            result = matrix.pytest(NAME, python, chosen, MACHINES, environ)
            return result._replace(text="%s; slow tests: %s" % (result.text, slow or "sample"))
    except program.Failed as failure:
        return matrix.Result(NAME, False, str(failure))


def prepare_beside() -> None:
    """Begin the image beside the tests of the Pythons: it waits for packages more than it works."""

    def make() -> None:
        # `run` makes it again, and then reports what is wrong.
        with contextlib.suppress(program.Failed, OSError):
            prepare()

    if not absent():
        threading.Thread(target=make, daemon=True).start()


def prepare() -> str:
    """Image and frozen nodes, in a process of its own; the Python that has what they need."""
    found = interpreter.find(matrix.BUILD)
    assert found is not None
    python = str(environment.ensure(found, matrix.LOCK))
    for scenario in FROZEN:
        program.run([python, "-m", "simulators.vm", "build", scenario])
    return python


def _build(archive: Path) -> None:
    """The very same file as for every node; the machine has Debian 12's Python 3.11."""
    found = interpreter.find(matrix.BUILD)
    assert found is not None
    subprocess.check_output(
        [found.path, "-m", "bundle", "build", str(archive)],
        stdin=subprocess.DEVNULL,
        cwd=str(paths.ROOT),
        env=matrix.environment_of_children(),
    )
