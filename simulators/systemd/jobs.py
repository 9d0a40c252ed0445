# SPDX-License-Identifier: Apache-2.0
"""The job queue of PID 1: ordering, running, finishing, failing what depends on a failure."""

from simulators.systemd import definitions, records, texts, transaction
from simulators.world import World

STOPPING = ("stop", "restart")


def request(world: World, unit: str, kind: str) -> int:
    """Queue the transaction of a request; return the number of the asked unit's job, 0 if none.

    transaction.Refused when the unit is missing or masked. Nothing has run when this returns.
    """
    if kind == "try-restart" and not _is_up(world, unit):
        return 0
    wanted = transaction.build(world, unit, kind)
    return install(world, wanted).get(unit, 0)


def _is_up(world: World, unit: str) -> bool:
    return records.of(world, unit)["active"] in ("active", "reloading", "activating")


def install(world: World, wanted: dict) -> dict:
    """Merge jobs into the queue; return their numbers by unit."""
    numbers = {}
    for unit, kind in wanted.items():
        present = world.state["jobs"].get(unit)
        if present is not None and _mergeable(present, kind):
            numbers[unit] = present["id"]
            continue
        if present is not None:
            _forget(world, unit, "canceled")
        world.state["seq"] += 1
        numbers[unit] = world.state["seq"]
        world.state["jobs"][unit] = {"id": numbers[unit], "type": kind, "running": False}
    if numbers:
        world.schedule(0, "job-run")
    return numbers


def _mergeable(present: dict, kind: str) -> bool:
    """Fold a new job into the present one when they want the same; a restart outdoes a start."""
    if present["type"] == kind:
        return True
    if present["type"] == "restart" and kind == "start":
        return True
    if present["type"] == "start" and kind == "restart" and not present["running"]:
        present["type"] = "restart"
        return True
    return False


def run_due(world: World, data: object = None) -> None:
    """Run every job that no other job holds up, what was pulled in before what pulled it in.

    So a requirement that fails at once (start limit) does not fail a restart that has not been
    looked at yet: it goes on alone, as recorded in the lab (vdsmd up, supervdsmd down).
    """
    progress = True
    while progress:
        progress = False
        for unit in list(world.state["jobs"])[::-1]:
            job = world.state["jobs"].get(unit)
            if job and not job["running"] and not _blocked(world, unit, job["type"]):
                job["running"] = True
                _perform(world, unit, job)
                progress = True


def _blocked(world: World, unit: str, kind: str) -> bool:
    record = records.of(world, unit)
    if kind == "start" and record["sub"] == "auto-restart" or record["active"] == "deactivating":
        return True
    for other, job in world.state["jobs"].items():
        if other == unit:
            continue
        if kind not in STOPPING and definitions.is_after(world, unit, other):
            return True
        if job["type"] in STOPPING and definitions.is_after(world, other, unit):
            return True
    return False


def _perform(world: World, unit: str, job: dict) -> None:
    from simulators.systemd import services

    record = records.of(world, unit)
    down = record["active"] in ("inactive", "failed")
    if job["type"] == "restart" and down:
        # nothing to stop: it is a start now, and ordered as one
        job["type"] = "start"
        job["running"] = False
    elif job["type"] == "start":
        if record["active"] in ("active", "reloading"):
            finish(world, unit, "done", already=True)
        elif down:
            services.begin_start(world, unit)
    elif down:
        finish(world, unit, "done", already=True)
    else:
        services.begin_stop(world, unit)


def unit_down(world: World, unit: str) -> None:
    """The unit is down: its stop is done, its restart goes on with the start."""
    job = world.state["jobs"].get(unit)
    if job is None or not job["running"]:
        return
    if job["type"] == "stop":
        finish(world, unit, "done")
    elif job["type"] == "restart":
        announce_stopped(world, unit)
        job["type"] = "start"
        job["running"] = False
        world.schedule(0, "job-run")
    else:
        finish(world, unit, "failed")


def unit_up(world: World, unit: str, result: str = "done") -> None:
    """The unit is up: its start is done."""
    job = world.state["jobs"].get(unit)
    if job is not None and job["type"] == "start":
        finish(world, unit, result)


def finish(world: World, unit: str, result: str, already: bool = False) -> None:
    """Take the job off the queue, say so in the journal, fail what required it."""
    job = _forget(world, unit, result)
    if not already and result != "skipped":
        _announce(world, unit, job["type"], result)
    if job["type"] == "start" and result not in ("done", "skipped"):
        _fail_dependents(world, unit)
    if world.state["jobs"]:
        world.schedule(0, "job-run")


def _forget(world: World, unit: str, result: str) -> dict:
    job = world.state["jobs"].pop(unit)
    results = world.state["job_results"]
    results[job["id"]] = result
    while len(results) > 100:
        del results[min(results)]
    return job


def _fail_dependents(world: World, unit: str) -> None:
    for key in definitions.PULLING:
        for other in definitions.reverse(world, key, unit):
            job = world.state["jobs"].get(other)
            if job is not None and job["type"] == "start":
                finish(world, other, "dependency")


def _announce(world: World, unit: str, kind: str, result: str) -> None:
    from simulators import units

    definition = definitions.get(world, unit) or {"description": unit}
    title = texts.title(world, unit, definition["description"])
    ended = texts.outcome(world, kind, result)
    if kind != "start":
        announce_stopped(world, unit, kind)
    elif result == "done":
        phrase = texts.phrase(unit, 1)
        if definition.get("type") == "oneshot" and texts.systemd(world) >= 246:
            phrase = "Finished %s."
        units.note(world, unit, phrase % title, 6, MESSAGE_ID=texts.STARTED, **ended)
    elif result == "dependency":
        said = "Dependency failed for %s." % title
        units.note(world, unit, said, 4, MESSAGE_ID=texts.FAILED, **ended)
        told = "Job %s/start failed with result 'dependency'." % unit
        told = told if texts.systemd(world) < 239 else unit + ": " + told
        units.note(world, unit, told, 5, JOB_TYPE="start", JOB_RESULT="dependency")
    elif texts.phrase(unit, 2):
        said = texts.phrase(unit, 2) % title
        units.note(world, unit, said, 3, MESSAGE_ID=texts.FAILED, **ended)


def announce_stopped(world: World, unit: str, kind: str = "restart") -> None:
    """Say that the unit was stopped."""
    from simulators import units

    definition = definitions.get(world, unit) or {"description": unit}
    title = texts.title(world, unit, definition["description"])
    ended = texts.outcome(world, kind, "done")
    units.note(world, unit, texts.phrase(unit, 4) % title, 6, MESSAGE_ID=texts.STOPPED, **ended)


def wait(world: World, numbers: list, limit: float = 400.0) -> dict:
    """Let time pass until the jobs are done; return their results by number ("timeout" too)."""
    deadline = world.uptime + limit
    while [n for n in numbers if n not in world.state["job_results"]]:
        due = min(event[0] for event in world.state["queue"]) if world.state["queue"] else deadline
        if due >= deadline:
            break
        world.advance(max(0.0, due - world.uptime))
    return {n: world.state["job_results"].get(n, "timeout") for n in numbers}
