# SPDX-License-Identifier: Apache-2.0
"""Which records journalctl shows: seeking in files, write order, ranges that end early.

journald of 239 and later begins a new file when the clock goes back, 219 does not; a search by
time bisects each file on its own, and output stops at the first record out of range.
"""

from typing import Any

from simulators.journal import matches


def newest(records: list, expression: list, state: dict, count: int) -> list:
    """Return the last `count` records that match."""
    found = []  # type: list
    for record in reversed(records):
        if len(found) >= count:
            break
        if matches.holds(record, expression, state):
            found.append(record)
    return found[::-1]


def seek_time(records: list, moment: int) -> list:
    """Return what a reader sees after seeking to a realtime: from each file the part behind it."""
    found = []
    for group in _files(records):
        found += group[_first_at(group, moment) :]
    return found  # files follow each other in write order


def seek_time_back(records: list, moment: int) -> list:
    """Return, newest first, what a reader going backwards from a realtime sees."""
    found = []
    for group in _files(records):
        end = _first_at(group, moment + 1)
        found += group[:end]
    return found[::-1]


def _files(records: list) -> list:
    groups, last = [], None  # type: list, object
    for record in records:
        if record[4] != last:
            groups.append([])
            last = record[4]
        groups[-1].append(record)
    return groups


def _first_at(group: list, moment: int) -> int:
    """Return the index of the first entry at or after the moment, as journald's arrays find it.

    Entries lie in a chain of arrays, each twice as long as the one before; an array whose last
    entry is late enough is bisected. In a file whose clock went back this finds odd places, as
    the real one does.
    """
    start, size = 0, 4
    while start < len(group):
        end = min(len(group), start + size)
        if group[end - 1][3] >= moment:
            low, high = start, end - 1
            while low < high:
                middle = (low + high) // 2
                if group[middle][3] >= moment:
                    high = middle
                else:
                    low = middle + 1
            return low
        start, size = end, size * 2
    return len(group)


def select(records: list, state: dict, asked: dict) -> list:
    """Return the records to show, in the order of output.

    `asked`: expression, after (index of the first allowed record), since, until (us), lines,
    reverse, grep (function or None).
    """
    expression = asked["expression"]
    pool = records[asked["after"] :]
    since, until, lines = asked["since"], asked["until"], asked["lines"]
    grep = asked["grep"]
    if since is None and until is None and lines is not None and not asked["by_cursor"]:
        # the usual question for the newest ones need not look at all records
        chosen = (r for r in reversed(pool) if matches.holds(r, expression, state))
        found = _take(chosen, lines, grep, lambda r: False)
        return found if asked["reverse"] else found[::-1]
    if expression:
        pool = [record for record in pool if matches.holds(record, expression, state)]
    if asked["reverse"]:
        backwards = seek_time_back(pool, until) if until is not None else pool[::-1]
        return _take(backwards, lines, grep, lambda r: since is not None and r[3] < since)
    if since is not None and not asked["by_cursor"]:
        pool = seek_time(pool, since)
    if lines is not None and since is None and not asked["by_cursor"]:
        return _take(seek_time_back(pool, until), lines, grep, lambda r: False)[::-1]
    return _take(pool, lines, grep, lambda r: until is not None and r[3] > until)


def _take(pool: Any, lines: Any, grep: Any, stop: Any) -> list:
    found = []  # type: list
    for record in pool:
        if lines is not None and len(found) >= lines or stop(record):
            break
        if grep is None or grep(record):
            found.append(record)
    return found
