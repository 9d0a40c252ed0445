# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import anchoring, errors, restoring
from recovery import journal as journals
from recovery.steps import anchor
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def anchors(node: nodes.Node) -> int:
    return len(journals.load(node.host, "run-1").of(journals.ANCHORED))


def test_renew_in_the_same_boot_writes_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    anchoring.renew(context, "resume")
    assert anchors(node) == 1


def test_renew_of_a_run_without_anchor_writes_nothing(node: nodes.Node) -> None:
    context = nodes.context(node)
    node.power_cut()
    anchoring.renew(context, "resume")
    assert anchors(node) == 0


def test_renew_after_a_boot_into_the_present_asks_nobody(node: nodes.Node) -> None:
    person = nodes.Person()
    context = nodes.context(node, person=person)
    nodes.clock_back(context, node)
    context.journal.write(journals.RTC, data={"kept": True})
    node.power_cut(off=600)
    anchoring.renew(context, "resume")
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
    anchoring.renew(context, "resume")
    assert len(person.asked) == 1 and "2023-02-20 12:10" in person.asked[0]
    assert abs(context.true_at(node.host.now()) - (nodes.NOW + 600)) < 3


def test_renew_after_a_boot_into_the_past_unanswered_needs_a_person(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    with pytest.raises(errors.Attention) as caught:
        anchoring.renew(context, "resume")
    assert "--true-time" in caught.value.next_step
    assert anchors(node) == 1


def test_renew_with_a_stated_time_asks_nobody(node: nodes.Node) -> None:
    person = nodes.Person()
    context = nodes.context(node, person=person, stated_true=nodes.NOW + 700.0)
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    anchoring.renew(context, "resume")
    assert person.asked == []
    assert context.true_at(node.host.now()) == nodes.NOW + 700


def test_renew_with_a_stated_time_before_the_journal_s_end_is_refused(node: nodes.Node) -> None:
    context = nodes.context(node, stated_true=nodes.NOW - 365.0 * nodes.DAY)  # last year's, typed
    nodes.clock_back(context, node)
    boot_into_the_past(node)
    with pytest.raises(errors.Error):
        anchoring.renew(context, "resume")


def boot_five_days_off(node: nodes.Node, days: int) -> None:
    """Cut the power; the RTC comes up wrong, and the boot-time unit believes it."""
    (node.folder / "rtc").write_text("%d\n" % (nodes.NOW - nodes.UPTIME + days * nodes.DAY))
    node.power_cut(off=600)
    fired = nodes.context(node, journal=journals.load(node.host, "run-1"))
    assert "is back" in restoring.restore(fired, at_boot=True)


@pytest.mark.parametrize("days", [5, 20])
def test_renew_with_a_stated_time_corrects_what_the_boot_unit_believed(
    node: nodes.Node, days: int
) -> None:
    nodes.clock_back(nodes.context(node), node)
    boot_five_days_off(node, days)
    person = nodes.Person()
    again = journals.reopen(node.host, "run-1")
    stated = nodes.NOW + 700.0
    context = nodes.context(node, person=person, journal=again, stated_true=stated)
    anchoring.renew(context, "resume")
    assert context.true_at(node.host.now()) == stated
    assert "2023-02-20 12:11:40 UTC, as stated" in person.said[-1]
    assert "the clock shows 2023-%s" % {5: "02-25", 20: "03-12"}[days] in person.said[-1]


def test_renew_with_a_stated_time_after_a_mistyped_one_takes_the_second(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    for stated in (nodes.NOW + 365.0 * nodes.DAY, nodes.NOW + 100.0):
        again = journals.reopen(node.host, "run-1")
        context = nodes.context(node, journal=again, stated_true=stated)
        anchoring.renew(context, "resume")
        assert context.true_at(node.host.now()) == stated


def test_renew_with_a_stated_time_before_the_run_s_own_anchor_lasts(node: nodes.Node) -> None:
    context = nodes.context(node, stated_true=nodes.NOW + 300.0)
    anchoring.renew(context, "resume")
    anchor.Anchor().apply(context, {})
    assert context.true_at(node.host.now()) == nodes.NOW + 300
