# SPDX-License-Identifier: Apache-2.0
"""The power goes at many points: the next boot is in the present, and `resume` ends the work."""

from tests.vm.checks import RECOVER, RESUME, check_recovered
from tests.vm.node import CERTIFICATE, COPIES, Node

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


def check_mended_at_boot(node: Node, left: int) -> None:
    """set-time had dragged the hardware clock along: booted into the past, mended by the unit."""
    assert left < node.true() - 86400
    shown = node.out("systemctl show -p Result,ExecMainStatus,ActiveEnterTimestamp %s" % UNIT)
    assert "Result=success" in shown and "ExecMainStatus=0" in shown


def test_power_cuts_each_then_resumed(node: Node) -> None:
    """Clock back, libvirtd and the engine VM starting, ssh, files half installed, time half back.

    At the engine VM's start the hardware clock could not be given the true time.
    """
    order = RECOVER
    for step in (6, 8, 9, 11, 14, 15):
        if step == 9:
            node.out(NO_RTC)
        node.begin(order)
        node.reached(step)
        left = node.cut_and_boot()
        if step == 9:
            check_mended_at_boot(node, left)
        check_after_cut(node)
        node.offset()  # the hardware clock's whole seconds are all the truth that is left
        order = RESUME
    check_resumed(node)


def check_resumed(node: Node) -> None:
    node.begin(RESUME)
    assert node.ended() == 0, node.log()
    check_recovered(node, node.log())
