# SPDX-License-Identifier: Apache-2.0
"""date, hwclock and the hardware clock's file, df: the small readers and setters."""

import re

import pytest

from recovery.programs import date, df, hwclock, systemctl
from tests.contract.machine.subject import UTC, Subject

HOUR = 3600
DAY = 86400
SLOW = 60  # seconds that a few programs may take in an emulated machine


def test_hardware_clock_is_read_as_the_kernel_shows_it(expired: Subject) -> None:
    found = hwclock.read(expired.node)
    assert found is not None and abs(found - expired.node.now().wall) < 10
    assert not hwclock.is_local(expired.node)
    shown = expired.ok("hwclock", "--show")
    assert re.match(r"2023-02-20 \d\d:\d\d:\d\d\.\d{6}\+00:00\n$", shown)


def test_hardware_clock_is_written_and_the_wall_clock_left_alone(fresh: Subject) -> None:
    before = fresh.node.now()
    wanted = int(before.wall) - 20 * DAY
    hwclock.write(fresh.node, wanted)
    found = hwclock.read(fresh.node)
    assert found is not None and 0 <= found - wanted < 60
    after = fresh.node.now()
    assert after.wall - before.wall == pytest.approx(after.boottime - before.boottime, abs=SLOW)
    assert not hwclock.is_local(fresh.node)
    assert fresh.ok("hwclock", "--show").startswith("2023-01-31 ")


@pytest.mark.parametrize(
    "words, text",
    [
        (["--set"], "hwclock: --date is required for --set or --predict\n"),
        (["--set", "--utc", "--date=nonsense"], "hwclock: invalid date 'nonsense'\n"),
    ],
)
def test_hardware_clock_is_not_set_to_nonsense(expired: Subject, words, text: str) -> None:
    out, err, status = expired.texts("hwclock", *words)
    assert (out, status) == ("", 1)
    assert err.startswith(text)


def test_hardware_clock_in_local_time_is_remembered(fresh: Subject) -> None:
    now = int(fresh.node.now().wall)
    shown = date.local(fresh.node, now)
    fresh.ok("hwclock", "--set", "--localtime", "--date=" + shown)
    assert hwclock.is_local(fresh.node)
    lines = fresh.node.read(hwclock.ADJTIME).decode().splitlines()
    assert len(lines) == 3 and lines[2] == "LOCAL"


def test_date_steps_the_wall_clock_alone(fresh: Subject) -> None:
    systemctl.stop(fresh.node, "chronyd.service")
    before, rtc = fresh.node.now(), hwclock.read(fresh.node)
    out, err, status = fresh.texts("date", "-s", "@%.2f" % (before.wall - 2 * HOUR))
    assert (err, status) == ("", 0)
    assert re.match(r"Mon Feb 20 \d\d:\d\d:\d\d UTC 2023\n$", out)
    after = fresh.node.now()
    gone = after.boottime - before.boottime
    assert after.wall - before.wall == pytest.approx(gone - 2 * HOUR, abs=SLOW)
    later = hwclock.read(fresh.node)
    assert rtc is not None and later is not None and later - rtc == pytest.approx(gone, abs=SLOW)


def test_date_reads(expired: Subject) -> None:
    assert expired.ok("date", "-d", "@1676894400", "+%Y-%m-%d %H:%M:%S") == "2023-02-20 12:00:00\n"
    assert re.match(r"\d{10}\.\d{9}\n$", expired.ok("date", "+%s.%N"))
    assert re.match(r"2023-02-20 \d\d:00:00$", date.local(expired.node, 1676894400))
    told = expired.run("date", "-s", "nonsense", env=UTC)
    assert (told.stdout, told.status) == ("", 1)
    assert told.stderr == "date: invalid date 'nonsense'\n"


def test_free_space(expired: Subject) -> None:
    found = df.free(expired.node, ["/etc/pki", "/var/lib", "/var/log"])
    assert [path for path, _ in found] == ["/etc/pki", "/var/lib", "/var/log"]
    assert all(free > 1 << 20 and free % 1024 == 0 for _, free in found)
    head, row = expired.ok("df", "-Pk", "/").splitlines()
    assert head.split() == "Filesystem 1024-blocks Used Available Capacity Mounted on".split()
    words = row.split()
    assert words[-1] == "/" and re.match(r"\d+%$", words[-2])
    text = "df: /nonexistent: No such file or directory\n"
    assert expired.texts("df", "-Pk", "/nonexistent") == ("", text, 1)
