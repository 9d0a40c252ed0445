# SPDX-License-Identifier: Apache-2.0
"""Questions that may come in any order, or never: answered from a table, or not at all."""

from pathlib import Path
from typing import List

import pytest

from recovery import dialogue, errors, terminal
from recovery.dialogue import Dialogue, Question
from tests.unit.test_terminal import Clock

FIREWALL = Question("firewall", r"configure the firewall\? \(Yes, No\) \[Yes\]:", "No")
RENEW = Question("renew", r"Renew certificates\? \(Yes, No\) \[No\]:", "Yes")
STOP = Question("stop", r"be stopped \(OK, Cancel\) \[OK\]:", "OK", "renew", "Cancel")
ASK = 'ask() { printf \'          %s\' "$1"; read answer; echo "[ INFO  ] $2=$answer"; }\n'
FIREWALL_ASKED = "ask 'Do you want Setup to configure the firewall? (Yes, No) [Yes]:' firewall\n"
RENEW_ASKED = "ask 'Renew certificates? (Yes, No) [No]:' renew\n"
STOP_ASKED = "ask 'The service will be stopped (OK, Cancel) [OK]:' stop\n"


class Held:
    """Holds one dialogue with a script and remembers what was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "script"
        self.clock = Clock()
        self.told: List[str] = []

    def hold(self, script: str, *questions: Question, patience: float = 5) -> str:
        self.path.write_text("#!/bin/sh\n" + ASK + script)
        self.path.chmod(0o755)
        return terminal.converse(
            str(self.path),
            ["engine-setup"],
            {"PATH": "/bin", "LC_ALL": "C"},
            Dialogue(questions=questions, patience=patience),
            60,
            self.clock,
            self.told.append,
        )


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_questions_in_another_order_are_answered_each(held: Held) -> None:
    shown = held.hold(RENEW_ASKED + FIREWALL_ASKED, FIREWALL, RENEW, STOP)
    assert "[ INFO  ] renew=Yes\n" in shown and "[ INFO  ] firewall=No\n" in shown


def test_questions_that_never_come_are_no_matter(held: Held) -> None:
    assert held.hold("echo fine", FIREWALL, RENEW) == "fine\n"


def test_question_broken_over_lines_is_known(held: Held) -> None:
    script = "echo '   During it the engine will be'\n ask 'stopped (OK, Cancel) [OK]:' stop\n"
    assert "stop=Cancel" in held.hold(script, STOP)


def test_question_that_needs_another_gets_its_other_answer_without_it(held: Held) -> None:
    assert "stop=Cancel" in held.hold(FIREWALL_ASKED + STOP_ASKED, FIREWALL, RENEW, STOP)


def test_question_that_needs_another_gets_its_answer_after_it(held: Held) -> None:
    assert "stop=OK" in held.hold(RENEW_ASKED + STOP_ASKED, FIREWALL, RENEW, STOP)


def test_question_nobody_planned_for_ends_the_dialogue_with_what_was_shown(held: Held) -> None:
    script = (
        "printf 'Wait for tasks?\\n(Answering \"no\" will stop the upgrade (Yes, No) '; read x\n"
    )
    with pytest.raises(errors.UnexpectedOutput) as caught:
        held.hold(RENEW_ASKED + script, RENEW)
    assert dialogue.unfinished(caught.value.text).startswith('(Answering "no" will stop')
    assert held.clock.passed < 15


def _touch(path: Path, now: bool) -> None:
    if now:
        path.touch()


def test_long_silence_after_a_whole_line_is_waited_out(held: Held) -> None:
    # It goes on once more than the patience has passed, by the dialogue's own clock.
    go = held.path.parent / "go"

    def nap(seconds: float) -> None:
        held.clock.nap(seconds)
        _touch(go, held.clock.passed > 1)

    held.clock.sleep = nap
    script = "echo 'Creating/refreshing Engine database schema'\n"
    script += "while [ ! -e %s ]; do /bin/sleep 0.05; done; echo done" % go
    held.hold(script, RENEW, patience=1)
    assert held.told[0].startswith("Creating") and "" in held.told and held.told[-1] == "done"
    assert held.clock.passed > 1


def test_question_asked_again_and_again_is_given_up(held: Held) -> None:
    with pytest.raises(errors.UnexpectedOutput, match="the answer to 'renew' to be taken"):
        held.hold("while true; do " + RENEW_ASKED + "done", RENEW)


def test_progress_is_told_each_line_once_and_answers_too(held: Held) -> None:
    held.hold("echo one; echo two\n" + RENEW_ASKED, RENEW)
    lines = [line for line in held.told if line]
    prompt = "          Renew certificates? (Yes, No) [No]:"
    assert lines == ["one", "two", prompt + "Yes", "[ INFO  ] renew=Yes"]


def test_asked_ended_line_is_no_question() -> None:
    text = "Renew certificates? (Yes, No) [No]:\n          provided answer: yes\n"
    assert dialogue.asked((RENEW,), text) is None
    assert dialogue.asked((RENEW,), text.split("\n")[0]) is RENEW
