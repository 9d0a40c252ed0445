# SPDX-License-Identifier: Apache-2.0
"""Whom ssh can reach from the node: the engine VM, and the further nodes of the cluster.

A further node is a world of its own in W/nodes/NAME; both worlds come to the later true time
whenever they meet. Imports `engine_shell`, `engine_vm`, `names`, `node_shell`.
"""

import os
from typing import Callable, Optional, Tuple

from simulators import engine_shell, engine_vm, names, node_shell
from simulators import world as world_module
from simulators.entry import Call

Line = Callable[[], engine_shell.Result]


class Peer:
    """The other side of a connection; both worlds are closed when its methods are called."""

    short = ""
    address = ""

    def __init__(self, here: world_module.World, world: world_module.World) -> None:
        self.here = here
        self.world = world

    def answers(self) -> bool:
        """Would a new connection be answered, does a present one live?"""
        raise NotImplementedError

    def unreachable(self, limit: float) -> Tuple[str, float]:
        """ssh's words for it, and the seconds it takes to find out."""
        raise NotImplementedError

    def boot(self) -> str:
        """What a living master was opened to; it changes with each boot of the other side."""
        raise NotImplementedError

    def password(self) -> str:
        raise NotImplementedError

    def place(self, path: str) -> str:
        """The real path of a path over there."""
        raise NotImplementedError

    def shell(self) -> engine_shell.Shell:
        raise NotImplementedError

    def run(self, line: Line) -> Optional[engine_shell.Result]:
        """Have a shell run a line; None when nobody is there any more."""
        raise NotImplementedError


class Engine(Peer):
    short = names.ENGINE_SHORT
    address = names.ENGINE_ADDRESS

    def answers(self) -> bool:
        with self.world:
            return engine_vm.answers_ssh(self.world)

    def unreachable(self, limit: float) -> Tuple[str, float]:
        vm = world_module.seen(self.world)["vm"]
        if vm["state"] == "paused" and vm["ssh"]:
            return "Connection timed out", limit or 127.0
        if vm["ssh"]:
            return "Connection refused", 0.1
        return _silent(limit)

    def boot(self) -> str:
        return "%d" % world_module.seen(self.world)["vm"]["boot"]

    def password(self) -> str:
        return str(world_module.seen(self.world)["vm"]["password"])

    def place(self, path: str) -> str:
        return self.world.engine(path)

    def shell(self) -> engine_shell.Shell:
        with self.world:
            return engine_shell.Shell(self.world)

    def run(self, line: Line) -> Optional[engine_shell.Result]:
        with self.world:
            if not engine_vm.answers_ssh(self.world):
                return None
            self.world.advance(0.2)
            return line()


class Node(Peer):
    def __init__(self, here: world_module.World, world: world_module.World) -> None:
        Peer.__init__(self, here, world)
        state = world_module.seen(world)
        self.short = state["hostname"].partition(".")[0]
        self.address = state["address"]

    def answers(self) -> bool:
        return bool(world_module.seen(self.world)["reachable"])

    def unreachable(self, limit: float) -> Tuple[str, float]:
        return _silent(limit)

    def boot(self) -> str:
        return str(world_module.seen(self.world)["boot_id"])

    def password(self) -> str:
        return names.NODE_PASSWORD

    def place(self, path: str) -> str:
        return self.world.node(path)

    def shell(self) -> engine_shell.Shell:
        return node_shell.Shell(self.world)

    def run(self, line: Line) -> Optional[engine_shell.Result]:
        if not self.answers():
            return None
        _catch_up(self.world, self.here)
        result = line()
        _catch_up(self.here, self.world)
        return result


def _catch_up(late: world_module.World, early: world_module.World) -> None:
    """Let the time pass in one world that has passed in the other."""
    if _true(early) > _true(late):
        with late:
            late.advance(max(0.0, _true(early) - late.true()))


def _true(world: world_module.World) -> float:
    state = world_module.seen(world)
    return float(state["uptime"] + state["true_offset"])


def _silent(limit: float) -> Tuple[str, float]:
    if limit and limit < 3.1:
        return "Connection timed out", limit
    return "No route to host", 3.1


def find(call: Call, host: str) -> Optional[Peer]:
    """The machine of that name or address; None where nothing is called so."""
    if host in (names.ENGINE, names.ENGINE_SHORT, names.ENGINE_ADDRESS):
        return Engine(call.world, call.world)
    nodes = call.world.directory + "/nodes"
    there = sorted(os.listdir(nodes)) if os.path.isdir(nodes) else []
    for name in [host] if host in there else there:
        peer = Node(call.world, world_module.World(nodes + "/" + name))
        if host in (name, peer.short, peer.address):
            return peer
    return None
