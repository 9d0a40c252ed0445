# SPDX-License-Identifier: Apache-2.0
"""What the image is made of, and what the machine that makes and runs it must have."""

import shutil

from simulators.vm.failure import Failed

SUITE = "bookworm"
PLACES = "/usr/bin:/usr/sbin:/bin:/sbin"
# The program, and the Debian package that brings it.
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
}
# linux-image-amd64, not -cloud-: the cloud kernel knows no USB, and the archive comes on a stick.
INSIDE = (
    "systemd-sysv dbus udev kmod linux-image-amd64 initramfs-tools zstd lz4 libpam-systemd polkitd "
    "chrony util-linux-extra "
    "libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients "
    "qemu-system-x86 seabios sasl2-bin libsasl2-modules libsasl2-modules-db nftables "
    "openssl ca-certificates openssh-server openssh-client "
    "python3 python3-libvirt iproute2 procps less qemu-guest-agent e2fsprogs"
).split()
DRIVERS_LEFT_OUT = (
    "gpu media net/wireless net/ethernet infiniband iio staging hwmon input/touchscreen "
    "scsi/qla2xxx scsi/lpfc mtd isdn comedi md bluetooth crypto"
).split()
KERNEL_LEFT_OUT = "sound fs/xfs fs/btrfs fs/ocfs2 net/mac80211 net/wireless net/bluetooth".split()
TEXTS_LEFT_OUT = ("man", "doc", "locale")


def left_out() -> list:
    """dpkg's path-exclude patterns: nothing a headless machine in a rehearsal needs."""
    modules = ["drivers/" + name for name in DRIVERS_LEFT_OUT] + KERNEL_LEFT_OUT
    return ["/usr/share/%s/*" % name for name in TEXTS_LEFT_OUT] + [
        "/lib/modules/*/kernel/%s/*" % name for name in modules
    ]


def program(name: str) -> str:
    """The path of a program of this machine; Failed names the package that is missing."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        then = "apt-get install --no-install-recommends %s" % " ".join(sorted(NEEDED.values()))
        raise Failed("use the virtual machine", "%s is not installed" % name, then=then)
    return found
