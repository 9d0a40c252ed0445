# SPDX-License-Identifier: Apache-2.0
"""Runs that go on after a cut, an undo or a disturbance."""

from pathlib import Path
from typing import List

import pytest

from recovery import errors, executor, waiting
from tests.unit import nodes
from tests.unit.writing_steps import (
    DONE,
    JOURNAL,
    OLD,
    Write,
    begin,
    etc,
    fail,
    go_on,
    three,
)


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write("/etc/b", "the old b")
    return node


def test_run_after_a_partial_undo_does_the_undone_steps_again(node: nodes.Node) -> None:
    steps = [Write("a"), Write("b"), Write("c")]
    executor.run(begin(node, steps[:2]), steps[:2])
    data = node.place(JOURNAL).read_bytes().splitlines(True)
    node.place(JOURNAL).write_bytes(b"".join(data[:-1]))  # cut off before `finished`
    steps[0].fail = fail("write a", "undo")
    assert executor.undo(go_on(node), steps) != []
    assert etc(node) == {"a": "a", "b": "the old b"}
    executor.run(go_on(node), [Write("a"), Write("b")])
    assert etc(node) == {"a": "a", "b": "b"}


def test_resume_at_until_does_not_ask_whether_earlier_effects_hold(node: nodes.Node) -> None:
    steps = three()
    steps[2].fail = fail("write c", "apply")
    with pytest.raises(errors.Error):
        executor.run(begin(node, steps), steps)
    steps = three()
    executor.run(go_on(node), steps)
    assert steps[0].log == ["apply c", "verify c"]


def four(log: List[str]) -> List[Write]:
    return [Write("a", "d", log), Write("b", "d", log), Write("c", "", log), Write("d", "", log)]


def cut_off_in_c(node: nodes.Node) -> None:
    steps = four([])
    steps[2].fail = fail("write c", "apply")
    with pytest.raises(errors.Error):
        executor.run(begin(node, steps), steps)


def test_resume_before_until_applies_again_in_order_with_the_first_images(
    node: nodes.Node,
) -> None:
    cut_off_in_c(node)
    for name in "ab":
        node.write("/etc/" + name, "gone")
    log: List[str] = []
    executor.run(go_on(node), four(log))
    applied = [entry for entry in log if entry.startswith(("apply", "capture"))]
    assert applied == ["apply a", "apply b", "apply c", "capture d", "apply d"]
    assert executor.undo(go_on(node), four([])) == []
    assert etc(node) == OLD


def test_resume_leaves_alone_what_holds(node: nodes.Node) -> None:
    cut_off_in_c(node)
    node.write("/etc/b", "gone")
    log: List[str] = []
    executor.run(go_on(node), four(log))
    assert "apply a" not in log and "apply b" in log


def cut_off_in_b(node: nodes.Node, steps: List[Write]) -> None:
    """Go on, and be cut off again while b is redone."""
    steps[1].fail = fail("write b", "apply")
    with pytest.raises(errors.Error):
        executor.run(go_on(node), steps)


def followed(log: List[str]) -> List[Write]:
    steps = four(log)
    steps[1].follows = "a"
    return steps


def test_resume_that_redoes_a_step_redoes_what_follows_it_though_it_holds(
    node: nodes.Node,
) -> None:
    cut_off_in_c(node)
    node.write("/etc/a", "gone")
    log: List[str] = []
    executor.run(go_on(node), followed(log))
    assert [one for one in log if one.startswith("apply")] == [
        "apply a",
        "apply b",
        "apply c",
        "apply d",
    ]


def test_resume_cut_off_between_a_step_and_what_follows_it_redoes_the_latter(
    node: nodes.Node,
) -> None:
    cut_off_in_c(node)
    node.write("/etc/a", "gone")
    cut_off_in_b(node, followed([]))
    log: List[str] = []
    executor.run(go_on(node), followed(log))
    assert "apply a" not in log and "apply b" in log


def test_resume_where_all_holds_does_not_redo_what_follows(node: nodes.Node) -> None:
    cut_off_in_c(node)
    log: List[str] = []
    executor.run(go_on(node), followed(log))
    assert "apply b" not in log


def test_resume_cut_off_while_mending_mends_again(node: nodes.Node) -> None:
    cut_off_in_c(node)
    for name in "ab":
        node.write("/etc/" + name, "gone")
    cut_off_in_b(node, four([]))
    log: List[str] = []
    executor.run(go_on(node), four(log))
    assert etc(node) == dict(DONE, d="d")
    assert "capture b" not in log


def test_run_disturbed_mends_what_the_step_stands_on_and_performs_it_again(
    node: nodes.Node,
) -> None:
    log: List[str] = []
    steps = four(log)

    def disturb(verb: str) -> None:
        if verb == "apply" and log.count("apply c") == 1:
            node.write("/etc/a", "gone")
            raise waiting.Disturbed("keep a", "somebody moved it")

    steps[2].fail = disturb
    executor.run(begin(node, steps), steps)
    assert etc(node) == dict(DONE, d="d")
    assert log.count("apply a") == 2 and log.count("apply b") == 1 and log.count("apply c") == 2


def test_run_disturbed_again_and_again_gives_up(node: nodes.Node) -> None:
    steps = four([])
    steps[2].fail = fail("keep a", "apply", _disturbed)  # type: ignore[arg-type]
    with pytest.raises(errors.Error, match="3 times") as caught:
        executor.run(begin(node, steps), steps)
    assert "resume" in caught.value.next_step
    assert steps[0].log.count("apply c") == executor.DISTURBANCES


def _disturbed(text: str) -> waiting.Disturbed:
    return waiting.Disturbed(text, "somebody moved it")


def test_resume_before_an_until_that_is_not_needed_asks_whether_it_holds(
    node: nodes.Node,
) -> None:
    """The plan may leave out the step that another one has to hold until."""
    steps = four([])
    steps[2].fail = fail("write c", "apply")
    without = [step for step in steps if step.id != "d"]
    with pytest.raises(errors.Error):
        executor.run(begin(node, without), steps)
    node.write("/etc/a", "gone")
    log: List[str] = []
    executor.run(go_on(node), four(log))
    assert "apply a" in log and "apply d" not in log
    assert etc(node) == DONE
