# SPDX-License-Identifier: Apache-2.0
"""The changing part of a unit: one plain dict for each unit that was ever touched."""

from simulators.world import World


def blank() -> dict:
    """Return the record of a unit that was never started."""
    return {
        "active": "inactive",
        "sub": "dead",
        "result": "success",
        "pid": 0,
        "last_pid": 0,
        "code": 0,
        "status": 0,
        "restarts": 0,
        "automatic": False,
        "invocation": "",
        "limit": [0.0, 0],
        "limit_hit": False,
        "condition": True,
        "times": {},  # name of the timestamp: (wall, uptime)
    }


def of(world: World, unit: str) -> dict:
    """Return the unit's record; it is kept in the world once it was changed."""
    found = world.state["units"].get(unit)
    return found if found is not None else blank()


def change(world: World, unit: str, **values: object) -> dict:
    """Change the unit's record and stamp its transitions; return the record."""
    record = world.state["units"].get(unit)
    if record is None:
        record = world.state["units"][unit] = blank()
    before = record["active"]
    record.update(values)
    after = record["active"]
    if before != after:
        now = (world.wall(), world.uptime)
        times = record["times"]
        times["state"] = now
        quiet = ("inactive", "failed")
        if before in quiet and after not in quiet:
            times["inactive_exit"] = now
        if after in quiet and before not in quiet:
            times["inactive_enter"] = now
        if after == "active":
            times["active_enter"] = now
        if before in ("active", "reloading"):
            times["active_exit"] = now
    return record


def may_start(world: World, unit: str, burst: int, interval: float) -> bool:
    """Count a start against the unit's limit; tell whether it is still below it."""
    record = change(world, unit)
    begin, number = record["limit"]
    if not begin or begin + interval < world.uptime:
        record["limit"] = [world.uptime, 1]
        return True
    if number < burst:
        record["limit"] = [begin, number + 1]
        return True
    return False
