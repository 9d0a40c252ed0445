# SPDX-License-Identifier: Apache-2.0
"""undo as a person types it, on a node of scripts."""

import signal
from pathlib import Path
from typing import Any, Iterator

import pytest

from recovery import deadman, errors
from recovery import journal as journals
from recovery.steps import anchor, boot_guard
from tests.unit import nodes
from tests.unit.typed import call


@pytest.fixture
def node(tmp_path: Path) -> Iterator[nodes.Node]:
    before = signal.getsignal(signal.SIGHUP)
    yield nodes.Node(tmp_path)
    signal.signal(signal.SIGHUP, before)  # which undo ignores: here it is our own process


def test_undo_of_a_run_that_did_nothing_ends_it(node: nodes.Node, capsys: Any) -> None:
    nodes.context(node, nodes.plan("sign"))
    assert call(node, "undo", "--yes") == errors.DONE
    assert "undone" in capsys.readouterr().out
    assert journals.load(node.host, "run-1").of(journals.ABANDONED)


def test_undo_of_the_clock_brings_the_true_time_back(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node, nodes.plan("clock-back")), node)
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW) < 30


def test_undo_of_a_clock_that_was_restored_and_then_corrected_leaves_it_alone(
    node: nodes.Node,
) -> None:
    context = nodes.context(node, nodes.plan("clock-back"))
    nodes.clock_back(context, node)
    node.move_clock(41 * nodes.DAY)
    context.journal.write(journals.RESTORED, data={"by": "recover", "deviation": 0.0})
    node.move_clock(300)  # chronyd was started again and knows better than the anchor
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 300) < 30
    assert node.calls("timedatectl") == node.calls("hwclock") == []


def test_undo_with_a_stated_time_corrects_what_the_boot_unit_restored(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("clock-back"))
    nodes.clock_back(context, node)
    (node.folder / "rtc").write_text("%d\n" % (nodes.NOW - nodes.UPTIME + 5 * nodes.DAY))
    node.power_cut()
    assert call(node, "restore-time", "--at-boot", "--run", "run-1") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 5 * nodes.DAY) < 300
    assert call(node, "undo", "--yes", "--true-time", "2023-02-20 12:02:00") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 120) < 60


def test_undo_of_a_run_before_one_that_was_removed_is_inhibited(
    node: nodes.Node, capsys: Any
) -> None:
    nodes.context(node, nodes.plan("sign")).journal.write(journals.FINISHED)
    node.place(nodes.context(node).directory + "/journal").unlink()
    assert call(node, "undo", "--yes") == errors.INHIBITED
    said = capsys.readouterr().err
    assert "cannot undo run-1: run-2 came after it" in said and "/run-1/before" in said


def test_undo_that_fails_says_what_remains(node: nodes.Node, capsys: Any) -> None:
    nodes.clock_back(nodes.context(node, nodes.plan("clock-back")), node)
    node.answers("timedatectl")
    node.script("date", "[ $1 = -s ] || echo 1.0")
    assert call(node, "undo", "--yes") == errors.BY_HAND
    said = capsys.readouterr().err
    assert "clock-back" in said and "/run-1/before" in said


def test_undo_that_cannot_set_the_clock_right_leaves_in_place_what_guards_it(
    node: nodes.Node, capsys: Any
) -> None:
    ids = ("anchor", "boot-guard", "dead-man", "clock-back")
    context = nodes.context(node, nodes.plan(*ids))
    unit = node.write(boot_guard.PATH, "[Unit]")
    for step in ids[:3]:
        context.journal.write(journals.VERIFIED, step)
    deadman.arm(context)
    nodes.clock_back(context, node)
    scripts = {name: (node.programs / name).read_text() for name in ("timedatectl", "date")}
    node.answers("timedatectl")
    node.script("date", scripts["date"].replace("-s)", "-s) exit 0;"))
    assert call(node, "undo", "--yes") == errors.BY_HAND
    said = capsys.readouterr().err
    assert "dead-man: left in place, it guards clock-back" in said
    assert "boot-guard: left in place" in said and "then: ovirt-cert-recovery undo" in said
    assert unit.exists() and deadman.is_armed(context)
    again = nodes.context(node, journal=journals.reopen(node.host, "run-1"))
    anchor.Anchor().apply(again, {})  # as a resume would
    assert abs(again.true_at(node.host.now()) - nodes.NOW) < 60
    for name, text in scripts.items():
        node.script(name, text)
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW) < 60
    assert not unit.exists() and not deadman.is_armed(context)
