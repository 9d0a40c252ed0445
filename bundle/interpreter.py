# SPDX-License-Identifier: Apache-2.0
"""Finds the Python interpreters of this machine. Imports bundle.paths and bundle.program only."""

import glob
import os
import shutil
import sys
from typing import Iterator, NamedTuple, Optional, Tuple

from bundle import program

PROBE = (
    "import sys, zlib, ssl; print('%d.%d %s' % (sys.version_info[:2] + (sys.version.split()[0],)))"
)


class Interpreter(NamedTuple):
    """One Python that starts and can build a virtual environment."""

    minor: str
    release: str
    path: str


def running() -> Interpreter:
    """The Python that runs this; never one inside an environment that may be made anew."""
    minor = "%d.%d" % sys.version_info[:2]
    return Interpreter(minor, sys.version.split()[0], _outside(minor))


def _outside(minor: str) -> str:
    if sys.prefix == sys.base_prefix:
        return sys.executable
    base = os.path.join(sys.base_prefix, "bin", "python" + minor)
    return base if os.path.exists(base) else sys.executable


def find(minor: str) -> Optional[Interpreter]:
    """The first working Python of that minor version: ours, PATH, then pyenv's newest."""
    for path in candidates(minor):
        found = _probe(path)
        if found is not None and found.minor == minor:
            return found
    return None


def candidates(minor: str) -> Iterator[str]:
    """Where such a Python may be, the best one first; it need not be there."""
    if running().minor == minor:
        yield running().path
    for root in _pyenv_roots():
        # By number: 3.9.18 is newer than 3.9.2.
        folders = sorted(glob.glob(os.path.join(root, "versions", minor + ".*")), key=_patch)
        for folder in reversed(folders):
            yield os.path.join(folder, "bin", "python")
    # Last: under pyenv it is a shim that fails for a version which is not switched on.
    named = shutil.which("python" + minor)
    if named is not None:
        yield named


def _pyenv_roots() -> Tuple[str, ...]:
    default = os.path.join(os.path.expanduser("~"), ".pyenv")
    return tuple(root for root in (os.environ.get("PYENV_ROOT"), default) if root)


def _patch(folder: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in os.path.basename(folder).split(".") if part.isdigit())


def _probe(path: str) -> Optional[Interpreter]:
    try:
        minor, release = program.run([path, "-I", "-c", PROBE]).split()
    except (OSError, program.Failed):
        return None
    return Interpreter(minor, release, path)
