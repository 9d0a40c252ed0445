# SPDX-License-Identifier: Apache-2.0
"""The world: one clock, one queue, one lock; saved whole or not at all."""

import os
import signal
import subprocess
import time

import pytest

from simulators import consistency
from simulators import world as world_module
from tests.simulators import worlds


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "bare")


def test_sleep_moves_uptime_wall_and_rtc_alike(node):
    before = node.world.sim.state()
    node.ok("sleep", "100")
    with node.world.opened() as w:
        assert w.uptime - before["uptime"] == pytest.approx(100, abs=0.1)
        assert w.wall() == pytest.approx(w.true(), abs=0.01)
        assert w.rtc() == pytest.approx(w.true(), abs=0.01)


def test_proc_and_sys_show_the_saved_clock(node):
    node.ok("sleep", "3")
    with node.world.opened() as w:
        with open(node.root + "/proc/uptime") as source:
            assert float(source.read().split()[0]) == pytest.approx(w.uptime, abs=0.01)
        with open(node.root + "/sys/class/rtc/rtc0/since_epoch") as source:
            assert int(source.read()) == int(w.rtc())
        with open(node.root + "/proc/sys/kernel/random/boot_id") as source:
            boot_id = source.read()
        assert boot_id.replace("-", "").strip() == w.state["boot_id"]
        assert len(boot_id) == 37


def test_exception_inside_leaves_the_world_as_it_was(node):
    before = node.world.sim.state()
    with pytest.raises(ZeroDivisionError):
        with node.world.opened() as w:
            w.advance(50)
            w.log("lost", identifier="x")
            raise ZeroDivisionError
    after = node.world.sim.state()
    assert after["uptime"] == before["uptime"]
    assert "lost" not in node.ok("journalctl", "-o", "cat", "-n", "5")


def test_journal_bytes_of_a_killed_writer_are_overwritten(node):
    with open(node.world.directory + "/journal", "ab") as journal:
        journal.write(b"torn")
    with node.world.opened() as w:
        w.log("whole", identifier="x")
    assert node.ok("journalctl", "-o", "cat", "-n", "1") == "whole\n"


def test_kill_of_a_waiting_program_leaves_lock_free(node):
    with node.world.opened():
        process = subprocess.Popen([node.world.programs + "/sleep", "5"])
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert node.ok("date", "-u")


def test_events_happen_in_order_of_uptime(node):
    with node.world.opened() as w:
        w.schedule(20, "somebody-starts", unit="crond.service", verb="stop")
        w.schedule(10, "somebody-starts", unit="tuned.service", verb="stop")
    node.ok("sleep", "15")
    states = node.run("systemctl", "is-active", "crond", "tuned").out.split()
    assert states == ["active", "inactive"]
    node.ok("sleep", "15")
    assert node.run("systemctl", "is-active", "crond").out == "inactive\n"


def test_paths_and_links_cannot_leave_the_root(node):
    os.symlink("/etc/hostname", node.root + "/etc/absolute")
    os.symlink("../../../../../../../../etc/passwd", node.root + "/etc/upwards")
    w = world_module.opened(node.world.directory)
    assert w.node("/etc/absolute") == node.root + "/etc/hostname"
    assert w.node("/etc/upwards") == node.root + "/etc/passwd"
    assert w.node("/../../x") == node.root + "/x"
    assert node.ok("cat", "/etc/absolute") == "virt-host1.example.test\n"


def test_transcript_has_a_line_a_call(node):
    node.run("date", "-d", "it's")
    node.ok("sleep", "1")
    calls = node.world.transcript()
    assert [call.argv for call in calls] == [["date", "-d", "it's"], ["sleep", "1"]]
    assert [call.status for call in calls] == ["1", "0"]


def test_two_worlds_of_the_same_seed_are_alike(tmp_path):
    from simulators import install

    first = install.create(str(tmp_path / "a"), "bare").sim.state()
    second = install.create(str(tmp_path / "b"), "bare").sim.state()
    assert first == second


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"clock_steps": 1, "wall_offset": -500.0}, "smaller than the uptime"),
        ({"clock_steps": 0, "wall_offset": 1000000.0}, "before systemd's build date"),
        ({"release": "el6"}, "no release"),
    ],
)
def test_impossible_clock_is_refused(node, change, reason):
    with pytest.raises(consistency.ImpossibleWorld) as caught:
        with node.world.opened() as w:
            w.state.update(change)
            consistency.check(w)
    assert reason in str(caught.value)


def test_impossible_units_are_refused(node):
    with node.world.opened() as w:
        os.symlink("/nowhere", node.root + "/etc/systemd/system/multi-user.target.wants/no.service")
        assert ["no.service is enabled and there is no such unit"] == consistency.contradictions(w)
        os.unlink(node.root + "/etc/systemd/system/multi-user.target.wants/no.service")
        w.state["units"]["libvirtd.socket"]["active"] = "failed"
        assert "libvirtd-tls.socket is active and libvirtd.socket" in str(
            consistency.contradictions(w)
        )
        w.state["units"]["libvirtd.socket"]["active"] = "active"
