# SPDX-License-Identifier: Apache-2.0
"""The engine's own VM, which the HA agents move and not the engine. Imports `ha` and `names`."""

from simulators import ha
from simulators.world import World


def carries(world: World, host: dict) -> bool:
    """Does the engine VM run on that host?"""
    vm = world.state["vm"]
    if host["here"]:
        return bool(vm["where"] == "here" and vm["state"] == "running")
    return bool(vm["where"] == "elsewhere" and host is _carrier_elsewhere(world))


def _carrier_elsewhere(world: World) -> object:
    others = [host for host in world.state["api"]["hosts"] if not host["here"]]
    return others[0] if others else None


def can_go(world: World, host: dict) -> bool:
    """Is there another host, up and with a score, that could carry it?"""
    return any(
        other is not host and other["status"] == "up" and other["score"] > 0
        for other in world.state["api"]["hosts"]
    )


def maintenance(world: World, host: dict, on: bool) -> None:
    """The engine sets or ends the HA agent's local maintenance with its own."""
    host["score"] = 0 if on else ha.BASE_SCORE
    if host["here"] and ha.local_maintenance(world) != on:
        ha.set_local_maintenance(world, on)


def away(world: World, host: dict) -> bool:
    """The agent of that host sends the engine VM away; in global maintenance it does nothing."""
    if world.state["ha"]["global"] or not can_go(world, host):
        return False
    vm = world.state["vm"]
    if host["here"]:
        vm.update(state="absent", where="elsewhere")
        world.state["domains_running"] = 0
    else:
        vm.update(state="running", where="here", since=world.uptime, id=vm["id"] + 1)
        world.state["domains_running"] = 1
    return True
