# SPDX-License-Identifier: Apache-2.0
"""pgrep: virtual machines by their command lines, with libvirtd and without."""

import re

from recovery.programs import pgrep
from tests.contract.machine.subject import Subject


def test_virtual_machines_are_counted(running: Subject, expired: Subject) -> None:
    assert pgrep.count(running.node, pgrep.QEMU) == 1
    assert pgrep.count(expired.node, pgrep.QEMU) == 0
    assert running.texts("pgrep", "-c", "-f", pgrep.QEMU) == ("1\n", "", 0)
    assert expired.texts("pgrep", "-c", "-f", pgrep.QEMU) == ("0\n", "", 1)


def test_virtual_machine_is_shown_with_its_name(running: Subject) -> None:
    shown = running.ok("pgrep", "-a", "-f", pgrep.QEMU)
    assert re.match(r"\d+ /\S+/qemu-\S+ -name guest=HostedEngine,debug-threads=on -S ", shown)
    assert re.match(r"\d+\n$", running.ok("pgrep", "-f", pgrep.QEMU))


def test_nobody_guards_an_old_storage_domain(running: Subject) -> None:
    assert pgrep.count(running.node, pgrep.SPM_PROTECT) == 0


def test_without_a_pattern_it_is_an_error(expired: Subject) -> None:
    told = expired.texts("pgrep", "-f")
    assert told[0::2] == ("", 2) and told[1].startswith("pgrep: no matching criteria specified\n")


def test_virtual_machine_outlives_libvirtd(fresh_running: Subject) -> None:
    node = fresh_running.node
    names = ["libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"]
    fresh_running.ok("systemctl", "stop", *names)
    assert pgrep.count(node, pgrep.QEMU) == 1
