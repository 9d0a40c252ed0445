# SPDX-License-Identifier: Apache-2.0
"""`undo` from just before the end, the engine VM running; from the middle: test_dead_man.py."""

from typing import Dict

from tests.vm.node import Node
from tests.vm.test_recovery import RECOVER


def check_undone(node: Node, before: Dict[str, str], domain: int) -> None:
    """Undo: files, units and time are as before, and the engine VM is that of this pid."""
    done = node.tool("undo --yes")
    assert done.status == 0, done.out + done.err
    assert node.changed(before) == []
    assert abs(node.deviation()) < 1.0
    assert abs(node.machine.rtc() - node.true()) < 3
    assert node.out("systemctl is-active chronyd").strip() == "active"
    left = node.out("systemctl list-units --all --plain --no-legend 'ovirt-cert-recovery*'")
    assert ".timer" not in left and "restore-time" not in left
    # Nobody restarts libvirtd with the old certificate, and nobody touches the engine VM.
    assert node.domain() == domain and node.domain_state() == "running"


def test_undo_brings_files_units_and_time_back(node: Node) -> None:
    before = node.files()
    node.begin(RECOVER)
    node.reached(15)
    node.kill()
    domain = node.domain()
    assert domain is not None
    check_undone(node, before, domain)
