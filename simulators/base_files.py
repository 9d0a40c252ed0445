# SPDX-License-Identifier: Apache-2.0
"""The files every node has, whatever the scenario: identity, chrony, unit files, /proc, /sys."""

import os

from simulators.releases import RELEASES
from simulators.systemd import definitions, unit_files
from simulators.world import World

DIRECTORIES = (
    "/etc/pki",
    "/etc/systemd/system",
    "/etc/systemd/ntp-units.d",
    "/proc/sys/kernel/random",
    "/sys/class/rtc/rtc0",
    "/dev",
    "/tmp",
    "/root",
    "/var/lib/chrony",
    "/var/log/journal",
    "/var/tmp",
    "/usr/lib/systemd/system",
    "/usr/lib/systemd/ntp-units.d",
    "/run",
    "/etc/libvirt",
    "/var/lib",
    "/usr/bin",
    "/usr/sbin",
    "/boot",
)
CHRONY = """# Use public servers from the pool.ntp.org project.
server %s iburst

# Record the rate at which the system clock gains/losses time.
driftfile /var/lib/chrony/drift

# Allow the system clock to be stepped in the first three updates
# if its offset is larger than 1 second.
makestep 1.0 3

# Enable kernel synchronization of the real-time clock (RTC).
rtcsync

# Specify file containing keys for NTP authentication.
keyfile /etc/chrony.keys

# Get TAI-UTC offset and leap seconds from the system tz database.
leapsectz right/UTC

# Specify directory for log files.
logdir /var/log/chrony
"""
PACKAGES = {
    "el7": {
        "vdsm": "4.30.50-1.el7",
        "ovirt-hosted-engine-ha": "2.3.6-1.el7",
        "ovirt-hosted-engine-setup": "2.3.13-1.el7",
        "libvirt-daemon": "4.5.0-36.el7_9.5",
        "systemd": "219-78.el7_9.5",
        "chrony": "3.4-1.el7",
        "openssl": "1.0.2k-25.el7_9",
        "sanlock": "3.7.3-1.el7",
    },
    "el8": {
        "vdsm": "4.40.100.2-1.el8",
        "ovirt-hosted-engine-ha": "2.4.10-1.el8",
        "ovirt-hosted-engine-setup": "2.5.4-2.el8",
        "libvirt-daemon": "8.0.0-2.el8",
        "systemd": "239-58.el8_6.8",
        "chrony": "4.2-1.el8",
        "openssl": "1.1.1k-6.el8",
        "sanlock": "3.8.4-1.el8",
        "timedatex": "0.5-3.el8",
    },
    "el9": {
        "vdsm": "4.50.3.4-1.el9",
        "ovirt-hosted-engine-ha": "2.5.0-1.el9",
        "ovirt-hosted-engine-setup": "2.7.0-1.el9",
        "libvirt-daemon": "9.0.0-3.el9",
        "systemd": "252-4.el9",
        "chrony": "4.3-1.el9",
        "openssl": "3.0.7-2.el9",
        "sanlock": "3.8.4-4.el9",
    },
}


def packages(release: str) -> dict:
    """Return the packages rpm knows."""
    return dict(PACKAGES[release])


def write(world: World) -> None:
    """Write the base files below W/root."""
    root = world.directory + "/root"
    for directory in DIRECTORIES:
        os.makedirs(root + directory, exist_ok=True)
    state = world.state
    for path, text in _texts(world).items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        with open(root + path, "w") as target:
            target.write(text)
    os.symlink("/run", root + "/var/run")
    os.symlink("/usr/share/zoneinfo/" + state["zone"][0], root + "/etc/localtime")
    os.makedirs(root + "/var/log/journal/" + state["machine_id"])
    _unit_files(world)


def _texts(world: World) -> dict:
    state = world.state
    name, version, major, distribution = RELEASES[state["release"]]["os"]
    return {
        "/etc/os-release": 'NAME="%s"\nVERSION="%s"\nID="%s"\nVERSION_ID="%s"\nPRETTY_NAME='
        '"%s %s"\nPLATFORM_ID="platform:el%s"\n'
        % (name, version, distribution, major, name, version, major),
        "/etc/redhat-release": "%s release %s\n" % (name, version),
        "/etc/machine-id": state["machine_id"] + "\n",
        "/etc/hostname": state["hostname"] + "\n",
        "/etc/hosts": "127.0.0.1 localhost\n192.0.2.11 virt-host1.example.test virt-host1\n"
        "192.0.2.10 virt-he.example.test virt-he\n",
        "/etc/chrony.conf": CHRONY % state["ntp"]["address"],
        "/etc/adjtime": "0.0 0 0.0\n0\nUTC\n",
        "/etc/locale.conf": 'LANG="en_US.UTF-8"\n',
        "/etc/sysconfig/chronyd": 'OPTIONS=""\n',
        "/proc/uptime": "0.00 0.00\n",
        "/proc/sys/kernel/osrelease": RELEASES[state["release"]]["kernel"] + "\n",
        "/proc/mounts": "".join(
            "%s %s xfs rw,seclabel,relatime 0 0\n" % row[:2] for row in state["filesystems"]
        ),
        "/usr/lib/systemd/ntp-units.d/50-chronyd.list": "chronyd.service\n",
        "/var/lib/chrony/drift": "          -17.552               0.186\n",
        "/root/.bashrc": "# .bashrc\n",
    }


def _unit_files(world: World) -> None:
    """Write every unit of the table, and enable those that are enabled on a node."""
    base = world.directory + "/root/usr/lib/systemd/system/"
    for name, unit in definitions.table(world).items():
        with open(base + name, "w") as target:
            target.write(unit_files.text(world, name))
        if unit.get("enabled") and not unit.get("static"):
            unit_files.enable(world, name)
