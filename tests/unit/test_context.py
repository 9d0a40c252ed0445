# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def test_true_at_before_any_anchor_is_the_wall_clock(node: nodes.Node) -> None:
    context = nodes.context(node)
    assert context.true_at(node.host.now()) == nodes.NOW + 0.25
    assert context.deviation(node.host.now()) == 0


def test_true_at_in_the_past_is_anchor_plus_uptime(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    node.pass_time(600)
    assert context.true_at(node.host.now()) == nodes.NOW + 600.25
    assert context.deviation(node.host.now()) == -41 * nodes.DAY


def test_true_at_after_a_boot_is_an_error(node: nodes.Node) -> None:
    context = nodes.context(node)
    nodes.clock_back(context, node)
    node.power_cut()
    with pytest.raises(errors.Error, match="booted since"):
        context.true_at(node.host.now())


def test_parameters_and_directory_are_those_of_the_run(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("a", past=7))
    assert context.parameters.past == 7
    assert context.directory == "/var/lib/ovirt-cert-recovery/run-1"
