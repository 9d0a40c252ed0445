# SPDX-License-Identifier: Apache-2.0
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import journal as journals
from recovery import plan, truth
from recovery.local_host import LocalHost
from recovery.moment import AnyMoment, Instant, Moment
from tests.unit import nodes

DAY = nodes.DAY
ANCHORED = 1000.0  # uptime of the anchor
LAST = 1600.0  # uptime of the last record


def journal(back: float, kept_rtc: bool = True) -> journals.Journal:
    """Return a journal whose clock was set back by `back` seconds, cut off by a power cut."""
    records: List[journals.Record] = []

    def add(uptime: float, offset: float, event: str, step: str = "", **data: Any) -> None:
        moment: AnyMoment = Moment(nodes.NOW + uptime - ANCHORED + offset, uptime, nodes.BOOT)
        if step in ("keep-rtc", "start-services"):  # these do not move the clock
            moment = Instant(uptime, nodes.BOOT)
        records.append(journals.Record(len(records) + 1, event, step, moment, data))

    chosen = plan.Plan("rewind", "", plan.Parameters(past=int(nodes.NOW - back)), ())
    add(990.0, 0, journals.PLANNED, plan=plan.to_json(chosen))
    at: Dict[str, Any] = {"wall": float(nodes.NOW), "boottime": ANCHORED, "boot_id": nodes.BOOT}
    add(ANCHORED, 0, journals.ANCHORED, at=at, true=float(nodes.NOW))
    add(1010.0, 0, journals.APPLYING, "clock-back")
    add(1020.0, -back, journals.VERIFIED, "clock-back")
    if kept_rtc:
        add(1029.0, -back, journals.RTC, kept=True)
        add(1030.0, -back, journals.VERIFIED, "keep-rtc")
    add(LAST, -back, journals.APPLYING, "start-services")
    return journals.Journal(LocalHost("/nowhere", ""), "run-1", records)


def boot(true: float, behind: float = 0) -> Moment:
    return Moment(true - behind, 12.0, nodes.NEXT_BOOT)


TRUE_LAST = nodes.NOW + LAST - ANCHORED


@given(st.floats(61, 2000 * DAY), st.floats(0, 30 * DAY))
def test_after_boot_with_the_true_time_in_the_rtc_the_clock_is_right(
    back: float, off: float
) -> None:
    judged = truth.after_boot(journal(back), boot(TRUE_LAST + off))
    assert judged.confirmed and judged.plausible
    assert judged.true == TRUE_LAST + off


@given(st.floats(31 * DAY, 2000 * DAY), st.floats(0, 30 * DAY - 10))
def test_after_boot_with_an_rtc_in_the_past_the_offset_is_put_back_and_asked_about(
    back: float, off: float
) -> None:
    judged = truth.after_boot(journal(back, False), boot(TRUE_LAST + off, back))
    assert judged.true is not None and abs(judged.true - TRUE_LAST - off) < 0.1
    assert judged.plausible and not judged.confirmed


def test_after_boot_with_an_rtc_in_the_past_and_a_long_outage_nothing_is_confirmed() -> None:
    # Cut between set-time and the writing of the RTC; the node stays off for three days.
    judged = truth.after_boot(journal(2 * DAY, False), boot(TRUE_LAST + 3 * DAY, 2 * DAY))
    assert not judged.confirmed


@pytest.mark.parametrize(
    "now, true, confirmed, plausible",
    [
        (TRUE_LAST - 4, TRUE_LAST - 4, True, True),
        (TRUE_LAST + 30 * DAY, TRUE_LAST + 30 * DAY, True, True),
        (TRUE_LAST + 31 * DAY, TRUE_LAST + 31 * DAY, False, False),
        (TRUE_LAST - 42 * DAY, None, False, True),
        (0.0, None, False, True),
        (TRUE_LAST - 41 * DAY + 60, TRUE_LAST + 60, False, True),
        (TRUE_LAST - 11 * DAY + 60, None, False, True),
    ],
    ids=[
        "RTC of whole seconds",
        "off for 30 days",
        "off for longer",
        "before the journal",
        "empty RTC",
        "RTC in the past",
        "far from both",
    ],
)
def test_after_boot_judges_the_clock_by_the_journal(
    now: float, true: Optional[float], confirmed: bool, plausible: bool
) -> None:
    judged = truth.after_boot(journal(41 * DAY), boot(now))
    if true is None:
        # A guess that lies further ahead than the longest outage is none.
        assert judged.true is None
    else:
        assert judged.true is not None and abs(judged.true - true) < 0.1
        assert (judged.confirmed, judged.plausible) == (confirmed, plausible)


def test_last_known_goes_on_from_the_last_wall_time_that_was_recorded() -> None:
    true, wall = truth.last_known(journal(41 * DAY)) or (0.0, 0.0)
    assert abs(true - TRUE_LAST) < 0.001
    assert abs(wall - (TRUE_LAST - 41 * DAY)) < 0.001


def test_after_boot_without_an_anchor_nothing_is_known() -> None:
    cut = journal(41 * DAY)
    del cut.records[1:]
    judged = truth.after_boot(cut, boot(nodes.NOW + 0.0))
    assert (judged.true, judged.confirmed) == (None, False)
    assert "no anchor" in judged.reason


def test_after_boot_before_the_clock_was_moved_a_clock_behind_is_not_believed() -> None:
    cut = journal(41 * DAY)
    del cut.records[3:]
    assert truth.after_boot(cut, boot(nodes.NOW - 3600.0)).true is None
