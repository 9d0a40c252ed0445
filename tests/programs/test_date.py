# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Callable

from recovery.local_host import LocalHost
from recovery.programs import date
from tests.unit import nodes


def test_set_time_steps_the_wall_clock_and_leaves_the_rtc(tmp_path: Path) -> None:
    node = nodes.Node(tmp_path)
    date.set_time(node.host, nodes.NOW - 86400.004)
    assert node.calls() == ["date -s @%d.00" % (nodes.NOW - 86400)]
    assert node.rtc() == nodes.NOW


def test_local_is_what_hwclock_takes(real_programs: Callable[..., Path], tmp_path: Path) -> None:
    real = LocalHost("/", str(real_programs("date")))
    assert date.local(real, nodes.NOW)[4::3] == "-- ::"
    script = nodes.Node(tmp_path)
    assert date.local(script.host, nodes.NOW) == "2023-02-20 12:00:00"
