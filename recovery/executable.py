# SPDX-License-Identifier: Apache-2.0
"""How this tool is started again by systemd, when its USB stick may be gone.

Imports files and local_host.
"""

import os
import sys
from typing import List

from recovery import files, host, local_host

NAME = "ovirt-cert-recovery.pyz"


def argv(node: local_host.LocalHost, directory: str) -> List[str]:
    """Return a command that starts this tool on this node; an archive is copied first.

    Installed from packages the tool lies on the disk already. Raises: errors.FileError.
    """
    command = [sys.executable, _program(node, directory)]
    if node.root != "/":
        command += ["--root", node.root, "--programs", node.programs]
    return command


def _program(node: host.Host, directory: str) -> str:
    archive = os.path.abspath(sys.argv[0])
    if not _is_archive(archive):
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    kept = "%s/%s" % (directory, NAME)
    data = files.Files("/").read(archive)
    if not (node.exists(kept) and node.read(kept) == data):
        node.replace(kept, data, mode=0o700)
    return kept


def _is_archive(path: str) -> bool:
    import zipfile

    return os.path.isfile(path) and zipfile.is_zipfile(path)
