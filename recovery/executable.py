# SPDX-License-Identifier: Apache-2.0
"""How this tool is started again by systemd, when its USB stick may be gone.

Imports errors, files, invocation and local_host.
"""

import os
import sys
from typing import List

from recovery import errors, files, host, invocation, local_host

NAME = invocation.NAME + invocation.SUFFIX


def argv(node: local_host.LocalHost, directory: str) -> List[str]:
    """Return a command that starts this tool on this node; an archive is copied first.

    Installed from packages the tool lies on the disk already. Raises: errors.FileError,
    errors.Attention where the archive is gone before it could be copied.
    """
    command = [sys.executable, _program(node, directory)]
    if node.root != "/":
        command += ["--root", node.root, "--programs", node.programs]
    return command


def _program(node: host.Host, directory: str) -> str:
    archive = invocation.absolute(sys.argv[0])
    kept = "%s/%s" % (directory, NAME)
    if not _is_archive(archive):
        return kept if node.exists(kept) else _installed(archive)
    data = files.Files("/").read(archive)
    if not (node.exists(kept) and node.read(kept) == data):
        node.replace(kept, data, mode=0o700)
    return kept


def _installed(started: str) -> str:
    """Return our own module on the disk. In an archive there is none: what holds it was pulled.

    Without a copy the timer and the boot-time unit would start nothing.
    """
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    if not os.path.isfile(own):
        raise errors.Attention(
            "keep a copy of the tool on this node",
            "%s is gone" % started,
            unchanged="everything that is not named by `status`",
            next_step="put the stick back, then ovirt-cert-recovery resume   (or: undo)",
        )
    return own


def _is_archive(path: str) -> bool:
    import zipfile

    return os.path.isfile(path) and zipfile.is_zipfile(path)
