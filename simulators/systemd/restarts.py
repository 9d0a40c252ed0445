# SPDX-License-Identifier: Apache-2.0
"""The automatic restart of a service whose holdoff time is over."""

from simulators import units
from simulators.systemd import definitions, jobs, records, services, texts, transaction
from simulators.world import World


def auto_restart(world: World, data: dict) -> None:
    """The holdoff time is over: queue a restart job, which pulls in Wants= and Requires= too."""
    unit = data["unit"]
    record = records.of(world, unit)
    if record["sub"] != "auto-restart":
        return
    systemd = texts.systemd(world)
    definition = definitions.get(world, unit)
    seconds = definition.get("restart_sec", services.RESTART_SEC)
    if systemd < 239:
        units.note(world, unit, unit + " holdoff time over, scheduling restart.", 6)
    elif systemd < 250:
        span = "%ds" % seconds if seconds >= 1 else "%dms" % (seconds * 1000)
        told = "%s: Service RestartSec=%s expired, scheduling restart." % (unit, span)
        units.note(world, unit, told, 6)
    records.change(world, unit, restarts=record["restarts"] + 1, automatic=True)
    try:
        jobs.request(world, unit, "restart")
    except transaction.Refused:
        records.change(world, unit, active="failed", sub="failed", result="resources")
        return
    if systemd >= 239:
        told = "%s: Scheduled restart job, restart counter is at %d."
        units.note(
            world,
            unit,
            told % (unit, record["restarts"]),
            6,
            MESSAGE_ID=texts.RESTART,
            N_RESTARTS=str(record["restarts"]),
        )
