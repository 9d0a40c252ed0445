# SPDX-License-Identifier: Apache-2.0
"""The life of a service unit: start, settle, exit, automatic restart, start limit."""

from typing import Any

from simulators import idle, units
from simulators.systemd import conditions, definitions, jobs, records, sockets, texts
from simulators.world import World

DEFAULT_TIME = 0.05
RESTART_SEC = 0.1
START_LIMIT = (5, 10.0)


def begin_start(world: World, unit: str) -> None:
    """Run a start job of any kind of unit."""
    kind = unit.rpartition(".")[2]
    if not _conditions_hold(world, unit):
        return
    if kind == "socket":
        sockets.start(world, unit)
    elif kind == "timer":
        from simulators.systemd import timers

        timers.start(world, unit)
    elif kind == "service":
        _start_service(world, unit)
    else:
        records.change(world, unit, active="active", sub="active", result="success")
        jobs.unit_up(world, unit)


def _conditions_hold(world: World, unit: str) -> bool:
    definition = definitions.get(world, unit) or {}
    unmet = conditions.unmet(world, definition.get("condition", ()))
    if not unmet:
        return True
    records.change(world, unit, condition=False)
    conditions.tell(world, unit, definition, unmet)
    jobs.finish(world, unit, "skipped")
    return False


def _start_service(world: World, unit: str) -> None:
    definition = definitions.get(world, unit)
    if not records.may_start(world, unit, *definition.get("limit", START_LIMIT)):
        _refuse_start(world, unit)
        return
    record = records.of(world, unit)
    record = records.change(
        world,
        unit,
        active="activating",
        sub="start",
        result="success",
        code=0,
        status=0,
        pid=world.new_pid(),
        invocation=world.new_id(),
        limit_hit=False,
        automatic=False,
        restarts=record["restarts"] if record["automatic"] else 0,
        condition=True,
    )
    record["times"]["main_start"] = (world.wall(), world.uptime)
    record["times"].pop("main_exit", None)
    _tell_starting(world, unit, definition)
    try:
        delay = _behave(world, unit, "start")
    except units.StartFailed as failure:
        _settle_later(
            world,
            unit,
            failure.delay,
            "failed",
            status=failure.status,
            messages=tuple(failure.messages),
        )
        return
    if definition.get("commands"):
        _start_command(world, unit, definition)
    else:
        _settle_later(
            world, unit, definition.get("time", DEFAULT_TIME) if delay is None else delay, "up"
        )


def _start_command(world: World, unit: str, definition: dict) -> None:
    """The unit's command really runs, when the event queue comes to it."""
    world.schedule(0, "command", unit=unit)
    if definition.get("type", "simple") != "oneshot":
        settle(
            world,
            {"unit": unit, "phase": "up", "invocation": records.of(world, unit)["invocation"]},
        )


def _tell_starting(world: World, unit: str, definition: dict) -> None:
    """A simple service is up at once, so newer releases don't say that it is being started."""
    quick = definition.get("type", "simple") == "simple" and "time" not in definition
    if quick and texts.systemd(world) >= 239:
        return
    title = texts.title(world, unit, definition["description"])
    units.note(world, unit, "Starting %s..." % title, 6, MESSAGE_ID=texts.STARTING)


def _behave(world: World, unit: str, function: str) -> Any:
    """Call the unit's behaviour, if it has one that defines the function.

    A unit in state["broken"] fails instead: {unit: (exit status, message)}.
    """
    broken = world.state["broken"].get(unit) if function == "start" else None
    if broken:
        raise units.StartFailed(broken[0], ((broken[1], {"priority": 3}),))
    module = units.behaviour(world, unit)
    act = getattr(module, function, None) if module else None
    return act(world, unit) if act else None


def _settle_later(world: World, unit: str, delay: float, phase: str, **more: object) -> None:
    invocation = records.of(world, unit)["invocation"]
    world.schedule(delay, "unit-settle", unit=unit, phase=phase, invocation=invocation, **more)


def settle(world: World, data: dict) -> None:
    """A start or stop under way comes to its end (unless something else happened meanwhile)."""
    unit, phase = data["unit"], data["phase"]
    record = records.of(world, unit)
    expected = "deactivating" if phase == "down" else "activating"
    if record["invocation"] != data["invocation"] or record["active"] != expected:
        return
    if phase == "up":
        _up(world, unit)
    elif phase == "down":
        gone(world, unit)
    else:
        for message in data["messages"]:
            text, fields = message if isinstance(message, tuple) else (message, {})
            fields = dict(fields)
            world.log(text, unit, fields.pop("identifier", ""), fields.pop("priority", 6), **fields)
        exited(world, unit, data["status"])


def _up(world: World, unit: str) -> None:
    definition = definitions.get(world, unit)
    if definition.get("type") == "oneshot":
        record = records.of(world, unit)
        record.update(last_pid=record["pid"], code=1)
        if not definition.get("remain"):
            records.change(world, unit, active="inactive", sub="dead", pid=0)
            jobs.unit_up(world, unit)
            return
        records.change(world, unit, active="active", sub="exited", pid=0)
    else:
        records.change(world, unit, active="active", sub="running")
        sockets.service_up(world, unit)
        if unit == "libvirtd.service":
            idle.watch(world)
    jobs.unit_up(world, unit)


