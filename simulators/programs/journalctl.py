# SPDX-License-Identifier: Apache-2.0
"""journalctl: options and texts; simulators.journal selects and renders."""

from typing import Any

from simulators import clock, timestamps
from simulators.entry import Call
from simulators.journal import matches, options, processes, query, render, store
from simulators.releases import RELEASES
from simulators.systemd import definitions
from simulators.world import World

COST = 0.1
QUIET_FORMS = ("json", "json-pretty", "json-sse", "cat", "export")


class Refusal(Exception):
    """The call is wrong: the text for standard error."""


def main(call: Call) -> int:
    systemd = RELEASES[call.world.state["release"]]["systemd"]
    try:
        asked, words = options.parse(call.argv[1:], systemd)
        if asked["action"]:
            return _act(call, asked["action"])
        records = store.records(call.world)
        _prepare(call, asked, words, records, systemd)
    except (Refusal, options.BadOption) as refusal:
        call.err("%s\n" % refusal)
        return 1
    found = query.select(records, call.world.state, asked)
    return _print(call, asked, records, found, systemd)


def _act(call: Call, action: str) -> int:
    if action == "list-boots":
        _list_boots(call)
    elif action == "disk-usage":
        call.out("Archived and active journals take up 16.0M in the file system.\n")
    elif action == "version":
        call.out(RELEASES[call.world.state["release"]]["systemd_version"])
    return 0


def _prepare(call: Call, asked: dict, words: list, records: list, systemd: int) -> None:
    """Turn the options into an expression, times and a place to begin."""
    world = call.world
    expression = []
    if asked["boot"] is not None:
        expression.append([("_BOOT_ID", [_boot(asked["boot"], records)])])
    if asked["kernel"]:
        expression.append([("_TRANSPORT", ["kernel"])])
    if asked["units"]:
        names = [definitions.full_name(name) for name in asked["units"]]
        expression.append([term for name in names for term in matches.unit_group(name, world)])
    if asked["identifiers"]:
        expression.append([("SYSLOG_IDENTIFIER", asked["identifiers"])])
    if asked["priorities"]:
        expression.append([("PRIORITY", asked["priorities"])])
    try:
        condition = matches.arguments(words)
    except ValueError as error:
        raise Refusal("Failed to add match '%s': Invalid argument" % error) from None
    if condition:
        expression.append(condition)
    asked["expression"] = expression
    for key in ("since", "until"):
        if asked[key] is not None:
            asked[key] = _moment(world, asked[key], systemd)
    asked["after"] = _place(world, asked, records)
    asked["by_cursor"] = bool(asked["cursor"] or asked["after_cursor"])
    asked["grep"] = _grep(asked["pattern"], systemd)


def _moment(world: World, text: str, systemd: int) -> int:
    try:
        value = timestamps.systemd(text, world.wall(), clock.zone(world), systemd)
    except ValueError:
        raise Refusal("Failed to parse timestamp: " + text) from None
    return int(value * 1000000)


def _boot(wanted: str, records: list) -> str:
    boots = []
    for record in records:
        if record[1] not in boots:
            boots.append(record[1])
    plain = wanted.replace("-", "")
    if len(plain) == 32:
        return plain
    number = int(wanted or 0)
    index = len(boots) - 1 + number if number <= 0 else number - 1
    if not 0 <= index < len(boots):
        raise Refusal(
            "Data from the specified boot (%+d) is not available: "
            "No such boot ID in journal" % number
        )
    return boots[index]


def _place(world: World, asked: dict, records: list) -> int:
    """Return the index of the first record the cursor allows."""
    cursor = asked["cursor"] or asked["after_cursor"]
    if not cursor:
        return 0
    parts = dict(part.partition("=")[::2] for part in cursor.split(";"))
    try:
        seqnum, moment = int(parts["i"], 16), int(parts["t"], 16)
        known = parts["s"] == world.state["journal"]["id"]
    except (KeyError, ValueError):
        raise Refusal("Failed to seek to cursor: Invalid argument") from None
    skip = 1 if asked["after_cursor"] else 0
    for index, record in enumerate(records):
        if known and record[0] >= seqnum or not known and record[3] >= moment:
            return index + (skip if record[0] == seqnum else 0)
    return len(records)


def _grep(pattern: Any, systemd: int) -> Any:
    if pattern is None:
        return None
    import re

    try:
        expression = re.compile(pattern, re.IGNORECASE if pattern == pattern.lower() else 0)
    except re.error:
        raise Refusal('Bad pattern "%s": syntax error' % pattern) from None
    return lambda record: expression.search(render.text_of(record[5].get("MESSAGE", "")))


def _print(call: Call, asked: dict, records: list, found: list, systemd: int) -> int:
    state, form = call.world.state, asked["output"]
    quiet = asked["quiet"] or form in QUIET_FORMS
    if systemd < 250 and not quiet and records:
        zone = clock.zone(call.world)
        call.out(
            "-- Logs begin at %s, end at %s. --\n"
            % (
                timestamps.stamp(records[0][3] // 1000000, zone),
                timestamps.stamp(records[-1][3] // 1000000, zone),
            )
        )
    boot = None
    for record in found:
        if boot not in (None, record[1]) and not quiet:
            call.out("-- Boot %s --\n" % record[1] if systemd >= 250 else "-- Reboot --\n")
        boot = record[1]
        if form.startswith("json"):
            call.out(render.json_line(record, state, asked, systemd) + "\n")
        else:
            call.out(render.line(record, state, form) + "\n")
    if not found and not quiet:
        call.out("-- No entries --\n")
    if asked["show_cursor"] and (found or records):
        # the cursor of the last entry shown; nothing shown after a cursor: no line
        if found:
            call.out("-- cursor: %s\n" % processes.cursor(found[-1], state))
    return 1 if asked["grep"] and not found and systemd >= 250 else 0


def _list_boots(call: Call) -> None:
    records = store.records(call.world)
    boots = {}  # type: dict
    order = []
    for record in records:
        if record[1] not in boots:
            order.append(record[1])
            boots[record[1]] = [record[3], record[3]]
        boots[record[1]][1] = record[3]
    zone = clock.zone(call.world)
    new = RELEASES[call.world.state["release"]]["systemd"] >= 250
    if new:
        call.out("IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY\n")
    for number, boot in enumerate(order, 1 - len(order)):
        first, last = [timestamps.stamp(at // 1000000, zone) for at in boots[boot]]
        form = "%3d %s %s %s\n" if new else "%2d %s %s\u2014%s\n"
        call.out(form % (number, boot, first, last))
