# SPDX-License-Identifier: Apache-2.0
"""Traps of the clocks: the RTC, refusals to set the time, clock steps under a dialogue."""

import os
from pathlib import Path
from typing import Tuple

import pytest

from recovery import errors, local_host
from recovery.programs import virsh
from simulators import install, rehearse
from tests.procedures import accounts, points, watched

PAST = -33 * 86400.0
DRAGGED = "after", "timedatectl set-time"
KEPT = "before", "systemctl reset-failed"  # the first effect after the RTC was written
RESTORED = "before", "systemctl start chronyd"
BUSY = "Failed to set time: Previous request is not finished, refusing.\n"
ACTIVE = "Failed to set time: NTP unit is active\n"
RELEASES = ("el7", "el8", "el9")


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def stopped(node: watched.Node, *where: str) -> watched.Ended:
    """Run until there and lose the tool."""
    ended = node.recover(points.kill_once(*where))
    assert ended.status == -9, ended.output[-2000:]
    return ended


def is_back(node: watched.Node) -> bool:
    return PAST < accounts.clocks(node.world).wall < -30 * 86400


@pytest.mark.parametrize("release", RELEASES)
def test_rtc_dragged_along_is_written_back_while_the_clock_is_back(
    release: str, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    dragged = tmp_path / "dragged"

    def look() -> None:
        node.world.sim.advance(2.0)  # on EL8 the RTC follows after the answer
        dragged.write_text(repr(accounts.clocks(node.world).rtc))

    after = points.once("before", "hwclock --set", look)
    node.recover(points.both(after, points.kill_once(*KEPT)))
    assert float(dragged.read_text()) < -30 * 86400
    assert is_back(node) and abs(accounts.clocks(node.world).rtc) < 2.5
    node.world.sim.advance(30.0)
    assert abs(accounts.clocks(node.world).rtc) < 2.5


def test_rtc_dragged_late_on_el8_is_waited_for(tmp_path: Path) -> None:
    node = make(tmp_path)
    stopped(node, *DRAGGED)
    assert abs(accounts.clocks(node.world).rtc) < 2.5  # timedatex has only answered so far
    node.world.sim.advance(2.0)
    assert accounts.clocks(node.world).rtc < -30 * 86400
    waits = make(tmp_path / "again")
    stopped(waits, *KEPT)
    calls = accounts.calls(waits.world)
    between = calls[accounts.first(waits.world, "set-time") : accounts.first(waits.world, "--set")]
    assert "sleep 3.000" in between


def test_rtc_on_el8_is_written_back_when_a_resume_sets_the_clock_back_again(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    stopped(node, "before", "dialogue virsh")
    node.world.sim.advance(1200.0)  # the dead-man timer restores the true time
    assert abs(accounts.clocks(node.world).wall) < 1.0
    words = rehearse.resume_arguments(node.world)
    words = words[words.index("resume") :]
    assert node.tool(*words, point=points.kill_once("before", "dialogue virsh")).status == -9
    node.world.sim.advance(5.0)
    assert is_back(node) and abs(accounts.clocks(node.world).rtc) < 2.5
    assert applied(node, "clock-back") == applied(node, "keep-rtc") == 2


def without_rtc(world: install.World) -> None:
    world.sim.set(no_rtc=True)
    os.unlink(world.root + "/sys/class/rtc/rtc0/since_epoch")


@pytest.mark.slow
def test_rtc_missing_is_told_and_the_run_ends_well(tmp_path: Path) -> None:
    node = make(tmp_path)
    without_rtc(node.world)
    shown = node.tool("diagnose")
    assert shown.status == 0 and "the hardware clock cannot be read" in shown.output
    ended = node.recover()
    accounts.well(node, ended)
    assert not [call for call in accounts.calls(node.world) if call.startswith("hwclock")]


@pytest.mark.slow
def test_rtc_that_cannot_be_written_is_told_and_the_run_ends_well(tmp_path: Path) -> None:
    node = make(tmp_path)
    cause = "hwclock: Cannot access the Hardware Clock via any known method.\n"
    node.world.sim.fault("hwclock", "fail", words=("--set",), count=0, stderr=cause)
    ended = node.recover()
    assert "the boot-time unit guards a power cut" in ended.output
    accounts.well(node, ended)  # set-time itself has dragged the RTC back


def test_set_time_on_el7_is_preceded_by_disabling_synchronisation(tmp_path: Path) -> None:
    node = make(tmp_path, release="el7")
    stopped(node, *KEPT)
    done = [call for call in accounts.effects(node.world) if "timedatectl" in call]
    assert [call.split()[1] for call in done] == ["set-ntp", "set-time"]
    assert is_back(node)


@pytest.mark.parametrize("release", ("el8", "el9"))
def test_time_sync_on_newer_releases_is_masked_but_stays_enabled(
    release: str, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    stopped(node, *KEPT)
    assert accounts.typed(node.world, "systemctl", "is-active", "chronyd").returncode != 0
    node.world.sim.power_cut()
    enabled = accounts.typed(node.world, "systemctl", "is-enabled", "chronyd")
    assert enabled.stdout == b"enabled\n"
    assert not [call for call in accounts.calls(node.world) if "set-ntp" in call]


@pytest.mark.parametrize(
    "release, refusal, tries, by_date",
    [
        ("el9", BUSY, 3, False),
        ("el9", BUSY, 0, True),
        ("el8", ACTIVE, 0, True),
        ("el7", "Failed to set time: Automatic time synchronization is enabled\n", 0, True),
        ("el8", "Failed to connect to bus: Connection refused\n", 0, True),
    ],
)
def test_set_time_refused_is_tried_again_or_done_by_date(
    release: str, refusal: str, tries: int, by_date: bool, tmp_path: Path
) -> None:
    node = make(tmp_path, release=release)
    node.world.sim.fault("timedatectl", "fail", words=("set-time",), count=tries, stderr=refusal)
    stopped(node, *KEPT)
    assert is_back(node) and abs(accounts.clocks(node.world).rtc) < 2.5
    assert bool([call for call in accounts.calls(node.world) if "date -s" in call]) == by_date


@pytest.mark.slow
@pytest.mark.parametrize(
    "release",
    (
        "el7",
        "el8",
        "el9",
    ),
)
def test_timedatectl_missing_is_replaced_by_date(release: str, tmp_path: Path) -> None:
    node = make(tmp_path, release=release)
    os.unlink(node.world.programs + "/timedatectl")
    accounts.well(node, node.recover())


class Stepping(local_host.LocalHost):
    """The node itself; somebody steps its clock during the first wait."""

    def __init__(self, world: install.World, seconds: float) -> None:
        super().__init__(world.root, world.programs)
        self._world = world
        self._step = seconds

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        with self._world.opened() as now:
            now.step_clock(now.wall() + self._step)
        self._step = 0.0


@pytest.mark.parametrize("days", (-400, -1, 1, 400))
def test_dialogue_that_hangs_across_a_clock_step_times_out_by_uptime(
    days: int, tmp_path: Path
) -> None:
    node = make(tmp_path)
    node.world.sim.fault("virsh", "hang", count=0)
    port = Stepping(node.world, days * 86400.0)
    begin = port.now()
    with pytest.raises(errors.ProgramTimeout) as caught:
        virsh.domain_state(port, "HostedEngine")
    end = port.now()
    assert "within %d s" % virsh.TIMEOUT in str(caught.value)
    assert virsh.TIMEOUT <= end.boottime - begin.boottime < virsh.TIMEOUT + 5
    assert abs(end.wall - begin.wall - days * 86400) < virsh.TIMEOUT + 5


Where = Tuple[str, str]


def applied(node: watched.Node, step: str) -> int:
    """How often the step was done."""
    lines = accounts.journal(node.world)
    return len([one for one in lines if (one["step"], one["event"]) == (step, "applied")])


@pytest.mark.slow
@pytest.mark.parametrize("where", (("before", "dialogue virsh"), ("before", "dialogue ssh")))
def test_chronyd_started_on_el7_by_somebody_is_noticed_and_stopped(
    where: Where, tmp_path: Path
) -> None:
    node = make(tmp_path, "ntp-reachable", "el7")

    def start() -> None:
        node.world.sim.schedule(1.0, "somebody-starts", unit="chronyd.service")

    ended = node.recover(points.once(where[0], where[1], start))
    assert "something moved it by" in ended.output
    assert applied(node, "stop-time-sync") == applied(node, "clock-back") == 2
    accounts.well(node, ended)


@pytest.mark.slow
def test_chronyd_started_on_el8_by_somebody_is_kept_off_by_the_mask(tmp_path: Path) -> None:
    node = make(tmp_path, "ntp-reachable")

    def start() -> None:
        node.world.sim.schedule(1.0, "somebody-starts", unit="chronyd.service")

    ended = node.recover(points.once("before", "dialogue virsh", start))
    assert applied(node, "clock-back") == 1
    accounts.well(node, ended)


@pytest.mark.slow
def test_chronyd_unmasked_and_started_by_somebody_is_noticed_and_stopped(tmp_path: Path) -> None:
    node = make(tmp_path, "ntp-reachable", "el9")

    def start() -> None:
        accounts.typed(node.world, "systemctl", "unmask", "--runtime", "chronyd.service")
        accounts.typed(node.world, "systemctl", "start", "chronyd.service")

    ended = node.recover(points.once("after", "hosted-engine --vm-start", start))
    assert "something moved it by" in ended.output
    accounts.well(node, ended)


@pytest.mark.slow
def test_chronyd_started_again_and_again_ends_the_run_with_a_clear_word(tmp_path: Path) -> None:
    node = make(tmp_path, "ntp-reachable", "el9")

    def start(number: int, side: str, what: str) -> None:
        if side == "before" and "dialogue" in what:
            accounts.typed(node.world, "systemctl", "unmask", "--runtime", "chronyd.service")
            accounts.typed(node.world, "systemctl", "start", "chronyd.service")
            node.world.sim.advance(5.0)

    ended = node.recover(start)
    assert ended.status == 5
    assert "disturbed 3 times, at last: cannot keep the clock back: something moved" in ended.output
    assert "next: find what does it (sets the clock: chronyd" in ended.output
    assert node.undo().status == 0
    accounts.at_rest(node)
    assert accounts.changed(node.world) == []
