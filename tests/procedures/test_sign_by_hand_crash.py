# SPDX-License-Identifier: Apache-2.0
"""The tool, or the node's power, is lost at every effect from the request on, signed by hand.

Until then it is the rewind of test_crash.py, effect by effect.
"""

from pathlib import Path
from typing import Callable, List, Optional

import pytest

from tests.procedures import accounts, console, points, test_crash, test_sign_by_hand, watched

CHUNKS = 3
RESUME = ("resume", "--yes")


class Refused(watched.Node):
    """A node whose engine lets nobody in by ssh, and whose administrator sits at its console."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, "node-expired")
        test_sign_by_hand.refuse(self)
        self.requested = False  # in the process of the run

    def recover(self, point: Optional[watched.Point] = None) -> watched.Ended:
        assert point is not None
        watchers = points.both(self.hear, console.Administrator(self), point)
        return self.tool(*test_sign_by_hand.BY_HAND, point=watchers)

    def resume(self) -> watched.Ended:
        return self.tool(*RESUME, point=console.Administrator(self))

    def hear(self, number: int, side: str, what: str) -> None:
        self.requested = self.requested or what.endswith("/node.csr")


def chosen(node: Refused, chunk: int, crash_cases: str) -> Callable[[int, str], bool]:
    """Every effect of this chunk, or one of it."""
    met: List[int] = []

    def wanted(number: int, side: str) -> bool:
        if not node.requested or number // 4 % CHUNKS != chunk:
            return False
        met.append(number)
        return crash_cases == "all" or met[0] == number

    return wanted


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_lost_anywhere_resume_converges_and_undo_restores(
    chunk: int, tmp_path: Path, crash_cases: str, count_cases: Callable[[str, int], None]
) -> None:
    test_crash.skip_unless_drawn(chunk, CHUNKS, crash_cases)
    node = Refused(str(tmp_path / "world"))
    found = test_crash.cases(node, tmp_path, chosen(node, chunk, crash_cases), status=6)
    assert found
    for case in found:
        node.put_back(case.place)
        converge(node, str(case))
        node.put_back(case.place)
        check_undo(node, str(case))
    cut = [case for case in found if test_crash.is_cut(case, crash_cases)]
    for case in cut:
        test_crash.cut_power(node, case.place)
        converge(node, "power cut, %s" % (case,), power=True)
    count_cases("by hand: resume after every effect", len(found))
    count_cases("by hand: undo after every effect", len(found))
    count_cases("by hand: resume after a power cut there", len(cut))


def converge(node: Refused, label: str, power: bool = False) -> None:
    ended = node.resume()
    over = "it is over" in ended.output
    if over:
        assert ended.status == 3, label
        assert accounts.changed(node.world) == accounts.INSTALLED, label
    else:
        assert ended.status == 6, "%s\n%s" % (label, ended.output[-3000:])
        test_sign_by_hand.signed_by_hand(node, ended)
    if not (over and power):  # nobody starts it then: global maintenance stays on by hand
        assert node.world.sim.state()["vm"]["state"] == "running", label
    test_crash.tidy(node, label)


def check_undo(node: Refused, label: str) -> None:
    ended = node.undo()
    by_hand = "global-maintenance (by hand)" in ended.output
    assert ended.status == (6 if by_hand else 0), "%s\n%s" % (label, ended.output[-3000:])
    assert accounts.changed(node.world) == [], label
    assert by_hand or not node.world.sim.state()["ha"]["global"], label
    test_crash.tidy(node, label)
