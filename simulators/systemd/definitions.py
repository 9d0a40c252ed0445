# SPDX-License-Identifier: Apache-2.0
"""Unit definitions: the release's table, unit files written into the node, transient units."""

import os
from typing import Any

from simulators.world import World

DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
KINDS = ("service", "socket", "target", "timer", "mount", "path", "scope", "slice")
PULLING = ("requires", "binds_to")


def full_name(name: str) -> str:
    """Return the unit name with its suffix."""
    if name.rpartition(".")[2] in KINDS and "." in name:
        return name
    return name + ".service"


def table(world: World) -> dict:
    """Return all loaded definitions by name."""
    known = world.cache.get("definitions")
    if known is None:
        from simulators.systemd import release_tables

        known = release_tables.build(world.state["release"])
        known.update(world.state["disk_units"])
        known.update(world.state["transient"])
        world.cache["definitions"] = known
    return known


def get(world: World, name: str) -> Any:
    """Return the definition of a unit, or None when there is no such unit."""
    known = table(world)
    if name not in known:
        found = _from_disk(world, name)
        if found is None:
            return None
        world.state["disk_units"][name] = found
        known[name] = found
    return known[name]


def reload(world: World) -> None:
    """Read the unit files again (daemon-reload): those the table does not know."""
    from simulators.systemd import release_tables

    known = release_tables.build(world.state["release"])
    world.state["disk_units"] = {}
    for directory in DIRECTORIES[:2]:
        for name in _listing(world.directory + "/root" + directory):
            if name.rpartition(".")[2] in KINDS and name not in known:
                found = _from_disk(world, name)
                if found is not None:
                    world.state["disk_units"][name] = found
    world.cache = {}


def _from_disk(world: World, name: str) -> Any:
    for directory in DIRECTORIES:
        path = world.directory + "/root" + directory + "/" + name
        if os.path.isfile(path) and not os.path.islink(path):
            from simulators.systemd import unit_files

            return unit_files.parse(path, directory + "/" + name)
    return None


def _listing(directory: str) -> list:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def listed(definition: dict, key: str) -> tuple:
    """Return the units named by a dependency key."""
    return definition.get(key, ())


def reverse(world: World, key: str, name: str) -> list:
    """Return the units whose dependency `key` names the unit."""
    index = world.cache.get("reverse")
    if index is None:
        index = {}
        for unit, definition in table(world).items():
            for dependency in ("requires", "binds_to", "part_of", "before", "after", "conflicts"):
                for other in definition.get(dependency, ()):
                    index.setdefault((dependency, other), []).append(unit)
            if definition.get("triggers") and unit.endswith(".socket"):
                index.setdefault(("triggers", definition["triggers"]), []).append(unit)
        world.cache["reverse"] = index
    return index.get((key, name), [])


def sockets_of(world: World, service: str) -> list:
    """Return the socket units that trigger the service, in systemd's order of the transcripts."""
    order = ("-tls.", "-ro.", "libvirtd.socket", "-admin.")
    found = reverse(world, "triggers", service)

    def rank(name: str) -> int:
        return min([i for i, mark in enumerate(order) if mark in name] or [len(order)])

    return sorted(found, key=rank)


def is_after(world: World, unit: str, other: str) -> bool:
    """Tell whether `unit` is ordered after `other`."""
    definition = get(world, unit) or {}
    if other in definition.get("after", ()):
        return True
    theirs = get(world, other) or {}
    if unit in theirs.get("before", ()):
        return True
    # a socket or timer is implicitly before what it triggers
    return theirs.get("triggers") == unit
