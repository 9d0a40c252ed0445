# SPDX-License-Identifier: Apache-2.0
"""Every certificate file that oVirt keeps on a node. A table; imports nothing of ours."""

from typing import NamedTuple, Tuple

VDSM = "vdsm"
LIBVIRT_CLIENT = "libvirt-client"
SPICE = "spice"
VNC = "vnc"
MIGRATION = "migration"
OVN = "ovn"
VMCONSOLE = "vmconsole"
CA = "ca"
QEMU_CA = "qemu-ca"

NODE_CERTIFICATE = "/etc/pki/vdsm/certs/vdsmcert.pem"
NODE_KEY = "/etc/pki/vdsm/keys/vdsmkey.pem"
NODE_CA = "/etc/pki/vdsm/certs/cacert.pem"
_SPICE = "/etc/pki/vdsm/libvirt-spice"
_VNC = "/etc/pki/vdsm/libvirt-vnc"
_MIGRATE = "/etc/pki/vdsm/libvirt-migrate"
_OVN = "/etc/pki/vdsm/ovn"
_CONSOLE = "/etc/pki/ovirt-vmconsole"


class Entry(NamedTuple):
    """One certificate file: what it is, its key, the CA file that its reader trusts."""

    path: str
    kind: str
    key_path: str = ""
    ca_path: str = ""
    copy_of_vdsm: bool = False  # holds the very bytes of the vdsm certificate
    required: bool = False  # without it there is no oVirt node


# libvirt-migrate/client-cert.pem is a symlink to server-cert.pem, so it is not listed again.
INVENTORY: Tuple[Entry, ...] = (
    Entry(NODE_CERTIFICATE, VDSM, NODE_KEY, NODE_CA, False, True),
    Entry(
        "/etc/pki/libvirt/clientcert.pem",
        LIBVIRT_CLIENT,
        "/etc/pki/libvirt/private/clientkey.pem",
        "/etc/pki/CA/cacert.pem",
        True,
    ),
    Entry(
        _SPICE + "/server-cert.pem",
        SPICE,
        _SPICE + "/server-key.pem",
        _SPICE + "/ca-cert.pem",
        True,
    ),
    Entry(_VNC + "/server-cert.pem", VNC, _VNC + "/server-key.pem", _VNC + "/ca-cert.pem", True),
    Entry(
        _MIGRATE + "/server-cert.pem",
        MIGRATION,
        _MIGRATE + "/server-key.pem",
        _MIGRATE + "/ca-cert.pem",
    ),
    Entry(_OVN + "/ovn-cert.pem", OVN, _OVN + "/ovn-key.pem", _OVN + "/ca-cert.pem"),
    Entry(
        _CONSOLE + "/host-ssh_host_rsa-cert.pub",
        VMCONSOLE,
        _CONSOLE + "/host-ssh_host_rsa",
        _CONSOLE + "/ca.pub",
    ),
    Entry(NODE_CA, CA, required=True),
    Entry("/etc/pki/CA/cacert.pem", CA),
    Entry(_SPICE + "/ca-cert.pem", CA),
    Entry(_VNC + "/ca-cert.pem", CA),
    Entry(_OVN + "/ca-cert.pem", CA),
    Entry(_MIGRATE + "/ca-cert.pem", QEMU_CA),
)

# The node certificate and its copies: what one newly signed certificate replaces.
COPIES = tuple(entry for entry in INVENTORY if entry.kind == VDSM or entry.copy_of_vdsm)
