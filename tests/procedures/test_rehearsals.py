# SPDX-License-Identifier: Apache-2.0
"""Every route by the command `rehearse` itself: a process of its own, programs really executed.

test_scenarios.py has what each scenario ends in, in every release; here is what only the command
shows, and that real processes and real interpreters come to the same.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple, Tuple

import pytest

from bundle import paths
from tests.procedures import accounts

VALID = "valid until 2024-03-2"
NODE = "vdsm certificate: %s.* \\(served\\)" % VALID
HERE = "HostedEngine: running, engine healthy"
ELSEWHERE = "HostedEngine: running on another node"


class Rehearsal(NamedTuple):
    """A route, by a scenario that takes it in one release, and what the world says at the end."""

    route: str
    scenario: str
    release: str
    engine: str
    node: str = NODE
    web: str = VALID
    changed: Tuple[str, ...] = tuple(accounts.INSTALLED)
    ends: str = "Recovered."
    jumps: bool = False
    diagnosed: bool = True  # not where the route has to be chosen by name


REHEARSALS = (
    Rehearsal("rewind", "node-expired", "el7", HERE, web="valid until 2028-01-2", jumps=True),
    Rehearsal("sign", "engine-up", "el8", ELSEWHERE),
    Rehearsal("offline-ca", "offline-backup", "el7", HERE, web="not valid until 2023-01-20"),
    Rehearsal("interim", "interim", "el9", HERE, diagnosed=False),
    # The engine's own certificates, then the node by the engine's API; and only the engine's.
    Rehearsal(
        "renew",
        "near-expiry",
        "el8",
        ELSEWHERE,
        changed=tuple(accounts.ENROLLED["el8"]),
        ends="Renewed: virt-host1.example.test.",
    ),
    Rehearsal(
        "renew",
        "web-expires-soon",
        "el9",
        HERE,
        "vdsm certificate: valid until 2023-09-08",
        changed=(),
    ),
)


def told(account: List[str], begin: str) -> str:
    (line,) = [line for line in account if line.startswith(begin)]
    return line


@pytest.mark.parametrize("one", REHEARSALS, ids=[one.scenario for one in REHEARSALS])
def test_rehearsal_takes_its_route_and_the_world_says_that_it_is_well(
    one: Rehearsal, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "recovery", "rehearse", one.scenario, "--release", one.release]
    environment = dict(os.environ, TMPDIR=str(tmp_path))
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ran = subprocess.run(argv, cwd=str(paths.ROOT), env=environment, timeout=600, **streams)  # type: ignore[call-overload]
    output = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, output[-3000:]
    assert "Rehearsal of %s: " % one.scenario in output
    assert "\n%s %s, " % ("Route:" if one.diagnosed else "Route chosen:", one.route) in output
    assert "\n%s\n" % one.ends in output
    assert ("true time restored" in output) == one.jumps
    account = [line[2:] for line in output.partition("own account:\n")[2].splitlines()]
    assert told(account, "HostedEngine: ") == one.engine
    assert re.match(one.node, told(account, "vdsm certificate: "))
    assert told(account, "engine's web certificate: ").split(": ")[1].startswith(one.web)
    assert "libvirtd: active, vdsmd: active" in account and "chronyd: active" in account
    for clock in ("node clock: ", "hardware clock: ", "engine clock: "):
        (off,) = re.findall(r"([-+]\d+(?:\.\d+)?) s from the true time", told(account, clock))
        assert abs(float(off)) < 3, told(account, clock)
    changed = [line.split()[-1] for line in account if line.startswith("  ")]
    assert [path for path in changed if not path.startswith(accounts.STATE + "/")] == sorted(
        one.changed
    )
    assert list(tmp_path.iterdir()) == []  # where it was not asked to keep anything
