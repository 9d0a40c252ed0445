# SPDX-License-Identifier: Apache-2.0
"""date, timedatectl, hwclock, chronyc and chronyd: who may set which clock, by release."""

import pytest

from tests.simulators import worlds

PAST = 1674000000  # 2023-01-18 00:00:00 UTC


def make(tmp_path, release="el8"):
    return worlds.make(tmp_path / "w", "bare", release)


def rtc(node):
    with open(node.root + "/sys/class/rtc/rtc0/since_epoch") as source:
        return int(source.read())


def wall(node):
    return float(node.ok("date", "+%s.%N"))


@pytest.mark.parametrize(
    "release, text",
    [
        ("el7", "Failed to set time: Automatic time synchronization is enabled\n"),
        ("el8", "Failed to set time: NTP unit is active\n"),
        ("el9", "Failed to set time: Automatic time synchronization is enabled\n"),
    ],
)
def test_set_time_is_refused_while_chronyd_runs(tmp_path, release, text):
    node = make(tmp_path, release)
    refused = node.run("timedatectl", "set-time", "@%d" % PAST)
    assert (refused.err, refused.out, refused.status) == (text, "", 1)


def test_stopping_chronyd_is_not_enough_on_el7(tmp_path):
    node = make(tmp_path, "el7")
    node.ok("systemctl", "stop", "chronyd")
    assert node.run("timedatectl", "set-time", "@%d" % PAST).status == 1
    node.ok("systemctl", "disable", "chronyd")
    assert node.run("timedatectl", "set-time", "@%d" % PAST).status == 1  # the flag is cached
    node.ok("sleep", "31")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    assert wall(node) == pytest.approx(PAST, abs=1)


def test_set_ntp_no_unlocks_el7_at_once(tmp_path):
    node = make(tmp_path, "el7")
    node.ok("timedatectl", "set-ntp", "no")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    assert node.run("systemctl", "is-enabled", "chronyd").out == "disabled\n"


def test_set_time_right_after_set_ntp_is_refused_once_on_el9(tmp_path):
    node = make(tmp_path, "el9")
    node.ok("timedatectl", "set-ntp", "no")
    refused = node.run("timedatectl", "set-time", "@%d" % PAST)
    assert refused.err == "Failed to set time: Previous request is not finished, refusing.\n"
    node.ok("timedatectl", "set-time", "@%d" % PAST)


@pytest.mark.parametrize("release", ["el7", "el9"])
def test_set_time_drags_the_rtc_along(tmp_path, release):
    node = make(tmp_path, release)
    node.ok("timedatectl", "set-ntp", "no")
    node.ok("sleep", "1")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    assert rtc(node) == pytest.approx(PAST, abs=1)


def test_timedatex_writes_the_rtc_a_second_later(tmp_path):
    node = make(tmp_path, "el8")
    before = rtc(node)
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    assert rtc(node) == pytest.approx(before, abs=3)
    node.ok("sleep", "1")
    assert rtc(node) == pytest.approx(PAST + 1, abs=1)


def test_date_leaves_the_rtc_and_hwclock_writes_it(tmp_path):
    node = make(tmp_path)
    before = rtc(node)
    node.ok("systemctl", "stop", "chronyd")
    assert node.ok("date", "-u", "-s", "@%d" % PAST) == "Wed Jan 18 00:00:00 UTC 2023\n"
    assert rtc(node) == pytest.approx(before, abs=2)
    node.ok("env", "TZ=UTC", "hwclock", "--set", "--utc", "--date=2023-02-20 13:00:00")
    assert rtc(node) == 1676898000
    assert wall(node) == pytest.approx(PAST, abs=2)
    node.ok("hwclock", "--hctosys")
    assert wall(node) == pytest.approx(1676898000, abs=2)


@pytest.mark.parametrize("date", ["@1676898000", "2023-02-20 13:00:00 UTC", "2023-02-30 10:00:00"])
def test_hwclock_refuses_other_dates(tmp_path, date):
    refused = make(tmp_path).run("hwclock", "--set", "--utc", "--date=" + date)
    assert (refused.err, refused.status) == ("hwclock: invalid date '%s'\n" % date, 1)


