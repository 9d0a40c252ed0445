# SPDX-License-Identifier: Apache-2.0
"""A build of the image that is interrupted while the real mmdebstrap is at work."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from bundle import paths
from simulators.vm import cache
from tests.simulators.processes import wait_for

BEGINS_WITHIN = 900.0  # seconds: it fetches the list of packages first
ENDS_WITHIN = 300.0  # a killed builder's mmdebstrap ends the step it is at, and unmounts then


def working_on(folder: str) -> List[int]:
    """The pids of those that have the folder in their words, or as their root directory."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            root = os.readlink(str(place / "root"))
        except OSError:
            continue
        if folder.encode() in words or root.startswith(folder):
            found.append(int(place.name))
    return found


def mounted_below(folder: str) -> List[str]:
    return [line for line in Path("/proc/self/mounts").read_text().splitlines() if folder in line]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_build_leaves_no_process_and_no_mount(folder: str, how: signal.Signals) -> None:
    environ = dict(os.environ, REHEARSAL_CACHE=folder + "/cache")
    builder = subprocess.Popen(
        [sys.executable, "-m", "simulators.vm", "build"],
        cwd=str(paths.ROOT),
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    home = Path(folder, "cache")
    # The packages are being installed: this is when mounts and maintainers' scripts are there.
    wait_for(lambda: bool(list(home.glob("*.partial/tree/var/lib/dpkg/status"))), BEGINS_WITHIN)
    wait_for(lambda: mounted_below(folder) != [], BEGINS_WITHIN)
    builder.send_signal(how)
    assert builder.wait(ENDS_WITHIN) != 0
    wait_for(lambda: working_on(folder) == [] and mounted_below(folder) == [], ENDS_WITHIN)
    left = sorted(path.name for path in home.iterdir() if not path.name.endswith(".lock"))
    if how is signal.SIGKILL:
        (partial,) = home.glob("*.partial")
        cache.remove(str(partial))  # as the next build begins
        left.remove(partial.name)
    assert left == ["build.log"]
