# SPDX-License-Identifier: Apache-2.0
"""The tool is gone before and after every effect on another node: resume converges, undo restores.

As test_crash.py has it for the node itself; the node that we sit at can lose its power, too.
"""

import os
from pathlib import Path
from typing import Callable, List, Optional

import pytest

from simulators import further, install, rehearse, stories
from tests.procedures import accounts, test_crash, watched
from tests.procedures.cluster import HELD

CHUNKS = 4
LATER = 25  # by this effect the run has begun over there


def words(node: watched.Node, verb: str) -> List[str]:
    chosen = [verb, "--yes", "--node", stories.SECOND]
    chosen += ["--node-password-file", node.directory + "/node-password"]
    if verb == "undo":
        return chosen
    return chosen + ["--engine-password-file", node.world.password_file]


def second(node: watched.Node) -> install.World:
    return further.of(node.world)[0]


class Cluster(watched.Node):
    """The node we sit at; `recover` is that of the second node."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, "three-nodes")

    def recover(self, point: Optional[watched.Point] = None) -> watched.Ended:
        return self.tool(*words(self, "recover"), point=point)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_lost_anywhere_on_another_node_resume_converges_and_undo_restores(
    chunk: int, tmp_path: Path, crash_cases: str, count_cases: Callable[[str, int], None]
) -> None:
    test_crash.skip_unless_drawn(chunk, CHUNKS, crash_cases)
    node = Cluster(str(tmp_path / "world"))
    found = test_crash.cases(node, tmp_path, chosen(chunk, crash_cases))
    assert found
    cut = [case for case in found if begun(node, case) and test_crash.is_cut(case, crash_cases)]
    assert cut
    for case in found:
        check_resume(node, case)
        check_undo(node, case)
    for case in cut:
        check_resume(node, case, power=True)
        check_undo(node, case, power=True)
    count_cases("another node: resume after every effect", len(found))
    count_cases("another node: undo after every effect", len(found))
    count_cases("another node: resume after a power cut there", len(cut))
    count_cases("another node: undo after a power cut there", len(cut))


def chosen(chunk: int, crash_cases: str) -> Callable[[int, str], bool]:
    """Every effect of this chunk, or one of it."""
    if crash_cases == "sample":
        return lambda number, side: number == LATER + 4 * chunk
    return lambda number, side: number // 4 % CHUNKS == chunk


def begun(node: Cluster, case: test_crash.Case) -> bool:
    """Whether there is a run yet; before, the engine that our node carries has to start first."""
    there = os.path.relpath(second(node).root, node.directory)
    return os.path.exists(os.path.join(case.place, there + test_crash.STATE + "runs"))


def put_back(node: Cluster, case: test_crash.Case, power: bool) -> None:
    """The tool alone is lost, or the node that it ran on boots again."""
    if power:
        test_crash.cut_power(node, case.place)
    else:
        node.put_back(case.place)


def check_resume(node: Cluster, case: test_crash.Case, power: bool = False) -> None:
    put_back(node, case, power)
    ended = node.tool(*words(node, "resume"))
    if "there was none on this node" in ended.output:
        assert ended.status == 3, case
        ended = node.recover()
    elif "it is over" in ended.output:
        assert ended.status == 3, case
        ended = ended._replace(status=0)
    assert ended.status == 0, "%s\n%s" % (case, ended.output[-3000:])
    world = second(node)
    assert accounts.changed(world) == accounts.INSTALLED, case
    told = [line for line in rehearse.epilogue(node.world) if line.startswith(stories.SECOND)]
    assert "certificate valid until 2024-03-2" in told[0] and "(served)" in told[0], case
    tidy(node, case)


def check_undo(node: Cluster, case: test_crash.Case, power: bool = False) -> None:
    put_back(node, case, power)
    ended = node.tool(*words(node, "undo"))
    if "there was none on this node" in ended.output:
        assert ended.status == 3, case
    else:
        assert ended.status == 0, "%s\n%s" % (case, ended.output[-3000:])
    assert accounts.changed(second(node)) == [], case
    tidy(node, case)


def tidy(node: Cluster, case: test_crash.Case) -> None:
    """Nobody is locked out of the second node, and nowhere else was anything changed."""
    assert not os.path.exists(second(node).root + HELD), case
    for world in (node.world, further.of(node.world)[1]):
        assert rehearse.changes(world) == [], case
