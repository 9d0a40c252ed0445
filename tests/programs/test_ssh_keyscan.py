# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery.programs import ssh_keyscan
from tests.programs import recorded
from tests.unit import nodes

KEY = "virt-he.example.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ\n"
BANNER = "# virt-he.example.test:22 SSH-2.0-OpenSSH_8.0\n"


@pytest.mark.parametrize(
    "out, status, answer",
    [(KEY, 0, True), (BANNER + KEY, 0, True), ("", 1, False), ("", 0, False), (BANNER, 1, False)],
)
def test_answers_when_a_key_is_shown(out: str, status: int, answer: bool, tmp_path: Path) -> None:
    node = recorded.Recorded(tmp_path).prints("ssh-keyscan", out, status)
    assert ssh_keyscan.answers(node, "virt-he.example.test") is answer
    assert node.calls("ssh-keyscan") == ["-T 5 virt-he.example.test"]


def test_name_that_nobody_knows_is_told(tmp_path: Path) -> None:
    line = "getaddrinfo virt-he.example.test: Name or service not known"
    node = recorded.Recorded(tmp_path).prints("ssh-keyscan", "", 1, line + "\n")
    assert ssh_keyscan.asked(node, "virt-he.example.test") == (False, line)


def test_port_that_is_closed_is_no_unknown_name(tmp_path: Path) -> None:
    line = "virt-he.example.test: Connection refused\n"
    node = recorded.Recorded(tmp_path).prints("ssh-keyscan", "", 1, line)
    assert ssh_keyscan.asked(node, "virt-he.example.test") == (False, "")


def test_resolver_that_hangs_is_no_engine_that_is_silent(tmp_path: Path) -> None:
    node = nodes.Node(tmp_path)
    node.script("ssh-keyscan", "exec /bin/sleep 60")
    shown, told = ssh_keyscan.asked(
        node.host, "virt-he.example.test", seconds=1 - ssh_keyscan.RESOLVER
    )
    assert not shown and "within 1 s, as where no name server answers" in told
