# SPDX-License-Identifier: Apache-2.0
"""systemctl start, stop, restart, reset-failed, kill: the texts by result and release."""

from typing import Any

from simulators import units
from simulators.entry import Call
from simulators.systemd import definitions, jobs, records, texts, transaction
from simulators.world import World

REASONS = {
    "resources": "of unavailable resources or another system error",
    "protocol": "the service did not take the steps required by its unit configuration",
    "timeout": "a timeout was exceeded",
    "exit-code": "the control process exited with error code",
    "signal": "a fatal signal was delivered to the control process",
    "start-limit": "start of the service was attempted too often",
    "start-limit-hit": "start of the service was attempted too often",
}


def start(call: Call, options: dict, names: list) -> int:
    return _act(call, options, names, "start")


def stop(call: Call, options: dict, names: list) -> int:
    status = _act(call, options, names, "stop")
    for name in names:
        awake = [
            s for s in definitions.sockets_of(call.world, name) if units.is_active(call.world, s)
        ]
        if awake and "quiet" not in options:
            call.err("Warning: Stopping %s, but it can still be activated by:\n" % name)
            call.err("".join("  %s\n" % socket for socket in awake))
    return status


def restart(call: Call, options: dict, names: list) -> int:
    return _act(call, options, names, "restart")


def try_restart(call: Call, options: dict, names: list) -> int:
    return _act(call, options, names, "try-restart")


def _act(call: Call, options: dict, names: list, verb: str) -> int:
    """Queue a job for each unit, wait for all of them, report the failed ones."""
    world, status, waiting = call.world, 0, []
    if not names:
        call.err("Too few arguments.\n")
        return 1
    for name in names:
        problem = _unknown_to_stop(world, name, verb)
        try:
            number = 0 if problem else jobs.request(world, name, verb)
        except transaction.Refused as refused:
            problem = (refused.reason, refused.unit)
        if problem:
            status = status or _refused(call, verb, name, problem)
        elif number:
            waiting.append((name, number))
    if "no-block" in options:
        jobs.run_due(world)
        return status
    results = jobs.wait(world, [number for _, number in waiting])
    for name, number in waiting:
        if results[number] not in ("done", "skipped"):
            _explain(call, name, results[number])
            status = status or 1
    return status


def _unknown_to_stop(world: World, name: str, verb: str) -> Any:
    if verb in ("stop", "try-restart") and definitions.get(world, name) is None:
        return ("not-loaded", name)
    return None


def _refused(call: Call, verb: str, name: str, problem: tuple) -> int:
    reason, cause = problem
    old = texts.systemd(call.world) < 239
    if reason == "masked":
        told = "Unit is masked." if old and cause == name else "Unit %s is masked." % cause
    elif reason == "not-loaded":
        told = "Unit %s not loaded." % cause
    else:
        told = "Unit not found." if old and cause == name else "Unit %s not found." % cause
    call.err("Failed to %s %s: %s\n" % (verb, name, told))
    return 1 if reason == "masked" else 5


def _explain(call: Call, name: str, result: str) -> None:
    """Print what systemctl says about a failed job."""
    world = call.world
    systemd = texts.systemd(world)
    if result == "dependency":
        call.err("A dependency job for %s failed. See 'journalctl -xe' for details.\n" % name)
        return
    if result == "timeout":
        call.err("Job for %s timed out.\n" % name)
        return
    if result == "canceled":
        call.err("Job for %s canceled.\n" % name)
        return
    found = records.of(world, name)["result"]
    reason = REASONS.get(found, "")
    if 239 <= systemd < 250 and found == "start-limit-hit":
        reason = ""  # the table of 239 still has the result's old name
    because = " because %s" % reason if reason else ""
    journal = "journalctl -xeu %s" % name if systemd >= 250 else "journalctl -xe"
    call.err(
        'Job for %s failed%s.%sSee "systemctl status %s" and "%s" for details.\n'
        % (name, because, " " if systemd < 239 else "\n", name, journal)
    )
    if reason and found.startswith("start-limit"):
        call.err(
            'To force a start use "systemctl reset-failed %s"%s'
            'followed by "systemctl start %s" again.\n'
            % (name, " " if systemd < 239 else "\n", name)
        )


def reset_failed(call: Call, options: dict, names: list) -> int:
    """Forget failures and the counts of the start limit."""
    world, status = call.world, 0
    for name in names or list(world.state["units"]):
        if definitions.get(world, name) is None:
            call.err(
                "Failed to reset failed state of unit %s: Unit %s not loaded.\n" % (name, name)
            )
            status = 1
        elif name in world.state["units"]:
            record = world.state["units"][name]
            record.update(limit=[0.0, 0], limit_hit=False, restarts=0, result="success")
            if record["active"] == "failed":
                records.change(world, name, active="inactive", sub="dead")
            _collect_transient(world, name)
    return status


def _collect_transient(world: World, name: str) -> None:
    from simulators.systemd import services

    record = world.state["units"].get(name, {"active": ""})
    if name in world.state["transient"] and record["active"] == "inactive":
        services.forget_transient(world, name)


def kill(call: Call, options: dict, names: list) -> int:
    for name in names:
        if units.is_active(call.world, name):
            units.exited(call.world, name, 0)
    return 0
