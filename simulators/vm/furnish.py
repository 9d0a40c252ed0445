# SPDX-License-Identifier: Apache-2.0
"""Makes a Debian tree a node with an engine: files, certificates, users, units.

Certificates and oVirt's files are those of the simulated worlds, so both can be compared. The
engine's files lie in /srv/engine. Starts nothing.
"""

import json
import os
from typing import Any, Dict, List

from simulators import (
    engine_entities,
    engine_files,
    engine_pki,
    engine_releases,
    keys,
    names,
    node_files,
    node_pki,
    place,
    stories,
)
from simulators.engine_setup import questions, renewal
from simulators.vm import cache

RELEASE = "el9"  # the one whose systemd is as old as Debian's
ENGINE = "/srv/engine"
UNITS = "/etc/systemd/system/"
# The node's day is years before that of the packages: PID 1 would move the clock up to its own.
EPOCH = 1577836800
DAYS = 19000  # of the last password change, 2022, in days since 1970
# `openssl passwd -6` of names.PASSWORD; it protects nothing.
HASH = (
    "$6$rehearsal$"
    "KvE53SAPxzqTg9vgeGez9G.SWSHYzpMj9lc299CT6sBzcYCeu9rMaHm49HKR2QDS14A38KQRsAt3gbbXwcjjx/"
)
SASL_HOOK = 'echo %s | chroot "$1" saslpasswd2 -p -f /etc/libvirt/passwd.db -a libvirt -u %s %s' % (
    names.SASL_PASSWORD,
    names.SASL_USER.split("@")[1],
    names.SASL_USER.split("@")[0],
)
ENABLED = {
    "multi-user.target.wants": "chronyd vdsmd ovirt-ha-broker ovirt-ha-agent sanlock wdmd "
    "engine-network systemd-networkd libvirtd",
    "engine.service.wants": "ovirt-engine httpd",
}
NOT_WANTED = (
    "apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service ssh.service "
    "libvirt-guests.service chrony.service sshd.service saslauthd.service"
).split()
HOSTS = "127.0.0.1 localhost\n%s %s %s\n%s %s %s\n" % (
    names.NODE_ADDRESS,
    names.NODE,
    names.NODE_SHORT,
    names.ENGINE_ADDRESS,
    names.ENGINE,
    names.ENGINE_SHORT,
)
QEMU = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
stdio_handler = "file"
"""
SSHD = """\
HostKey /etc/ssh/ssh_host_rsa_key
PermitRootLogin yes
PasswordAuthentication yes
UsePAM no
UseDNS no
"""
# The engine VM's firmware: at the reset vector `cli; hlt`, and back to hlt. What the engine does,
# engine.service does; a BIOS that seeks a disk kept half of the emulated machine busy with that.
HALTED = (b"\xff" * 0xFFF0 + b"\xfa\xf4\xeb\xfd").ljust(0x10000, b"\xff")
HALTED_AT = "/usr/share/rehearsal/halted.rom"  # named in vm.xml
EXECUTABLE = ("/usr/sbin/hosted-engine", "/usr/sbin/engine-setup", "/etc/libvirt/hooks/qemu")
SETUP = "/usr/share/rehearsal/engine-setup.json"


def furnish(tree: str) -> None:
    """Do it all, in an order that lets the later replace the earlier."""
    _identity(tree)
    story = stories.STORIES["node-expired"]
    by = node_pki.authorities(story.ages)
    issued = node_pki.write(tree, by, story.ages, RELEASE)
    node_files.write(tree, RELEASE, story.vnc_tls, "C.UTF-8")
    os.unlink(tree + "/etc/locale.conf")
    _engine(tree, by, story, issued)
    _libvirt(tree)
    _units(tree)
    for folder, _, files in os.walk(cache.HERE + "/tree"):
        for name in files:
            _lay(tree, os.path.join(folder, name))


def _lay(tree: str, source: str) -> None:
    path = source[len(cache.HERE + "/tree") :]
    with open(source, "rb") as file:
        place.put(tree, path, file.read(), 0o755 if path in EXECUTABLE else 0o644)


def _identity(tree: str) -> None:
    place.put(tree, "/etc/hostname", names.NODE + "\n")
    place.put(tree, "/etc/hosts", HOSTS)
    place.put(tree, "/etc/fstab", "LABEL=root / ext4 rw,noatime,errors=remount-ro 0 1\n")
    place.put(tree, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    place.put(tree, "/usr/lib/clock-epoch", "")
    os.utime(tree + "/usr/lib/clock-epoch", (EPOCH, EPOCH))
    place.folder(tree, "/var/log/journal", 0o2755)
    _append(tree, "/etc/passwd", "vdsm:x:36:36::/var/lib/vdsm:/usr/sbin/nologin\n")
    _append(tree, "/etc/group", "vdsm:x:36:\n")
    _password(tree)


def _append(tree: str, path: str, line: str) -> None:
    with open(tree + path, "a") as file:
        file.write(line)


def _password(tree: str) -> None:
    """Root's password, which is that of the engine's root: both log in by the same file."""
    with open(tree + "/etc/shadow") as file:
        lines = file.read().splitlines()
    others = [line for line in lines if not line.startswith("root:")]
    root = "root:%s:%d:0:99999:7:::" % (HASH, DAYS)
    place.put(tree, "/etc/shadow", "\n".join([root] + others) + "\n", 0o640, (0, 42))


def _engine(tree: str, by: node_pki.Authorities, story: stories.Story, issued: object) -> None:
    root = tree + ENGINE
    assert isinstance(issued, node_pki.NodeCertificates)
    engine_pki.write(root, by, story.ages, [issued], RELEASE)
    engine_files.write(root, RELEASE)
    place.put(root, "/etc/ssh/ssh_host_rsa_key", keys.pem("engine-ssh"), 0o600)
    place.put(root, "/etc/ssh/sshd_config", SSHD)
    place.folder(root, "/var/lib")
    place.put(tree, SETUP, json.dumps(_setup(), indent=1))


def _setup() -> Dict[str, Any]:
    """What the stand-in of engine-setup has to know of the simulated one."""
    release = engine_releases.RELEASES[RELEASE]
    held = [
        {
            "name": entity.name,
            "password": engine_entities.PASSWORD,
            "days": release.web_days if entity.web else release.days,
        }
        for entity in engine_entities.known(RELEASE)
    ]
    asked = questions.of(release)._asdict()
    return {
        "host": names.ENGINE,
        "subject": renewal.SUBJECT,
        "san": "DNS:" + names.ENGINE,
        "soon": release.soon,
        "entities": held,
        "questions": {name: question._asdict() for name, question in asked.items()},
    }


def _libvirt(tree: str) -> None:
    place.put(tree, "/etc/libvirt/qemu.conf", QEMU)
    place.put(tree, HALTED_AT, HALTED)
    _unlink(tree + "/etc/libvirt/qemu/networks/autostart/default.xml")
    # What `vdsm-tool configure` does on systems without --listen (facts: libvirtd-tls.socket).
    place.link(
        tree, UNITS + "libvirtd.service.requires/libvirtd-tls.socket", _unit("libvirtd-tls.socket")
    )


def _unit(name: str) -> str:
    return "/lib/systemd/system/" + name


def _units(tree: str) -> None:
    """Enabled and disabled by the same links that systemctl makes; chrony's unit as on a node."""
    for name in NOT_WANTED:
        for found in _links_to(tree, name):
            os.unlink(found)
    _unlink(tree + UNITS + "chronyd.service")
    system = tree + "/lib/systemd/system/"
    os.unlink(tree + "/etc/init.d/chrony")
    os.rename(system + "chrony.service", system + "chronyd.service")
    _replace(system + "chronyd.service", "Alias=chronyd.service\n", "")
    _replace(tree + "/usr/lib/systemd/ntp-units.d/50-chrony.list", "chrony.", "chronyd.")
    for folder, units in ENABLED.items():
        for name in units.split():
            target = _unit(name + ".service")
            own = cache.HERE + "/tree" + UNITS + name + ".service"
            link = tree + UNITS + folder + "/" + name + ".service"
            _unlink(link)
            place.link("", link, UNITS + name + ".service" if os.path.exists(own) else target)


def _links_to(tree: str, name: str) -> List[str]:
    found = []
    for folder, _, files in os.walk(tree + UNITS):
        found += [os.path.join(folder, file) for file in files if file == name]
    return found


def _replace(path: str, old: str, new: str) -> None:
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace(old, new))


def _unlink(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
