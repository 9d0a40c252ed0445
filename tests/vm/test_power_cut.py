# SPDX-License-Identifier: Apache-2.0
"""The power goes at many points: the next boot is in the present, and `resume` ends the work."""

import posixpath

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.vm.checks import RECOVER, RESUME, check_recovered
from tests.vm.node import COPIES, Node

END = "-----END CERTIFICATE-----"
# One command for all: to start a program takes an emulated machine a second.
LOOK = "cat %s; echo [KEY]; openssl pkey -in /etc/pki/vdsm/keys/vdsmkey.pem -pubout; echo [LEFT]; "
LOOK = LOOK % " ".join(COPIES)
REMAINS = "find /etc/pki -name '*.new' -o -name '*.tmp' -o -name '.*.*-*'"
LOOK += REMAINS
# What a cut between writing and renaming leaves beside a file that is whole; until `resume` only.
HALVES = {"%s/.%s.ovirt-cert-recovery" % posixpath.split(path) for path in COPIES}
# A hardware clock has whole seconds, and the kernel's start takes its time.
PRESENT = 5.0
UNIT = "ovirt-cert-recovery-restore-time.service"
# At each boot libvirtd refuses its certificate. That systemd gives up after five times is proved by
# every other broken node; here twice will do.
SOONER = "mkdir -p {0} && printf '[Unit]\\nStartLimitBurst=2\\n' > {0}/sooner.conf".format(
    "/etc/systemd/system/libvirtd.service.d"
)
NO_RTC = "mount --bind /bin/false /usr/sbin/hwclock"


def check_after_cut(node: Node) -> None:
    """In the present, and every file whole: each certificate is the old one or the new one."""
    assert abs(node.deviation()) < PRESENT, node.run("journalctl -b -n 50").out
    found, _, rest = node.out(LOOK).partition("[KEY]\n")
    half, _, left = rest.partition("[LEFT]\n")
    pems = found.split(END)
    assert len(pems) == len(COPIES) + 1 and pems[-1].strip() == "", found
    shown = [x509.load_pem_x509_certificate((pem + END).encode()) for pem in pems[:-1]]
    assert shown[0].public_key() == serialization.load_pem_public_key(half.encode())
    assert set(left.split()) <= HALVES


def check_mended_at_boot(node: Node, left: int) -> None:
    """set-time had dragged the hardware clock along: booted into the past, mended by the unit."""
    assert left < node.true() - 86400
    shown = node.out("systemctl show -p Result,ExecMainStatus,ActiveEnterTimestamp %s" % UNIT)
    assert "Result=success" in shown and "ExecMainStatus=0" in shown


def test_power_cuts_each_then_resumed(node: Node) -> None:
    """Clock back, libvirtd and the engine VM starting, ssh, files half installed, time half back.

    At the engine VM's start the hardware clock could not be given the true time.
    """
    node.out(SOONER)
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
    assert node.tool("status").status == 0
    node.begin(RESUME)
    assert node.ended() == 0, node.log()
    check_recovered(node, node.log())
    assert node.out(REMAINS) == ""
