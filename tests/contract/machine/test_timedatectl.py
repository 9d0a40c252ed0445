# SPDX-License-Identifier: Apache-2.0
"""timedatectl: what it shows, what it refuses, and what a step drags along."""

import re

import pytest

from recovery import errors
from recovery.programs import hwclock, journalctl, systemctl, timedatectl
from tests.contract.machine.subject import Subject

DAY = 86400
CHRONYD = "chronyd.service"
REFUSED = "Failed to set time: Automatic time synchronization is enabled\n"
BACK = 1674122400  # 2023-01-19 10:00:00 UTC
# What timedated says in the journal when it has set the clock (sd-messages.h: TIME_CHANGE).
TIME_CHANGE = "c7a787079b354eaaa9e77b371893cd27"


def shown(subject: Subject, name: str) -> str:
    return subject.ok("timedatectl", "show", "-p", name, "--value").strip()


def rtc(subject: Subject) -> int:
    found = hwclock.read(subject.node)
    assert found is not None
    return found


def test_properties(expired: Subject) -> None:
    text = expired.ok("timedatectl", "show")
    names = [line.partition("=")[0] for line in text.splitlines()]
    assert names == "Timezone LocalRTC CanNTP NTP NTPSynchronized TimeUSec RTCTimeUSec".split()
    values = dict(line.split("=", 1) for line in text.splitlines())
    assert (values["LocalRTC"], values["CanNTP"], values["NTP"]) == ("no", "yes", "yes")
    for name in ("TimeUSec", "RTCTimeUSec"):
        assert re.match(r"[A-Z][a-z]{2} 2023-02-20 \d\d:\d\d:\d\d \w+$", values[name])
    chosen = expired.ok("timedatectl", "show", "-p", "CanNTP", "-p", "NTP")
    assert chosen == "CanNTP=yes\nNTP=yes\n"


def test_status_for_a_person(expired: Subject) -> None:
    text = expired.ok("timedatectl", "status")
    labels = [line.partition(": ")[0].strip() for line in text.splitlines()]
    assert labels == [
        *["Local time", "Universal time", "RTC time", "Time zone"],
        *["System clock synchronized", "NTP service", "RTC in local TZ"],
    ]
    assert "              NTP service: active\n" in text
    assert "          RTC in local TZ: no\n" in text
    assert re.search(r"^ +RTC time: Mon 2023-02-20 \d\d:\d\d:\d\d$", text, re.M)


@pytest.mark.parametrize("form", ["@%d" % BACK, "2023-01-19 10:00:00", "2023-01-19"])
def test_set_time_is_refused_while_chronyd_runs(expired: Subject, form: str) -> None:
    before = expired.node.now().wall
    assert expired.texts("timedatectl", "set-time", form) == ("", REFUSED, 1)
    assert expired.node.now().wall >= before


def test_refusal_is_not_taken_for_a_busy_one(expired: Subject) -> None:
    with pytest.raises(errors.ProgramFailed) as caught:
        timedatectl.set_time(expired.node, BACK)
    assert not timedatectl.refused_as_busy(caught.value)


@pytest.mark.parametrize(
    "words, text",
    [
        ("set-time nonsense", "Failed to parse time specification 'nonsense': Invalid argument\n"),
        ("set-time @x", "Failed to parse time specification '@x': Invalid argument\n"),
        ("set-ntp perhaps", "Failed to parse NTP setting 'perhaps': Invalid argument\n"),
        ("set-time", "Too few arguments.\n"),
        ("nosuch", "Unknown command verb nosuch.\n"),
    ],
)
def test_words_that_mean_nothing(expired: Subject, words: str, text: str) -> None:
    assert expired.texts("timedatectl", *words.split()) == ("", text, 1)


def test_set_ntp_stops_and_disables_and_the_other_way_round(expired: Subject) -> None:
    assert expired.texts("timedatectl", "set-ntp", "no") == ("", "", 0)
    expired.until(lambda: systemctl.show(expired.node, [CHRONYD])[0].active == "inactive")
    found = systemctl.show(expired.node, [CHRONYD])[0]
    assert (found.active, found.sub, found.enabled) == ("inactive", "dead", "disabled")
    assert shown(expired, "NTP") == "no" and shown(expired, "CanNTP") == "yes"
    timedatectl.set_ntp(expired.node, True)
    expired.until(lambda: systemctl.show(expired.node, [CHRONYD])[0].active == "active")
    assert systemctl.show(expired.node, [CHRONYD])[0].enabled == "enabled"
    assert shown(expired, "NTP") == "yes"


def test_masked_unit_cannot_be_switched_on(expired: Subject) -> None:
    systemctl.stop(expired.node, CHRONYD)
    systemctl.mask(expired.node, CHRONYD)
    assert (shown(expired, "CanNTP"), shown(expired, "NTP")) == ("no", "no")
    told = expired.texts("timedatectl", "set-ntp", "yes")
    systemctl.unmask(expired.node, CHRONYD)
    systemctl.enable(expired.node, CHRONYD)
    systemctl.start(expired.node, CHRONYD)
    assert told == ("", "Failed to set ntp: NTP not supported\n", 1)


def test_stopped_is_enough_and_the_step_drags_the_hardware_clock(fresh: Subject) -> None:
    node = fresh.node
    systemctl.stop(node, CHRONYD)
    cursor = journalctl.last_cursor(node)
    assert fresh.texts("timedatectl", "set-time", "@%d" % BACK) == ("", "", 0)
    now = node.now()
    assert BACK <= now.wall < BACK + 60
    fresh.until(lambda: node.now().wall - 3 < rtc(fresh) < node.now().wall + 3, 10)
    # The clock runs on from there, and uptime does not notice.
    later = node.now()
    assert later.wall - now.wall == pytest.approx(later.boottime - now.boottime, abs=5)
    entries, _ = journalctl.follow(node, cursor)
    said = [one for one in entries if one.field("MESSAGE_ID") == TIME_CHANGE]
    by = {one.field("SYSLOG_IDENTIFIER") for one in said}
    assert "systemd-timedated" in by
    (told,) = [one for one in said if one.field("SYSLOG_IDENTIFIER") == "systemd-timedated"]
    assert re.match(r"Changed local time to Thu 2023-01-19 \d\d:00:00 \w+$", told.message)
    assert told.field("_SYSTEMD_UNIT") == "systemd-timedated.service"
    assert any("Time jumped backwards, rotating." in one.message for one in entries)
    # A local form is the node's own day, a day without a time its midnight.
    assert fresh.texts("timedatectl", "set-time", "2023-01-20 11:30:00") == ("", "", 0)
    assert fresh.ok("date", "-u", "+%F %H:%M")[:10] == "2023-01-20"
    assert fresh.texts("timedatectl", "set-time", "1970-01-01")[2] == 1


def test_step_forward_is_no_jump_of_the_journal(fresh: Subject) -> None:
    node = fresh.node
    systemctl.stop(node, CHRONYD)
    cursor = journalctl.last_cursor(node)
    timedatectl.set_time(node, int(node.now().wall) + DAY)
    entries, _ = journalctl.follow(node, cursor)
    assert entries and not any("Time jumped" in one.message for one in entries)
    assert entries[-1].realtime - entries[0].realtime > DAY - 60
    assert entries[-1].monotonic - entries[0].monotonic < 60
