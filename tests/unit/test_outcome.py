# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import context as contexts
from recovery import errors, inventory, outcome
from recovery import journal as journals
from tests.unit import authority, nodes

PAIR = authority.issue("virt-host1.example.test")


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.write(inventory.NODE_CERTIFICATE, PAIR.certificate.decode())
    return node


@pytest.fixture
def context(node: nodes.Node) -> contexts.Context:
    return nodes.context(node, nodes.plan("clock-back", guard_seconds=900))


def test_lines_show_expiry_true_time_and_what_remains(
    node: nodes.Node, context: contexts.Context
) -> None:
    nodes.clock_back(context, node)
    node.move_clock(41 * nodes.DAY)
    context.journal.write(journals.RESTORED, data={"by": "step", "deviation": 0.0})
    context.journal.write(journals.VERIFIED, "start-engine-vm")
    text = "\n".join(outcome.lines(context))
    assert "new expiry date: 2023-02-03 00:00:00 UTC" in text
    assert "true time restored: 2023-02-20 12:00:00 UTC, deviation +0.00 s" in text
    assert "HostedEngine: running" in text
    assert context.directory in text


def test_lines_of_a_run_that_left_the_clock_alone_do_not_speak_of_it(
    context: contexts.Context,
) -> None:
    text = "\n".join(outcome.lines(context))
    assert "true time" not in text and "HostedEngine" not in text


def test_explained_adds_what_to_do_now(context: contexts.Context) -> None:
    error = outcome.explained(context, errors.Error("go on", "it rains"))
    assert error.next_step == "ovirt-cert-recovery resume   (or: undo)"
    assert error.unchanged == ""


def test_explained_leaves_a_better_next_step(context: contexts.Context) -> None:
    error = errors.Error("go on", "it rains", next_step="take a coat")
    assert outcome.explained(context, error).next_step == "take a coat"


def test_explained_with_the_clock_back_says_when_it_comes_back(
    node: nodes.Node, context: contexts.Context
) -> None:
    nodes.clock_back(context, node)
    error = outcome.explained(context, errors.Error("go on", "it rains"))
    assert "next: ovirt-cert-recovery resume   (or: undo); THE CLOCK IS IN THE PAST" in str(error)
    assert "within 15 min" in str(error) and error.unchanged == ""
