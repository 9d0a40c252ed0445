# SPDX-License-Identifier: Apache-2.0
"""Starts the archive: shiv's bootstrap, but what it unpacks survives a power cut.

shiv moves its unpacked files to their name without a sync. A power cut within half a minute leaves
them there empty, and the tool, whose hour this is, would never start again. Lies in the archive as
`_durable`, beside `_bootstrap`; imports that and the standard library only.
"""

import os
import shutil
from pathlib import Path
from zipfile import ZipFile

import _bootstrap
from _bootstrap.filelock import FileLock

INSIDE = "site-packages"


def extract(
    archive: ZipFile,
    target: Path,
    compile_pyc: bool = False,
    compile_workers: int = 0,
    force: bool = False,
) -> None:
    """What shiv's function of these parameters does; the name appears when all is on the disk."""
    partial = target.with_name(target.name + ".tmp")
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name("." + target.name + "_lock")):
        if target.exists() and not force:
            return
        for path in (partial, target):
            if path.exists():
                shutil.rmtree(str(path))
        for member in archive.infolist():
            if member.filename.startswith(INSIDE):
                os.chmod(archive.extract(member, str(partial)), member.external_attr >> 16)
        flush(str(partial))
        os.rename(str(partial), str(target))
        flush(str(target.parent))


def flush(folder: str) -> None:
    """All that was written to this file system is on the disk: one call for a thousand files."""
    import ctypes

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
            os.sync()
    except AttributeError:  # a C library without it
        os.sync()
    finally:
        os.close(handle)


def start() -> None:
    """What __main__ of the archive calls."""
    _bootstrap.extract_site_packages = extract
    _bootstrap.bootstrap()
