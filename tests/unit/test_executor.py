# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import List

import pytest

from recovery import errors, executor
from recovery import journal as journals
from tests.unit import limits, nodes
from tests.unit.writing_steps import (
    DONE,
    JOURNAL,
    OLD,
    begin,
    etc,
    events,
    fail,
    go_on,
    three,
)


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write("/etc/b", "the old b")
    return node


def test_run_performs_every_step_in_order_and_journals_before_acting(node: nodes.Node) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    assert etc(node) == DONE
    assert events(node)[:5] == ["planned", "applying a", "applied a", "verified a", "applying b"]
    assert events(node)[-1] == "finished"
    assert steps[0].log == [
        "%s %s" % (verb, name) for name in "abc" for verb in ("capture", "apply", "verify")
    ]


def test_run_says_what_each_step_is(node: nodes.Node) -> None:
    steps, person = three(), nodes.Person()
    executor.run(nodes.context(node, nodes.plan("a", "b", "c"), person), steps)
    assert [line[-7:] for line in person.said] == ["write a", "write b", "write c"]


def test_run_leaves_out_what_the_plan_found_satisfied(node: nodes.Node) -> None:
    steps = three()
    chosen = nodes.plan("a", "c")
    chosen = chosen._replace(steps=chosen.steps + (nodes.planned("b", "satisfied"),))
    executor.run(nodes.context(node, chosen), steps)
    assert etc(node) == {"a": "a", "b": "the old b", "c": "c"}


def test_run_journals_the_before_image_before_the_effect(node: nodes.Node) -> None:
    steps = three()
    seen = []

    def look(verb: str) -> None:
        if verb == "apply":
            seen.append(events(node)[-1])

    for one in steps:
        one.fail = look
    executor.run(begin(node, steps), steps)
    assert seen == ["applying a", "applying b", "applying c"]


@pytest.mark.parametrize("verb", ["capture", "apply", "verify"])
def test_run_after_a_failure_goes_on_with_the_first_before_image(
    node: nodes.Node, verb: str
) -> None:
    steps = three()
    steps[1].fail = fail("write b", verb)
    with pytest.raises(errors.Error, match="it was told to"):
        executor.run(begin(node, steps), steps)
    steps = three()
    executor.run(go_on(node), steps)
    assert etc(node) == DONE
    assert ("capture b" in steps[0].log) is (verb == "capture")
    assert journals.load(node.host, "run-1").before("b") == {"text": "the old b"}


def prefixes(node: nodes.Node) -> List[bytes]:
    """Return the journal of a whole run, cut after every record and in the midst of each."""
    lines = node.place(JOURNAL).read_bytes().splitlines(True)
    cut = []
    for number in range(1, len(lines)):
        begun = b"".join(lines[:number])
        cut += [begun, begun + lines[number][:10]]
    return cut


@pytest.mark.parametrize("effect", [False, True], ids=["effects missing", "effects there"])
def test_run_from_every_prefix_of_the_journal_converges(node: nodes.Node, effect: bool) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    for prefix in prefixes(node):
        node.place(JOURNAL).write_bytes(prefix)
        if not effect:
            verified = journals.load(node.host, "run-1").of(journals.VERIFIED)
            for path in node.place("/etc").iterdir():
                if path.name not in [record.step for record in verified]:
                    path.unlink()
        steps = three()
        executor.run(go_on(node), steps)
        assert etc(node) == DONE
        assert events(node)[-1] == "finished"


def test_undo_from_every_prefix_of_the_journal_restores(node: nodes.Node) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    for prefix in prefixes(node):
        node.place(JOURNAL).write_bytes(prefix)
        records = journals.load(node.host, "run-1")
        for name in "abc":
            if records.state(name):
                node.write("/etc/" + name, name)
            elif name == "b":
                node.write("/etc/b", OLD["b"])
            elif node.place("/etc/" + name).exists():
                node.place("/etc/" + name).unlink()
        assert executor.undo(go_on(node), three()) == []
        assert etc(node) == OLD
        assert events(node)[-1] == "abandoned"


def test_undo_goes_backwards(node: nodes.Node) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    del steps[0].log[:]
    executor.undo(go_on(node), steps)
    assert steps[0].log == ["undo c", "undo b", "undo a"]


def test_undo_again_after_success_does_nothing(node: nodes.Node) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    executor.undo(go_on(node), steps)
    node.write("/etc/a", "somebody else's")
    assert executor.undo(go_on(node), three()) == []
    assert etc(node)["a"] == "somebody else's"


class Lasting(errors.PointOfNoReturn):
    """What an undo that is refused says, of one argument as the others here."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "it lasts")


def test_undo_keeps_what_lies_behind_the_point_of_no_return_and_the_run_is_over(
    node: nodes.Node,
) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    steps[1].fail = fail("write b", "undo", Lasting)
    assert executor.undo(go_on(node), steps) == []
    assert etc(node) == {"b": "b"}
    assert events(node)[-1] == "abandoned" and "kept b" in events(node)
    assert executor.undo(go_on(node), three()) == []
    assert etc(node) == {"b": "b"}


@pytest.mark.parametrize("error", [errors.Error, ValueError, KeyError])
def test_undo_that_fails_once_does_not_stop_the_rest(node: nodes.Node, error: type) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    steps[1].fail = fail("write b", "undo", error)
    failed = executor.undo(go_on(node), steps)
    assert len(failed) == 1 and failed[0].startswith("b: ")
    assert etc(node) == {"b": "b"}
    assert "abandoned" not in events(node)
    assert executor.undo(go_on(node), three()) == []
    assert etc(node) == OLD


def test_undo_leaves_in_place_what_guards_a_step_that_could_not_be_undone(
    node: nodes.Node,
) -> None:
    steps = three()
    steps[0].guards = "b"
    executor.run(begin(node, steps), steps)
    steps[1].fail = fail("write b", "undo")
    failed = executor.undo(go_on(node), steps)
    assert [one.split(":")[0] for one in failed] == ["b", "a"]
    assert etc(node) == {"a": "a", "b": "b"}
    assert journals.load(node.host, "run-1").state("a") == journals.VERIFIED
    assert executor.undo(go_on(node), three()) == []
    assert etc(node) == OLD


def test_undo_on_a_full_disk_still_takes_the_effects_back(node: nodes.Node) -> None:
    steps = three()
    executor.run(begin(node, steps), steps)
    context = go_on(node)
    size = node.place(JOURNAL).stat().st_size
    limits.with_file_size(size, lambda: executor.undo(context, steps))
    assert etc(node) == OLD
