# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import anchoring, errors
from recovery import journal as journals
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def anchors(node: nodes.Node) -> int:
    return len(journals.load(node.host, "run-1").of(journals.ANCHORED))


def test_renew_in_the_same_boot_writes_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    anchoring.renew(context)
    assert anchors(node) == 1


def test_renew_of_a_run_without_anchor_writes_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    node.power_cut()
    anchoring.renew(context)
    assert anchors(node) == 0


def test_renew_after_a_boot_into_the_present_asks_nobody(node: nodes.Node) -> None:
    person = nodes.Person()
    context = nodes.context(node, person=person)
    nodes.clock_back(context, node)
    context.journal.write(journals.RTC, data={"kept": True})
    node.power_cut(off=600)
    anchoring.renew(context)
    assert person.asked == [] and anchors(node) == 2
    true = context.true_at(node.host.now())
    assert abs(true - (nodes.NOW + 600)) < 3


def boot_into_the_past(node: nodes.Node) -> None:
    """Cut the power while the RTC has been dragged along."""
    (node.folder / "rtc").write_text((node.folder / "ahead").read_text())
    node.power_cut(off=600)


def test_renew_after_a_boot_into_the_past_believes_who_says_yes(node: nodes.Node) -> None:
    person = nodes.Person(answer=True)
    context = nodes.context(node, person=person)
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    anchoring.renew(context)
    assert len(person.asked) == 1 and "2023-02-20 12:10" in person.asked[0]
    assert abs(context.true_at(node.host.now()) - (nodes.NOW + 600)) < 3


def test_renew_after_a_boot_into_the_past_unanswered_needs_a_person(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    with pytest.raises(errors.Attention) as caught:
        anchoring.renew(context)
    assert "--true-time" in caught.value.next_step
    assert anchors(node) == 1


def test_renew_with_a_stated_time_asks_nobody(node: nodes.Node) -> None:
    person = nodes.Person()
    context = nodes.context(node, person=person, stated_true=nodes.NOW + 700.0)
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    anchoring.renew(context)
    assert person.asked == []
    assert context.true_at(node.host.now()) == nodes.NOW + 700


def test_renew_with_a_stated_time_before_the_journal_s_end_is_refused(node: nodes.Node) -> None:
    context = nodes.context(node, stated_true=nodes.NOW - 365.0 * nodes.DAY)  # last year's, typed
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    with pytest.raises(errors.Error):
        anchoring.renew(context)
