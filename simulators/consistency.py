# SPDX-License-Identifier: Apache-2.0
"""Worlds that cannot be are refused, with the reason: a test against nonsense proves nothing."""

import os

from simulators.releases import RELEASES
from simulators.systemd import definitions, records, unit_files
from simulators.world import World


class ImpossibleWorld(Exception):
    """The world contradicts itself."""


def check(world: World) -> None:
    """Raise ImpossibleWorld with the first contradiction found."""
    for reason in contradictions(world):
        raise ImpossibleWorld("cannot simulate this world: " + reason)


def contradictions(world: World) -> list:
    """Return the reasons why the world cannot be."""
    return _clocks(world) or _units(world) + _services(world) + _machine(world)


def _clocks(world: World) -> list:
    state, found = world.state, []
    release = RELEASES.get(state["release"], {})
    if not release:
        return ["there is no release %r" % state["release"]]
    if world.uptime < 0:
        found.append("the uptime is negative")
    if release["floor"] and state.get("clock_steps", 0) == 0 and world.wall() < release["build"]:
        found.append("the clock is before systemd's build date, which every boot makes up for")
    if world.wall() < world.uptime:
        found.append("the clock is smaller than the uptime, which the kernel refuses")
    for due, _, kind, _ in state["queue"]:
        if due < world.uptime:
            found.append("an event (%s) is due in the past" % kind)
    return found


def _units(world: World) -> list:
    found = []
    for name in unit_files.enabled_units(world):
        if definitions.get(world, name) is None:
            found.append("%s is enabled and there is no such unit" % name)
    for name, record in world.state["units"].items():
        if definitions.get(world, name) is None:
            found.append("%s has a state and there is no such unit" % name)
        elif record["active"] == "active":
            found += _dependencies(world, name)
    return found


def _dependencies(world: World, name: str) -> list:
    return [
        "%s is active and %s, which it is bound to, is not" % (name, other)
        for other in definitions.get(world, name).get("binds_to", ())
        if records.of(world, other)["active"] != "active"
    ]


def _services(world: World) -> list:
    state, found = world.state, []
    running = records.of(world, "chronyd.service")["active"] == "active"
    if running != ("chronyd" in state):
        found.append("chronyd's unit and its process disagree")
    if running and records.of(world, "ntpd.service")["active"] == "active":
        found.append("chronyd and ntpd run together, though they conflict")
    return found


def _machine(world: World) -> list:
    state, found = world.state, []
    vm = state.get("vm") or {}
    libvirtd = records.of(world, "libvirtd.service")
    here = vm.get("where") == "here" and vm.get("state") in ("running", "paused")
    if here and not libvirtd["times"].get("active_enter"):
        found.append("the engine VM runs here though libvirtd never started in this boot")
    if not os.path.isdir(world.directory + "/root/etc"):
        found.append("the node has no /etc")
    return found
