# SPDX-License-Identifier: Apache-2.0
"""What the true time is after a reboot: pure judgement. Imports journal and moment.

File times, wall-clock differences and journal ranges are never asked: the procedure itself
has made them lie.
"""

from typing import NamedTuple, Optional, Tuple

from recovery import journal as journals
from recovery import moment as moments

SLACK = 5.0  # seconds that an RTC of whole seconds may be behind
AHEAD = 3600.0  # by so much a clock that nobody steered may have been ahead when a run began
LONGEST_OUTAGE = 30 * 86400  # a node found further ahead than this is not believed
ROUND_TRIP = 60  # a smaller difference of the clocks is no rewind


class Judgement(NamedTuple):
    """The true time at the moment judged, or why it is not known."""

    true: Optional[float]
    confirmed: bool  # False: a guess that a person must confirm
    reason: str
    plausible: bool = True  # a guess that nobody need confirm where nobody can be asked


def after_boot(journal: journals.Journal, now: moments.Moment) -> Judgement:
    """Judge the true time in a boot that has no anchor yet."""
    known = last_known(journal)
    if known is None:
        return Judgement(None, False, "the journal holds no anchor of the true time")
    true, wall = known
    offset = _offset(journal, true, wall)
    if now.wall >= true - SLACK:
        if now.wall - true > LONGEST_OUTAGE:
            ahead = moments.span(now.wall - true)
            reason = "the clock is %s ahead of the journal's end" % ahead
            return Judgement(now.wall, False, reason, plausible=False)
        outage = offset + now.wall - true  # if the RTC was in the past all the while
        if offset > ROUND_TRIP and outage <= LONGEST_OUTAGE and not _rtc_kept(journal):
            # Never written back, it may show the past even so: after a long enough outage.
            return Judgement(now.wall, False, "the hardware clock had not been put right yet")
        return Judgement(now.wall, True, "the hardware clock kept the true time")
    guess = now.wall + offset
    if offset > ROUND_TRIP and 0 <= guess - true + SLACK <= LONGEST_OUTAGE:
        reason = "the hardware clock came up in the past, %s back" % moments.span(offset)
        return Judgement(guess, False, reason)
    shown = (moments.utc(now.wall), moments.utc(true))
    return Judgement(None, False, "the clock shows %s, before the journal's end at %s" % shown)


def _offset(journal: journals.Journal, true: float, wall: float) -> float:
    """Return by how much the clock was back when the journal ended, as far as it can tell."""
    if true - wall <= ROUND_TRIP and journal.state(journals.CLOCK_BACK) == journals.APPLYING:
        return true - journal.plan.parameters.past  # perhaps cut off between step and record
    return true - wall


def _rtc_kept(journal: journals.Journal) -> bool:
    """Tell whether the RTC had the true time when the journal ends."""
    told = journal.of(journals.RTC)
    back = journal.last(journals.CLOCK_BACK, journals.APPLYING)
    fresh = bool(told) and (back is None or told[-1].seq > back.seq)
    return fresh and bool(told[-1].data["kept"])


def may_be_right(journal: journals.Journal, wall: float) -> bool:
    """Tell whether a wall time can be the true one: none of the journal's certain ones is later."""
    known = last_known(journal, certain=True)
    return known is None or wall >= known[0] - AHEAD


def last_known(journal: journals.Journal, certain: bool = False) -> Optional[Tuple[float, float]]:
    """Return the true time and the wall time of the newest record that an anchor covers.

    A record without a wall time lies behind the last step of the clock: it went on from there.
    certain: by an anchor that is nobody's mere word.
    """
    anchor = journal.anchor(certain)
    if anchor is None:
        return None
    newest: Optional[float] = None
    for record in reversed(journal.records):
        true = anchor.true_at(record.moment)
        if true is None:
            continue
        newest = true if newest is None else newest
        if isinstance(record.moment, moments.Moment):
            return newest, record.moment.wall + newest - true
    return None
