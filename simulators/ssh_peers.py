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
        with self.world:
            vm = self.world.state["vm"]
        if vm["state"] == "paused" and vm["ssh"]:
            return "Connection timed out", limit or 127.0
        if vm["ssh"]:
            return "Connection refused", 0.1
        return _silent(limit)

    def boot(self) -> str:
        with self.world:
            return "%d" % self.world.state["vm"]["boot"]

    def password(self) -> str:
        with self.world:
            return str(self.world.state["vm"]["password"])

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
        with self.world:
            self.short = self.world.state["hostname"].partition(".")[0]
            self.address = self.world.state["address"]

    def answers(self) -> bool:
        with self.world:
            return bool(self.world.state["reachable"])

    def unreachable(self, limit: float) -> Tuple[str, float]:
        return _silent(limit)

    def boot(self) -> str:
        with self.world:
            return str(self.world.state["boot_id"])

    def password(self) -> str:
        return names.NODE_PASSWORD

    def place(self, path: str) -> str:
        return self.world.node(path)

    def shell(self) -> engine_shell.Shell:
        return node_shell.Shell(self.world)

    def run(self, line: Line) -> Optional[engine_shell.Result]:
        if not self.answers():
            return None
        with self.here:
            self.here.advance(0.02)
            now = self.here.true()
        _catch_up(self.world, now)
        result = line()
        with self.world:
            now = self.world.true()
        _catch_up(self.here, now)
        return result


def _catch_up(world: world_module.World, true: float) -> None:
    with world:
        if true > world.true():
            world.advance(true - world.true())


def _silent(limit: float) -> Tuple[str, float]:
    if limit and limit < 3.1:
        return "Connection timed out", limit
    return "No route to host", 3.1


def find(call: Call, host: str) -> Optional[Peer]:
    """The machine of that name or address; None where nothing is called so."""
    if host in (names.ENGINE, names.ENGINE_SHORT, names.ENGINE_ADDRESS):
        return Engine(call.world, call.world)
    nodes = call.world.directory + "/nodes"
    for name in sorted(os.listdir(nodes)) if os.path.isdir(nodes) else ():
        peer = Node(call.world, world_module.World(nodes + "/" + name))
        if host in (name, peer.short, peer.address):
            return peer
    return None
