# SPDX-License-Identifier: Apache-2.0
"""Is the node's clock right: what the hardware clock, NTP and systemd's journal testify."""

from typing import List, NamedTuple, Optional, Tuple

from recovery import moment, window
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Observation

# An RTC may be minutes off; in local time it differs by the zone, at most 14 hours.
RTC_TOLERANCE = 3600
RTC_LOCAL_TOLERANCE = 15 * 3600
NTP_TOLERANCE = 60
SETTERS = ("active", "activating", "reloading")


class Witness(NamedTuple):
    """Somebody who says how far the wall clock is ahead (seconds; negative: behind)."""

    name: str
    ahead: float
    line: str


def judge(seen: Observation, chosen: str = "") -> List[Finding]:
    """Return the findings about the clock; a route chosen by name confirms a doubtful clock."""
    if not seen.running:
        return []
    return _wrong(seen, chosen) + _rtc(seen) + _setters(seen)


def witnesses(seen: Observation) -> Tuple[Witness, ...]:
    """Return those who contradict the wall clock; none when NTP confirms it."""
    ntp = _ntp(seen)
    if seen.sync.synchronised and ntp is None:
        return ()
    found = (ntp, _hardware(seen), _journal(seen))
    return tuple(one for one in found if one is not None)


def _ntp(seen: Observation) -> Optional[Witness]:
    offset = seen.sync.offset
    if offset is None or abs(offset) <= NTP_TOLERANCE:
        return None
    line = "NTP: the node's clock is %s %s" % (moment.span(abs(offset)), _side(offset))
    return Witness("NTP", offset, line)


def _hardware(seen: Observation) -> Optional[Witness]:
    if seen.rtc is None:
        return None
    ahead = seen.moment.wall - seen.rtc
    if abs(ahead) <= (RTC_LOCAL_TOLERANCE if seen.rtc_local else RTC_TOLERANCE):
        return None
    line = "RTC: %s, the system clock: %s" % (facts.utc(seen.rtc), facts.utc(seen.moment.wall))
    return Witness("RTC", ahead, line)


def _journal(seen: Observation) -> Optional[Witness]:
    """What is left of all clock steps of this boot: back and forth cancel each other."""
    net = sum(after - before for before, after in seen.clock_steps)
    if abs(net) <= window.DAY:
        return _later(seen)
    before, after = seen.clock_steps[-1]
    line = "journal: the clock was stepped from %s to %s" % (facts.utc(before), facts.utc(after))
    return Witness("journal", net, line)


def _later(seen: Observation) -> Optional[Witness]:
    """An entry later than now, of this boot or an earlier one: it has been later already."""
    ahead = seen.moment.wall - seen.journal_latest
    if ahead >= -window.DAY:
        return None
    line = "journal: an entry of %s, later than now" % facts.utc(seen.journal_latest)
    return Witness("journal", ahead, line)


def _side(ahead: float) -> str:
    return "ahead" if ahead > 0 else "behind"


def suspicion(seen: Observation) -> Tuple[Witness, ...]:
    """Return the witnesses at whose time the node certificate would be judged otherwise."""
    certificate = facts.node_certificate(seen)
    if certificate is None:
        return ()
    wall = seen.moment.wall
    believed = facts.expired(seen, certificate)
    return tuple(
        one
        for one in witnesses(seen)
        if _differs(believed, facts.valid(certificate, wall - one.ahead), one.ahead)
    )


def _differs(believed_expired: bool, valid_then: bool, ahead: float) -> bool:
    # Ahead: it looks expired and is valid. Behind: it looks valid and is expired.
    return believed_expired and valid_then if ahead > 0 else not (believed_expired or valid_then)


def doubtful(seen: Observation, chosen: str) -> bool:
    """Tell whether the clock forbids to go on.

    A clock step alone may have been the right one; a route chosen by name is the confirmation.
    """
    names = {one.name for one in suspicion(seen)}
    return bool(names) and not (names == {"journal"} and chosen)


def _wrong(seen: Observation, chosen: str) -> List[Finding]:
    suspects = suspicion(seen)
    severity = INHIBITOR if doubtful(seen, chosen) else WARNING
    lines = tuple(one.line for one in suspects)
    if suspects and suspects[0].ahead > 0:
        title = "the system clock seems to be ahead: at the true time nothing is expired"
        return [Finding("clock-ahead", severity, title, lines, _SET_RIGHT)]
    if suspects:
        title = "the system clock seems to be behind: at the true time the node is expired"
        advice = ["was a recovery cut off? `ovirt-cert-recovery status` knows", *_SET_RIGHT]
        if {one.name for one in suspects} == {"journal"}:
            advice.append("is the clock right, and the journal's entry wrong? name the route")
        return [Finding("clock-behind", severity, title, lines, tuple(advice))]
    others = tuple(one.line for one in witnesses(seen))
    if not others:
        return []
    title = "the system clock is contradicted: what it shows is taken for the true time"
    return [Finding("clock-contradicted", WARNING, title, others, _SET_RIGHT)]


_SET_RIGHT = (
    "compare `date -u` with a watch, then: chronyc makestep (if NTP is reachable), or",
    'timedatectl set-ntp no; timedatectl set-time "YYYY-MM-DD HH:MM:SS"',
    "then diagnose again",
)


def _rtc(seen: Observation) -> List[Finding]:
    if seen.rtc is None:
        return [
            Finding(
                "rtc-missing",
                WARNING,
                "the hardware clock cannot be read",
                ("/sys/class/rtc/rtc0/since_epoch: nothing",),
                ("after a power cut the true time would come from the run's journal",),
            )
        ]
    if seen.rtc_local:
        title = "the hardware clock keeps local time"
        advice = ("it is written back in local time too",)
        return [Finding("rtc-local", NOTE, title, ("/etc/adjtime: LOCAL",), advice)]
    return []


def _setters(seen: Observation) -> List[Finding]:
    findings = []
    active = [one for one in seen.sync.units if one.active in SETTERS]
    setters = [one for one in active if one.name != "chrony-wait.service"]
    if setters:
        findings.append(
            Finding(
                "time-synchronisation-active",
                NOTE,
                "time synchronisation is on: it would take a changed clock back",
                tuple("%s: %s, %s" % (one.name, one.active, one.enabled) for one in setters),
                ("the recovery stops it while the clock is set back and starts it again",),
            )
        )
    waiting = facts.unit(seen, "chrony-wait.service")
    if waiting and (waiting in active or waiting.enabled == "enabled"):
        findings.append(
            Finding(
                "chrony-wait",
                NOTE,
                "chrony-wait starts chronyd again whenever a unit asks for time-sync.target",
                ("%s: %s, %s" % (waiting.name, waiting.active, waiting.enabled),),
                ("the recovery keeps it from starting until the true time is back",),
            )
        )
    return findings
