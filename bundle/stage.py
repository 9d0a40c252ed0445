# SPDX-License-Identifier: Apache-2.0
"""Collects what goes into the archive: our packages, the wheels' files. Imports bundle modules."""

import shutil
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from bundle import paths, program
from bundle.wheels import Wheel

PACKAGES = ("recovery", "simulators")
# The machine of simulators/vm and the recordings are for the clone: no rehearsal needs them.
LEFT_OUT = ("__pycache__", "*.pyc", "vm", "samples")
PURE = "packages"
COMPILED = "compiled"


def fill(folder: Path, wheels: List[Wheel]) -> None:
    """Put everything into the folder: it becomes site-packages of the archive."""
    for name in PACKAGES:
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(str(paths.ROOT / name), str(folder / name), ignore=ignored)
    written: Dict[Path, bytes] = {}
    for wheel in wheels:
        for name, data in members(wheel):
            target = folder / name
            if written.setdefault(target, data) != data:
                text = "cannot pack {}: its {} differs between wheels"
                raise program.Failed(text.format(wheel.folder, name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def members(wheel: Wheel) -> Iterator[Tuple[str, bytes]]:
    """What of a wheel is packed, and under which name.

    Plain Python once for all machines; a compiled part for each. Nothing of cffi but its part.
    """
    with zipfile.ZipFile(str(wheel.path)) as opened:
        for name in sorted(opened.namelist()):
            if name.endswith(".so"):
                yield compiled(wheel, name), opened.read(name)
            elif _wanted(wheel, name):
                yield "%s/%s/%s" % (PURE, wheel.folder, name), opened.read(name)


def compiled(wheel: Wheel, name: str) -> str:
    """Where a compiled part lies in site-packages."""
    base = name.rpartition("/")[2]
    return "%s/%s/%s/%s" % (COMPILED, wheel.machine, wheel.folder, base)


def _wanted(wheel: Wheel, name: str) -> bool:
    head = name.split("/")[0]
    if wheel.pin.name == "cffi" or head.endswith((".dist-info", ".libs", ".data")):
        return False
    return name.endswith(".py")
