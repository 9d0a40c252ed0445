# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Optional

import pytest

from recovery.programs import hwclock
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def test_read_returns_what_the_kernel_shows(node: nodes.Node) -> None:
    assert hwclock.read(node.host) == nodes.NOW


@pytest.mark.parametrize("text", ["", "garbage\n", "-5\n"])
def test_read_of_no_number_is_none(node: nodes.Node, text: str) -> None:
    node.write(hwclock.SINCE_EPOCH, text)
    assert hwclock.read(node.host) is None


def test_read_without_an_rtc_is_none(node: nodes.Node) -> None:
    node.place(hwclock.SINCE_EPOCH).unlink()
    assert hwclock.read(node.host) is None


@pytest.mark.parametrize(
    "text, local",
    [
        ("0.0 0 0.0\n0\nUTC\n", False),
        ("0.0 0 0.0\n0\nLOCAL\n", True),
        ("0.0 0 0.0\n", False),
        ("", False),
        (None, False),
    ],
)
def test_is_local_is_the_third_line_of_adjtime(
    node: nodes.Node, text: Optional[str], local: bool
) -> None:
    if text is not None:
        node.write(hwclock.ADJTIME, text)
    assert hwclock.is_local(node.host) is local


def test_write_is_in_utc_whatever_the_node_s_zone(node: nodes.Node) -> None:
    node.script("hwclock", "echo $TZ $* > %s/said" % node.folder)
    hwclock.write(node.host, nodes.NOW)
    said = (node.folder / "said").read_text()
    assert said == "UTC --set --utc --date=2023-02-20 12:00:00\n"


def test_write_of_an_rtc_in_local_time_asks_the_node_for_its_zone(node: nodes.Node) -> None:
    node.write(hwclock.ADJTIME, "0.0 0 0.0\n0\nLOCAL\n")
    node.script("date", "echo 2023-02-20 15:00:00")
    node.script("hwclock", "echo ${TZ-none} $* > %s/said" % node.folder)
    hwclock.write(node.host, nodes.NOW)
    said = (node.folder / "said").read_text()
    assert said == "none --set --localtime --date=2023-02-20 15:00:00\n"
