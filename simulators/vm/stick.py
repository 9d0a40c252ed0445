# SPDX-License-Identifier: Apache-2.0
"""A USB stick: a vfat image with files on it, made without mounting anything."""

import os
import subprocess
from typing import Sequence

from simulators.vm import packages
from simulators.vm.failure import Failed

LABEL = "RESCUE"
SPARE = 8 << 20  # bytes beyond the files: the file system's own


def make(path: str, files: Sequence[str]) -> str:
    """Write an image with these files in its root directory. Raises: Failed."""
    size = SPARE + sum(os.path.getsize(file) for file in files)
    with open(path, "wb") as image:
        image.truncate(size - size % 1048576 + 1048576)
    _run([packages.program("mkfs.vfat"), "-n", LABEL, path])
    for file in files:
        _run([packages.program("mcopy"), "-i", path, file, "::"])
    return path


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise Failed("write the stick", "%s: %s" % (os.path.basename(words[0]), said))
