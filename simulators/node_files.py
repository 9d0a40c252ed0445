# SPDX-License-Identifier: Apache-2.0
"""oVirt's configuration on the node, beside its certificates. Imports `names`, `pki`, `place`."""

import os

from simulators import names, pki, place

SECTION = "## %s of configuration section by vdsm-4.%s\n"
LIBVIRTD = """\
auth_unix_rw="sasl"
ca_file="/etc/pki/vdsm/certs/cacert.pem"
cert_file="/etc/pki/vdsm/certs/vdsmcert.pem"
host_uuid="5b2f8a3e-1d4c-4c7b-9f0a-7e6d5c4b3a21"
keepalive_interval=-1
key_file="/etc/pki/vdsm/keys/vdsmkey.pem"
"""
QEMU = """\
auto_dump_path="/var/log/core"
dynamic_ownership=0
lock_manager="sanlock"
max_core="unlimited"
spice_tls=1
spice_tls_x509_cert_dir="/etc/pki/vdsm/libvirt-spice"
"""
MIGRATE = 'migrate_tls_x509_cert_dir="/etc/pki/vdsm/libvirt-migrate"\n'
VNC = 'vnc_tls=1\nvnc_tls_x509_cert_dir="/etc/pki/vdsm/libvirt-vnc"\n'
HOSTED_ENGINE = """\
fqdn=%(engine)s
vm_disk_id=6f1a2f3c-58a1-4a0c-9d0e-1a2b3c4d5e6f
vm_disk_vol_id=0c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f
vmid=%(vm)s
storage=nfs.example.test:/hosted-engine
mnt_options=
conf=/var/run/ovirt-hosted-engine-ha/vm.conf
host_id=1
console=vnc
domainType=nfs
sdUUID=%(sd)s
spUUID=00000000-0000-0000-0000-000000000000
ca_cert=/etc/pki/vdsm/libvirt-spice/ca-cert.pem
gateway=192.0.2.1
bridge=ovirtmgmt
network_test=dns
"""
HA = "local_maintenance=False\nlocal_maintenance_manual=False\n"


def write(root: str, release: str, vnc_tls: bool, language: str) -> None:
    libvirt = "20.0" if release == "el7" else "40.0"
    settings = LIBVIRTD + ("listen_tls=1\n" if release == "el7" else "")
    _section(root, "/etc/libvirt/libvirtd.conf", settings, libvirt)
    qemu = QEMU + ("" if release == "el7" else MIGRATE) + (VNC if vnc_tls else "")
    _section(root, "/etc/libvirt/qemu.conf", qemu, libvirt)
    arguments = "--listen" if release == "el7" else ""
    place.put(root, "/etc/sysconfig/libvirtd", "LIBVIRTD_ARGS=%s\n" % arguments)
    place.put(
        root,
        "/etc/ovirt-hosted-engine/hosted-engine.conf",
        HOSTED_ENGINE % {"engine": names.ENGINE, "vm": names.VM_ID, "sd": names.STORAGE_DOMAIN},
    )
    place.put(root, "/var/lib/ovirt-hosted-engine-ha/ha.conf", HA, 0o644, place.VDSM)
    place.put(root, "/etc/locale.conf", 'LANG="%s"\n' % language)
    place.put(
        root, "/etc/vdsm/vdsm.conf", "[vars]\nssl = true\n\n[addresses]\nmanagement_port = 54321\n"
    )
    place.folder(root, "/var/log/vdsm", 0o755, place.VDSM)
    place.folder(root, "/var/log/ovirt-hosted-engine-ha", 0o700, place.VDSM)
    place.folder(root, "/root/.ssh", 0o700)
    known(root, names.ENGINE, names.ENGINE_ADDRESS, "engine-ssh")


def known(root: str, name: str, address: str, key: str) -> None:
    """Somebody has logged in there before: the host key is in known_hosts."""
    place.folder(root, "/root/.ssh", 0o700)
    path = root + "/root/.ssh/known_hosts"
    with open(path, "a") as file:
        file.write("%s,%s %s\n" % (name, address, pki.ssh_public(key).decode()))
    os.chmod(path, 0o600)


def ssh_server(root: str, key: str) -> None:
    """The host key that sshd shows."""
    place.put(root, "/etc/ssh/ssh_host_rsa_key.pub", pki.ssh_public(key) + b" root\n")


def _section(root: str, path: str, text: str, version: str) -> None:
    place.put(root, path, SECTION % ("beginning", version) + text + SECTION % ("end", version))
