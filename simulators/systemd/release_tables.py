# SPDX-License-Identifier: Apache-2.0
"""What the unit tables of one release have more, less or different than the common one."""

from simulators.systemd import tables

MODULAR = (
    "virtqemud.service",
    "virtqemud.socket",
    "virtproxyd.socket",
    "virtnetworkd.socket",
    "virtnodedevd.socket",
    "virtsecretd.socket",
    "virtstoraged.socket",
    "virtinterfaced.socket",
    "virtnwfilterd.socket",
)

EL7_WITHOUT = (
    "libvirtd.socket",
    "libvirtd-ro.socket",
    "libvirtd-admin.socket",
    "libvirtd-tls.socket",
    "ovirt-imageio.service",
    "ovn-controller.service",
)
EL7 = {
    "libvirtd.service": {
        "requires": ("virtlogd.socket", "virtlockd.socket"),
        "wants": ("systemd-machined.service",),
    },
    "vdsm-network-init.service": {
        "description": "Virtual Desktop Server Manager network IP+link restoration",
        "type": "oneshot",
        "remain": True,
        "before": ("libvirtd.service",),
        "exec": "/usr/bin/vdsm-tool --vvverbose restore-nets-init",
        "enabled": True,
    },
    "vdsm-network.service": {
        "requires": ("libvirtd.service", "vdsm-network-init.service"),
        "after": ("libvirtd.service", "vdsm-network-init.service", "supervdsmd.service"),
    },
    "vdsmd.service": {
        "wants": (
            "mom-vdsm.service",
            "ovirt-imageio-daemon.service",
            "libvirt-guests.service",
            "kdump.service",
            "dev-hugepages1G.mount",
            "abrtd.service",
        ),
    },
    "ovirt-imageio-daemon.service": {
        "description": "oVirt ImageIO Daemon",
        "type": "notify",
        "restart": "always",
        "exec": "/usr/bin/ovirt-imageio-daemon",
        "enabled": True,
        "time": 0.4,
    },
    "ntpd.service": {
        "description": "Network Time Service",
        "type": "forking",
        "enabled": False,
        "conflicts": ("systemd-timesyncd.service",),
        "exec": "/usr/sbin/ntpd -u ntp:ntp $OPTIONS",
    },
}

EL8 = {
    "timedatex.service": {
        "description": "System clock and RTC settings service",
        "static": True,
        "exec": "/usr/sbin/timedatex",
    },
    "dnf-makecache.timer": {
        "description": "dnf makecache --timer",
        "triggers": "dnf-makecache.service",
        "timer": {"boot": 600.0, "unit_inactive": 3600.0},
        "enabled": True,
        "wanted_by": "timers.target",
    },
    "dnf-makecache.service": {
        "description": "dnf makecache",
        "type": "oneshot",
        "static": True,
        "exec": "/usr/bin/dnf makecache --timer",
    },
    "unbound-anchor.timer": {
        "description": "daily update of the root trust anchor for DNSSEC",
        "triggers": "unbound-anchor.service",
        "timer": {"calendar": "daily"},
        "enabled": True,
        "wanted_by": "timers.target",
    },
    "unbound-anchor.service": {
        "description": "update of the root trust anchor for DNSSEC validation in unbound",
        "type": "oneshot",
        "static": True,
        "exec": "/usr/sbin/unbound-anchor",
    },
}

EL9 = {
    "dnf-makecache.timer": EL8["dnf-makecache.timer"],
    "dnf-makecache.service": EL8["dnf-makecache.service"],
    "logrotate.timer": {
        "description": "Daily rotation of log files",
        "triggers": "logrotate.service",
        "timer": {"calendar": "daily", "persistent": True},
        "enabled": True,
        "wanted_by": "timers.target",
    },
    "logrotate.service": {
        "description": "Rotate log files",
        "type": "oneshot",
        "static": True,
        "exec": "/usr/sbin/logrotate /etc/logrotate.conf",
    },
    "virtproxyd.service": {
        "description": "Virtualization libvirt proxy daemon",
        "type": "notify",
        "exec": "/usr/sbin/virtproxyd $VIRTPROXYD_ARGS",
    },
}
EXTRA = {  # type: dict
    "el7": EL7,
    "el8": EL8,
    "el9": EL9,
}


def build(release: str) -> dict:
    """Return all unit definitions of a release."""
    units = {name: dict(unit) for name, unit in tables.COMMON.items()}
    for name, unit in EXTRA[release].items():
        units.setdefault(name, {}).update(unit)
    if release == "el7":
        for name in EL7_WITHOUT:
            units.pop(name, None)
    elif release == "el8":
        del units["systemd-timedated.service"]
    else:
        for name in MODULAR:
            units[name] = _modular(name)
    return units


def _modular(name: str) -> dict:
    """Return a modular libvirt unit, which host deploy leaves installed and disabled."""
    daemon, _, kind = name.partition(".")
    unit = {"description": "Virtualization " + daemon + " daemon"}
    if kind == "socket":
        unit = {
            "description": "Libvirt " + daemon + " local socket",
            "triggers": daemon + ".service",
            "listen": "/run/libvirt/" + daemon + "-sock",
        }
    else:
        unit["exec"] = "/usr/sbin/" + daemon
    return unit
