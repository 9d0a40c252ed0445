# SPDX-License-Identifier: Apache-2.0
import shlex
from typing import Type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery import errors


def test_error_with_everything_reads_from_cause_to_next_step() -> None:
    error = errors.Error("go on", "it rains", "take a coat", "the house", ["drops", "more drops"])
    assert error.lines() == [
        "cannot go on: it rains",
        "  seen: drops",
        "  seen: more drops",
        "  unchanged: the house",
        "  next: take a coat",
    ]
    assert str(error) == "\n".join(error.lines())


def test_error_with_cause_only_is_one_line() -> None:
    assert errors.Error("go on", "it rains").lines() == ["cannot go on: it rains"]


@pytest.mark.parametrize(
    "kind, status",
    [
        (errors.Error, 5),
        (errors.UsageError, 2),
        (errors.Inhibited, 3),
        (errors.Attention, 4),
        (errors.UndoFailed, 6),
        (errors.FileError, 5),
        (errors.ProgramError, 5),
    ],
)
def test_status_of_each_kind_says_who_acts(kind: type, status: int) -> None:
    assert kind.status == status  # type: ignore[attr-defined]


def test_program_failed_shows_the_last_lines_of_stderr() -> None:
    error = errors.ProgramFailed(["a b", "c"], 3, "out", "1\n2\n3\n4\n5\n")
    assert error.lines()[0] == "cannot run `'a b' c`: it ended with status 3"
    assert error.seen == ("2", "3", "4", "5")
    assert (error.exit_status, error.stdout, error.argv) == (3, "out", ("a b", "c"))


def test_program_failed_without_stderr_shows_stdout() -> None:
    assert errors.ProgramFailed(["a"], 1, "told on stdout\n", " \n").seen == ("told on stdout",)


def test_unexpected_output_of_nothing_says_so() -> None:
    error = errors.UnexpectedOutput(["virsh"], "", "a table")
    assert error.lines() == [
        "cannot understand the output of `virsh`: expected a table",
        "  seen: (nothing)",
    ]


@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="\0")), min_size=1))
def test_paste_of_any_words_is_read_back_by_a_shell(words: "list[str]") -> None:
    assert shlex.split(errors.paste(words)) == words


@pytest.mark.parametrize("kind", [errors.UsageError, errors.Inhibited])
def test_error_of_one_who_never_began_says_that_nothing_was_changed(
    kind: Type[errors.Error],
) -> None:
    assert kind("use a CA", "it is none").lines()[-1] == "  unchanged: everything"
    assert errors.Error("use a CA", "it is none").lines() == ["cannot use a CA: it is none"]
