# SPDX-License-Identifier: Apache-2.0
"""Builds the disk image, the kernel and the initial ramdisk from Debian packages. Needs root.

Nothing is started: mmdebstrap forbids services, and no systemd runs in the tree.
"""

import glob
import os
import shlex
import shutil
import signal
from typing import List, NamedTuple

from simulators.vm import cache, furnish, packages
from simulators.vm import child as children
from simulators.vm.failure import Failed, tail

WHAT = "build the machine's image"
SPACE = 3 << 30  # bytes: the tree, the image beside it, and the package files in between
SIZE = "4G"  # of the file system; sparse
# initramfs-tools reads these while the kernel is installed, so they are there before it.
EARLY = (
    "/etc/initramfs-tools/conf.d/rehearsal.conf",
    "/usr/share/initramfs-tools/modules.d/rehearsal",
)
SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")


class Image(NamedTuple):
    """The paths of a finished image; nobody writes to them any more."""

    folder: str

    @property
    def disk(self) -> str:
        return self.folder + "/root.ext4"

    @property
    def kernel(self) -> str:
        return self.folder + "/vmlinuz"

    @property
    def ramdisk(self) -> str:
        return self.folder + "/initrd.img"


def ensure() -> Image:
    """The image of these sources, built first where it is not in the cache. Raises: Failed."""
    return Image(cache.entry("image-" + cache.digest(), build))


def build(folder: str) -> None:
    """Fill the folder. A log of what the package tools said stays beside it, not in it."""
    if os.geteuid() != 0:
        raise Failed(WHAT, "only root can lay out the file system", then="sudo")
    for name in packages.NEEDED:
        packages.program(name)
    free = shutil.disk_usage(folder).free
    if free < SPACE:
        raise Failed(WHAT, "%d MiB free in %s, %d needed" % (free >> 20, folder, SPACE >> 20))
    log = os.path.join(cache.home(), "build.log")
    tree = folder + "/tree"
    with open(log, "w"):
        pass
    _run(_mmdebstrap(tree), log)
    furnish.furnish(tree)
    shutil.copy(_one(tree + "/boot/vmlinuz-*"), folder + "/vmlinuz")
    shutil.copy(_one(tree + "/boot/initrd.img-*"), folder + "/initrd.img")
    mke2fs = [packages.program("mke2fs"), "-q", "-t", "ext4", "-L", "root", "-d", tree]
    _run(mke2fs + [folder + "/root.ext4", SIZE], log)
    cache.remove(tree)


def _mmdebstrap(tree: str) -> List[str]:
    early = " && ".join(
        'install -D -m 644 %s "$1%s"' % (shlex.quote(cache.HERE + "/tree" + path), path)
        for path in EARLY
    )
    words = [packages.program("mmdebstrap"), "--mode=root", "--variant=minbase"]
    words += ["--format=directory", "--include=" + ",".join(packages.INSIDE)]
    words += ['--aptopt=APT::Install-Recommends "false"']
    words += ["--dpkgopt=path-exclude=" + pattern for pattern in packages.left_out()]
    words += ["--essential-hook=" + early, "--customize-hook=" + furnish.SASL_HOOK]
    # This machine's own package sources, whatever mirror they name.
    listed = [path for path in SOURCES if os.path.exists(path)][:1]
    return words + [packages.SUITE, tree] + listed


def _one(pattern: str) -> str:
    found = glob.glob(pattern)
    if len(found) != 1:
        raise Failed(WHAT, "%d files match %s" % (len(found), pattern))
    return found[0]


def _run(words: List[str], log: str) -> None:
    """Run to the end; interrupted, end the whole process group and wait: it has mounts to undo."""
    with open(log, "ab") as output:
        child = children.start(words, output, signal.SIGTERM)
        try:
            status = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
            raise
    if status != 0:
        said = tail(log, 3).replace("\n", " / ")
        name = os.path.basename(words[0])
        raise Failed(WHAT, "%s ended with status %d: %s" % (name, status, said), log)
