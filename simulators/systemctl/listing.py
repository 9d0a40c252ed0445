# SPDX-License-Identifier: Apache-2.0
"""systemctl list-units and its relatives: timers, sockets, jobs, unit files, dependencies."""

from simulators import clock, timestamps
from simulators.entry import Call
from simulators.systemd import definitions, records, texts, unit_files
from simulators.world import World

LEGEND = (
    "LOAD   = Reflects whether the unit definition was properly loaded.\n"
    "ACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n"
    "SUB    = The low-level unit activation state, values depend on unit type.\n"
)


def _split(options: dict, key: str) -> list:
    return [part for value in options.get(key, []) for part in value.split(",")]


def list_units(call: Call, options: dict, names: list) -> int:
    rows = _rows(call.world, options, names)
    plain, legend = "plain" in options, "no-legend" not in options and "legend" not in options
    cells = [(n, "loaded", r["active"], r["sub"], d) for n, r, d in rows]
    if legend:
        cells.insert(0, ("UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"))
    widths = [max([len(row[i]) for row in cells] or [0]) for i in range(4)]
    for row in cells:
        mark = "" if plain and not legend else "\u25cf " if row[2] == "failed" else "  "
        text = " ".join(row[i].ljust(widths[i]) for i in range(4)) + " " + row[4]
        call.out(mark + text.rstrip() + "\n")
    if legend:
        _print_legend(call, len(rows), "all" in options or "failed" in options)
    return 0


def _rows(world: World, options: dict, names: list) -> list:
    kinds, states = _split(options, "type"), _split(options, "state")
    if "failed" in options:
        states = ["failed"]
    rows = []
    for name, record in world.state["units"].items():
        definition = definitions.get(world, name)
        if definition is None or names and name not in names:
            continue
        if kinds and name.rpartition(".")[2] not in kinds:
            continue
        if states and record["active"] not in states and record["sub"] not in states:
            continue
        if not states and "all" not in options and record["active"] == "inactive":
            continue
        rows.append((name, record, definition["description"]))
    order = ("service", "socket", "target", "timer")
    return sorted(
        rows,
        key=lambda row: (
            order.index(row[0].rpartition(".")[2]) if row[0].rpartition(".")[2] in order else 9,
            row[0],
        ),
    )


def _print_legend(call: Call, count: int, everything: bool) -> None:
    call.out("\n" + (LEGEND if count else ""))
    if texts.systemd(call.world) >= 250 and everything:
        call.out("%d loaded units listed.\n" % count)
        return
    call.out(
        "%s%d loaded units listed.%s\n"
        % (
            "\n" if count and texts.systemd(call.world) < 250 else "",
            count,
            " Pass --all to see loaded but inactive units, too.",
        )
    )
    call.out("To show all installed unit files use 'systemctl list-unit-files'.\n")


def _table(call: Call, cells: list) -> None:
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    for row in cells:
        call.out(" ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() + "\n")


def list_timers(call: Call, options: dict, names: list) -> int:
    world = call.world
    zone = clock.zone(world)
    rows = []
    for name, record in world.state["units"].items():
        due = world.scheduled("timer-elapse", unit=name)
        if not name.endswith(".timer") or record["active"] != "active" or not due:
            continue
        wall = due[0] + world.state["wall_offset"]
        last = record.get("last_trigger")
        rows.append(
            (
                wall,
                (
                    timestamps.stamp(wall, zone),
                    _relative(due[0] - world.uptime) + " left",
                    timestamps.stamp(last[0], zone) if last else _never(world),
                    _relative(world.uptime - last[1]) + " ago" if last else _never(world),
                    name,
                    definitions.get(world, name)["triggers"],
                ),
            )
        )
    cells = [row for _, row in sorted(rows)]
    if "no-legend" not in options:
        cells.insert(0, ("NEXT", "LEFT", "LAST", "PASSED", "UNIT", "ACTIVATES"))
    if cells:
        _table(call, cells)
    if "no-legend" not in options:
        call.out("\n%d timers listed.\n" % len(rows))
        if "all" not in options:
            call.out("Pass --all to see loaded but inactive timers, too.\n")
    return 0


def _never(world: World) -> str:
    return "-" if texts.systemd(world) >= 250 else "n/a"


def _relative(seconds: float) -> str:
    """Return a rough span: `18s`, `14min`, `14h`, `2 days`, `1 month 3 days`."""
    seconds = int(seconds)
    if seconds < 60:
        return "%ds" % seconds
    if seconds < 3600:
        if seconds < 600 and seconds % 60:
            return "%dmin %ds" % (seconds // 60, seconds % 60)
        return "%dmin" % (seconds // 60)
    if seconds < 86400:
        return "%dh" % (seconds // 3600)
    days = seconds // 86400
    months, rest = days // 30, days % 30
    if not months:
        return "%d day%s" % (days, "s" if days > 1 else "")
    return "%d month%s %d day%s" % (
        months,
        "s" if months > 1 else "",
        rest,
        "" if rest == 1 else "s",
    )


def list_sockets(call: Call, options: dict, names: list) -> int:
    world = call.world
    cells = [("LISTEN", "UNIT", "ACTIVATES")]
    for name, record in sorted(world.state["units"].items()):
        if name.endswith(".socket") and record["active"] == "active":
            unit = definitions.get(world, name)
            cells.append((unit.get("listen", ""), name, unit["triggers"]))
    _table(call, cells)
    call.out("\n%d sockets listed.\n" % (len(cells) - 1))
    return 0


def list_jobs(call: Call, options: dict, names: list) -> int:
    jobs = call.world.state["jobs"]
    if not jobs:
        call.out("No jobs %s.\n" % ("running" if texts.systemd(call.world) < 250 else "listed"))
        return 0
    _table(
        call,
        [("JOB", "UNIT", "TYPE", "STATE")]
        + [
            (str(job["id"]), name, job["type"], "running" if job["running"] else "waiting")
            for name, job in jobs.items()
        ],
    )
    call.out("\n%d jobs listed.\n" % len(jobs))
    return 0


def list_unit_files(call: Call, options: dict, names: list) -> int:
    kinds = _split(options, "type")
    rows = [
        (name, unit_files.state(call.world, name))
        for name in sorted(definitions.table(call.world))
        if (not kinds or name.rpartition(".")[2] in kinds) and (not names or name in names)
    ]
    if "no-legend" in options:
        _table(call, rows) if rows else None
        return 0
    _table(call, [("UNIT FILE", "STATE")] + rows)
    call.out("\n%d unit files listed.\n" % len(rows))
    return 0


def list_dependencies(call: Call, options: dict, names: list) -> int:
    world = call.world
    name = (names or ["multi-user.target"])[0]
    call.out(name + "\n")
    definition = definitions.get(world, name) or {}
    listed = definition.get("requires", ()) + definition.get("wants", ())
    if "reverse" in options:
        listed = definitions.reverse(world, "requires", name)
    for other in listed:
        up = records.of(world, other)["active"] == "active"
        call.out("%s \u251c\u2500%s\n" % ("\u25cf" if up else "\u25cb", other))
    return 0
