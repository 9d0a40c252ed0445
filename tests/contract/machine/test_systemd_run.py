# SPDX-License-Identifier: Apache-2.0
"""systemd-run: the dead-man timer counts uptime, fires once, and is gone when it is stopped."""

import re

from recovery.programs import systemctl, systemd_run, timedatectl
from tests.contract.machine.subject import Subject, untitled

DAY = 86400
FIRED = "/run/contract-fired"


def load(subject: Subject, unit: str) -> str:
    return systemctl.show(subject.node, [unit])[0].load


def test_timer_waits_and_is_gone_when_stopped(expired: Subject) -> None:
    words = ["systemd-run", "--unit=contract-a", "--on-active=900s"]
    words += ["--timer-property=AccuracySec=1s", "true"]
    text = "Running timer as unit: contract-a.timer\n"
    text += "Will run service as unit: contract-a.service\n"
    assert expired.texts(*words) == ("", text, 0)
    timer, service = systemctl.show(expired.node, ["contract-a.timer", "contract-a.service"])
    assert (timer.load, timer.active, timer.sub) == ("loaded", "active", "waiting")
    assert (timer.result, timer.enabled, service.active) == ("success", "transient", "inactive")
    shown = expired.ok(
        "systemctl", "show", "contract-a.timer", "-p", "NextElapseUSecMonotonic,AccuracyUSec"
    )
    # A span as systemd shows it: "1h 16min 2.5s", and 900.3 s of uptime are "15min 345.678ms".
    span = r"[\d.]+(h|min|s|ms|us)( [\d.]+(min|s|ms|us))*"
    elapse = re.match(r"NextElapseUSecMonotonic=%s\nAccuracyUSec=1s\n$" % span, shown)
    assert elapse, shown
    rows = expired.ok("systemctl", "list-units", "--plain", "--no-legend", "contract-a*")
    assert re.match(r"contract-a\.timer +loaded active waiting /usr/bin/true\n$", rows)
    again = expired.texts(*words)
    taken = "Unit contract-a.timer was already loaded or has a fragment file.\n"
    assert again == ("", "Failed to start transient timer unit: " + taken, 1)
    assert expired.texts("systemctl", "stop", "contract-a.timer") == ("", "", 0)
    assert load(expired, "contract-a.timer") == load(expired, "contract-a.service") == "not-found"
    stopped = expired.texts("systemctl", "stop", "contract-a.timer")
    assert stopped == (
        "",
        "Failed to stop contract-a.timer: Unit contract-a.timer not loaded.\n",
        5,
    )


def test_timer_fires_once_by_uptime_whatever_the_clock_says(fresh: Subject) -> None:
    node = fresh.node
    systemctl.stop(node, "chronyd.service")
    begun = node.now()
    systemd_run.after(node, "contract-b", 15, ["mkdir", FIRED])
    timedatectl.set_time(node, int(begun.wall) - 30 * DAY)
    fresh.until(lambda: node.exists(FIRED), 200)
    passed = node.uptime() - begun.boottime
    assert 15 <= passed < 200
    assert node.now().wall < begun.wall - 29 * DAY
    fresh.until(lambda: load(fresh, "contract-b.timer") == "not-found")
    assert load(fresh, "contract-b.service") == "not-found"
    told = fresh.ok("journalctl", "-u", "contract-b.service", "-o", "cat", "--no-pager")
    assert untitled(told).count("Started /usr/bin/mkdir %s.\n" % FIRED) == 1


def test_program_that_does_not_exist_is_told_before_the_timer(expired: Subject) -> None:
    words = ["systemd-run", "--unit=contract-c", "--on-active=900s", "/nonexistent/program"]
    out, err, status = expired.texts(*words)
    assert (out, status) == ("", 1)
    assert err == "Failed to find executable /nonexistent/program: No such file or directory\n"
    assert load(expired, "contract-c.timer") == "not-found"
