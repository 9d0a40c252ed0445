# SPDX-License-Identifier: Apache-2.0
"""Collects what goes into the archive: our packages, the locked wheels. Imports bundle modules."""

import platform
import shutil
import zipfile
from pathlib import Path
from typing import List

from bundle import environment, paths
from bundle.interpreter import Interpreter

PACKAGES = ("recovery", "simulators")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
# Newest first. Not the build machine's glibc: such a wheel would not start on Enterprise Linux 8.
PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010")


def fill(folder: Path, target: Interpreter, installer: Path) -> None:
    """Put everything into the folder, which will be on sys.path. `installer` has pip."""
    for name in PACKAGES:
        shutil.copytree(str(paths.ROOT / name), str(folder / name), ignore=LEFT_OUT)
    wheels = folder.parent / "wheels"
    environment.pip(installer, "download", *_options(target), "--dest", str(wheels))
    # Unpacked, not installed: an installation writes scripts with this machine's paths in them.
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(str(wheel)) as archive:
            archive.extractall(str(folder))


def _options(target: Interpreter) -> List[str]:
    lock = ["-r", str(paths.LOCKS / "run.txt")]
    python = ["--implementation", "cp", "--python-version", target.release]
    abis = [_abi(target), "abi3", "none"]
    machine = platform.machine()
    chosen = python + [word for abi in abis for word in ("--abi", abi)]
    for name in PLATFORMS:
        chosen += ["--platform", "{}_{}".format(name, machine)]
    return environment.QUIET + environment.LOCKED + chosen + lock


def _abi(target: Interpreter) -> str:
    name = "cp" + target.minor.replace(".", "")
    return name + "m" if target.minor in ("3.6", "3.7") else name
