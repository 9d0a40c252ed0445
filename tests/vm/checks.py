# SPDX-License-Identifier: Apache-2.0
"""How a recovery and how its undoing must have left the machine: every claim is looked up there."""

from typing import Dict

from tests.vm.node import COPIES, PASSWORD, Node

# Up to engine-setup, after which nothing is taken back.
RECOVER = "recover --yes --no-engine-setup --engine-password-file " + PASSWORD
RESUME = "resume --yes --engine-password-file " + PASSWORD
INSTALLED = sorted(COPIES)


def check_time(node: Node) -> None:
    """Both clocks show the true time."""
    assert abs(node.deviation()) < 1.0
    # Whole seconds, written and read late by an emulated machine that has more to do.
    assert abs(node.machine.rtc() - node.true()) < 5


def check_recovered(node: Node, text: str) -> None:
    """Every claim of the report is looked up in the machine."""
    assert "Recovered." in text
    assert node.domain_state() == "running"
    assert abs(node.deviation()) < 1.0
    until = node.enddate()
    assert node.served() == until and until.endswith("2024 GMT")
    assert len({node.out("cat " + path) for path in COPIES}) == 1
    assert (
        node.run("systemctl is-active libvirtd vdsmd ovirt-ha-agent chronyd").out.split()
        == ["active"] * 4
    )
    left = node.run("systemctl list-units --all --plain --no-legend 'ovirt-cert-recovery*.timer'")
    assert left.out == ""


def check_undone(node: Node, before: Dict[str, str], domain: int) -> None:
    """Undo: files, units and time are as before, and the engine VM is that of this pid."""
    done = node.tool("undo --yes")
    assert done.status == 0, done.out + done.err
    assert node.changed(before) == []
    check_time(node)
    assert node.out("systemctl is-active chronyd").strip() == "active"
    left = node.out("systemctl list-units --all --plain --no-legend 'ovirt-cert-recovery*'")
    assert ".timer" not in left and "restore-time" not in left
    # Nobody restarts libvirtd with the old certificate, and nobody touches the engine VM.
    assert node.domain() == domain and node.domain_state() == "running"
