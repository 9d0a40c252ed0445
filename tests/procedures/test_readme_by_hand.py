# SPDX-License-Identifier: Apache-2.0
"""The README's way out without the tool: it was killed in the past and does not start any more."""

import os
import shlex
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from bundle import paths
from simulators import rehearse
from tests.procedures import accounts, points, test_crash, watched

CHAPTER = "### By hand, should the tool itself fail"
EL7 = "(EL7: "


def commands(release: str) -> List[str]:
    """What the README has to be typed, line by line."""
    text = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    chapter = text.split(CHAPTER)[1].split("\n### ")[0]
    found = []
    for line in chapter.splitlines():
        if not line.startswith("    "):
            continue
        usual, _, other = line.strip().partition(EL7)
        found.append(other.rstrip(")") if other and release == "el7" else usual.strip())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("release", ("el7", "el8", "el9"))
def test_what_the_readme_says_undoes_a_run_that_was_killed_in_the_past(
    release: str, tmp_path: Path
) -> None:
    node = watched.Node(str(tmp_path / "world"), "node-expired", release)
    ended = node.recover(points.kill_once("before", "timedatectl set-time @1676894"))
    assert ended.status == -9, ended.output[-2000:]
    folders = owned(node.world.root + "/etc/pki")
    assert accounts.clocks(node.world).wall < -30 * 86400
    installed = [path for path in accounts.changed(node.world) if path.startswith("/etc/pki/")]
    assert installed != []
    lines = commands(release)
    assert len(lines) == 7
    for line in lines:
        done = accounts.typed(node.world, *shlex.split(line.replace("run-N", "run-1")))
        assert done.returncode == 0, (line, done.stderr)
    # The timer of the tool that was killed has nothing left to set right.
    node.world.sim.advance(1200.0)
    test_crash.tidy(node, release)
    left = [path for _, path in rehearse.changes(node.world)]
    assert [path for path in left if not path.startswith(test_crash.STATE)] == []
    assert not node.world.sim.state()["ha"]["global"]
    # vdsm and qemu read there and are not root.
    assert owned(node.world.root + "/etc/pki") == folders


def owned(top: str) -> Dict[str, Tuple[int, int, int]]:
    """Mode and owner of every directory and file."""
    found = {}
    for folder, _, names in os.walk(top):
        for path in [folder] + [os.path.join(folder, name) for name in names]:
            seen = os.lstat(path)
            found[path] = (seen.st_mode, seen.st_uid, seen.st_gid)
    return found
