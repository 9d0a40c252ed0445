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
def test_clock_set_back_by_hand_after_the_boot_is_not_taken_for_the_truth(tmp_path: Path) -> None:
    """As the old articles tell it; `resume` brings the true time back all the same."""
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    kill = points.kill_once("before", "timedatectl set-time @1676894")
    assert node.recover(kill).status == -9
    with node.world.opened() as now:
        now.set_rtc(now.wall())  # so that the boot-time unit has to guess
    node.world.sim.power_cut()
    node.world.sim.advance(30.0)
    with node.world.opened() as now:
        now.step_clock(now.true() - 40 * 86400.0)
    ended = node.resume()
    assert "set right since the boot" not in ended.output
    assert ended.status == 0, ended.output[-3000:]
    assert abs(accounts.clocks(node.world).wall) < 30.0
