# SPDX-License-Identifier: Apache-2.0
"""The test command itself: what it makes of Pythons that are missing."""

from pathlib import Path
from typing import List

import pytest

from tests import __main__ as command
from tests import conftest, matrix


@pytest.mark.parametrize(
    "minor, in_ci", [("3.6", False), ("3.9", False), ("3.12", False), ("3.13", True)]
)
def test_missing_python_fails_in_ci_where_it_is_needed(
    minor: str, in_ci: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert matrix.missing(minor).good is in_ci
    monkeypatch.delenv("CI")
    assert matrix.missing(minor).good


def test_total_names_the_python_that_did_not_run() -> None:
    results = [matrix.Result("3.9", True, ""), matrix.Result("3.6", True, "", ran=False)]
    assert command.total(results) == "passed, but NOT RUN on 3.6"


def test_total_without_any_run_is_a_failure() -> None:
    assert command.total([matrix.Result("3.6", True, "", ran=False)]) == "FAILED"


def test_total_with_one_bad_python_is_a_failure() -> None:
    assert (
        command.total([matrix.Result("3.9", True, ""), matrix.Result("3.6", False, "")]) == "FAILED"
    )


def test_memory_is_used_only_where_it_is_and_is_plenty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(matrix, "ROOM", 0)
    assert matrix.roomy(str(tmp_path))
    assert not matrix.roomy(str(tmp_path / "nowhere"))
    assert not matrix.roomy("/proc")  # nothing is free there
    monkeypatch.setattr(matrix, "ROOM", 1 << 60)
    assert not matrix.roomy(str(tmp_path))


def test_each_of_the_other_pythons_has_slow_tests_of_its_own() -> None:
    others = [minor for minor in matrix.PYTHONS if minor != matrix.BUILD]
    shares = {conftest.share(int(minor.split(".")[1])) for minor in others}
    assert len(shares) == len(others) <= conftest.SHARES
    assert max(shares) < conftest.SHARES


@pytest.mark.parametrize(
    "words, wanted",
    [
        ([], "yes"),
        (["--python", "3.12"], "no"),
        (["--python", "3.12", "--machine", "yes"], "yes"),
        (["--machine", "only"], "only"),
    ],
)
def test_machine_is_part_of_the_whole_suite_and_of_nothing_less(
    words: List[str], wanted: str
) -> None:
    assert command.with_machine(command.parse(words)) == wanted
