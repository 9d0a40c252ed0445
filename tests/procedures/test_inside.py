# SPDX-License-Identifier: Apache-2.0
"""Programs that are not executed, to save time, answer as the executed ones do."""

import re
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from tests.procedures import accounts, watched

Account = Tuple[List[str], List[str], Dict[str, object]]


def account(node: watched.Node, command: str) -> Account:
    """What the tool said, every call with its moment and status, and the world afterwards."""
    ended = node.tool(command)
    assert ended.status == 0, ended.output[-2000:]
    said = ended.output.replace(node.directory, "").splitlines()
    return said, [repr(call) for call in node.world.transcript()], node.world.sim.state()


@pytest.mark.parametrize("command", ("diagnose", "plan"))
def test_looking_is_the_same_to_the_letter(command: str, tmp_path: Path) -> None:
    told = []
    for place, executed in (("short", False), ("right", True)):
        node = watched.Node(str(tmp_path / place), "node-expired", "el8", executed)
        told.append(account(node, command))
    assert told[0][1] == told[1][1]
    assert told[0] == told[1]


@pytest.mark.slow
def test_recovery_has_the_same_effects_in_the_same_order(tmp_path: Path) -> None:
    told = []
    for place, executed in (("short", False), ("right", True)):
        node = watched.Node(str(tmp_path / place), "node-expired", "el8", executed)
        accounts.well(node, node.recover())
        told.append(effects(node))
    assert told[0] == told[1] and len(told[0]) > 20


def effects(node: watched.Node) -> List[str]:
    """Each kind of call once; the polls of a dialogue are as many as it takes."""
    calls = [call.replace(node.directory, "") for call in accounts.effects(node.world)]
    kinds = [re.sub(r"[0-9]+", "N", call) for call in calls if not call.startswith("sleep ")]
    return list(dict.fromkeys(kinds))
