# SPDX-License-Identifier: Apache-2.0
"""systemctl show: properties in D-Bus order, by kind of unit and release."""

from simulators import clock, timestamps
from simulators.entry import Call
from simulators.systemd import definitions, records, texts, unit_files
from simulators.world import World

STAMPS = (
    ("StateChange", "state"),
    ("InactiveExit", "inactive_exit"),
    ("ActiveEnter", "active_enter"),
    ("ActiveExit", "active_exit"),
    ("InactiveEnter", "inactive_enter"),
)


def show(call: Call, options: dict, names: list) -> int:
    bare = "value" in options or "value-of" in options
    wanted = ",".join(options.get("property", []) + options.get("value-of", [])).split(",")
    first = True
    for name in names or [""]:
        if not first:
            call.out("\n")
        first = False
        for key, value in values(call.world, name):
            if wanted == [""] or key in wanted:
                call.out(value + "\n" if bare else "%s=%s\n" % (key, value))
    return 0


def values(world: World, name: str) -> list:
    """Return the properties of a unit as (name, text), in D-Bus order."""
    if not name:
        return [("Version", str(texts.systemd(world))), ("SystemState", "running")]
    definition = definitions.get(world, name) or {}
    record = records.of(world, name)
    kind = name.rpartition(".")[2]
    special = {"service": _service, "socket": _socket, "timer": _timer}.get(kind)
    found = special(world, name, definition, record) if special else []
    return found + _unit(world, name, definition, record)


def _when(world: World, key: str, moment: tuple) -> list:
    """Return a wall-clock timestamp and its monotonic twin."""
    text = timestamps.stamp(moment[0], clock.zone(world)) if moment else ""
    return [(key, text), (key + "Monotonic", str(int(moment[1] * 1000000) if moment else 0))]


def _service(world: World, name: str, definition: dict, record: dict) -> list:
    times = record["times"]
    found = [
        ("Type", definition.get("type", "simple")),
        ("Restart", definition.get("restart", "no")),
        ("RestartUSec", span(definition.get("restart_sec", 0.1))),
        ("MainPID", str(record["pid"])),
        ("ControlPID", "0"),
        ("Result", record["result"]),
    ]
    if texts.systemd(world) >= 235:
        found.append(("NRestarts", str(record["restarts"])))
    found += _when(world, "ExecMainStartTimestamp", times.get("main_start", ()))
    found += _when(world, "ExecMainExitTimestamp", times.get("main_exit", ()))
    found += [
        ("ExecMainPID", str(record["pid"] or record["last_pid"])),
        ("ExecMainCode", str(record["code"])),
        ("ExecMainStatus", str(record["status"])),
        ("ControlGroup", "/system.slice/" + name if record["pid"] else ""),
    ]
    if definition.get("exec"):
        path = definition["exec"].split()[0]
        found.insert(
            -1,
            (
                "ExecStart",
                "{ path=%s ; argv[]=%s ; ignore_errors=no }" % (path, definition["exec"]),
            ),
        )
    return found


def _socket(world: World, name: str, definition: dict, record: dict) -> list:
    return [
        ("Listen", definition.get("listen", "") + " (Stream)"),
        ("Result", record["result"]),
        ("NConnections", "0"),
        ("NAccepted", "0"),
    ]


def _timer(world: World, name: str, definition: dict, record: dict) -> list:
    timer = definition.get("timer", {})
    due = world.scheduled("timer-elapse", unit=name)
    monotonic = span(due[0]) if due and "calendar" not in timer else ""
    real = ""
    if due and "calendar" in timer:
        real = timestamps.stamp(record["calendar"], clock.zone(world))
    last = record.get("last_trigger", ())
    return [
        ("Unit", definition.get("triggers", "")),
        ("NextElapseUSecRealtime", real),
        ("NextElapseUSecMonotonic", monotonic),
        _when(world, "LastTriggerUSec", last)[0],
        ("Result", record["result"]),
        ("AccuracyUSec", definition.get("accuracy", "1min")),
    ]


def _unit(world: World, name: str, definition: dict, record: dict) -> list:
    load = "loaded" if definition else "not-found"
    if unit_files.masked(world, name):
        load = "masked"
    found = [("Id", name), ("Names", name)]
    for key, ours in (("Requires", "requires"), ("Wants", "wants"), ("BindsTo", "binds_to")):
        listed = tuple(definition.get(ours, ()))
        if ours == "requires" and definition:
            listed += ("sysinit.target", "system.slice")
        found.append((key, " ".join(listed)))
    found += [
        (key, " ".join(definitions.reverse(world, ours, name)))
        for key, ours in (("RequiredBy", "requires"), ("BoundBy", "binds_to"))
    ]
    found += [
        (key, " ".join(definition.get(ours, ())))
        for key, ours in (("Conflicts", "conflicts"), ("Before", "before"), ("After", "after"))
    ]
    found += [("TriggeredBy", " ".join(definitions.sockets_of(world, name)))]
    if definition.get("docs"):
        found.append(("Documentation", " ".join(definition["docs"])))
    found += [
        ("Description", definition.get("description", name)),
        ("LoadState", load),
        ("ActiveState", record["active"]),
        ("SubState", record["sub"]),
        ("FragmentPath", unit_files.fragment(world, name) if definition else ""),
        ("UnitFileState", unit_files.state(world, name)),
    ]
    for key, ours in STAMPS:
        found += _when(world, key + "Timestamp", record["times"].get(ours, ()))
    return found + _tail(world, name, definition, record)


def _tail(world: World, name: str, definition: dict, record: dict) -> list:
    burst, interval = definition.get("limit", (5, 10.0))
    job = world.state["jobs"].get(name)
    found = [("CanStart", "yes"), ("CanStop", "yes")]
    if job:
        found.append(("Job", str(job["id"])))
    found += [
        ("NeedDaemonReload", "no"),
        ("ConditionResult", "yes" if record["condition"] and record["times"] else "no"),
        ("Transient", "yes" if name in world.state["transient"] else "no"),
    ]
    if texts.systemd(world) < 239:
        return found + [
            ("StartLimitInterval", str(int(interval * 1000000))),
            ("StartLimitBurst", str(burst)),
        ]
    return found + [
        ("StartLimitIntervalUSec", span(interval)),
        ("StartLimitBurst", str(burst)),
        ("InvocationID", record["invocation"]),
    ]


def span(seconds: float) -> str:
    """Return a time span as systemd writes it: `41.922894s`, `1min 30s`, `100ms`."""
    micro = int(round(seconds * 1000000))
    if micro == 0:
        return "0"
    if micro % 1000000 and micro < 1000000:
        return "%dms" % (micro // 1000) if micro % 1000 == 0 else "%dus" % micro
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60)):
        count = micro // (size * 1000000)
        if count:
            parts.append("%d%s" % (count, name))
            micro -= count * size * 1000000
    if micro:
        text = ("%.6f" % (micro / 1000000.0)).rstrip("0").rstrip(".")
        parts.append(text + "s")
    return " ".join(parts)
