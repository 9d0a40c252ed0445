# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import List, Tuple

import pytest

from recovery import context as contexts
from recovery import errors, restoring
from recovery import journal as journals
from tests.unit import limits, nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def fired(node: nodes.Node) -> contexts.Context:
    """Return the context of the process that the timer starts."""
    return nodes.context(node, journal=journals.load(node.host, "run-1"))


def off(node: nodes.Node, true: float) -> float:
    return abs(node.host.now().wall - true)


def test_restore_of_a_run_that_is_gone_brings_the_true_time_back(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    node.pass_time(900)
    said = restoring.restore(fired(node), at_boot=False)
    assert said.startswith("the true time is back (deviation ")
    assert off(node, nodes.NOW + 900.25) < 30
    record = journals.load(node.host, "run-1").of(journals.RESTORED)[-1]
    assert record.data["by"] == "dead-man" and abs(record.data["deviation"]) < 1


def test_restore_starts_and_stops_no_services(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    restoring.restore(fired(node), at_boot=False)
    assert node.calls("systemctl") == node.calls("systemd-run") == []


def test_restore_cuts_a_torn_journal_and_goes_on(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    context = fired(node)
    with node.place(journals.STATE + "/run-1/journal").open("ab") as stream:
        stream.write(b'{"seq": 6, "ev')
    restoring.restore(context, at_boot=False)
    assert journals.load(node.host, "run-1").of(journals.RESTORED)


def test_restore_at_boot_into_the_past_uses_what_is_plausible(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    (node.folder / "rtc").write_text((node.folder / "ahead").read_text())
    node.power_cut(off=600)
    restoring.restore(fired(node), at_boot=True)
    assert off(node, nodes.NOW + 600) < 30
    assert abs(node.rtc() - node.host.now().wall) < 3
    assert journals.load(node.host, "run-1").of(journals.RESTORED)[-1].data["by"] == "boot"


def test_restore_at_boot_into_the_present_changes_nothing(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    node.power_cut(off=600)
    restoring.restore(fired(node), at_boot=True)
    assert off(node, nodes.NOW + 600) < 30
    assert node.calls("timedatectl") == node.calls("hwclock") == []


def test_restore_with_an_empty_rtc_leaves_the_clock_to_a_person(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    (node.folder / "rtc").write_text("0\n")
    node.power_cut()
    wall = node.host.now().wall
    with pytest.raises(errors.Attention, match="not known") as caught:
        restoring.restore(fired(node), at_boot=True)
    assert "resume --true-time" in caught.value.next_step
    assert off(node, wall) < 30
    assert node.calls("timedatectl") == []


def full_disk(node: nodes.Node, at_boot: bool) -> limits.Said:
    """Restore where the journal cannot grow, and no file of its size can be written anew."""
    context = fired(node)
    size = node.place(journals.STATE + "/run-1/journal").stat().st_size

    def act() -> None:
        raise errors.Error("tell", restoring.restore(context, at_boot))

    return limits.with_file_size(size - 1, act)


@pytest.mark.parametrize("torn", [b"", b'{"seq": 6, "ev'])
def test_restore_on_a_full_disk_brings_the_true_time_back_all_the_same(
    node: nodes.Node, torn: bytes
) -> None:
    nodes.clock_back(nodes.context(node), node)
    with node.place(journals.STATE + "/run-1/journal").open("ab") as stream:
        stream.write(torn)
    (node.folder / "rtc").write_text((node.folder / "ahead").read_text())
    node.power_cut(off=600)
    _, said = full_disk(node, at_boot=True)
    assert "the true time is back" in said and "not in the journal: cannot " in said
    assert off(node, nodes.NOW + 600) < 30
    assert journals.load(node.host, "run-1").of(journals.RESTORED) == []
    assert "is back" in restoring.restore(fired(node), at_boot=True)  # once there is room again
    assert off(node, nodes.NOW + 600) < 30


def test_restore_that_fails_writes_no_success(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    for name in ("timedatectl", "date"):
        node.refuse(name, "")
    node.script("date", nodes.HEAD.replace("-e", "$1 = -s -a -e") + nodes.PROGRAMS["date"])
    with pytest.raises(errors.Error):
        restoring.restore(fired(node), at_boot=False)
    assert journals.load(node.host, "run-1").of(journals.RESTORED) == []


def test_restore_while_a_recovery_lives_only_pushes_the_timer_forward(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node), node)
    wall = node.host.now().wall
    with node.host.lock(journals.LOCK):
        said = restoring.restore(fired(node), at_boot=False)
    assert "alive" in said
    assert off(node, wall) < 30
    assert len(node.calls("systemd-run")) == 1


def test_restore_while_a_recovery_lives_does_not_damage_its_journal(node: nodes.Node) -> None:
    living = nodes.context(node)
    nodes.clock_back(living, node)
    with node.host.lock(journals.LOCK):
        restoring.restore(fired(node), at_boot=False)
        living.journal.write(journals.APPLYING, "start-services", {})
        living.journal.write(journals.APPLIED, "start-services")
    assert journals.load(node.host, "run-1").state("start-services") == journals.APPLIED


Events = List[Tuple[str, str]]
BACK: Events = [(journals.APPLYING, "clock-back")]


@pytest.mark.parametrize(
    "events, back",
    [
        ([], False),
        ([(journals.VERIFIED, "stop-time-sync")], False),
        (BACK, True),
        (BACK + [(journals.VERIFIED, "clock-back")], True),
        (BACK + [(journals.APPLYING, "restore-time")], True),
        (BACK + [(journals.APPLIED, "restore-time")], True),
        (BACK + [(journals.VERIFIED, "restore-time")], False),
        (BACK + [(journals.UNDOING, "clock-back")], True),
        (BACK + [(journals.UNDO_FAILED, "clock-back")], True),
        (BACK + [(journals.UNDONE, "clock-back")], False),
        (BACK + [(journals.ABANDONED, "")], False),
        (BACK + [(journals.FINISHED, "")], False),
        (BACK + [(journals.RESTORED, "")], False),
        (BACK + [(journals.RESTORED, "")] + BACK, True),
    ],
)
def test_clock_is_back_from_the_journal_alone(node: nodes.Node, events: Events, back: bool) -> None:
    journal = nodes.context(node).journal
    for event, step in events:
        journal.write(event, step, {"cause": "x"})
    assert restoring.clock_is_back(journal) is back
    if not back:
        assert "nothing to restore" in restoring.restore(fired(node), at_boot=False)
