# SPDX-License-Identifier: Apache-2.0
"""An engine that cannot sign: its CA's register is worth more than any certificate."""

import os
from pathlib import Path
from typing import Dict, Set, Tuple

import pytest

from tests.procedures import accounts, points, watched

PKI = "/etc/pki/ovirt-engine/"


def register(node: watched.Node) -> Dict[str, bytes]:
    names = ("serial.txt", "database.txt", "database.txt.attr")
    return {name: Path(node.world.engine + PKI + name).read_bytes() for name in names}


def test_full_disk_of_the_engine_ends_the_run_before_openssl_empties_the_register(
    tmp_path: Path,
) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    before = register(node)
    node.world.sim.schedule(0, "engine-disk-full")
    ended = node.recover()
    assert ended.status == 4, ended.output[-2000:]
    told = " ".join(ended.output.split())
    assert "cannot sign the request on the engine: %s has 0 KiB free" % PKI.rstrip("/") in told
    assert "make room on the engine" in told
    assert register(node) == before and accounts.changed(node.world) == []
    node.world.sim.schedule(0, "engine-disk-full", full=False)
    ended = node.resume()
    assert ended.status == 0, ended.output[-2000:]
    assert register(node)["serial.txt"] != before["serial.txt"]
    assert accounts.changed(node.world) == accounts.INSTALLED


def answers(node: watched.Node, does: bool) -> None:
    """Take the engine's ssh away, or give it back."""
    with node.world.opened() as now:
        now.state["vm"]["ssh"] = does


def owners(node: watched.Node) -> Set[Tuple[int, int]]:
    """Whose the directory and the CA's register are: the engine must be able to write on."""
    top = node.world.engine + PKI
    found = [os.stat(top)] + [os.stat(top + name) for name in register(node)]
    return {(one.st_uid, one.st_gid) for one in found}


@pytest.mark.slow
@pytest.mark.parametrize("side, signed", [("before", False), ("after", True)])
@pytest.mark.parametrize("then", ["resume", "undo"])
def test_engine_lost_at_the_signing_is_told_as_that_and_nothing_is_lost(
    tmp_path: Path, side: str, signed: bool, then: str
) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    before, mine = register(node), owners(node)
    ended = node.recover(points.once(side, "openssl ca", lambda: answers(node, False)))
    assert ended.status == 5, ended.output[-2000:]
    told = " ".join(ended.output.split())
    assert "cannot sign the request on the engine: the connection to " in told
    assert "was lost" in told and "chown" not in told
    assert "next: when it answers ssh again: ovirt-cert-recovery resume (or: undo)" in told
    assert accounts.changed(node.world) == []
    assert (register(node)["serial.txt"] != before["serial.txt"]) is signed
    answers(node, True)
    ended = node.resume() if then == "resume" else node.undo()
    assert ended.status == 0, ended.output[-2000:]
    assert owners(node) == mine
    if then == "resume":
        assert accounts.changed(node.world) == accounts.INSTALLED
        orders = [call for call in accounts.calls(node.world) if "openssl ca" in call]
        assert len(orders) == (1 if signed else 2)  # what is signed is used
    else:
        assert accounts.changed(node.world) == []


def test_openssl_that_cannot_sign_is_told_although_the_engine_is_lost_after_it(
    tmp_path: Path,
) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    key = Path(node.world.engine + PKI + "private/ca.pem")
    spoil = points.once("before", "openssl ca", lambda: key.write_text("no key\n"))
    lose = points.once("after", "openssl ca", lambda: answers(node, False))
    ended = node.recover(points.both(spoil, lose))
    assert ended.status == 5, ended.output[-2000:]
    assert "the request on the engine: openssl ca ended with status 1" in ended.output
    assert "chown" not in ended.output
    assert accounts.changed(node.world) == []
