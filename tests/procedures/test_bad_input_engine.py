# SPDX-License-Identifier: Apache-2.0
"""An engine that cannot sign: its CA's register is worth more than any certificate."""

from pathlib import Path
from typing import Dict

from tests.procedures import accounts, watched

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
