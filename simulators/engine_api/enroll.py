# SPDX-License-Identifier: Apache-2.0
"""Enroll Certificate on a host: the roles' files, owners and restarts, per release.

Order of the roles: vdsm (with the migration's), vmconsole, ovn, vnc. The engine comes over ssh,
so certificates that have expired are no hindrance. Imports `names`, `place`, `release`,
`signing` and `units`.
"""

import os

from simulators import names, place, units
from simulators.engine_api import release, signing
from simulators.world import World

PKI = "/etc/pki/vdsm"
SUBJECT = "/O=%s/CN=%s"
QEMU_SUBJECT = "/O=%s/OU=qemu/CN=%s"
CONSOLE = "/etc/pki/ovirt-vmconsole"
CONSOLE_OWNER = (991, 989)  # ovirt-vmconsole
RESTARTED = ("libvirtd.service", "ovirt-imageio.service")


def run(world: World, host: dict) -> bool:
    """Do it; a host of which nobody simulates the files gets its new certificate all the same."""
    if host.get("fails") or (host["here"] and not units.is_active(world, "sshd.service")):
        return False
    address = host["address"]
    subject = SUBJECT % (names.ORGANISATION, address)
    try:
        vdsm = signing.signed(world, address, "enrolled-" + host["name"], subject, "DNS:" + address)
        if host["here"]:
            _node(world, vdsm)
    except (signing.Failed, OSError):
        return False
    host["enrolled"] += 1
    return True


def _node(world: World, vdsm: signing.Pair) -> None:
    _vdsm(world, vdsm)
    if release.has_qemu_ca(world):
        _migration(world)
    _console(world)
    if release.enrolls_ovn(world):
        _ovn(world)
    if release.enrolls_vnc(world):
        _triple(world, PKI + "/libvirt-vnc", vdsm, "server-cert", "server-key", "ca-cert")
    if release.restarts_services(world):
        for unit in RESTARTED:
            if units.is_active(world, unit):
                units.enqueue(world, unit, "restart")


def _put(world: World, path: str, data: bytes, mode: int, owner: tuple) -> None:
    """The ansible copy module: another file with the same name, not the old one written over."""
    real = world.node(path)
    if os.path.exists(real):
        os.unlink(real)
    place.put("", real, data, mode, owner)


def _triple(world: World, folder: str, pair: signing.Pair, *files: str) -> None:
    authority = signing.read(world, "ca.pem")
    certificate, key, ca = ["%s/%s.pem" % (folder, name) for name in files]
    _put(world, certificate, pair.cert, 0o644, place.ROOT_KVM)
    _put(world, key, pair.key, 0o440, place.VDSM)
    _put(world, ca, authority, 0o644, place.ROOT_KVM)


def _vdsm(world: World, pair: signing.Pair) -> None:
    _triple(world, PKI, pair, "certs/vdsmcert", "keys/vdsmkey", "certs/cacert")
    _triple(world, PKI + "/libvirt-spice", pair, "server-cert", "server-key", "ca-cert")
    _triple(
        world,
        "/etc/pki",
        pair,
        "libvirt/clientcert",
        "libvirt/private/clientkey",
        "CA/cacert",
    )


def _migration(world: World) -> None:
    subject = QEMU_SUBJECT % (names.ORGANISATION, names.NODE)
    pair = signing.signed(world, names.NODE, "enrolled-migration", subject, "", "qemu-ca")
    folder = PKI + "/libvirt-migrate"
    _put(world, folder + "/server-cert.pem", pair.cert, 0o644, place.ROOT_KVM)
    _put(world, folder + "/server-key.pem", pair.key, 0o440, place.ROOT_QEMU)
    authority = signing.read(world, "qemu-ca.pem")
    _put(world, folder + "/ca-cert.pem", authority, 0o644, place.ROOT_KVM)


def _console(world: World) -> None:
    pair = signing.signed_ssh(world, names.NODE, "enrolled-console")
    _put(world, CONSOLE + "/host-ssh_host_rsa-cert.pub", pair.cert, 0o644, place.ROOT)
    _put(world, CONSOLE + "/host-ssh_host_rsa", pair.key, 0o400, CONSOLE_OWNER)


def _ovn(world: World) -> None:
    subject = SUBJECT % (names.ORGANISATION, names.NODE)
    name = names.NODE + "-ovn"
    pair = signing.signed(world, name, "enrolled-ovn", subject, "DNS:" + names.NODE)
    folder = PKI + "/ovn"
    authority = signing.read(world, "ca.pem")
    _put(world, folder + "/ovn-cert.pem", pair.cert, 0o644, place.OPENVSWITCH)
    _put(world, folder + "/ovn-key.pem", pair.key, 0o440, place.OPENVSWITCH)
    _put(world, folder + "/ca-cert.pem", authority, 0o644, place.OPENVSWITCH)
