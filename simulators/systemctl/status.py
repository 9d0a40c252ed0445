# SPDX-License-Identifier: Apache-2.0
"""systemctl status: the screen a person reads."""

from simulators import clock, timestamps
from simulators.entry import Call
from simulators.systemd import definitions, records, texts, unit_files
from simulators.world import World

DOTS = {
    "active": "\u25cf",
    "reloading": "\u25cf",
    "activating": "\u25cf",
    "failed": "\u00d7",
    "inactive": "\u25cb",
    "deactivating": "\u25cf",
}


def status(call: Call, options: dict, names: list) -> int:
    if not names:
        call.out("\u25cf %s\n    State: running\n" % call.world.state["hostname"])
        return 0
    worst, first = 0, True
    for name in names:
        if definitions.get(call.world, name) is None:
            call.err("Unit %s could not be found.\n" % name)
            worst = max(worst, 4)
            continue
        if not first:
            call.out("\n")
        first = False
        _one(call, options, name)
        if records.of(call.world, name)["active"] not in ("active", "reloading"):
            worst = max(worst, 3)
    return worst


def _one(call: Call, options: dict, name: str) -> None:
    world = call.world
    definition, record = definitions.get(world, name), records.of(world, name)
    new = texts.systemd(world) >= 250
    width = 11 if new else 9
    dot = DOTS[record["active"]] if new else "\u25cf"
    lines = ["%s %s - %s" % (dot, name, definition["description"])]
    rows = [("Loaded", _loaded(world, name)), ("Active", _active(world, record))]
    triggers = definitions.sockets_of(world, name)
    for index, socket in enumerate(triggers if new else ()):
        mark = DOTS[records.of(world, socket)["active"]]
        rows.append(("TriggeredBy" if index == 0 else "", "%s %s" % (mark, socket)))
    if name.endswith(".socket") and new:
        rows.append(("Triggers", "\u25cf " + definition["triggers"]))
    if definition.get("listen"):
        rows.append(("Listen", definition["listen"] + " (Stream)"))
    for index, page in enumerate(definition.get("docs", ())):
        rows.append(("Docs" if index == 0 else "", page))
    rows += _process(world, name, definition, record)
    for key, value in rows:
        lines.append("%s%s %s" % (key.rjust(width), ":" if key else " ", value))
    call.out("\n".join(lines) + "\n")
    _journal(call, options, name, record)


def _loaded(world: World, name: str) -> str:
    state = unit_files.state(world, name)
    if state.startswith("masked"):
        return "masked (Reason: Unit %s is masked.)" % name
    preset = "preset" if texts.systemd(world) >= 250 else "vendor preset"
    tail = "; %s: disabled" % preset if state in ("enabled", "disabled") else ""
    return "loaded (%s; %s%s)" % (unit_files.fragment(world, name), state, tail)


def _active(world: World, record: dict) -> str:
    word = record["active"]
    inner = record["sub"]
    if word == "failed":
        inner = "Result: " + record["result"]
    text = "%s (%s)" % (word, inner)
    key = {"active": "active_enter", "failed": "inactive_enter", "inactive": "inactive_enter"}.get(
        word, "state"
    )
    moment = record["times"].get(key)
    if not moment:
        return text
    return "%s since %s; %s ago" % (
        text,
        timestamps.stamp(moment[0], clock.zone(world)),
        _ago(world.uptime - moment[1]),
    )


def _ago(seconds: float) -> str:
    seconds = int(seconds)
    if seconds < 60:
        return "%ds" % seconds
    if seconds < 3600:
        return (
            "%dmin %ds" % (seconds // 60, seconds % 60)
            if seconds < 600
            else ("%dmin" % (seconds // 60))
        )
    return "%dh %dmin" % (seconds // 3600, seconds % 3600 // 60)


def _process(world: World, name: str, definition: dict, record: dict) -> list:
    command = definition.get("exec", "")
    base = command.split(" ")[0].rpartition("/")[2]
    if record["pid"]:
        return [
            ("Main PID", "%d (%s)" % (record["pid"], base)),
            ("CGroup", "/system.slice/" + name),
            ("", "\u2514\u2500%d %s" % (record["pid"], command.partition(" $")[0])),
        ]
    if record["last_pid"] and record["code"]:
        done = "%d/SUCCESS" % record["status"] if not record["status"] else str(record["status"])
        return [
            (
                "Process",
                "%d ExecStart=%s (code=exited, status=%s)" % (record["last_pid"], command, done),
            ),
            ("Main PID", "%d (code=exited, status=%s)" % (record["last_pid"], done)),
        ]
    return []


def _journal(call: Call, options: dict, name: str, record: dict) -> None:
    """The last ten lines about the unit since its present invocation began."""
    from simulators.journal import matches, query, render, store

    count = int((options.get("lines") or ["10"])[0])
    expression = [
        matches.unit_group(name, call.world),
        [("_BOOT_ID", [call.world.state["boot_id"]])],
    ]
    records_found = query.newest(store.records(call.world), expression, call.world.state, count)
    if records_found and count:
        call.out("\n")
    for entry in records_found:
        call.out(render.line(entry, call.world.state, "short") + "\n")
