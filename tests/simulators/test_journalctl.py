# SPDX-License-Identifier: Apache-2.0
"""journalctl: write order across jumps, ranges that end early, cursors, shapes by release."""

import json
import re

import pytest

from tests.simulators import worlds

PAST = 1674000000


def make(tmp_path, release="el8"):
    return worlds.make(tmp_path / "w", "bare", release)


def jump(node):
    """Entries a (true time), b (in the past), c (restored)."""
    with node.world.opened() as w:
        start = w.wall()
        for index in range(40):
            w.log("a%d" % index, identifier="lab")
            w.advance(1)
        end = w.wall()
        w.step_clock(PAST)
        w.log("b", identifier="lab")
        w.advance(5)
        w.step_clock(w.true())
        w.advance(1)
        w.log("c", identifier="lab")
    return start, end


def lab(node, *options):
    lines = node.ok("journalctl", "-t", "lab", "-o", "cat", *options).split()
    return sorted({line[0] for line in lines})


def test_output_is_in_write_order_across_the_jump(tmp_path):
    node = make(tmp_path)
    jump(node)
    assert node.ok("journalctl", "-t", "lab", "-o", "cat", "-n", "3").split() == ["a39", "b", "c"]
    assert node.ok("journalctl", "-t", "lab", "-o", "cat", "-r", "-n", "3").split() == [
        "c",
        "b",
        "a39",
    ]


@pytest.mark.parametrize("release, since", [("el7", ["a", "b", "c"]), ("el8", ["a", "c"])])
def test_ranges_by_time_lose_the_past(tmp_path, release, since):
    node = make(tmp_path, release)
    start, end = jump(node)
    assert lab(node, "--since=@%d" % (start - 3600)) == since
    assert lab(node, "--until=@%d" % (end + 1)) == ["a", "b"]
    assert lab(node, "--since=@%d" % (PAST - 10), "--until=@%d" % (PAST + 60)) == []
    assert lab(node, "-r", "--since=@%d" % (start - 1)) == ["c"]


def test_cursor_reads_on_across_the_jump(tmp_path):
    node = make(tmp_path)
    shown = node.ok("journalctl", "-n", "1", "--show-cursor").splitlines()[-1]
    found = re.match(
        "-- cursor: (s=[0-9a-f]{32};i=[0-9a-f]+;b=[0-9a-f]{32};m=[0-9a-f]+;"
        "t=[0-9a-f]+;x=[0-9a-f]+)$",
        shown,
    )
    assert found is not None
    cursor = found.group(1)
    jump(node)
    assert lab(node, "--after-cursor=" + cursor) == ["a", "b", "c"]
    last = json.loads(node.ok("journalctl", "-t", "lab", "-o", "json", "-n", "1"))["__CURSOR"]
    assert node.ok("journalctl", "-t", "lab", "-o", "json", "--after-cursor=" + last) == ""
    bad = node.run("journalctl", "--after-cursor=nonsense")
    assert (bad.err, bad.status) == ("Failed to seek to cursor: Invalid argument\n", 1)


@pytest.mark.parametrize(
    "release, start", [("el7", '{ "__CURSOR" : "s='), ("el8", '{ "__CURSOR" : "s='), ("el9", '{"')]
)
def test_json_spacing(tmp_path, release, start):
    line = make(tmp_path, release).ok("journalctl", "-o", "json", "-n", "1", "_PID=1")
    assert line.startswith(start)
    entry = json.loads(line)
    assert entry["_COMM"] == "systemd" and entry["SYSLOG_IDENTIFIER"] == "systemd"
    assert all(isinstance(value, str) for value in entry.values())
    assert ("_RUNTIME_SCOPE" in entry) == (release == "el9")


