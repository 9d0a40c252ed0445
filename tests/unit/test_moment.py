# SPDX-License-Identifier: Apache-2.0
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recovery import moment as moments
from recovery.moment import Moment

WALLS = st.integers(0, 4102444800).map(float)  # until 2100
UPTIMES = st.integers(0, 10**8).map(float)
STEPS = st.integers(-(10**9), 10**9)


@given(WALLS, UPTIMES, st.integers(0, 10**7), STEPS)
def test_true_wall_after_any_step_of_the_clock_counts_uptime_only(
    wall: float, boottime: float, passed: int, step: int
) -> None:
    anchor = Moment(wall, boottime, "a")
    now = Moment(wall + passed + step, boottime + passed, "a")
    assert moments.true_wall(anchor, now) == wall + passed
    assert moments.wall_step(anchor, now) == step
    assert moments.elapsed(anchor, now) == passed


def test_true_wall_after_a_boot_is_not_known() -> None:
    assert moments.true_wall(Moment(5.0, 5.0, "a"), Moment(9.0, 9.0, "b")) is None


@pytest.mark.parametrize(
    "now, spent",
    [
        (Moment(0.0, 130.5, "a"), 30.5),
        (Moment(0.0, 90.0, "a"), 0.0),
        (Moment(0.0, 130.5, "b"), 0.0),
    ],
    ids=["later", "earlier", "another boot"],
)
def test_elapsed_is_never_negative(now: Moment, spent: float) -> None:
    assert moments.elapsed(Moment(0.0, 100.0, "a"), now) == spent


@given(WALLS)
def test_utc_is_what_gmtime_says(wall: float) -> None:
    assert moments.utc(wall) == time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall))
    assert moments.asn1(wall) == time.strftime("%Y%m%d%H%M%SZ", time.gmtime(wall))


@given(WALLS)
def test_parse_reads_back_what_utc_wrote(wall: float) -> None:
    assert moments.parse(moments.utc(wall)) == wall


@pytest.mark.parametrize(
    "typed",
    [
        "2023-02-20 12:00:00",
        "2023-02-20T12:00Z",
        "20 Feb 2023 12:00 UTC",
        "2023-02-20 15:00 +0300",
        "Mon Feb 20 12:00:00 2023",
    ],
)
def test_parse_of_a_whole_date_is_utc_unless_a_zone_is_given(typed: str) -> None:
    assert moments.parse(typed) == 1676894400


@pytest.mark.parametrize(
    "typed", ["02.03.2023 12:00", "02/03/2023 12:00", "3-2-2023", "02.03.23", "02 03 2023"]
)
def test_parse_of_a_date_whose_month_may_be_its_day_names_both_readings(typed: str) -> None:
    with pytest.raises(ValueError, match="write YYYY-MM-DD HH:MM") as caught:
        moments.parse(typed)
    assert "02 March 2023" in str(caught.value) and "03 February 2023" in str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        "2023-03-02 12:00",
        "2023/3/2 12:00",
        "2023.03.02 12:00",
        "20230302 12:00",
        "20230302T120000Z",
        "20230302120000",
        "Thu 2023-03-02 12:00:00 UTC",
        "2 March 2023 12:00",
        "March 2 2023 12:00",
        "2 Mar 12:00 2023",
    ],
)
def test_parse_of_a_date_that_has_one_reading_takes_it(typed: str) -> None:
    assert moments.parse(typed) == 1677758400


def test_parse_of_a_day_that_is_no_month_needs_no_other_form() -> None:
    assert moments.parse("20.02.2023 12:00") == moments.parse("02/20/2023 12:00") == 1676894400


@pytest.mark.parametrize("typed", ["", "soon", "2023-02-31", "2023-13-45", "99999999999999999"])
def test_parse_of_no_date_is_a_value_error(typed: str) -> None:
    with pytest.raises(ValueError):
        moments.parse(typed)


@given(st.text(max_size=30))
@example("1e999")
def test_parse_of_anything_is_a_number_or_a_value_error(typed: str) -> None:
    try:
        assert isinstance(moments.parse(typed), int)
    except ValueError:
        pass


@pytest.mark.parametrize("typed", ["14:30", "20", "Monday", "February 2023", "2023"])
def test_parse_of_an_incomplete_date_is_a_value_error(typed: str) -> None:
    with pytest.raises(ValueError):
        moments.parse(typed)


@pytest.mark.filterwarnings("ignore:tzname")
def test_parse_of_an_unknown_zone_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        moments.parse("2023-02-20 12:00 MSK")


@pytest.mark.parametrize(
    "seconds, shown",
    [
        (0, "0 s"),
        (35.4, "35 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (31 * 86400, "31 days"),
        (-41 * 86400, "-41 days"),
    ],
)
def test_span_is_told_in_the_largest_unit_that_fits_twice(seconds: Any, shown: str) -> None:
    assert moments.span(seconds) == shown
