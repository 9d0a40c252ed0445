# SPDX-License-Identifier: Apache-2.0
"""A rewind that was given up leaves the engine VM in the past: undo says so, a run sets it."""

from pathlib import Path

import pytest

from simulators import names
from tests.procedures import accounts, points, watched

DAY = 86400


def given_up(tmp_path: Path) -> watched.Node:
    """The tool is lost while the engine signs, and the run is undone."""
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    assert node.recover(points.kill_once("before", "openssl ca")).status == -9
    ended = node.undo()
    assert ended.status == 0, ended.output[-2000:]
    text = " ".join(ended.output.split())
    assert (
        "its clock is about 32 days behind" in text or "its clock is about 31 days behind" in text
    )
    assert "ssh root@%s" % names.ENGINE in text and "date -u -s @$(date +%s)" in text
    assert accounts.clocks(node.world).engine < -30 * DAY
    return node


def test_rewind_given_up_then_signed_has_certificates_of_full_length(tmp_path: Path) -> None:
    node = given_up(tmp_path)
    words = ("--route", "sign", "--engine-password-file", node.world.password_file)
    ended = node.tool("recover", "--yes", *words)
    assert ended.status == 0, ended.output[-3000:]
    assert "the engine's clock is 3" in ended.output
    assert abs(accounts.clocks(node.world).engine) < 2.5
    assert "engine's web certificate: valid until 2024-03-2" in accounts.account(node.world)
    accounts.at_rest(node)


@pytest.mark.slow
def test_undo_of_a_rewind_that_set_the_engines_clock_does_not_speak_of_it(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    assert node.recover(points.kill_once("before", "engine-setup --offline")).status == -9
    assert abs(accounts.clocks(node.world).engine) < 2.5
    ended = node.undo()
    assert "undone" in ended.output and "started in the past" not in ended.output
