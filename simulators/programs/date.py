# SPDX-License-Identifier: Apache-2.0
"""date of coreutils: prints or sets the node's system clock; the RTC stays."""

import time

from simulators import clock, timestamps
from simulators.entry import Call

COST = 0.01
UTC = ("UTC", "UTC", 0)
UNITS = {"sec": 1, "second": 1, "min": 60, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def main(call: Call) -> int:
    world = call.world
    zone = UTC if call.env.get("TZ", "")[:3] in ("UTC", "UTC0") else clock.zone(world)
    form, when, setting = None, None, False
    words = list(call.argv[1:])
    while words:
        word = words.pop(0)
        if word in ("-u", "--utc", "--universal"):
            zone = UTC
        elif word.startswith("+"):
            form = word[1:]
        elif word in ("-R", "--rfc-email"):
            form = "%a, %d %b %Y %H:%M:%S %z"
        elif word in ("-I", "--iso-8601"):
            form = "%F"
        elif word in ("-Iseconds", "--iso-8601=seconds"):
            form = "%FT%T%:z"
        elif word[:2] in ("-d", "-s") and not word.startswith("--"):
            when = word[2:] or words.pop(0)
            setting = word[1] == "s"
        elif word.startswith(("--date=", "--set=")):
            when = word.partition("=")[2]
            setting = word.startswith("--set")
        else:
            call.err("date: invalid date '%s'\n" % word)
            return 1
    now = world.wall()
    try:
        value = now if when is None else parse(when, now, zone)
    except ValueError:
        call.err("date: invalid date '%s'\n" % when)
        return 1
    if setting:
        if value < world.uptime:
            call.err("date: cannot set date: Invalid argument\n")
            return 1
        world.step_clock(value)
    call.out((timestamps.ctime(value, zone) if form is None else render(form, value, zone)) + "\n")
    return 0


def parse(text: str, now: float, zone: tuple) -> float:
    """Return the epoch of a date string (the forms of everyday use)."""
    text = text.strip()
    if text.startswith("@"):
        return float(text[1:])
    if text in timestamps.WORDS:
        return now + timestamps.WORDS[text]
    words = text.split()
    if len(words) >= 2 and words[1].rstrip("s") in UNITS:
        sign = -1 if words[-1] == "ago" else 1
        return now + sign * int(words[0]) * UNITS[words[1].rstrip("s")]
    for mark in (" UTC", " GMT", "Z", "+00:00", " +0000"):
        if text.endswith(mark):
            text, zone = text[: -len(mark)], UTC
    head, dot, fraction = text.replace("T", " ").partition(".")
    return timestamps.local(head, now + zone[2]) - zone[2] + (float("0." + fraction) if dot else 0)


def render(form: str, value: float, zone: tuple) -> str:
    """Format as date does: strftime and its own %N, %s, %z, %Z."""
    moment = time.gmtime(value // 1 + zone[2])
    parts = form.split("%%")
    for index, part in enumerate(parts):
        part = part.replace("%N", "%09d" % int(value % 1 * 1000000000))
        part = part.replace("%3N", "%03d" % int(value % 1 * 1000))
        part = part.replace("%s", str(int(value // 1)))
        part = part.replace("%:z", timestamps.offset(zone, True))
        part = part.replace("%z", timestamps.offset(zone)).replace("%Z", zone[1])
        parts[index] = time.strftime(part, moment) if "%" in part else part
    return "%".join(parts)
