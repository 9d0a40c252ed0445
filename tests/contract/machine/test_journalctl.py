# SPDX-License-Identifier: Apache-2.0
"""journalctl: the journal that journald and libvirtd really wrote, by field, cursor and boot."""

import json
import re

from recovery.observing import failures
from recovery.programs import date, journalctl, systemctl
from tests.contract.machine.subject import Subject, untitled

CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"
SAID = "The server certificate %s has expired" % CERTIFICATE
CURSOR = r"s=[0-9a-f]{32};i=[0-9a-f]+;b=[0-9a-f]{32};m=[0-9a-f]+;t=[0-9a-f]+;x=[0-9a-f]+$"
HOUR = 3600
STARTED = "Started Watchdog Multiplexing Daemon."
# Fields of every entry that a service's own program wrote, in systemd 252.
TRUSTED = (
    "_TRANSPORT _UID _GID _COMM _EXE _CMDLINE _CAP_EFFECTIVE _SYSTEMD_CGROUP _SYSTEMD_UNIT "
    "_SYSTEMD_SLICE _SYSTEMD_INVOCATION_ID _BOOT_ID _MACHINE_ID _HOSTNAME _PID "
    "_SOURCE_REALTIME_TIMESTAMP __CURSOR __REALTIME_TIMESTAMP __MONOTONIC_TIMESTAMP"
).split()
LIBVIRT = "LIBVIRT_SOURCE LIBVIRT_DOMAIN LIBVIRT_CODE CODE_FILE CODE_LINE CODE_FUNC".split()


def test_line_that_explains_it_all(expired: Subject) -> None:
    matches = [["_COMM=libvirtd", "PRIORITY=3"]]
    found = journalctl.query(expired.node, matches, boot=True)
    found = [one for one in found if "expired" in one.message]
    assert len(found) >= 5  # systemd's start limit, for each time that somebody wants it
    # A daemon that is gone before journald has looked at /proc has no _EXE in its entry.
    entry = [one for one in found if one.field("_EXE")][-1]
    assert entry.message == SAID
    assert re.match(CURSOR, entry.cursor)
    assert entry.boot_id == expired.node.boot_id().replace("-", "")
    assert 0 < entry.monotonic < expired.node.uptime()
    assert abs(entry.realtime - expired.node.now().wall) < HOUR
    wanted = {
        "PRIORITY": "3",
        "LIBVIRT_DOMAIN": "7",
        "LIBVIRT_CODE": "38",
        "LIBVIRT_SOURCE": "util.error",
        "CODE_FUNC": "virNetTLSContextCheckCertTimes",
        "SYSLOG_FACILITY": "3",
        "_SYSTEMD_UNIT": "libvirtd.service",
        "_EXE": "/usr/sbin/libvirtd",
        "_UID": "0",
        "_TRANSPORT": "journal",
    }
    assert {name: entry.field(name) for name in wanted} == wanted
    assert set(TRUSTED + LIBVIRT + ["MESSAGE"]) <= set(entry.fields)
    last = systemctl.show(expired.node, ["libvirtd.service"])[0].invocation
    assert found[-1].field("_SYSTEMD_INVOCATION_ID") in (last, "")


def test_what_systemd_says_of_the_failed_unit(expired: Subject) -> None:
    found = journalctl.query(expired.node, [["UNIT=libvirtd.service", "_PID=1"]], boot=True)
    said = [untitled(one.message) for one in found]
    head = "libvirtd.service: "
    exited = head + "Main process exited, code=exited, status=6/NOTCONFIGURED"
    failed = head + "Failed with result 'exit-code'."
    given_up = "Failed to start Virtualization daemon."
    assert said[-3:] == [head + "Start request repeated too quickly.", failed, given_up]
    assert said.count(exited) >= 5 and said.count(given_up) > said.count(exited)
    assert head + "Scheduled restart job, restart counter is at 5." in said
    priorities = {untitled(one.message): one.field("PRIORITY") for one in found}
    assert (priorities[exited], priorities[failed], priorities[given_up]) == ("5", "4", "3")
    assert found[-3].field("PRIORITY") == "4"
    assert found[-1].field("MESSAGE_ID") == failures.FAILED_START
    assert found[-1].field("JOB_RESULT") == "failed" and found[-1].field("JOB_TYPE") == "start"
    assert {one.field("_COMM") for one in found} == {"systemd"}


def test_what_systemd_says_of_what_needs_it(expired: Subject) -> None:
    found = journalctl.query(expired.node, [["UNIT=vdsmd.service"]], boot=True)
    failed = [one for one in found if one.field("MESSAGE_ID") == failures.FAILED_START]
    assert failed and {one.field("JOB_RESULT") for one in failed} == {"dependency"}
    text = "Dependency failed for Virtual Desktop Server Manager."
    assert {untitled(one.message) for one in failed} == {text}
    assert {one.field("PRIORITY") for one in failed} == {"4"}
    job = "vdsmd.service: Job vdsmd.service/start failed with result 'dependency'."
    assert job in {one.message for one in found}