def begin_stop(world: World, unit: str) -> None:
    """Run a stop job, or the first half of a restart, of any kind of unit that is up."""
    record = records.of(world, unit)
    if not unit.endswith(".service"):
        world.cancel("timer-elapse", unit=unit)
        records.change(world, unit, active="inactive", sub="dead")
        if unit.endswith(".timer"):
            tell_end(world, unit, "success")
        jobs.unit_down(world, unit)
        if unit in world.state["transient"]:
            _forget_with_service(world, unit)
        return
    if record["sub"] == "auto-restart":
        world.cancel("unit-restart", unit=unit)
        records.change(world, unit, active="inactive", sub="dead")
        jobs.unit_down(world, unit)
        return
    definition = definitions.get(world, unit) or {"description": unit}
    title = texts.title(world, unit, definition["description"])
    units.note(world, unit, "Stopping %s..." % title, 6, MESSAGE_ID=texts.STOPPING)
    delay = _behave(world, unit, "stop")
    records.change(world, unit, active="deactivating", sub="stop-sigterm")
    _settle_later(world, unit, 0.1 if delay is None else delay, "down")


def gone(world: World, unit: str) -> None:
    """The unit's process ended because it was asked to."""
    _behave(world, unit, "stopped")
    record = records.change(world, unit, code=1, status=0, result="success")
    record["times"]["main_exit"] = (world.wall(), world.uptime)
    _dead(world, unit, "success", may_restart=False)


def exited(world: World, unit: str, status: int, signal: str = "") -> None:
    """The unit's process ended by itself with a status, or by a signal."""
    record = records.change(world, unit, code=1, status=status)
    record["times"]["main_exit"] = (world.wall(), world.uptime)
    if status or signal:
        units.note(
            world,
            unit,
            texts.main_exited(world, unit, status, signal),
            5,
            MESSAGE_ID=texts.EXITED,
            EXIT_CODE="killed" if signal else "exited",
            EXIT_STATUS=signal.partition("/")[2] or str(status),
        )
    _behave(world, unit, "stopped")
    result = "signal" if signal else "exit-code" if status else "success"
    _dead(world, unit, result, may_restart=True)


def _refuse_start(world: World, unit: str) -> None:
    records.change(world, unit, limit_hit=True)
    units.note(world, unit, texts.repeated(world, unit), 4)
    if texts.systemd(world) < 239:
        # 219 lets the start limit overwrite the result of the last failure, later ones keep it
        records.change(world, unit, result=texts.limit_result(world))
    _dead(world, unit, texts.limit_result(world), may_restart=False)


def _dead(world: World, unit: str, result: str, may_restart: bool) -> None:
    record = records.of(world, unit)
    if record["result"] == "success":
        record["result"] = result
    definition = definitions.get(world, unit) or {}
    policy = definition.get("restart", "no")
    again = may_restart and (policy == "always" or policy == "on-failure" and result != "success")
    job = world.state["jobs"].get(unit)
    if job and job["running"] and job["type"] in jobs.STOPPING:
        again = False
    failed = record["result"] != "success"
    old = texts.systemd(world) < 239
    if not old:
        tell_end(world, unit, record["result"])
    word = "failed" if failed else "inactive"
    records.change(
        world,
        unit,
        active=word,
        sub="failed" if failed else "dead",
        last_pid=record["pid"] or record["last_pid"],
        pid=0,
    )
    jobs.unit_down(world, unit)
    if old and failed:
        units.note(world, unit, "Unit %s entered failed state." % unit, 5)
        units.note(world, unit, unit + " failed.", 4)
    sockets.service_down(world, unit, records.of(world, unit)["limit_hit"])
    if again:
        records.change(world, unit, active="activating", sub="auto-restart")
        world.schedule(definition.get("restart_sec", RESTART_SEC), "unit-restart", unit=unit)
        return
    records.change(world, unit, automatic=False)  # the next start counts restarts from 0
    if unit in world.state["transient"] and not failed:
        forget_transient(world, unit)


def tell_end(world: World, unit: str, result: str) -> None:
    """Say how the unit ended."""
    if result != "success":
        units.note(
            world,
            unit,
            "%s: Failed with result '%s'." % (unit, result),
            4,
            MESSAGE_ID=texts.FAILURE_RESULT,
            UNIT_RESULT=result,
        )
    elif texts.systemd(world) >= 246:
        units.note(
            world, unit, unit + ": Deactivated successfully.", 6, MESSAGE_ID=texts.SUCCESS_RESULT
        )
    elif texts.systemd(world) >= 239:
        units.note(world, unit, unit + ": Succeeded.", 6, MESSAGE_ID=texts.SUCCESS_RESULT)


def _forget_with_service(world: World, timer: str) -> None:
    """Unload a stopped transient timer, and its service unless that is running."""
    service = definitions.get(world, timer).get("triggers", "")
    forget_transient(world, timer)
    if records.of(world, service)["active"] == "inactive":
        forget_transient(world, service)


def forget_transient(world: World, unit: str) -> None:
    """A transient unit that ended well is unloaded, and so is the timer that started it."""
    world.state["transient"].pop(unit, None)
    world.state["units"].pop(unit, None)
    world.cache = {}
