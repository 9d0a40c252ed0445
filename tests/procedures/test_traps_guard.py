# SPDX-License-Identifier: Apache-2.0
"""The clock does not stay in the past: the dead-man timer, the heartbeat, power cuts."""

import os
import signal
from pathlib import Path

import pytest

from recovery import moment as moments
from simulators import rehearse, units
from tests.procedures import accounts, points, watched

VM_START = "hosted-engine --vm-start"
KEPT = "systemctl reset-failed"  # the first effect after the RTC was written
MONTH = 30 * 86400


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def killed(node: watched.Node, side: str, words: str) -> None:
    ended = node.recover(points.kill_once(side, words))
    assert ended.status == -9, ended.output[-2000:]


def impatient(node: watched.Node, minutes: int, point: watched.Point) -> watched.Ended:
    """Recover with another guard time."""
    words = rehearse.arguments(node.world)
    chosen = words[words.index("recover") :] + ["--guard-minutes", str(minutes)]
    return node.tool(*chosen, point=point)


def nothing(number: int, side: str, what: str) -> None:
    """A watcher that only watches."""


@pytest.mark.slow
@pytest.mark.parametrize("release", ("el7", "el8", "el9"))
def test_dead_man_restores_the_true_time_of_a_killed_tool(release: str, tmp_path: Path) -> None:
    node = make(tmp_path, release=release)
    killed(node, "before", "dialogue ssh")
    assert accounts.clocks(node.world).wall < -MONTH
    node.world.sim.advance(600.0)
    assert accounts.clocks(node.world).wall < -MONTH  # not before its time
    node.world.sim.advance(600.0)
    seen = accounts.clocks(node.world)
    assert abs(seen.wall) < 1.0 and abs(seen.rtc) < 3.0
    assert accounts.restored_by(node.world) == ["dead-man"]
    with node.world.opened() as now:  # the time only: no service is started by it
        assert units.state(now, "chronyd.service")["active"] == "inactive"
    accounts.well(node, node.resume())


def test_status_after_the_dead_man_fired_does_not_say_the_clock_is_back(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "before", KEPT)
    assert "THE CLOCK MAY BE IN THE PAST" in node.tool("status").output
    node.world.sim.advance(1200.0)
    assert accounts.restored_by(node.world) == ["dead-man"]
    assert "THE CLOCK MAY BE IN THE PAST" not in node.tool("status").output


@pytest.mark.slow
def test_dead_man_fired_and_undone_leaves_the_node_as_it_was(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "after", VM_START)
    node.world.sim.advance(1200.0)
    ended = node.undo()
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.changed(node.world) == []
    accounts.at_rest(node)


def signalled(node: watched.Node, number: int) -> watched.Ended:
    """Undo a run that was killed while the clock is back; a signal comes before it is restored."""
    killed(node, "before", KEPT)
    send = points.once("before", "timedatectl set-time", lambda: os.kill(os.getpid(), number))
    return node.tool(*rehearse.undo_arguments(node.world), point=send)


