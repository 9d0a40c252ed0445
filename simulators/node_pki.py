# SPDX-License-Identifier: Apache-2.0
"""Every certificate and key of a node, at the paths and with the owners oVirt gives them.

Imports `pki`, `keys`, `names` and `place`.
"""

from typing import NamedTuple, Optional, Tuple

from simulators import keys, names, pki, place

VDSM = "/etc/pki/vdsm"


class Ages(NamedTuple):
    """The validity of everything one engine has issued; `vnc` is a copy of `vdsm` by default."""

    ca: pki.Dates
    qemu_ca: pki.Dates
    vdsm: pki.Dates
    migrate: pki.Dates
    ovn: pki.Dates
    ssh: pki.Dates
    engine: pki.Dates
    web: pki.Dates
    vnc: Optional[pki.Dates] = None


class Who(NamedTuple):
    """A node: its name, and what its keys are called among the cached ones."""

    name: str = names.NODE
    keys: str = "node"

    def subject(self, *unit: Tuple[str, str]) -> Tuple[Tuple[str, str], ...]:
        return (("O", names.ORGANISATION),) + unit + (("CN", self.name),)


FIRST = Who()


class Authorities(NamedTuple):
    register: pki.Register
    engine: pki.Authority
    qemu: pki.Authority


class NodeCertificates(NamedTuple):
    """What the engine keeps copies of."""

    name: str
    vdsm: pki.Issued
    migrate: Optional[pki.Issued]
    ovn: Optional[pki.Issued]
    ssh: bytes


def authorities(ages: Ages) -> Authorities:
    register = pki.Register()
    subject = (("C", "US"), ("O", names.ORGANISATION), ("CN", names.CA))
    qemu_subject = (("C", "US"), ("O", names.ORGANISATION), ("OU", "qemu"), ("CN", names.CA))
    return Authorities(
        register,
        pki.Authority(register, "ca", subject, ages.ca, names.ENGINE),
        pki.Authority(register, "qemu-ca", qemu_subject, ages.qemu_ca, names.ENGINE),
    )


def write(
    root: str, by: Authorities, ages: Ages, release: str, who: Who = FIRST
) -> NodeCertificates:
    vdsm = by.engine.issue(who.keys, who.subject(), ages.vdsm, who.name)
    _vdsm(root, vdsm, by.engine.pem)
    _spice_and_vnc(root, by, vdsm, ages, who)
    _libvirt_client(root, vdsm, by.engine.pem)
    ssh = _vmconsole(root, by.engine, ages.ssh, who)
    migrate = ovn = None
    if release != "el7":
        subject = who.subject(("OU", "qemu"))
        migrate = by.qemu.issue(who.keys + "-migrate", subject, ages.migrate)
        _migrate(root, migrate, by.qemu.pem)
    if release == "el9":
        ovn = by.engine.issue(who.keys + "-ovn", who.subject(), ages.ovn, who.name)
        _ovn(root, ovn, by.engine.pem)
    _passwords(root)
    return NodeCertificates(who.name, vdsm, migrate, ovn, ssh)


def _vdsm(root: str, issued: pki.Issued, ca: bytes) -> None:
    place.folder(root, VDSM)
    place.folder(root, VDSM + "/certs")
    place.folder(root, VDSM + "/keys")
    place.put(root, VDSM + "/certs/vdsmcert.pem", issued.pem, 0o644, place.ROOT_KVM)
    place.put(root, VDSM + "/certs/cacert.pem", ca, 0o644, place.ROOT_KVM)
    place.put(root, VDSM + "/keys/vdsmkey.pem", issued.key, 0o440, place.VDSM)


def _triple(root: str, folder: str, issued: pki.Issued, ca: bytes) -> None:
    place.put(root, folder + "/server-cert.pem", issued.pem, 0o644, place.ROOT_KVM)
    place.put(root, folder + "/server-key.pem", issued.key, 0o440, place.VDSM)
    place.put(root, folder + "/ca-cert.pem", ca, 0o644, place.ROOT_KVM)


def _spice_and_vnc(root: str, by: Authorities, vdsm: pki.Issued, ages: Ages, who: Who) -> None:
    place.folder(root, VDSM + "/libvirt-spice")
    _triple(root, VDSM + "/libvirt-spice", vdsm, by.engine.pem)
    vnc = vdsm
    if ages.vnc:
        vnc = by.engine.issue(who.keys, who.subject(), ages.vnc, who.name)
    place.folder(root, VDSM + "/libvirt-vnc", 0o755, place.VDSM)
    _triple(root, VDSM + "/libvirt-vnc", vnc, by.engine.pem)


def _libvirt_client(root: str, vdsm: pki.Issued, ca: bytes) -> None:
    place.folder(root, "/etc/pki/libvirt/private")
    place.put(root, "/etc/pki/libvirt/clientcert.pem", vdsm.pem, 0o644, place.ROOT_KVM)
    place.put(root, "/etc/pki/libvirt/private/clientkey.pem", vdsm.key, 0o440, place.VDSM)
    place.put(root, "/etc/pki/CA/cacert.pem", ca, 0o644, place.ROOT_KVM)


def _migrate(root: str, issued: pki.Issued, ca: bytes) -> None:
    folder = VDSM + "/libvirt-migrate"
    place.folder(root, folder)
    place.put(root, folder + "/server-cert.pem", issued.pem, 0o644, place.ROOT_KVM)
    place.put(root, folder + "/server-key.pem", issued.key, 0o440, place.ROOT_QEMU)
    place.put(root, folder + "/ca-cert.pem", ca, 0o644, place.ROOT_KVM)
    place.link(root, folder + "/client-cert.pem", "server-cert.pem")
    place.link(root, folder + "/client-key.pem", "server-key.pem")


def _ovn(root: str, issued: pki.Issued, ca: bytes) -> None:
    folder = VDSM + "/ovn"
    place.folder(root, folder, 0o755, place.OPENVSWITCH)
    place.put(root, folder + "/ovn-cert.pem", issued.pem, 0o644, place.OPENVSWITCH)
    place.put(root, folder + "/ovn-key.pem", issued.key, 0o440, place.OPENVSWITCH)
    place.put(root, folder + "/ca-cert.pem", ca, 0o644, place.OPENVSWITCH)


def _vmconsole(root: str, ca: pki.Authority, dates: pki.Dates, who: Who) -> bytes:
    folder = "/etc/pki/ovirt-vmconsole"
    certificate = ca.ssh_host_certificate(who.keys + "-console", who.name, dates)
    place.folder(root, folder)
    place.put(root, folder + "/ca.pub", pki.ssh_public("ca") + b"\n")
    place.put(root, folder + "/host-ssh_host_rsa", keys.pem(who.keys + "-console"), 0o600)
    place.put(root, folder + "/host-ssh_host_rsa-cert.pub", certificate + b"\n")
    return certificate


def _passwords(root: str) -> None:
    place.put(root, VDSM + "/keys/libvirt_password", names.SASL_PASSWORD + "\n", 0o640, place.VDSM)
    place.put(
        root,
        "/etc/ovirt-hosted-engine/virsh_auth.conf",
        "[credentials-vdsm]\nauthname=%s\npassword=%s\n\n[auth-libvirt-localhost]\n"
        "credentials=vdsm\n\n" % (names.SASL_USER, names.SASL_PASSWORD),
        0o600,
    )
