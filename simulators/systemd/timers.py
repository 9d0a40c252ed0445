# SPDX-License-Identifier: Apache-2.0
"""Timer units: monotonic ones count uptime, calendar ones follow the node's wall clock."""

from typing import Any

from simulators import units
from simulators.releases import RELEASES
from simulators.systemd import definitions, jobs, records
from simulators.world import World

DAY = 86400


def start(world: World, unit: str) -> None:
    """Run the start job of a timer."""
    records.change(world, unit, active="active", sub="waiting", result="success")
    plan(world, unit, definitions.get(world, unit)["timer"], first=True)
    jobs.unit_up(world, unit)


def plan(world: World, unit: str, timer: dict, first: bool) -> None:
    """Queue the timer's next elapse."""
    world.cancel("timer-elapse", unit=unit)
    record = records.of(world, unit)
    if "calendar" in timer:
        _plan_calendar(world, unit, timer, record)
        return
    delay = None
    if first and "active" in timer:
        delay = timer["active"]
    elif first and "boot" in timer:
        delay = max(0.0, timer["boot"] - world.uptime)
    elif "unit_active" in timer or "unit_inactive" in timer:
        delay = timer.get("unit_active", timer.get("unit_inactive"))
    if delay is not None:
        world.schedule(delay, "timer-elapse", unit=unit)


def _plan_calendar(world: World, unit: str, timer: dict, record: dict) -> None:
    now = world.wall()
    after = now
    if world.state["release"] == "el7" and record.get("last_trigger"):
        # 219 counts from the last trigger, which after a step back lies in the future
        after = max(now, record["last_trigger"][0])
    due = next_calendar(timer["calendar"], after)
    record["calendar"] = due
    if due is not None:
        world.schedule(due - now, "timer-elapse", unit=unit)


def next_calendar(spec: Any, after: float) -> Any:
    """Return the next moment of "daily", "weekly", "hourly" or an absolute epoch; None: never."""
    if isinstance(spec, str):
        period = {"hourly": 3600, "daily": DAY, "weekly": 7 * DAY}[spec]
        shift = 4 * DAY if spec == "weekly" else 0  # the epoch was a Thursday, weeks begin Monday
        return (int(after - shift) // period + 1) * period + shift
    return spec if spec > after else None


def clock_stepped(world: World) -> None:
    """Look at every calendar timer again: what the step went past elapses at once."""
    for unit, record in list(world.state["units"].items()):
        if unit.endswith(".timer") and record["active"] == "active" and record.get("calendar"):
            timer = (definitions.get(world, unit) or {}).get("timer", {})
            if record["calendar"] <= world.wall():
                world.cancel("timer-elapse", unit=unit)
                world.schedule(0, "timer-elapse", unit=unit)
            elif "calendar" in timer:
                plan(world, unit, timer, first=False)


def elapse(world: World, data: dict) -> None:
    """The timer elapses: its service is started."""
    unit = data["unit"]
    definition = definitions.get(world, unit)
    if definition is None or records.of(world, unit)["active"] != "active":
        return
    record = records.change(world, unit, sub="running")
    record["last_trigger"] = (world.wall(), world.uptime)
    units.enqueue(world, definition["triggers"], "start")
    if not _one_shot(definition["timer"]):
        records.change(world, unit, sub="waiting")
        plan(world, unit, definition["timer"], first=False)


def _one_shot(timer: dict) -> bool:
    calendar = timer.get("calendar")
    repeating = "unit_active" in timer or "unit_inactive" in timer or isinstance(calendar, str)
    return not repeating


def service_ended(world: World, service: str) -> None:
    """The service of a transient timer ended: the timer has done its work and goes."""
    from simulators.systemd import services

    unit = service.rpartition(".")[0] + ".timer"
    if unit in world.state["transient"] and records.of(world, unit)["sub"] == "running":
        if RELEASES[world.state["release"]]["systemd"] >= 239:
            services.tell_end(world, unit, "success")
        services.forget_transient(world, unit)
