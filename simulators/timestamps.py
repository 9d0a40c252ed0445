# SPDX-License-Identifier: Apache-2.0
"""Points in time as systemd and date write and read them, without datetime (slow to import)."""

import time
from typing import Any

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
WORDS = {"now": 0, "today": 0, "yesterday": -86400, "tomorrow": 86400}


def civil(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Return the epoch of a UTC date; ValueError when there is no such date."""
    lengths = (31, 29 if _leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        raise ValueError("no such date")
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("no such time")
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719162
    days += sum(lengths[: month - 1]) + day - 1
    return days * 86400 + hour * 3600 + minute * 60 + second


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def stamp(epoch: float, zone: tuple) -> str:
    """Return systemd's form: `Fri 2026-11-20 09:00:34 UTC`."""
    moment = time.gmtime(epoch + zone[2])
    return "%s %s %s" % (DAYS[moment[6]], time.strftime("%Y-%m-%d %H:%M:%S", moment), zone[1])


def ctime(epoch: float, zone: tuple) -> str:
    """Return the form of date in the C locale: `Fri Nov 20 09:00:23 UTC 2026`."""
    moment = time.gmtime(epoch + zone[2])
    return "%s %s %2d %s %s %d" % (
        DAYS[moment[6]],
        MONTHS[moment[1] - 1],
        moment[2],
        time.strftime("%H:%M:%S", moment),
        zone[1],
        moment[0],
    )


def offset(zone: tuple, colon: bool = False) -> str:
    """Return the zone as +hhmm or +hh:mm."""
    minutes = abs(zone[2]) // 60
    form = "%s%02d:%02d" if colon else "%s%02d%02d"
    return form % ("-" if zone[2] < 0 else "+", minutes // 60, minutes % 60)


def local(text: str, today: float = 0.0) -> float:
    """Return `YYYY-MM-DD[ HH:MM[:SS]]` or `HH:MM[:SS]` as if it were UTC; ValueError."""
    date, _, clock = text.strip().partition(" ")
    if ":" in date and not clock:
        moment = time.gmtime(today)
        date, clock = "%d-%d-%d" % tuple(moment[:3]), date
    year, month, day = [_number(part) for part in date.split("-")]
    hour, minute, second = ([_number(part) for part in (clock or "0:0:0").split(":")] + [0])[:3]
    if year < 70:
        year += 2000
    elif year < 100:
        year += 1900
    return civil(year, month, day, hour, minute, second)


def _number(text: str) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def systemd(text: str, now: float, zone: tuple, version: int) -> float:
    """Parse a timestamp as the systemd of that version does; ValueError when it refuses."""
    text = text.strip()
    if text.startswith("@"):
        return _epoch(text[1:], version)
    if text in WORDS:
        day = 0 if text == "now" else (now + zone[2]) % 86400
        return now + WORDS[text] - day
    relative = _relative(text)
    if relative is not None:
        return now + relative
    fraction = 0.0
    east = zone[2]
    if version >= 239 and text.endswith(" UTC"):
        text, east = text[:-4], 0
    if version >= 239 and "." in text:
        text, _, digits = text.partition(".")
        fraction = float("0." + digits)
    weekday, _, rest = text.partition(" ")
    if weekday[:3].capitalize() in DAYS and rest:
        value = local(rest, now + zone[2])
        if time.gmtime(value)[6] != DAYS.index(weekday[:3].capitalize()):
            raise ValueError("the weekday does not match")
        return value + fraction - east
    return local(text, now + zone[2]) + fraction - east


def _epoch(text: str, version: int) -> float:
    whole, dot, _ = text.partition(".")
    if not whole.isdigit() or dot and version < 239:
        raise ValueError(text)
    return float(text)


def _relative(text: str) -> Any:
    """Return the seconds of `+5min`, `-5days`, `5min ago`, `5min left`; None for other forms."""
    from simulators.systemd import unit_files

    if text[:1] in "+-" and text[1:2].isdigit():
        return unit_files.span(text[1:]) * (1 if text[0] == "+" else -1)
    for word, sign in ((" ago", -1), (" left", 1)):
        if text.endswith(word):
            return unit_files.span(text[: -len(word)]) * sign
    return None