def test_undo_whose_terminal_is_lost_goes_on_to_its_end(tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = signalled(node, signal.SIGHUP)
    assert ended.status == 0, ended.output[-2000:]
    accounts.at_rest(node)
    assert accounts.changed(node.world) == []


def test_undo_interrupted_at_the_console_says_how_to_go_on(tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = signalled(node, signal.SIGINT)
    assert ended.status == 4, ended.output[-2000:]
    assert "THE CLOCK IS IN THE PAST" in ended.output
    assert "next: ovirt-cert-recovery undo" in ended.output
    assert node.undo().status == 0
    accounts.at_rest(node)


@pytest.mark.slow
def test_heartbeat_keeps_the_dead_man_from_firing_during_long_waits(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"].update(ssh=900.0, healthy=1000.0)
    ended = impatient(node, 2, nothing)
    accounts.well(node, ended)
    assert accounts.restored_by(node.world) == ["recover"]
    armed = [line for line in accounts.journal(node.world) if line["event"] == "armed"]
    assert len(armed) > 900 / 120


def stuck(node: watched.Node, seconds: float) -> None:
    """The tool does nothing for a while, but it lives and holds the lock."""
    node.world.sim.advance(seconds)


@pytest.mark.slow
def test_dead_man_that_finds_a_living_tool_only_arms_itself_again(tmp_path: Path) -> None:
    node = make(tmp_path)
    clock = tmp_path / "clock"

    def sleep() -> None:
        stuck(node, 1000.0)
        clock.write_text(repr(accounts.clocks(node.world).wall))

    ended = node.recover(points.once("before", VM_START, sleep))
    assert float(clock.read_text()) < -MONTH
    assert ended.status == 0, ended.output[-2000:]
    assert accounts.restored_by(node.world) == ["recover"]
    assert node.tool("status").status == 0  # the journal is whole
    node.world.sim.advance(1200.0)
    accounts.well(node, ended)


def test_restore_time_beside_a_living_tool_does_not_touch_the_clock(tmp_path: Path) -> None:
    node = make(tmp_path)
    said = tmp_path / "said"

    def other() -> None:
        said.write_text(accounts.another(node.world, ["restore-time", "--run", "run-1"]))

    beside = points.once("before", VM_START, other)
    node.recover(points.both(beside, points.kill_once("after", VM_START)))
    assert "a recovery is alive: the dead-man timer was pushed forward" in said.read_text()
    assert accounts.clocks(node.world).wall < -MONTH
    node.world.sim.advance(1200.0)  # and now that it is dead:
    assert abs(accounts.clocks(node.world).wall) < 1.0


POWER = (
    ("el8", "before", "timedatectl", ("set-time",)),
    ("el7", "after", "timedatectl", ("set-time",)),
    ("el9", "after", "hwclock", ("--set",)),
    ("el8", "after", "hosted-engine", ("--vm-start",)),
    ("el9", "before", "hosted-engine", ("--set-maintenance", "--mode=none")),
)


@pytest.mark.slow
@pytest.mark.parametrize("release, side, program, words", POWER)
def test_power_cut_boots_into_the_present_and_resume_ends_well(
    release: str, side: str, program: str, words: tuple, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    node.world.sim.fault(program, "power-" + side, words=words)
    assert node.recover().status == -9
    assert node.world.sim.state()["boots"] == 2
    node.world.sim.advance(60.0)
    assert abs(accounts.clocks(node.world).wall) < 5.0
    accounts.well(node, node.resume())


@pytest.mark.slow
def test_power_cut_while_the_engine_signs_is_resumed(tmp_path: Path) -> None:
    node = make(tmp_path)

    def cut() -> None:
        node.world.sim.power_cut()
        points.kill()

    assert node.recover(points.once("after", "openssl ca", cut)).status == -9
    assert abs(accounts.clocks(node.world).wall) < 5.0
    accounts.well(node, node.resume())
    assert node.world.sim.state()["vm"]["boot"] == 2


@pytest.mark.parametrize("release", ("el7", "el8", "el9"))
def test_power_cut_with_the_rtc_in_the_past_is_mended_by_the_boot_unit(
    release: str, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    killed(node, "before", KEPT)
    with node.world.opened() as now:
        now.set_rtc(now.wall())  # as if it could not have been written
    node.world.sim.power_cut()
    node.world.sim.advance(30.0)
    seen = accounts.clocks(node.world)
    # What the power cut itself took is lost: nothing has counted it.
    assert abs(seen.wall) < 30.0 and abs(seen.rtc) < 30.0
    assert accounts.restored_by(node.world) == ["boot"]


def test_power_cut_with_the_rtc_right_needs_no_boot_unit(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "before", KEPT)
    node.world.sim.power_cut(downtime=3600.0)
    seen = accounts.clocks(node.world)
    assert abs(seen.wall) < 5.0 and abs(seen.rtc) < 5.0


def dead_rtc(node: watched.Node) -> None:
    """Lose the tool while the clock is back, then the power; the RTC begins in 2000."""
    killed(node, "after", VM_START)
    with node.world.opened() as now:
        now.set_rtc(946684800.0)
    node.world.sim.power_cut()


@pytest.mark.slow
@pytest.mark.parametrize("release, floor", (("el7", 946684800), ("el8", 1660608000)))
def test_power_cut_with_a_dead_rtc_asks_a_person_for_the_true_time(
    release: str, floor: int, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    dead_rtc(node)
    with node.world.opened() as now:
        assert 0 <= now.wall() - floor < 60  # newer systemd raises it to its build date
        true = now.true()
    ended = node.resume()
    assert ended.status == 4, ended.output
    assert "cannot know the true time after the reboot" in ended.output
    assert "next: ovirt-cert-recovery resume --true-time" in ended.output
    ended = resumed_with(node, true + 2)
    assert ended.status == 0, ended.output[-3000:]
    assert abs(accounts.clocks(node.world).wall) < 10.0
    assert accounts.changed(node.world) == accounts.INSTALLED


def resumed_with(node: watched.Node, stated: float) -> watched.Ended:
    password = node.world.password_file
    words = ["resume", "--yes", "--engine-password-file", password]
    return node.tool(*words, "--true-time", moments.utc(stated))


@pytest.mark.slow
@pytest.mark.parametrize("days", (-1, 5))
def test_power_cut_with_an_rtc_days_off_is_corrected_by_the_time_that_a_person_states(
    days: int, tmp_path: Path
) -> None:
    node = make(tmp_path)
    killed(node, "after", VM_START)
    with node.world.opened() as now:
        now.set_rtc(now.true() + days * 86400.0)
    node.world.sim.power_cut(downtime=2 * 86400.0)
    node.world.sim.advance(30.0)
    assert abs(accounts.clocks(node.world).wall - days * 86400) < 30.0
    assert accounts.restored_by(node.world) == ["boot"]
    with node.world.opened() as now:
        stated = now.true() + 2
    ended = resumed_with(node, stated)
    assert ended.status == 0, ended.output[-3000:]
    assert "taken to be %s UTC, as stated" % moments.utc(stated) in ended.output
    assert abs(accounts.clocks(node.world).wall) < 10.0


def test_power_cut_with_a_dead_rtc_undone_with_the_time_that_a_person_states(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    dead_rtc(node)
    assert node.undo().status == 4
    with node.world.opened() as now:
        stated = "@%d" % now.true()
    assert node.tool("undo", "--yes", "--true-time", stated).status == 2  # no date
    assert node.tool("undo", "--yes", "--true-time", "2023-02-20 12:03:00").status == 0
    assert abs(accounts.clocks(node.world).wall) < 120.0
    assert accounts.changed(node.world) == []


def test_power_cut_in_global_maintenance_then_undo_says_what_is_left_on(tmp_path: Path) -> None:
    node = make(tmp_path)
    killed(node, "after", "hosted-engine --vm-start")
    node.world.sim.power_cut()  # into the present, where no broker starts
    ended = node.undo()
    assert ended.status == 6, ended.output[-2000:]
    text = " ".join(ended.output.split())
    assert "cannot end global maintenance: the HA broker does not answer" in text
    assert "hosted-engine --set-maintenance --mode=none" in text
    assert "undone except global-maintenance (by hand)" in text
    assert node.world.sim.state()["ha"]["global"] is True
    accounts.at_rest(node)
    assert accounts.changed(node.world) == []
    assert "it is over" in node.undo().output  # another route may be taken now
