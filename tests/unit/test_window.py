# SPDX-License-Identifier: Apache-2.0
from typing import List, Tuple

import hypothesis
import pytest
from hypothesis import strategies

from recovery import inventory, window
from recovery.observation import Certificate
from tests.unit import observations

DAY = window.DAY


def certificate(name: str, start: int, end: int) -> Certificate:
    return Certificate(name, "vdsm", not_before=start, not_after=end)


def test_solve_takes_the_latest_moment_a_day_before_the_first_end() -> None:
    found = window.solve(
        [certificate("/node", 0, 400 * DAY), certificate("/ca", 0, 4000 * DAY)], 431 * DAY
    )
    assert found.moment == found.end == 399 * DAY
    assert found.start == DAY
    assert found.ends_first == ("/node",)


def test_solve_empty_window_names_who_excludes_whom() -> None:
    found = window.solve(
        [certificate("/old", 0, 400 * DAY), certificate("/new", 420 * DAY, 800 * DAY)], 900 * DAY
    )
    assert found.moment is None
    assert (found.begins_last, found.ends_first) == (("/new",), ("/old",))


def test_solve_of_valid_certificates_is_now() -> None:
    assert window.solve([certificate("/node", 0, 400 * DAY)], 100 * DAY + 0.5).moment == 100 * DAY


def test_solve_of_nothing_is_empty() -> None:
    assert window.solve([], 5).moment is None


@pytest.mark.parametrize("hours, usable", [(1, False), (2, True), (30, True)])
def test_solve_short_validity_shrinks_the_margin(hours: int, usable: bool) -> None:
    found = window.solve([certificate("/node", 0, hours * 3600)], 10 * DAY)
    assert (found.moment is not None) == usable


SPANS = strategies.lists(
    strategies.tuples(strategies.integers(0, 10**9), strategies.integers(0, 10**9)),
    min_size=1,
    max_size=6,
)


@hypothesis.given(SPANS, strategies.integers(0, 2 * 10**9))
def test_solve_moment_is_valid_for_all_and_never_later_than_now(
    spans: List[Tuple[int, int]], now: int
) -> None:
    needed = [
        certificate("/%d" % number, start, start + length)
        for number, (start, length) in enumerate(spans)
    ]
    found = window.solve(needed, now)
    shared = min(one.not_after for one in needed) - max(one.not_before for one in needed)
    if found.moment is None:
        earliest = max(one.not_before for one in needed) + window.MARGIN
        assert shared < window.SHORTEST or now < earliest
        return
    assert found.moment <= now
    assert all(one.not_before <= found.moment <= one.not_after for one in needed)
    assert found.start <= found.moment == found.end
    later = found.moment + 1
    assert later > now or any(one.not_after - later < window.MARGIN for one in needed)


@hypothesis.given(SPANS, strategies.integers(0, 2 * 10**9), strategies.randoms())
def test_solve_does_not_depend_on_order(
    spans: List[Tuple[int, int]], now: int, chance: "observations.Shuffler"
) -> None:
    needed = [
        certificate("/%d" % number, start, start + length)
        for number, (start, length) in enumerate(spans)
    ]
    first = window.solve(needed, now)
    chance.shuffle(needed)
    assert window.solve(needed, now)[:3] == first[:3]


def test_needed_leaves_out_what_stops_no_start() -> None:
    seen = observations.expired()
    assert {one.path for one in window.needed(seen)} == {
        inventory.NODE_CERTIFICATE,
        inventory.NODE_CA,
    }


def test_needed_takes_vnc_only_when_qemu_checks_it() -> None:
    paths = {one.path for one in window.needed(observations.expired()._replace(vnc_tls=True))}
    assert "/etc/pki/vdsm/libvirt-vnc/server-cert.pem" in paths
    assert "/etc/pki/vdsm/libvirt-migrate/server-cert.pem" not in paths
