# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import clock, errors
from recovery.moment import AnyMoment
from tests.unit import nodes

BACK = nodes.NOW - 41 * nodes.DAY
BUSY = "Failed to set time: Previous request is not finished, refusing.\n"
SYNCHRONISED = "Failed to set time: Automatic time synchronization is enabled\n"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def true_at(now: AnyMoment) -> float:
    return nodes.NOW - nodes.UPTIME + now.boottime


def test_step_to_drags_the_rtc_along(node: nodes.Node) -> None:
    clock.step_to(node.host, BACK)
    assert int(node.host.now().wall) == node.rtc() == BACK


def test_step_to_refused_for_synchronisation_falls_back_to_date(node: nodes.Node) -> None:
    node.refuse("timedatectl", SYNCHRONISED)
    clock.step_to(node.host, BACK)
    assert int(node.host.now().wall) == BACK
    assert len(node.calls("timedatectl")) == 1


def test_step_to_refused_as_busy_tries_again_before_date(node: nodes.Node) -> None:
    node.refuse("timedatectl", BUSY)
    clock.step_to(node.host, BACK)
    assert len(node.calls("timedatectl")) == clock.BUSY_TRIES
    assert node.calls("date -s") == [] and int(node.host.now().wall) == BACK


def test_step_to_without_timedatectl_uses_date(node: nodes.Node) -> None:
    (node.programs / "timedatectl").unlink()
    clock.step_to(node.host, BACK)
    assert int(node.host.now().wall) == BACK


def test_step_to_where_date_refuses_too_is_an_error(node: nodes.Node) -> None:
    node.refuse("timedatectl", SYNCHRONISED)
    node.refuse("date", "date: cannot set date: Operation not permitted\n")
    with pytest.raises(errors.ProgramFailed, match="Operation not permitted"):
        clock.step_to(node.host, BACK)


def test_restore_brings_wall_clock_and_rtc_to_the_true_time(node: nodes.Node) -> None:
    clock.step_to(node.host, BACK)
    node.pass_time(600)
    deviation = clock.restore(node.host, true_at)
    now = node.host.now()
    assert abs(now.wall - true_at(now)) <= clock.FINE
    assert abs(deviation) <= clock.FINE
    assert abs(node.rtc() - true_at(now)) <= clock.RTC_TOLERANCE


def test_restore_of_a_right_clock_steps_nothing(node: nodes.Node) -> None:
    assert clock.restore(node.host, true_at) == 0
    assert [call for call in node.calls() if "set" in call or " -s " in call] == []


def test_restore_of_a_right_clock_still_mends_the_rtc(node: nodes.Node) -> None:
    node.write("/sys/class/rtc/rtc0/since_epoch", "%d\n" % BACK)
    (node.folder / "rtc").write_text("%d\n" % (BACK - nodes.UPTIME))
    clock.restore(node.host, true_at)
    assert abs(node.rtc() - true_at(node.host.now())) <= clock.RTC_TOLERANCE
    assert node.calls("timedatectl") == []


def test_restore_without_an_rtc_needs_none(node: nodes.Node) -> None:
    node.place("/sys/class/rtc/rtc0/since_epoch").unlink()
    node.move_clock(-nodes.DAY)
    clock.restore(node.host, true_at)
    assert abs(node.host.now().wall - true_at(node.host.now())) <= clock.FINE
    assert node.calls("hwclock") == []


def test_restore_of_a_clock_that_does_not_follow_gives_the_command(node: nodes.Node) -> None:
    node.move_clock(-nodes.DAY)
    node.answers("timedatectl")
    node.script("date", "[ $1 = -s ] || echo %d.25" % (nodes.NOW - nodes.DAY))
    with pytest.raises(errors.Error, match="-86400.0 s off") as caught:
        clock.restore(node.host, true_at)
    assert caught.value.next_step == "date -s @%d" % nodes.NOW


def test_keep_rtc_gives_it_the_true_time_while_the_clock_is_back(node: nodes.Node) -> None:
    clock.step_to(node.host, BACK)
    deviation = clock.keep_rtc(node.host, true_at)
    assert abs(node.rtc() - true_at(node.host.now())) <= clock.RTC_TOLERANCE
    assert deviation is not None and abs(deviation) <= clock.RTC_TOLERANCE
    assert int(node.host.now().wall) - BACK < 60


def test_keep_rtc_dragged_along_late_is_written_again(node: nodes.Node) -> None:
    # timedatex of EL8 writes the RTC up to 2 s after set-time returned.
    late = "[ -e $here/late ] || { : > $here/late; rtc=$ahead; }\n"
    text = nodes.HEAD + late + nodes.PROGRAMS["sleep"]
    node.script("sleep", text)
    node.move_clock(-41 * nodes.DAY)
    clock.keep_rtc(node.host, true_at)
    assert abs(node.rtc() - true_at(node.host.now())) <= clock.RTC_TOLERANCE


def test_keep_rtc_that_does_not_follow_is_an_error(node: nodes.Node) -> None:
    clock.step_to(node.host, BACK)
    node.answers("hwclock")
    with pytest.raises(errors.Error, match="cannot write the hardware clock"):
        clock.keep_rtc(node.host, true_at)


def test_keep_rtc_without_an_rtc_is_none(node: nodes.Node) -> None:
    node.place("/sys/class/rtc/rtc0/since_epoch").unlink()
    assert clock.keep_rtc(node.host, true_at) is None


def test_keep_rtc_in_local_time_is_written_in_local_time(node: nodes.Node) -> None:
    node.write("/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n")
    clock.keep_rtc(node.host, true_at)
    assert all("--localtime" in call for call in node.calls("hwclock"))
    assert node.calls("hwclock") != []
