# SPDX-License-Identifier: Apache-2.0
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import certificates, errors, issued
from tests.unit import authority

DAY = issued.DAY
CA = authority.issue("engine.example.test.56789", is_ca=True, end=authority.END * 2)
OTHER = authority.issue("other.example.test.12345", is_ca=True, end=authority.END * 2)
NODE = authority.issue("virt-host1.example.test", CA)
SUBJECT = certificates.subject_argument("O=example.test, CN=virt-host1.example.test")
SANS = ["DNS:virt-host1.example.test"]
MIDDLE = (authority.START + authority.END) // 2
KEY = ("/key.pem", NODE.key)
CA_FILE = ("/ca.pem", CA.certificate)
TIMES = st.integers(10**9, 2 * 10**9)


def problems(data: bytes = NODE.certificate, **changes: Any) -> List[str]:
    chosen = {"key": KEY, "ca": CA_FILE, "subject": SUBJECT, "sans": SANS, "moments": [MIDDLE]}
    chosen.update(changes)
    return issued.problems(data, **chosen)  # type: ignore[arg-type]


@given(TIMES, st.integers(0, 3000 * DAY), st.integers(2, 7300), TIMES, st.integers(1, 5000 * DAY))
def test_dates_are_valid_now_and_at_the_true_time_and_inside_the_ca(
    node: int, back: int, days: int, ca_start: int, ca_days: int
) -> None:
    true, ca = node + back, (ca_start, ca_start + ca_days)
    try:
        start, end = issued.dates(node, true, days, ca)
    except errors.Error:
        # Only where the CA is to blame.
        assert ca[0] > node or ca[1] <= true + DAY
        return
    assert ca[0] <= start <= node < true + DAY < end <= ca[1]
    assert end <= true + days * DAY


def test_dates_with_room_are_those_of_the_engine_s_own_habit() -> None:
    dates = issued.dates(MIDDLE, MIDDLE + 41 * DAY, 398, (0, 2**31))
    assert dates == (MIDDLE - DAY, MIDDLE + (41 + 398) * DAY)


def test_dates_with_the_clock_ahead_begin_before_the_true_time() -> None:
    start, end = issued.dates(MIDDLE + 9 * DAY, MIDDLE, 398, (0, 2**31))
    assert start == MIDDLE - DAY


@pytest.mark.parametrize("ca", [(0, MIDDLE), (MIDDLE + 1, 2**31)], ids=["ended", "not begun"])
def test_dates_outside_the_ca_are_an_error_that_shows_its_dates(ca: Any) -> None:
    with pytest.raises(errors.Error, match="the CA is valid from"):
        issued.dates(MIDDLE, MIDDLE, 398, ca)


def test_problems_of_what_was_asked_for_are_none() -> None:
    assert problems() == []


def test_problems_of_another_key_name_the_key() -> None:
    other = ("/key.pem", authority.key_pem(authority.key()))
    assert problems(key=other) == ["it does not belong to the key /key.pem"]


def test_problems_of_another_ca_name_the_file() -> None:
    assert problems(ca=("/ca.pem", OTHER.certificate)) == ["it is not signed by the CA in /ca.pem"]


def test_problems_of_a_ca_of_the_same_name_name_the_file() -> None:
    same = authority.issue("engine.example.test.56789", is_ca=True, end=authority.END * 2)
    assert problems(ca=("/ca.pem", same.certificate)) == ["it is not signed by the CA in /ca.pem"]


def test_problems_of_another_subject_show_it() -> None:
    assert problems(subject="/O=example.test/CN=other") == [
        "its subject is O=example.test, CN=virt-host1.example.test"
    ]


def test_problems_of_a_certificate_without_extensions_name_the_missing_names() -> None:
    bare = authority.issue("virt-host1.example.test", CA, private=NODE.private, sans=False)
    assert problems(bare.certificate) == ["it lacks the subjectAltName DNS:virt-host1.example.test"]


@pytest.mark.parametrize(
    "moment, good",
    [
        (authority.START - 1, False),
        (authority.START, True),
        (authority.END - 1, True),
        (authority.END + 1, False),
    ],
)
def test_problems_of_dates_are_judged_at_every_moment(moment: int, good: bool) -> None:
    found = problems(moments=[MIDDLE, moment])
    assert (found == []) is good
    assert all("not at" in problem for problem in found)


@pytest.mark.parametrize(
    "data", [b"", b"garbage", NODE.key, NODE.certificate[:300]], ids=["empty", "text", "key", "cut"]
)
def test_problems_of_what_is_no_certificate_are_one(data: bytes) -> None:
    found = problems(data)
    assert len(found) == 1 and found[0]


def test_problems_are_told_all_at_once() -> None:
    wrong = authority.issue("other.example.test", OTHER, sans=False)
    assert len(problems(wrong.certificate, moments=[authority.END + 1])) == 5
