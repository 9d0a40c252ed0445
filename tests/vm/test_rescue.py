# SPDX-License-Identifier: Apache-2.0
"""The dead node's disk in a rescue system: signed for there, and the node boots well from it."""

from typing import Callable

from simulators import names
from tests.vm.checks import INSTALLED
from tests.vm.node import BACKUP, CERTIFICATE, Node

DISK = "/dev/sdb"  # beside the stick
SYSIMAGE = "/mnt/sysimage"
ROOT = "--root %s " % SYSIMAGE
MAINTENANCE = "hosted-engine --set-maintenance --mode=%s"
# What the agent has seen in this boot, at the end of a turn in which vdsm answered it.
STATUS = "hosted-engine --vm-status --json"
SEEN_DOWN = STATUS + """ | grep -q '"vm": "down".*"live-data": true'"""
RUNS = "virsh -r domstate %s | grep -qx running" % names.DOMAIN


def test_disk_at_rest_is_signed_for_and_the_node_boots_from_it(
    node: Node, rescue: Callable[[int], Node]
) -> None:
    before = node.files()
    node.out(MAINTENANCE % "global" + " && sync")
    other = rescue(node.machine.cut())
    other.machine.attach(node.machine.disk)
    other.out(
        "until mount -o X-mount.mkdir %s %s 2>/dev/null; do sleep 0.3; done" % (DISK, SYSIMAGE)
    )
    # Nothing of a node runs there, and its own directories are not those of the disk.
    assert other.run("systemctl is-active libvirtd vdsmd chronyd").out.split() == ["inactive"] * 3
    other.out("rm -r /etc/pki/vdsm")
    other.pack(SYSIMAGE)
    told = other.tool(ROOT + "diagnose")
    assert told.status == 0 and "--engine-backup FILE signs" in told.out, told.out + told.err
    # The journal on the disk is read by the rescue system's journalctl.
    assert "certificate %s has" % CERTIFICATE in " ".join(told.out.split()), told.out
    done = other.tool(ROOT + "recover --yes --route offline-ca --engine-backup " + BACKUP)
    assert done.status == 0, done.out + done.err
    assert "Now boot the node from this disk" in done.out
    other.out("umount " + SYSIMAGE)
    node.boot(other.machine.cut())
    # Nobody does anything: libvirtd starts, and the HA agent sees that the engine VM is down. The
    # global maintenance that somebody left on keeps it from starting it, and nothing else does.
    node.machine.until(SEEN_DOWN, 300)
    assert node.domain() is None
    node.out(MAINTENANCE % "none")
    node.machine.until(RUNS, 300)
    assert node.changed(before) == INSTALLED
    assert node.served() == node.enddate() and node.enddate().endswith("2024 GMT")
    assert "finished" in node.tool("status").out
