# SPDX-License-Identifier: Apache-2.0
"""After a power cut the boot has guessed the true time, and then somebody moved the clock."""

from pathlib import Path

import pytest

from tests.procedures import accounts, points, watched


def test_power_cut_whose_boot_guessed_and_ntp_corrected_keeps_the_corrected_time(
    tmp_path: Path,
) -> None:
    """The certificate is installed, nothing needs the past any more: no clock is touched."""
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    kill = points.kill_once("before", "timedatectl set-time @1676894")
    assert node.recover(kill).status == -9
    with node.world.opened() as now:
        now.set_rtc(now.true() + 600.0)
    node.world.sim.power_cut()
    node.world.sim.advance(30.0)
    assert accounts.restored_by(node.world) == ["boot"]
    assert 500.0 < accounts.clocks(node.world).wall < 700.0
    with node.world.opened() as now:
        now.step_clock(now.true())
    ended = node.resume()
    assert "the clock was set right since the boot, to 2023-02-20" in ended.output
    assert abs(accounts.clocks(node.world).wall) < 1.0
    accounts.well(node, ended)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ("resume", "undo"))
def test_clock_set_back_by_hand_after_the_boot_is_not_taken_for_the_truth(
    verb: str, tmp_path: Path
) -> None:
    """As the old articles tell it; both bring the true time back all the same."""
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    kill = points.kill_once("before", "timedatectl set-time @1676894")
    assert node.recover(kill).status == -9
    with node.world.opened() as now:
        now.set_rtc(now.wall())  # so that the boot-time unit has to guess
    node.world.sim.power_cut()
    node.world.sim.advance(30.0)
    with node.world.opened() as now:
        now.step_clock(now.true() - 40 * 86400.0)
    ended = node.resume() if verb == "resume" else node.undo()
    assert "set right since the boot" not in ended.output
    assert ended.status in (0, 6) and (ended.status == 0 or verb == "undo"), ended.output[-3000:]
    assert abs(accounts.clocks(node.world).wall) < 30.0


@pytest.mark.slow
def test_clock_that_was_ahead_when_the_run_began_may_be_set_right(tmp_path: Path) -> None:
    """NTP corrects it backwards after the boot: ten minutes are no rewind."""
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    with node.world.opened() as now:
        now.step_clock(now.true() + 600.0)
        now.set_rtc(now.wall())
    kill = points.kill_once("before", "timedatectl set-time @16768")
    ended = node.recover(kill)
    assert ended.status == -9, ended.output[-2000:]
    node.world.sim.power_cut()
    node.world.sim.advance(30.0)
    with node.world.opened() as now:
        now.step_clock(now.true())
    ended = node.resume()
    assert ended.status == 0, ended.output[-3000:]
    assert abs(accounts.clocks(node.world).wall) < 1.0
