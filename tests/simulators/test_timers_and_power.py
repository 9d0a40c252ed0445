# SPDX-License-Identifier: Apache-2.0
"""Transient timers really run their command; a power cut destroys what lives in memory."""

import pytest

from tests.simulators import worlds

PAST = 1674000000


def make(tmp_path, release="el8"):
    return worlds.make(tmp_path / "w", "bare", release)


def arm(node, seconds, *command):
    return node.run(
        "systemd-run",
        "--unit=dm",
        "--on-active=%ds" % seconds,
        "--timer-property=AccuracySec=1s",
        *command,
    )


@pytest.mark.parametrize(
    "release, text",
    [
        ("el7", "Running timer as unit dm.timer.\nWill run service as unit dm.service.\n"),
        ("el8", "Running timer as unit: dm.timer\nWill run service as unit: dm.service\n"),
    ],
)
def test_texts_and_clash(tmp_path, release, text):
    node = make(tmp_path, release)
    first = arm(node, 900, "true")
    assert (first.status, first.out, first.err) == (0, "", text)
    again = arm(node, 900, "true")
    assert again.status == 1
    assert again.err.startswith("Failed to start transient timer unit: Unit dm.timer ")


def test_timer_counts_uptime_across_a_step_and_runs_the_command(tmp_path):
    node = make(tmp_path)
    arm(node, 60, "/usr/bin/python3", "-c", "open('var/lib/ran', 'w').write('x')")
    node.ok("date", "-s", "@%d" % PAST)
    node.ok("sleep", "50")
    assert node.run("test", "-e", "/var/lib/ran").status == 1
    node.ok("sleep", "15")
    assert node.ok("cat", "/var/lib/ran") == "x"
    assert node.run("systemctl", "is-active", "dm.timer").status == 3
    assert node.run("systemctl", "status", "dm.timer").err == "Unit dm.timer could not be found.\n"


def test_command_may_call_simulated_programs(tmp_path):
    node = make(tmp_path)
    node.ok("date", "-s", "@%d" % PAST)
    arm(node, 10, "/bin/sh", "-c", "date -u -s @1676900000; systemctl stop chronyd; echo done >&2")
    node.ok("sleep", "20")
    assert float(node.ok("date", "+%s")) == pytest.approx(1676900010, abs=2)
    assert node.run("systemctl", "is-active", "chronyd").out == "inactive\n"
    assert "done" in node.ok("journalctl", "-u", "dm", "-o", "cat").splitlines()


def test_failing_command_leaves_a_failed_service(tmp_path):
    node = make(tmp_path)
    arm(node, 5, "/bin/sh", "-c", "exit 3")
    node.ok("sleep", "10")
    assert node.run("systemctl", "is-failed", "dm.service").out == "failed\n"
    assert node.ok("systemctl", "show", "-p", "ExecMainStatus", "dm.service") == (
        "ExecMainStatus=3\n"
    )


def test_stopped_timer_never_fires(tmp_path):
    node = make(tmp_path)
    arm(node, 5, "mkdir", "/var/lib/ran")
    shown = node.ok("systemctl", "show", "-p", "NextElapseUSecMonotonic", "dm.timer")
    assert shown.startswith("NextElapseUSecMonotonic=5min ")
    node.ok("systemctl", "stop", "dm.timer")
    node.ok("sleep", "20")
    assert node.run("test", "-e", "/var/lib/ran").status == 1
    assert arm(node, 5, "true").status == 0


@pytest.mark.parametrize("release, runs", [("el7", 0), ("el9", 1)])
def test_calendar_timer_fires_at_once_after_the_way_forward(tmp_path, release, runs):
    node = make(tmp_path, release)
    node.ok("systemd-run", "--unit=cal", "--on-calendar=2023-02-20 12:10:00", "mkdir", "/var/lib/c")
    node.ok("date", "-s", "@%d" % PAST)
    node.ok("sleep", "700")
    assert node.run("test", "-e", "/var/lib/c").status == 1
    node.ok("date", "-s", "2023-02-20 12:20:00")
    node.ok("sleep", "1")
    assert node.run("test", "-e", "/var/lib/c").status == 0


def test_power_cut_gives_a_new_boot_with_the_rtc_as_clock(tmp_path):
    node = make(tmp_path, "el9")
    before = node.world.sim.state()
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    node.ok("mkdir", "-p", "/run/ours")
    arm(node, 900, "true")
    node.world.sim.power_cut()
    with node.world.opened() as w:
        assert w.state["boot_id"] != before["boot_id"]
        assert w.uptime < 60
        assert w.wall() == pytest.approx(PAST + 20, abs=30)  # set-time had written the RTC
        assert w.true() == pytest.approx(1676894400 + 30, abs=30)
        assert not w.state["transient"]
    assert node.run("systemctl", "is-active", "chronyd").out == "active\n"
    assert node.run("test", "-e", "/run/ours").status == 1
    assert node.run("systemctl", "status", "dm.timer").status == 4
    assert len(node.ok("journalctl", "--list-boots").splitlines()) == 4


def test_rtc_with_the_true_time_brings_the_node_back_to_the_present(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    node.ok("sleep", "2")
    node.ok("env", "TZ=UTC", "hwclock", "--set", "--utc", "--date=2023-02-20 12:00:10")
    node.world.sim.power_cut()
    with node.world.opened() as w:
        assert w.wall() == pytest.approx(w.true(), abs=10)


@pytest.mark.parametrize("release, floor", [("el7", False), ("el8", True), ("el9", True)])
def test_clock_before_the_build_date_is_advanced_at_boot(tmp_path, release, floor):
    node = make(tmp_path, release)
    with node.world.opened() as w:
        w.set_rtc(946684800)
    node.world.sim.power_cut()
    year = int(node.ok("date", "+%Y"))
    assert year == (2022 if floor else 2000)
    said = node.ok("journalctl", "-b", "-o", "cat")
    assert ("System time before build time, advancing clock." in said) == floor


def test_chronyd_steps_after_a_boot_in_the_past_when_a_server_answers(tmp_path):
    node = make(tmp_path)
    with node.world.opened() as w:
        w.set_rtc(PAST)
        w.state["ntp"]["reachable"] = True
    node.world.sim.power_cut()
    node.ok("sleep", "20")
    with node.world.opened() as w:
        assert w.wall() == pytest.approx(w.true(), abs=0.01)
