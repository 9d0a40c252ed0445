# SPDX-License-Identifier: Apache-2.0
"""The systemd units that the recovery has to do with."""

from typing import Sequence, Tuple

from recovery import host, observation
from recovery.programs import systemctl

LIBVIRTD = "libvirtd.service"
LIBVIRT_SOCKETS = (
    "libvirtd.socket",
    "libvirtd-ro.socket",
    "libvirtd-admin.socket",
    "libvirtd-tls.socket",
)
# oVirt runs the monolithic daemon; these are looked at because they would explain a lot.
MODULAR = ("virtqemud.service", "virtproxyd.service")
VDSM = ("supervdsmd.service", "vdsm-network.service", "vdsmd.service", "mom-vdsm.service")
HA = ("ovirt-ha-broker.service", "ovirt-ha-agent.service")
OTHER = (
    "ovirt-imageio.service",
    "ovirt-imageio-daemon.service",  # its name up to 4.3
    "sanlock.service",
    "wdmd.service",
    "glusterd.service",  # of a hyperconverged node
)
SERVICES = (LIBVIRTD,) + LIBVIRT_SOCKETS + MODULAR + VDSM + HA + OTHER
CLOCK = (
    "chronyd.service",
    "chrony-wait.service",
    "ntpd.service",
    "ntpdate.service",
    "systemd-timesyncd.service",
    "ptp4l.service",
    "phc2sys.service",
    "vmtoolsd.service",
)

Units = Tuple[observation.Unit, ...]


def observe(node: host.Host) -> Tuple[Units, Units]:
    """Return the units present: services, and those that set clocks. Raises: ProgramError."""
    states = systemctl.show(node, SERVICES + CLOCK)
    present = [unit for unit in states if unit.load != "not-found"]
    clocks = tuple(unit for unit in present if unit.name in CLOCK)
    return tuple(unit for unit in present if unit.name in SERVICES), clocks


def is_active(units: Sequence[observation.Unit], name: str) -> bool:
    """Tell whether a unit runs right now."""
    return any(unit.name == name and unit.active in ("active", "reloading") for unit in units)
