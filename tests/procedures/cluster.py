# SPDX-License-Identifier: Apache-2.0
"""What tests of further nodes ask and tell."""

import os
from typing import List

from recovery import journal as journals
from simulators import further, install, rehearse, stories
from tests.procedures import accounts, watched

SECOND, THIRD = stories.SECOND, stories.THIRD
HELD = journals.LOCK + journals.FROM_ELSEWHERE


def other(node: watched.Node, name: str) -> install.World:
    return {one.sim.state()["hostname"]: one for one in further.of(node.world)}[name]


def told(node: watched.Node, *names: str) -> List[str]:
    """How to name these nodes and give the passwords for them."""
    words = ["--node-password-file", node.directory + "/node-password"]
    return words + [word for name in names for word in ("--node", name)]


def secret(node: watched.Node) -> List[str]:
    return ["--yes", "--engine-password-file", node.world.password_file]


def untouched(node: watched.Node, *names: str) -> None:
    """Not one file of these nodes was changed, and nothing but looking was done on them."""
    for name in names:
        world = other(node, name)
        assert rehearse.changes(world) == []
        assert accounts.effects(world) == []
        assert not os.path.exists(world.root + HELD)


def well(node: watched.Node, name: str) -> None:
    """The node has its new certificate in all places, serves it, and nothing else was changed."""
    world = other(node, name)
    account = [line for line in rehearse.epilogue(node.world) if line.startswith(name)]
    assert "certificate valid until 2024-03-2" in account[0] and "(served)" in account[0]
    assert accounts.changed(world) == accounts.INSTALLED
    assert not os.path.exists(world.root + HELD)
    assert accounts.journal(world)[-1]["event"] == "finished"


def ours(node: watched.Node) -> List[str]:
    """What is left on the node we sit at: nothing is to be."""
    return [path for _, path in rehearse.changes(node.world)]
