# SPDX-License-Identifier: Apache-2.0
"""Moments and true time: pure arithmetic, no clock is read here. Imports nothing of ours."""

import calendar
import datetime
import re
from typing import NamedTuple, Optional, Union

_EPOCH = datetime.datetime(1970, 1, 1)
# What fills the parts of a date that were not typed: two days that agree in nothing.
_FILLINGS = (datetime.datetime(1998, 2, 4), datetime.datetime(2012, 11, 23))
# 2023-03-02 (with any separator), 20230302 and that with a time behind it.
_YEAR_FIRST = re.compile(r"(?<![\d./-])\d{4}(?:([-/.])\d{1,2}\1\d{1,2}|\d{4}|\d{8}|\d{10})(?!\d)")

Moment = NamedTuple(
    "Moment",
    [
        ("wall", float),  # seconds since the epoch, UTC, as the node's clock says
        ("boottime", float),  # seconds since boot, from /proc/uptime; never steps
        ("boot_id", str),  # /proc/sys/kernel/random/boot_id
    ],
)


class Instant(NamedTuple):
    """A point of one boot: a moment without its wall clock, so that no program is asked."""

    boottime: float
    boot_id: str


AnyMoment = Union[Moment, Instant]


def true_wall(anchor: Moment, now: AnyMoment) -> Optional[float]:
    """Return the true time at `now`, or None when the node was booted again since the anchor.

    Within one boot the uptime counts on through every clock step (man clock_gettime,
    CLOCK_BOOTTIME), so the anchored wall time plus the uptime passed since is the true time.
    """
    if anchor.boot_id != now.boot_id:
        return None
    return anchor.wall + (now.boottime - anchor.boottime)


def elapsed(since: AnyMoment, now: AnyMoment) -> float:
    """Return the seconds of uptime from `since` to `now`; across a reboot 0, never negative."""
    if since.boot_id != now.boot_id:
        return 0.0
    return max(0.0, now.boottime - since.boottime)


def wall_step(earlier: Moment, later: Moment) -> float:
    """Return by how many seconds the wall clock was stepped between two moments of one boot."""
    return (later.wall - earlier.wall) - (later.boottime - earlier.boottime)


def utc(epoch: float) -> str:
    """Return an epoch as `YYYY-MM-DD HH:MM:SS`, in UTC."""
    shown = _EPOCH + datetime.timedelta(seconds=int(epoch))
    return shown.strftime("%Y-%m-%d %H:%M:%S")


def asn1(epoch: float) -> str:
    """Return an epoch as `YYYYMMDDHHMMSSZ`, the form openssl takes for certificate dates."""
    return (_EPOCH + datetime.timedelta(seconds=int(epoch))).strftime("%Y%m%d%H%M%SZ")


def parse(text: str) -> int:
    """Return the epoch of a date that a person typed; without a zone it is UTC.

    A date that is not whole, or whose zone nobody knows, is refused: the missing part would
    come from a clock that may be wrong. So is one whose day and month could be taken for each
    other. Raises: ValueError.
    """
    typed = [_read(text, filling, False) for filling in _FILLINGS]
    if typed[0].date() != typed[1].date():
        raise ValueError("year, month and day are needed")
    # Where the year comes first, the month comes before the day everywhere.
    turned = typed[0] if _YEAR_FIRST.search(text) else _read(text, _FILLINGS[0], True)
    if turned != typed[0]:
        readings = tuple(one.strftime("%d %B %Y") for one in (turned, typed[0]))
        raise ValueError("it may be %s or %s; write YYYY-MM-DD HH:MM" % readings)
    return calendar.timegm(typed[0].utctimetuple())


def _read(text: str, filling: datetime.datetime, day_first: bool) -> datetime.datetime:
    import warnings

    from dateutil import parser

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read: datetime.datetime = parser.parse(text, default=filling, dayfirst=day_first)
            return read
        except (OverflowError, TypeError, Warning) as caught:
            raise ValueError(str(caught)) from caught


def span(seconds: float) -> str:
    """Return a duration as people say it: `35 s`, `12 min`, `5 h`, `31 days`."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return "%d %s" % (round(seconds / size), unit)
    return "%d s" % round(seconds)
