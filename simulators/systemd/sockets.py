# SPDX-License-Identifier: Apache-2.0
"""Socket units: listening, handing over to their service, failing with it."""

from simulators import units
from simulators.systemd import definitions, jobs, records, texts
from simulators.world import World

LIMITED = "service-start-limit-hit"


def start(world: World, unit: str) -> None:
    """Run the start job of a socket."""
    service = definitions.get(world, unit).get("triggers", "")
    record = records.of(world, service)
    if record["active"] not in ("inactive", "failed") and record["sub"] != "auto-restart":
        told = "%s: Socket service %s already active, refusing." % (unit, service)
        units.note(world, unit, told, 3)
        jobs.finish(world, unit, "failed")
        return
    if not records.may_start(world, unit, 5, 10.0):
        result = texts.limit_result(world)
        units.note(world, unit, texts.repeated(world, unit), 4)
        _fail(world, unit, result)
        jobs.finish(world, unit, "failed")
        return
    records.change(world, unit, active="active", sub="listening", result="success")
    jobs.unit_up(world, unit)


def service_up(world: World, service: str) -> None:
    """The service took its sockets over."""
    for unit in definitions.sockets_of(world, service):
        if records.of(world, unit)["active"] == "active":
            records.change(world, unit, sub="running")


def service_down(world: World, service: str, limit_hit: bool) -> None:
    """The service is down: its sockets listen again, or fail when it hit its start limit."""
    failed = []
    for unit in definitions.sockets_of(world, service):
        if records.of(world, unit)["active"] != "active":
            continue
        if limit_hit and texts.systemd(world) >= 239:
            _fail(world, unit, LIMITED)
            failed.append(unit)
        else:
            records.change(world, unit, sub="listening")
    for unit in failed:
        # BindsTo=libvirtd.socket had already queued the stop of the one that fails last
        if unit.endswith("-admin.socket"):
            jobs.announce_stopped(world, unit)


def _fail(world: World, unit: str, result: str) -> None:
    units.note(
        world,
        unit,
        "%s: Failed with result '%s'." % (unit, result),
        4,
        MESSAGE_ID=texts.FAILURE_RESULT,
        UNIT_RESULT=result,
    )
    records.change(world, unit, active="failed", sub="failed", result=result)
