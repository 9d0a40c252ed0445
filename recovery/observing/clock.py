# SPDX-License-Identifier: Apache-2.0
"""Who sets the clock and how far off it is."""

from typing import List, Optional, Tuple

from recovery import errors, host, observation
from recovery.moment import Moment
from recovery.observing import problems, units
from recovery.programs import chronyc, hwclock


def moment(node: host.Host, notes: problems.Problems) -> Moment:
    """Return the node's moment; of a disk in a rescue system only the wall clock is known.

    Raises: errors.Error when there is not even that.
    """
    try:
        return node.now()
    except errors.FileError:
        wall = float(node.run(["date", "+%s.%N"]).stdout)
        notes.lines.append("uptime and boot: not those of a running node, so left out")
        return Moment(wall, 0.0, "")


def rtc(node: host.Host) -> Tuple[Optional[int], bool]:
    """Return the reading of the RTC and whether it keeps local time."""
    return hwclock.read(node), hwclock.is_local(node)


def synchronisation(
    node: host.Host, clocks: units.Units, notes: problems.Problems
) -> observation.Synchronisation:
    """Return who sets the clock; chronyd is asked how far off it is, where it runs."""
    nobody = observation.Synchronisation(
        units=clocks, synchronised=None if _any_active(clocks) else False
    )
    if not units.is_active(clocks, "chronyd.service"):
        return nobody
    tracked = notes.attempt("time synchronisation", lambda: chronyc.tracking(node), None)
    if tracked is None:
        return nobody
    if tracked.synchronised:
        return nobody._replace(synchronised=True, source=tracked.source, offset=tracked.ahead)
    nothing: List[chronyc.Source] = []
    sources = notes.attempt("NTP sources", lambda: chronyc.sources(node), nothing)
    return nobody._replace(synchronised=False, offset=_measured(sources))


def _any_active(clocks: units.Units) -> bool:
    return any(unit.active == "active" for unit in clocks if unit.name != "chrony-wait.service")


def _measured(sources: List[chronyc.Source]) -> Optional[float]:
    """Return the middle one of what the answering sources say; chronyd may refuse them all."""
    answers = sorted(one.ahead for one in sources if one.reach)
    return answers[len(answers) // 2] if answers else None
