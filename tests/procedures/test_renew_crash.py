# SPDX-License-Identifier: Apache-2.0
"""Route renew of several hosts: the tool is gone at what it asks of the engine, and between hosts.

As test_crash.py has it for one node; here a resume goes on with the hosts that are left.
"""

import re
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional, Set

import pytest

from tests.procedures import accounts, points, test_crash, test_renew, watched

ASKED = re.compile(r"--request POST .*/(deactivate|enrollcertificate|activate)$")
UNDONE = 3  # every how manieth case is undone too


class Hosts(watched.Node):
    """Two hosts, that of the engine VM the last; tells where a run of them is to be cut."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory, "near-expiry", "el9")
        self.words = ["--yes", "--api-password-file", test_renew.password(self)]
        self.asked: List[str] = []  # in the process of the run
        self.what = ""

    def recover(self, point: Optional[watched.Point] = None) -> watched.Ended:
        words = ["recover", "--no-engine-setup", "--all-nodes"] + self.words
        assert point is not None
        return self.tool(*words, point=points.both(self.hear, point))

    def hear(self, number: int, side: str, what: str) -> None:
        self.what = what
        found = ASKED.search(what)
        if found and side == "after":
            self.asked.append(found.group(1))

    def cut(self, number: int, side: str) -> bool:
        """When the engine has just been asked, and at all that is written between the hosts."""
        between = len(self.asked) == 3 and self.what.startswith("append ")
        return side == "after" and (between or ASKED.search(self.what) is not None)

    def enrolled(self) -> Dict[str, int]:
        return {name: host["enrolled"] for name, host in test_renew.known(self.world).items()}

    def in_doubt(self) -> Set[str]:
        """The steps of which the journal does not say that they were done."""
        events: Dict[str, str] = {}
        for line in accounts.journal(self.world):
            if line.get("step"):
                events[line["step"]] = line["event"]
        return {step for step, event in events.items() if event == "applying"}


@pytest.mark.slow
def test_lost_between_hosts_resume_goes_on_with_the_rest(
    tmp_path: Path, crash_cases: str, count_cases: Callable[[str, int], None]
) -> None:
    node = Hosts(str(tmp_path / "world"))
    found = test_crash.cases(node, tmp_path, node.cut)
    assert len(found) > 6
    if crash_cases == "sample":
        found = [found[sys.version_info[1] % len(found)]]
    for case in found:
        check_resume(node, case)
    for case in found[::UNDONE]:
        check_undo(node, case)
    count_cases("several hosts: resume between them", len(found))
    count_cases("several hosts: undo between them", len(found[::UNDONE]))


def check_resume(node: Hosts, case: test_crash.Case) -> None:
    node.put_back(case.place)
    before, doubt = node.enrolled(), node.in_doubt()
    ended = node.tool("resume", *node.words)
    assert ended.status == 0, "%s\n%s" % (case, ended.output[-3000:])
    for name, times in node.enrolled().items():
        # Where nobody wrote down that it was enrolled it may be once more, and nowhere else.
        twice = before[name] == 1 and "enroll:" + name in doubt
        assert times in ((1, 2) if twice else (1,)), (case, before, doubt)
    tidy(node, case)
    assert accounts.changed(node.world) == accounts.ENROLLED["el9"], case
    assert "HostedEngine: running, engine healthy" in accounts.account(node.world), case


def check_undo(node: Hosts, case: test_crash.Case) -> None:
    """What was enrolled stays; who was taken into maintenance works again."""
    node.put_back(case.place)
    before = node.enrolled()
    ended = node.tool("undo", *node.words)
    assert ended.status == 0, "%s\n%s" % (case, ended.output[-3000:])
    assert node.enrolled() == before, case
    tidy(node, case)


def tidy(node: Hosts, case: test_crash.Case) -> None:
    assert accounts.host_states(node.world) == ["up", "up"], case
    accounts.at_rest(node)
