# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import List

import pytest

from recovery import context as contexts
from recovery import deadman, errors
from recovery import journal as journals
from tests.unit import nodes

TIMER = "ovirt-cert-recovery-run-1-%d"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.fixture
def context(node: nodes.Node) -> contexts.Context:
    return nodes.context(node, nodes.plan(guard_seconds=300), itself=["python3", "/x.pyz"])


def timers(node: nodes.Node) -> List[str]:
    return sorted(path.name for path in node.folder.glob("*.timer"))


def test_arm_starts_a_timer_by_uptime_that_restores_the_time(
    node: nodes.Node, context: contexts.Context
) -> None:
    deadman.arm(context)
    unit = TIMER % 500025
    assert node.calls("systemd-run") == [
        "systemd-run --unit=%s --on-active=300s --timer-property=AccuracySec=1s "
        "python3 /x.pyz restore-time --run run-1" % unit
    ]
    assert timers(node) == [unit + ".timer"]
    assert deadman.is_armed(context)


def test_arm_journals_the_intent_first(node: nodes.Node, context: contexts.Context) -> None:
    node.refuse("systemd-run", "Failed to start transient timer unit: No such process\n")
    with pytest.raises(errors.ProgramFailed):
        deadman.arm(context)
    assert len(context.journal.of(journals.ARMED)) == 1
    assert not deadman.is_armed(context)


def test_arm_again_replaces_the_former_timer(node: nodes.Node, context: contexts.Context) -> None:
    deadman.arm(context)
    node.pass_time(60)
    deadman.arm(context)
    assert timers(node) == [TIMER % 506025 + ".timer"]


def test_arm_after_a_cut_between_start_and_stop_stops_both(
    node: nodes.Node, context: contexts.Context
) -> None:
    deadman.arm(context)
    node.pass_time(60)
    node.refuse("systemctl", "Failed to connect to bus: Connection refused\n")
    with pytest.raises(errors.ProgramFailed):
        deadman.arm(context)
    assert len(timers(node)) == 2
    (node.folder / "refuse-systemctl").unlink()
    again = nodes.context(node, journal=journals.reopen(node.host, "run-1"))
    node.pass_time(60)
    deadman.arm(again)
    assert timers(node) == [TIMER % 512025 + ".timer"]


@pytest.mark.parametrize("passed, pushed", [(0, False), (99, False), (101, True)])
def test_beat_pushes_forward_after_a_third_of_the_time(
    node: nodes.Node, context: contexts.Context, passed: int, pushed: bool
) -> None:
    deadman.arm(context)
    if passed:
        node.pass_time(passed)
    deadman.beat(context)
    assert len(node.calls("systemd-run")) == (2 if pushed else 1)


def test_beat_unarmed_or_disarmed_does_nothing(node: nodes.Node, context: contexts.Context) -> None:
    deadman.beat(context)
    deadman.arm(context)
    deadman.disarm(context)
    node.pass_time(400)
    deadman.beat(context)
    assert len(node.calls("systemd-run")) == 1
    assert timers(node) == []


def test_disarm_of_a_timer_that_has_fired_is_no_error(
    node: nodes.Node, context: contexts.Context
) -> None:
    deadman.arm(context)
    (node.folder / timers(node)[0]).unlink()
    deadman.disarm(context)
    assert not deadman.is_armed(context)


def test_disarm_that_systemd_refuses_is_an_error(
    node: nodes.Node, context: contexts.Context
) -> None:
    deadman.arm(context)
    node.refuse("systemctl", "Failed to connect to bus: Connection refused\n")
    with pytest.raises(errors.ProgramFailed):
        deadman.disarm(context)


def test_disarm_never_armed_writes_nothing(context: contexts.Context) -> None:
    deadman.disarm(context)
    assert context.journal.of(journals.ARMED) == []


def test_timers_of_an_earlier_boot_are_gone_with_it(
    node: nodes.Node, context: contexts.Context
) -> None:
    deadman.arm(context)
    node.power_cut()
    assert not deadman.is_armed(context)
    deadman.disarm(context)
    assert node.calls("systemctl") == []