@pytest.mark.parametrize(
    "form, el7, el8",
    [
        ("2023-01-18", True, True),
        ("2023-01-18 10:00:00 UTC", False, True),
        ("@1674000000.5", False, True),
        ("-5days", None, None),
        ("2023-01-18T10:00:00Z", False, False),
        ("5min ago", True, True),
        ("yesterday", True, True),
        ("Mon 2023-01-18 10:00", False, False),
    ],
)
def test_set_time_forms_by_release(tmp_path, form, el7, el8):
    for release, accepted in (("el7", el7), ("el8", el8)):
        if accepted is None:
            continue
        node = worlds.make(tmp_path / release, "bare", release)
        node.ok("timedatectl", "set-ntp", "no")
        result = node.run("timedatectl", "set-time", form)
        assert (result.status == 0) == accepted
        if not accepted and release == "el7":
            assert result.err == "Failed to parse time specification: %s\n" % form
        elif not accepted:
            assert result.err == (
                "Failed to parse time specification '%s': Invalid argument\n" % form
            )


def test_clock_below_uptime_is_the_kernels_refusal(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "chronyd")
    refused = node.run("timedatectl", "set-time", "@60")
    assert refused.err == "Failed to set time: Failed to set system clock: Invalid argument\n"


def test_local_zone_of_the_node_counts(tmp_path):
    node = make(tmp_path)
    node.world.sim.set(zone=("Europe/Moscow", "MSK", 10800))
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "2023-01-18 03:00:00")
    assert wall(node) == pytest.approx(PAST, abs=1)
    assert "Local time: Wed 2023-01-18 03:00:00 MSK\n" in node.ok("timedatectl")


def test_el7_has_no_show(tmp_path):
    output = make(tmp_path, "el7").run("timedatectl", "show")
    assert (output.err, output.status) == ("Unknown operation show\n", 1)


def test_chronyd_steps_to_the_true_time_when_a_server_answers(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    node.world.sim.set(ntp={"reachable": True, "address": "192.0.2.123"})
    node.ok("systemctl", "start", "chronyd")
    node.ok("sleep", "10")
    with node.world.opened() as w:
        assert w.wall() == pytest.approx(w.true(), abs=0.01)
    lines = node.ok("journalctl", "-u", "chronyd", "-o", "cat", "-n", "20").splitlines()
    wrong = [line for line in lines if line.startswith("System clock wrong by 28944")]
    assert len(wrong) == 1
    assert "NTPSynchronized=yes\n" in node.ok("timedatectl", "show")
    assert node.ok("chronyc", "waitsync", "5", "1").startswith("try: 1, refid: C000027B, ")


def test_chronyd_without_server_never_steps(tmp_path):
    node = make(tmp_path)
    node.ok("date", "-s", "@%d" % PAST)
    node.ok("systemctl", "restart", "chronyd")
    node.ok("sleep", "1h")
    assert wall(node) == pytest.approx(PAST + 3600, abs=5)
    assert node.run("chronyc", "waitsync", "2", "1").status == 1


def test_chronyd_left_running_slews_until_makestep(tmp_path):
    node = make(tmp_path)
    node.world.sim.set(ntp={"reachable": True, "address": "192.0.2.123"})
    node.ok("systemctl", "restart", "chronyd")
    node.ok("sleep", "300")
    node.ok("date", "-s", "@%d" % PAST)
    node.ok("sleep", "600")
    assert "Backward time jump detected!" in node.ok("journalctl", "-u", "chronyd", "-o", "cat")
    assert wall(node) == pytest.approx(PAST + 600 + 50, abs=20)
    assert node.ok("chronyc", "makestep") == "200 OK\n"
    with node.world.opened() as w:
        assert w.wall() == pytest.approx(w.true(), abs=0.01)


def test_server_that_appears_later_is_used(tmp_path):
    node = make(tmp_path)
    node.ok("date", "-s", "@%d" % PAST)
    node.world.sim.schedule(60, "ntp-reachable")
    node.ok("sleep", "50")
    assert wall(node) < PAST + 100
    node.ok("sleep", "30")
    with node.world.opened() as w:
        assert w.wall() == pytest.approx(w.true(), abs=0.01)


def test_chronyc_without_daemon(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "stop", "chronyd")
    output = node.run("chronyc", "tracking")
    assert (output.out, output.status) == ("506 Cannot talk to daemon\n", 1)


def test_kernel_copies_the_clock_to_the_rtc_while_synchronised(tmp_path):
    node = make(tmp_path)
    node.world.sim.set(ntp={"reachable": True, "address": "192.0.2.123"})
    with node.world.opened() as w:
        w.set_rtc(w.rtc() - 500)
    node.ok("systemctl", "restart", "chronyd")
    node.ok("sleep", "700")
    with node.world.opened() as w:
        assert w.rtc() == pytest.approx(w.true(), abs=0.1)