@pytest.mark.parametrize("release", ["el8", "el9"])
def test_unprintable_and_long_and_repeated_fields(tmp_path, release):
    node = make(tmp_path, release)
    with node.world.opened() as w:
        w.log("\x1b[31mred", identifier="x", REPEATED=["one", "two"])
        w.log(b"\xff\xfe", identifier="x")
        w.log("y" * 4096, identifier="x")
    shown = node.ok("journalctl", "-o", "json", "-n", "3", "-t", "x").splitlines()
    first, second, third = [json.loads(line) for line in shown]
    assert first["MESSAGE"] == list(b"\x1b[31mred")
    assert first["REPEATED"] == ["one", "two"]
    assert second["MESSAGE"] == [255, 254]
    assert third["MESSAGE"] is None
    whole = node.ok("journalctl", "-a", "-o", "json", "-n", "1", "-t", "x")
    assert json.loads(whole)["MESSAGE"] == "y" * 4096
    assert "[2B blob data]" in node.ok("journalctl", "-n", "2", "-t", "x")


def test_unit_option_finds_both_the_unit_and_what_pid_1_says(tmp_path):
    node = make(tmp_path)
    node.ok("systemctl", "restart", "chronyd")
    names = {
        json.loads(line)["SYSLOG_IDENTIFIER"]
        for line in node.ok("journalctl", "-u", "chronyd", "-o", "json").splitlines()
    }
    assert names == {"systemd", "chronyd"}


def test_matches_and_or_and_groups(tmp_path):
    node = make(tmp_path)

    def count(*words):
        return len(node.ok("journalctl", "-o", "cat", *words).splitlines())

    chronyd, crond = "_SYSTEMD_UNIT=chronyd.service", "_SYSTEMD_UNIT=crond.service"
    assert count(chronyd) and count(crond)
    assert count(chronyd, crond) == count(chronyd) + count(crond)
    assert count(chronyd, "PRIORITY=6") == count(chronyd)
    assert count(chronyd, "PRIORITY=0") == 0
    assert count(chronyd, "PRIORITY=0", "+", crond) == count(crond)
    assert count("_COMM=chronyd") == count(chronyd)


@pytest.mark.parametrize("release, status", [("el8", 0), ("el9", 1)])
def test_grep_without_match(tmp_path, release, status):
    output = make(tmp_path, release).run("journalctl", "-g", "never said", "-o", "cat")
    assert (output.out, output.status) == ("", status)


def test_el7_has_neither_grep_nor_output_fields(tmp_path):
    node = make(tmp_path, "el7")
    assert node.run("journalctl", "-g", "x").err == "journalctl: invalid option -- 'g'\n"
    refused = node.run("journalctl", "--output-fields=MESSAGE")
    assert (refused.err, refused.status) == (
        "journalctl: unrecognized option '--output-fields'\n",
        1,
    )


def test_output_fields_keep_the_addresses(tmp_path):
    entry = json.loads(
        make(tmp_path).ok("journalctl", "-o", "json", "-n", "1", "--output-fields=MESSAGE")
    )
    assert set(entry) == {
        "__CURSOR",
        "__REALTIME_TIMESTAMP",
        "__MONOTONIC_TIMESTAMP",
        "_BOOT_ID",
        "MESSAGE",
    }


def test_missing_boot(tmp_path):
    output = make(tmp_path).run("journalctl", "-b", "-7")
    assert output.status == 1
    assert output.err == (
        "Data from the specified boot (-7) is not available: No such boot ID in journal\n"
    )


def test_native_record_of_libvirtd_has_no_identifier(tmp_path):
    node = make(tmp_path)
    with node.world.opened() as w:
        w.log(
            "The server certificate X has expired",
            "libvirtd.service",
            priority=3,
            LIBVIRT_SOURCE="util.error",
        )
    entry = json.loads(node.ok("journalctl", "_COMM=libvirtd", "-n", "1", "-o", "json"))
    assert "SYSLOG_IDENTIFIER" not in entry and entry["_TRANSPORT"] == "journal"
    assert node.run("journalctl", "-t", "libvirtd", "-o", "cat").out == ""
    assert " libvirtd[" in node.ok("journalctl", "_COMM=libvirtd", "-n", "1")


def test_newer_release_says_that_it_rotates(tmp_path):
    node = make(tmp_path, "el9")
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "@%d" % PAST)
    lines = node.ok("journalctl", "-o", "cat", "-n", "2").splitlines()
    assert lines == [
        "Changed local time to Wed 2023-01-18 00:00:00 UTC",
        "Time jumped backwards, rotating.",
    ]
