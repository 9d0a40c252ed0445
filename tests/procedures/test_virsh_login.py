# SPDX-License-Identifier: Apache-2.0
"""A virsh_auth.conf that lets nobody in: the engine VM is started all the same."""

from pathlib import Path

import pytest

from recovery.programs import virsh
from tests.procedures import accounts, points, watched

SPOILT = {
    "empty": "",
    "wrong": "[credentials-vdsm]\nauthname=vdsm@ovirt\npassword=wrong\n\n"
    "[auth-libvirt-localhost]\ncredentials=vdsm\n",
    "garbage": "\x00\x01 no section\n",
}


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_login_that_lets_nobody_in_is_done_without(kind: str, tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    Path(node.world.root + virsh.AUTH_FILE).write_text(SPOILT[kind])
    ended = node.recover(points.kill_once("before", "openssl ca"))
    assert ended.status == -9, ended.output[-2000:]
    assert "start-engine-vm" in accounts.verified(node.world)
    assert [call for call in accounts.calls(node.world) if call == "virsh -r"]
