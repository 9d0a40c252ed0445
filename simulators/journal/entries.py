# SPDX-License-Identifier: Apache-2.0
"""Making journal records. A record is (seqnum, boot id, monotonic us, realtime us, file, fields).

Only what the process itself decides is stored; `processes.complete` adds the trusted fields.
"""

from simulators.releases import RELEASES
from simulators.world import World

JUMPED = "Time jumped backwards, rotating."


def add(
    world: World, message: object, unit: str, identifier: str, priority: int, pid: int, extra: dict
) -> None:
    """Append a record to the world's journal; see `World.log`."""
    fields = {"MESSAGE": message, "PRIORITY": str(priority)}
    if identifier:
        fields["SYSLOG_IDENTIFIER"] = identifier
    if unit:
        fields["_SYSTEMD_UNIT"] = unit
    _name_process(world.state, fields, unit, pid)
    fields.update(extra)
    rotated = _put(world, fields)
    if rotated and RELEASES[world.state["release"]]["systemd"] >= 250:
        _put(world, _rotation_note())


def _name_process(state: dict, fields: dict, unit: str, pid: int) -> None:
    record = state["units"].get(unit)
    if record and not pid:
        pid = record["pid"]
    if pid:
        fields["_PID"] = str(pid)
    has_invocation = RELEASES[state["release"]]["systemd"] >= 232
    if record and record["invocation"] and has_invocation:
        fields["_SYSTEMD_INVOCATION_ID"] = record["invocation"]


def _put(world: World, fields: dict) -> bool:
    """Append the record; tell whether journald rotated because the clock went backwards."""
    journal = world.state["journal"]
    monotonic = int(world.uptime * 1000000)
    if monotonic <= journal["monotonic"]:
        # PID 1 and its services write within microseconds of each other, never at the same one
        monotonic = journal["monotonic"] + 150 + journal["seq"] * 7 % 400
    realtime = monotonic + int(world.state["wall_offset"] * 1000000)
    rotated = realtime < journal["realtime"] and RELEASES[world.state["release"]]["systemd"] >= 239
    if rotated:
        journal["file"] += 1
    journal["seq"] += 1
    journal["monotonic"] = monotonic
    journal["realtime"] = realtime
    boot = world.state["boot_id"]
    world.new_entries.append((journal["seq"], boot, monotonic, realtime, journal["file"], fields))
    return rotated


def _rotation_note() -> dict:
    return {
        "MESSAGE": JUMPED,
        "PRIORITY": "6",
        "SYSLOG_FACILITY": "5",
        "SYSLOG_IDENTIFIER": "systemd-journald",
        "SYSLOG_PID": "187",
        "_TRANSPORT": "kernel",
        "_PID": "187",
        "_SYSTEMD_UNIT": "systemd-journald.service",
    }
