# SPDX-License-Identifier: Apache-2.0
"""Condition...= of units, checked against the node's files."""

import os

from simulators import units
from simulators.systemd import texts
from simulators.world import World


def unmet(world: World, conditions: tuple) -> tuple:
    """Return the first condition that does not hold, () when the unit may start."""
    triggering = [c for c in conditions if c[1].startswith("|")]
    for condition in conditions:
        if not condition[1].startswith("|") and not holds(world, condition):
            return condition
    if triggering and not any(holds(world, c) for c in triggering):
        return triggering[-1]
    return ()


def holds(world: World, condition: tuple) -> bool:
    """Tell whether one condition holds."""
    kind, value = condition[0], condition[1].lstrip("|")
    wanted = not value.startswith("!")
    value = value.lstrip("!")
    if not value.startswith("/"):
        return True  # of virtualization, architecture, ...: not simulated
    path = world.node(value)
    if kind == "ConditionPathExists":
        found = os.path.exists(path)
    elif kind == "ConditionPathExistsGlob":
        import glob

        found = bool(glob.glob(path))
    elif kind == "ConditionPathIsDirectory":
        found = os.path.isdir(path)
    elif kind == "ConditionFileNotEmpty":
        found = os.path.isfile(path) and os.path.getsize(path) > 0
    elif kind == "ConditionDirectoryNotEmpty":
        found = os.path.isdir(path) and bool(os.listdir(path))
    else:
        return True
    return found == wanted


def tell(world: World, unit: str, definition: dict, condition: tuple) -> None:
    """Say that the unit is skipped, in the release's words (219 says it only when debugging)."""
    title = texts.title(world, unit, definition["description"])
    if texts.systemd(world) >= 250:
        told = "%s was skipped because of an unmet condition check (%s=%s)." % (
            (title,) + tuple(condition)
        )
    elif texts.systemd(world) >= 239:
        told = "Condition check resulted in %s being skipped." % title
    else:
        return
    units.note(world, unit, told, 6)
