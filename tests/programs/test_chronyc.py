# SPDX-License-Identifier: Apache-2.0
"""Outputs recorded from chrony 4.3; the shape is that of 3.4 to 4.6 (client.c)."""

from pathlib import Path

import pytest

from recovery import errors
from recovery.programs import chronyc
from tests.programs import recorded

ALONE = (
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,"
    "1.000000000,1.000000000,0.0,Not synchronised\n"
)
SLOW = "C0000204,192.0.2.4,3,1676894400.5,12.500000000,0.1,0.2,1.0,0.0,0.1,0.02,0.01,64.2,Normal\n"
LOCAL = SLOW.replace("C0000204,192.0.2.4", "7F7F0101,")
SOURCES = (
    "^,*,192.0.2.4,2,6,377,12,-0.000100000,-0.000200000,0.010000000\n"
    "^,?,192.0.2.5,0,4,0,4294967295,0.000000000,0.000000000,0.000000000\n"
)


def test_tracking_without_source_is_not_synchronised(tmp_path: Path) -> None:
    tracked = chronyc.tracking(recorded.Recorded(tmp_path).prints("chronyc", ALONE))
    assert not tracked.synchronised and tracked.source == ""


def test_tracking_slow_clock_is_behind(tmp_path: Path) -> None:
    tracked = chronyc.tracking(recorded.Recorded(tmp_path).prints("chronyc", SLOW))
    assert tracked.synchronised and tracked.source == "192.0.2.4"
    assert tracked.ahead == -12.5


def test_tracking_local_reference_knows_nothing(tmp_path: Path) -> None:
    assert not chronyc.tracking(recorded.Recorded(tmp_path).prints("chronyc", LOCAL)).synchronised


@pytest.mark.parametrize("text", ["", "garbage\n", "a,b,c\n", SLOW.replace("12.5", "x")])
def test_tracking_unknown_shape_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        chronyc.tracking(recorded.Recorded(tmp_path).prints("chronyc", text))


def test_tracking_without_daemon_fails(tmp_path: Path) -> None:
    node = recorded.Recorded(tmp_path).prints("chronyc", "506 Cannot talk to daemon\n", 1)
    with pytest.raises(errors.ProgramFailed) as caught:
        chronyc.tracking(node)
    assert caught.value.seen == ("506 Cannot talk to daemon",)


def test_sources_reads_reach_as_octal(tmp_path: Path) -> None:
    found = chronyc.sources(recorded.Recorded(tmp_path).prints("chronyc", SOURCES))
    assert [one.reach for one in found] == [255, 0]
    assert found[0] == chronyc.Source("*", "192.0.2.4", 255, -0.0002)


def test_sources_unknown_shape_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        chronyc.sources(recorded.Recorded(tmp_path).prints("chronyc", "^,*,x\n"))
