# SPDX-License-Identifier: Apache-2.0
"""Looks into a built archive and starts it once. Imports bundle modules only."""

import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator, List

from bundle import program


def check(archive: Path) -> List[str]:
    """What is inside, in lines; program.Failed where it is damaged or does not start."""
    if not archive.exists():
        raise program.Failed("cannot check {}: build it first".format(archive))
    lines = ["{}  {}".format(hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name)]
    lines += _contents(archive)
    return lines + ["starts: " + _version(archive)]


def _contents(archive: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(str(archive)) as opened:
            damaged = opened.testzip()
            names = opened.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise program.Failed("cannot read {}: {}".format(archive, error)) from None
    if damaged is not None:
        raise program.Failed("cannot read {}: {} is damaged".format(archive, damaged))
    folders = {part for name in names for part in name.split("/") if part.endswith(".dist-info")}
    for folder in sorted(folders):
        yield "contains: " + folder[: -len(".dist-info")].replace("-", " ")


def _version(archive: Path) -> str:
    with tempfile.TemporaryDirectory() as root:
        # Not the cache of the person who checks: a bad archive would leave its files there.
        env = dict(os.environ, SHIV_ROOT=root)
        return program.run([sys.executable, str(archive), "--version"], env=env).strip()
