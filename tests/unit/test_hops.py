# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from recovery import hops

DAY = hops.DAY
TRUE = 1676894400  # 2023-02-20 12:00:00 UTC
BACK = st.integers(0, 10 * 365 * DAY)
DAYS = st.integers(1, 7300)
OFFERED = 60 * DAY  # by every release, before the end


def test_issued_a_month_ago_for_398_days_survives() -> None:
    assert hops.survives(TRUE - 32 * DAY, TRUE)
    assert hops.stages(TRUE - 32 * DAY, TRUE) == (TRUE - 32 * DAY,)


def test_issued_500_days_ago_for_398_days_is_dead_on_arrival_and_takes_two_stages() -> None:
    past = TRUE - 500 * DAY
    assert not hops.survives(past, TRUE)
    assert hops.stages(past, TRUE) == (past, past + 391 * DAY)


def test_certificates_shorter_than_the_margin_lead_nowhere() -> None:
    assert hops.stages(TRUE - 30 * DAY, TRUE, days=7) == ()


def test_too_many_stages_lead_nowhere() -> None:
    assert hops.stages(TRUE - 3650 * DAY, TRUE, days=30) == ()


@given(BACK, DAYS)
def test_stages_are_each_valid_until_the_next_and_the_last_survives(back: int, days: int) -> None:
    past = TRUE - back
    moments = hops.stages(past, TRUE, days)
    if not moments:
        assert not hops.survives(past, TRUE, days)
        return
    assert moments[0] == past and moments[-1] <= TRUE
    assert hops.survives(moments[-1], TRUE, days)
    for one, following in zip(moments, moments[1:]):
        end = one + days * DAY
        assert one < following < end  # forward, and before what was issued has ended
        assert end - following <= OFFERED  # where renewal is offered
        assert not hops.survives(one, TRUE, days)  # no stage too many


@given(BACK, DAYS)
def test_survives_means_the_margin_is_left_at_the_true_time(back: int, days: int) -> None:
    end = TRUE - back + days * DAY
    assert hops.survives(TRUE - back, TRUE, days) == (end - TRUE >= hops.MARGIN)
