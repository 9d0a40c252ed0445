# SPDX-License-Identifier: Apache-2.0
"""The simulators' output has the shape of what the real programs printed in the lab.

Names and figures differ; what a parser leans on (labels, alignment, columns, keys) must not.
"""

import json
import re

import pytest

from simulators import units
from tests.simulators import samples, worlds

EXPIRED = (6, "The server certificate /etc/pki/vdsm/certs/vdsmcert.pem has expired")


@pytest.fixture
def node(tmp_path):
    made = worlds.make(tmp_path / "w", "bare", "el9")
    made.world.sim.set(status_format="combined", zone=("Etc/UTC", "UTC", 0))
    return made


def shape(text):
    """Replace what differs between two machines by its kind."""
    text = re.sub(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "DAY", text)
    text = re.sub(r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", "MON", text)
    text = re.sub(r"\bnode1\b|\bvirt-host1\b", "HOST", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    return re.sub(r"\d+", "9", text)


def same(program, case, output):
    sample = samples.read(program, case)
    assert shape(output.out) == shape(sample.out)
    assert shape(output.err) == shape(sample.err)
    assert output.status == sample.status


def broken(node):
    node.ok("systemctl", "stop", "libvirtd")
    node.world.sim.set(broken={"libvirtd.service": EXPIRED})
    node.ok("sleep", "11")
    node.run("systemctl", "start", "libvirtd")
    node.ok("sleep", "6")
    return node


def test_timedatectl(node):
    same("timedatectl", "status", node.run("timedatectl"))
    same("timedatectl", "show", node.run("timedatectl", "show"))
    refused = node.run("timedatectl", "set-time", "2026-10-20 09:00:00")
    same("timedatectl", "set-time-refused", refused)
    same("timedatectl", "set-time-unparsable", node.run("timedatectl", "set-time", "20 Oct 2026"))
    same("timedatectl", "timesync-status", node.run("timedatectl", "timesync-status"))


def test_chronyc_alone(node):
    node.world.sim.set(ntp={"reachable": False, "address": "10.0.2.2"})
    for case in ("tracking-alone", "csv-tracking-alone", "csv-sources-alone"):
        command = samples.read("chronyc", case).command.split()
        output = node.run(*command)
        assert output.status == 0
    same("chronyc", "csv-tracking-alone", node.run("chronyc", "-c", "tracking"))
    same("chronyc", "csv-sources-alone", node.run("chronyc", "-c", "sources"))
    same("chronyc", "sources-alone", node.run("chronyc", "-n", "sources"))
    same("chronyc", "tracking-alone", node.run("chronyc", "-n", "tracking"))


def test_chronyc_synchronised(node):
    node.world.sim.set(ntp={"reachable": True, "address": "10.0.2.2"})
    node.ok("systemctl", "restart", "chronyd")
    node.ok("sleep", "30")
    ours = node.ok("chronyc", "-c", "tracking").strip().split(",")
    real = samples.read("chronyc", "csv-tracking").out.strip().split(",")
    assert len(ours) == len(real) == 14
    assert (ours[0], ours[1], ours[13]) == (real[0], real[1], real[13])


def test_clocks(node):
    same("date", "utc", node.run("date", "-u"))
    same("hwclock", "show", node.run("hwclock", "--show"))


def test_systemctl_failed_units(node):
    broken(node)
    same("systemctl", "list-failed", node.run("systemctl", "--failed", "--no-pager"))
    same(
        "systemctl",
        "list-failed-plain",
        node.run("systemctl", "--failed", "--no-pager", "--plain", "--no-legend"),
    )
    same("systemctl", "is-failed", node.run("systemctl", "is-failed", "libvirtd"))
    same("systemctl", "status-unknown", node.run("systemctl", "status", "nosuch.service"))


def test_systemctl_status_of_a_failed_service(node):
    broken(node)
    ours = node.run("systemctl", "status", "libvirtd", "--no-pager", "-l")
    real = samples.read("systemctl", "status-failed-service")
    labels = [re.findall(r"^ *([A-Z][A-Za-z ]+):", text.out, re.M) for text in (ours, real)]
    labels = [[label for label in found if label != "CPU"] for found in labels]
    assert labels[0] == labels[1]
    assert shape(ours.out).splitlines()[-5:] == shape(real.out).splitlines()[-5:]
    assert ours.status == real.status


def test_systemctl_show_keeps_the_order_of_the_bus(node):
    broken(node)
    sample = samples.read("systemctl", "show-bus-order")
    wanted = sample.command.rpartition("-p ")[2].replace(" --no-pager", "")
    ours = node.ok("systemctl", "show", "libvirtd", "-p", wanted)
    keys = [[line.partition("=")[0] for line in text.splitlines()] for text in (ours, sample.out)]
    assert keys[0] == keys[1]
    values = dict(line.split("=", 1) for line in ours.splitlines())
    real = dict(line.split("=", 1) for line in sample.out.splitlines())
    for key in (
        "Result",
        "NRestarts",
        "ExecMainCode",
        "ExecMainStatus",
        "ActiveState",
        "SubState",
        "StartLimitIntervalUSec",
        "StartLimitBurst",
        "MainPID",
    ):
        assert values[key] == real[key], key


def test_systemctl_show_of_a_timer(node):
    arm = (
        "systemd-run",
        "--unit=deadman",
        "--on-active=20",
        "--timer-property=AccuracySec=1s",
        "true",
    )
    same(
        "systemd-run",
        "on-active",
        node.run(*[w.replace("deadman", "deadman-default") for w in arm]),
    )
    node.ok(*arm)
    sample = samples.read("systemctl", "show-timer")
    ours = node.ok("systemctl", "show", "deadman.timer", "-p", sample.command.rpartition(" ")[2])
    keys = [[line.partition("=")[0] for line in text.splitlines()] for text in (ours, sample.out)]
    assert keys[0] == keys[1]


def test_journal_of_a_failing_start(node):
    broken(node)
    real = shape(samples.read("journalctl", "unit").out).splitlines()
    real = [line for line in real if "libvirt version" not in line and "hostname:" not in line]
    ours = shape(node.ok("journalctl", "-u", "libvirtd", "-n", "40", "--no-pager")).splitlines()
    assert ours[-len(real) :] == real


def test_journal_json_has_the_recorded_fields(node):
    with node.world.opened() as w:
        w.log(
            EXPIRED[1],
            "libvirtd.service",
            priority=3,
            pid=351,
            LIBVIRT_SOURCE="util.error",
            LIBVIRT_DOMAIN="7",
            LIBVIRT_CODE="38",
            CODE_FILE="../../src/rpc/x.c",
            CODE_LINE="135",
            CODE_FUNC="virNetTLSContextCheckCertTimes",
        )
        assert units.is_active(w, "libvirtd.service")
    ours = json.loads(node.ok("journalctl", "_PID=351", "-n", "1", "-o", "json"))
    real = json.loads(samples.read("journalctl", "json").out.splitlines()[0])
    assert set(ours) == set(real)
    for key in (
        "_TRANSPORT",
        "PRIORITY",
        "SYSLOG_FACILITY",
        "_COMM",
        "_EXE",
        "_SYSTEMD_UNIT",
        "_SYSTEMD_CGROUP",
        "_SYSTEMD_SLICE",
        "_CAP_EFFECTIVE",
        "_RUNTIME_SCOPE",
    ):
        assert ours[key] == real[key], key


def test_journal_without_entries(node):
    same("journalctl", "no-entries", node.run("journalctl", "-u", "nosuch", "-b", "--no-pager"))


def test_journal_boots(node):
    output = node.run("journalctl", "--list-boots", "--no-pager")
    same("journalctl", "list-boots", output)