def test_the_tools_own_question_is_understood(expired: Subject) -> None:
    found, entries = failures.observe(expired.node, [], "")
    seen = {(one.kind, one.unit, one.path) for one in found}
    assert ("expired", "libvirtd.service", CERTIFICATE) in seen
    assert {
        ("start-limit", "libvirtd.service", ""),
        ("unit-failed", "libvirtd.service", ""),
    } <= seen
    assert ("dependency", "vdsmd.service", "") in seen
    assert [one.monotonic for one in entries if one.boot_id == entries[-1].boot_id] == sorted(
        one.monotonic for one in entries if one.boot_id == entries[-1].boot_id
    )


def test_cursor_reads_on(expired: Subject) -> None:
    cursor = journalctl.last_cursor(expired.node)
    assert re.match(CURSOR, cursor)
    nothing, same = journalctl.follow(expired.node, cursor, [["_COMM=nosuch"]])
    assert (nothing, same) == ([], cursor)
    expired.ok("systemctl", "restart", "wdmd.service")
    entries, after = journalctl.follow(expired.node, cursor, [["UNIT=wdmd.service"]])
    said = [untitled(one.message) for one in entries]
    assert said[-1] == STARTED and "Stopped Watchdog Multiplexing Daemon." in said
    assert after == entries[-1].cursor != cursor
    assert journalctl.follow(expired.node, after, [["UNIT=wdmd.service"]]) == ([], after)


def test_json_is_one_object_a_line_and_everything_in_it_text(expired: Subject) -> None:
    text = expired.ok("journalctl", "-o", "json", "-u", "libvirtd", "-b", "-n", "3", "--no-pager")
    objects = [json.loads(line) for line in text.splitlines()]
    assert len(objects) == 3
    values = [value for one in objects for value in one.values()]
    assert all(isinstance(value, str) for value in values)


def test_unit_is_its_program_and_what_systemd_says_of_it(expired: Subject) -> None:
    text = expired.ok("journalctl", "-u", "libvirtd", "-b", "-o", "cat", "--no-pager")
    lines = text.splitlines()
    assert lines.count(SAID) >= 5
    assert untitled(lines[-1]) == "Failed to start Virtualization daemon."
    words = ["journalctl", "-u", "libvirtd", "-b", "-o", "cat", "--no-pager"]
    assert expired.ok(*(words + ["-g", "has expired", "-n", "1"])) == SAID + "\n"
    assert expired.texts("journalctl", "-u", "nosuch", "-b") == ("-- No entries --\n", "", 0)


def test_short_lines_for_a_person(expired: Subject) -> None:
    text = expired.ok("journalctl", "_COMM=libvirtd", "-b", "-n", "1", "--no-pager")
    line = r"Feb 20 \d\d:\d\d:\d\d virt-host1(\.\S+)? libvirtd\[\d+\]: %s\n$" % re.escape(SAID)
    assert re.match(line, text)


def test_boots_are_listed(expired: Subject) -> None:
    text = expired.ok("journalctl", "--list-boots", "--no-pager")
    lines = text.splitlines()
    assert lines[0].split("  ")[0] == "IDX BOOT ID" and lines[0].split()[-2:] == ["LAST", "ENTRY"]
    stamp = r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+"
    own = expired.node.boot_id().replace("-", "")
    assert re.match(r" +0 %s %s %s$" % (own, stamp, stamp), lines[-1])


def test_step_back_rotates_and_reading_goes_on(fresh: Subject) -> None:
    node = fresh.node
    systemctl.stop(node, "chronyd.service")
    cursor = journalctl.last_cursor(node)
    before = node.now()
    date.set_time(node, before.wall - 30 * 24 * HOUR)
    systemctl.restart(node, "wdmd.service")
    entries, _ = journalctl.follow(node, cursor)
    jumped = [one for one in entries if one.message == "Time jumped backwards, rotating."]
    assert len(jumped) == 1 and jumped[0].field("SYSLOG_IDENTIFIER") == "systemd-journald"
    assert STARTED in [untitled(one.message) for one in entries]
    assert entries[-1].realtime < before.wall - 29 * 24 * HOUR
    assert entries[-1].monotonic > before.boottime - 5
    steps = failures.clock_steps(journalctl.query(node, boot=True), node.boot_id())
    assert len(steps) == 1 and abs(steps[0][0] - steps[0][1] - 30 * 24 * HOUR) < 300
    # A range of wall time stops early across the step; a cursor does not.
    since = fresh.ok("journalctl", "-o", "cat", "--no-pager", "--since=@%d" % (before.wall - 5))
    assert STARTED not in untitled(since).splitlines()
    listed = fresh.ok("journalctl", "--list-boots", "--no-pager").splitlines()[-1]
    assert listed.split()[0] == "0"
    date.set_time(node, before.wall + node.uptime() - before.boottime)
    systemctl.restart(node, "wdmd.service")
    entries, _ = journalctl.follow(node, cursor)
    assert abs(entries[-1].realtime - before.wall) < HOUR
