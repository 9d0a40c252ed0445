# SPDX-License-Identifier: Apache-2.0
"""chronyc: chronyd with a server that is silent, with one that answers, and gone."""

import re

import pytest

from recovery import errors
from recovery.programs import chronyc, systemctl
from tests.contract.machine.subject import Subject

CHRONYD = "chronyd.service"


def test_silent_server_gives_no_time(expired: Subject) -> None:
    found = chronyc.tracking(expired.node)
    assert (found.source, found.stratum, found.ahead) == ("", 0, 0.0)
    assert found.leap == chronyc.NOT_SYNCHRONISED and not found.synchronised
    columns = expired.ok("chronyc", "-c", "tracking")
    zero = ["0.000000000"] * 4 + ["0.000"] * 3 + ["1.000000000"] * 2
    assert columns == ",".join(["00000000", "", "0"] + zero + ["0.0", "Not synchronised\n"])


def test_silent_server_is_a_source_nobody_can_use(expired: Subject) -> None:
    (source,) = chronyc.sources(expired.node)
    assert (source.state, source.reach, source.ahead) == ("?", 0, 0.0)
    text = expired.ok("chronyc", "-c", "sources")
    never = "4294967295,0.000000000,0.000000000,0.000000000"
    assert re.match(r"\^,\?,[\d.]+,0,\d+,0,%s\n$" % never, text), text


def test_server_that_answers_is_tracked(fresh: Subject) -> None:
    with fresh.offered_time():
        fresh.until(lambda: chronyc.tracking(fresh.node).synchronised)
        found = chronyc.tracking(fresh.node)
        assert (found.source, found.stratum, found.leap) == ("10.0.2.2", 3, "Normal")
        assert abs(found.ahead) < 1
        (source,) = chronyc.sources(fresh.node)
        assert (source.state, source.name) == ("*", "10.0.2.2")
        assert source.reach > 0 and abs(source.ahead) < 1
        columns = fresh.ok("chronyc", "-c", "tracking").strip().split(",")
        assert columns[0] == "0A000202" and len(columns) == 14
        assert abs(float(columns[3]) - fresh.node.now().wall) < 60
        rest = r"2,\d+,[0-7]+,\d+,-?\d+\.\d{9},-?\d+\.\d{9},\d+\.\d{9}\n$"
        assert re.match(r"\^,\*,10\.0\.2\.2," + rest, fresh.ok("chronyc", "-c", "sources"))
        fresh.until(
            lambda: fresh.ok("timedatectl", "show", "-p", "NTPSynchronized", "--value") == "yes\n"
        )


def test_clock_that_is_behind_is_stepped_at_the_start_and_told_with_its_sign(
    fresh: Subject,
) -> None:
    node = fresh.node
    systemctl.stop(node, CHRONYD)
    assert fresh.run("date", "-s", "@%.2f" % (node.now().wall - 3600)).status == 0
    back = node.now()
    with fresh.offered_time(3600):
        fresh.until(lambda: chronyc.tracking(node).synchronised)
        now = node.now()
        assert abs((now.wall - back.wall - 3600) - (now.boottime - back.boottime)) < 5
        said = fresh.ok("journalctl", "-u", "chronyd", "-o", "cat", "--no-pager", "-n", "30")
        stepped = re.search(r"^System clock was stepped by (\S+) seconds$", said, re.M)
        assert stepped and float(stepped.group(1)) == pytest.approx(3600, abs=5)
        assert re.search(r"^System clock wrong by \S+ seconds$", said, re.M)


def test_without_the_daemon_it_is_an_error(expired: Subject) -> None:
    systemctl.stop(expired.node, CHRONYD)
    try:
        told = [expired.texts("chronyc", "-c", verb) for verb in ("tracking", "sources")]
        with pytest.raises(errors.ProgramFailed):
            chronyc.tracking(expired.node)
    finally:
        systemctl.start(expired.node, CHRONYD)
    assert told == [("506 Cannot talk to daemon\n", "", 1)] * 2
