# SPDX-License-Identifier: Apache-2.0
"""Which jobs a request means: dependencies pulled in, propagation of stop and restart, merging."""

from simulators.systemd import definitions, records, unit_files
from simulators.world import World


class Refused(Exception):
    """The transaction cannot be built: `reason` is "not-found" or "masked", `unit` the cause."""

    def __init__(self, reason: str, unit: str) -> None:
        Exception.__init__(self, reason, unit)
        self.reason = reason
        self.unit = unit


def build(world: World, unit: str, kind: str) -> dict:
    """Return {unit: job type} for a start, stop, restart or try-restart of the unit."""
    jobs = {}  # type: dict
    _check(world, unit, kind)
    _collect(world, unit, kind, jobs)
    return {
        name: jobs[name] for name in jobs if name == unit or not _redundant(world, name, jobs[name])
    }


def build_boot(world: World, names: list) -> dict:
    """Return the jobs of a boot: every unit wanted, none of them indispensable."""
    jobs = {}  # type: dict
    for name in names:
        _want(world, name, jobs)
    return jobs


def _check(world: World, unit: str, kind: str) -> None:
    if kind == "stop":
        return
    if unit_files.masked(world, unit):
        raise Refused("masked", unit)
    if definitions.get(world, unit) is None:
        raise Refused("not-found", unit)


def _redundant(world: World, unit: str, kind: str) -> bool:
    active = records.of(world, unit)["active"]
    if kind == "start":
        return active in ("active", "reloading")
    if kind == "stop":
        return active in ("inactive", "failed")
    return kind == "restart" and active == "activating"


def _collect(world: World, unit: str, kind: str, jobs: dict) -> None:
    if kind == "try-restart":
        if records.of(world, unit)["active"] in ("inactive", "failed", "deactivating"):
            return
        kind = "restart"
    present = jobs.get(unit)
    if present == kind or present == "restart" and kind == "start":
        return
    if present == "stop":
        return  # a conflict inside one transaction: what was asked for first stands
    jobs[unit] = kind
    definition = definitions.get(world, unit) or {}
    if kind in ("start", "restart"):
        _pull_in(world, definition, jobs)
    if kind in ("stop", "restart"):
        _propagate(world, unit, kind, jobs)


def _pull_in(world: World, definition: dict, jobs: dict) -> None:
    for key in definitions.PULLING:
        for other in definition.get(key, ()):
            _check(world, other, "start")
            _collect(world, other, "start", jobs)
    for other in definition.get("wants", ()):
        _want(world, other, jobs)
    for other in definition.get("conflicts", ()):
        if records.of(world, other)["active"] not in ("inactive", "failed"):
            _collect(world, other, "stop", jobs)


def _want(world: World, unit: str, jobs: dict) -> None:
    """Add the start of a unit that is only wanted: an impossible one is left out."""
    trial = dict(jobs)
    try:
        _check(world, unit, "start")
        _collect(world, unit, "start", trial)
    except Refused:
        return
    jobs.update(trial)


def _propagate(world: World, unit: str, kind: str, jobs: dict) -> None:
    passed_on = "stop" if kind == "stop" else "try-restart"
    for key in ("requires", "binds_to", "part_of"):
        for other in definitions.reverse(world, key, unit):
            _collect(world, other, passed_on, jobs)
