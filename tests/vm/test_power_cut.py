# SPDX-License-Identifier: Apache-2.0
"""The power goes at many points: the next boot is in the present, and `resume` ends the work."""

from typing import Sequence

import pytest

from tests.vm.checks import RECOVER, check_recovered
from tests.vm.node import CERTIFICATE, COPIES, PASSWORD, Node

RESUME = "resume --yes --engine-password-file " + PASSWORD
# A hardware clock has whole seconds, and the kernel's start takes its time.
PRESENT = 5.0
UNIT = "ovirt-cert-recovery-restore-time.service"
NO_RTC = "mount --bind /bin/false /usr/sbin/hwclock"


def check_after_cut(node: Node) -> None:
    """In the present, and every file whole: each certificate is the old one or the new one."""
    assert abs(node.deviation()) < PRESENT, node.run("journalctl -b -n 50").out
    for path in COPIES:
        node.out("openssl x509 -in %s -noout" % path)
    kept = node.out("openssl x509 -in %s -noout -pubkey" % CERTIFICATE)
    assert kept == node.out("openssl pkey -in /etc/pki/vdsm/keys/vdsmkey.pem -pubout")
    assert node.out("find /etc/pki -name '*.new' -o -name '*.tmp' -o -name '.*.*-*'").strip() == ""
    assert node.tool("status").status == 0


@pytest.mark.parametrize("cuts", [(8, 14), (6, 11, 15)], ids=["start-install", "back-ssh-restore"])
def test_power_cut_then_resume(node: Node, cuts: Sequence[int]) -> None:
    order = RECOVER
    for step in cuts:
        node.begin(order)
        node.reached(step)
        node.cut_and_boot()
        check_after_cut(node)
        order = RESUME
    check_resumed(node)


def check_resumed(node: Node) -> None:
    node.offset()  # the hardware clock's whole seconds are all the truth that is left
    node.begin(RESUME)
    assert node.ended() == 0, node.log()
    check_recovered(node, node.log())


def test_power_cut_with_an_rtc_that_cannot_be_written_then_undo(node: Node) -> None:
    before = node.files()
    node.out(NO_RTC)
    node.begin(RECOVER)
    node.reached(9)
    left = node.cut_and_boot()
    # set-time had dragged it along: the machine booted into the past, and the unit mended that.
    assert left < node.true() - 86400
    shown = node.out("systemctl show -p Result,ExecMainStatus,ActiveEnterTimestamp %s" % UNIT)
    assert "Result=success" in shown and "ExecMainStatus=0" in shown
    check_after_cut(node)
    done = node.tool("undo --yes")
    assert done.status == 0, done.out + done.err
    assert node.changed(before) == []
    assert abs(node.deviation()) < PRESENT
