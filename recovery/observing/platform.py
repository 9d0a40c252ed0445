# SPDX-License-Identifier: Apache-2.0
"""What kind of node this is: release, versions, free space, rights."""

import re
import sys
from typing import List, Tuple

from recovery import errors, host, inventory
from recovery.observing import problems
from recovery.programs import df, rpm

# Any of these is left on every node that ever was one, even with all certificates lost.
MARKS = (
    "/etc/vdsm/vdsm.id",
    "/etc/vdsm/vdsm.conf",
    inventory.NODE_CERTIFICATE,
    inventory.NODE_KEY,
    "/etc/ovirt-hosted-engine/hosted-engine.conf",
)
PACKAGES = (
    "vdsm",
    "ovirt-hosted-engine-ha",
    "ovirt-hosted-engine-setup",
    "libvirt-daemon",
    "systemd",
    "chrony",
    "openssl",
)
QEMU_CONF = "/etc/libvirt/qemu.conf"
SPACE = ("/etc/pki", "/var/lib", "/var/log")


def is_ovirt_node(node: host.Host) -> bool:
    """Tell whether the marks of an oVirt node are there."""
    return any(node.exists(path) for path in MARKS)


def hostname(node: host.Host) -> str:
    """Return the node's name from its files; asking the resolver may take a minute."""
    return _first_line(node, "/etc/hostname") or _first_line(node, "/proc/sys/kernel/hostname")


def os_release(node: host.Host) -> str:
    """Return PRETTY_NAME of os-release, "" when it is not told."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        found = re.search(r'^PRETTY_NAME="?([^"\n]*)', _content(node, path), re.MULTILINE)
        if found:
            return found.group(1)
    return ""


def vnc_tls(node: host.Host) -> bool:
    """Tell whether qemu checks the VNC certificate at a VM's start; the last line counts."""
    values = re.findall(r"^\s*vnc_tls\s*=\s*(\d)", _content(node, QEMU_CONF), re.MULTILINE)
    return bool(values) and values[-1] != "0"


def root_rights(node: host.Host) -> bool:
    """Tell whether programs run as root here. Raises: ProgramError."""
    return node.run(["id", "-u"], timeout=10).stdout.strip() == "0"


def disk_free(node: host.Host) -> Tuple[Tuple[str, int], ...]:
    """Return the free space where the recovery writes. Raises: ProgramError."""
    present = [path for path in SPACE if node.exists(path)]
    return tuple(df.free(node, present)) if present else ()


def versions(
    node: host.Host, running: bool, notes: problems.Problems
) -> Tuple[Tuple[str, str], ...]:
    """Return our own interpreter's version and those of the node's packages."""
    ours = [("python", sys.version.split()[0])]
    if not running:
        return tuple(ours)
    none: List[Tuple[str, str]] = []
    return tuple(ours + notes.attempt("packages", lambda: rpm.versions(node, PACKAGES), none))


def _content(node: host.Host, path: str) -> str:
    try:
        return node.read(path).decode("utf-8", "replace")
    except errors.FileError:
        return ""


def _first_line(node: host.Host, path: str) -> str:
    return (_content(node, path).strip().splitlines() or [""])[0]
