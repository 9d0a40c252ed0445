# SPDX-License-Identifier: Apache-2.0
"""Where images lie: a folder for each content hash of all that goes into one."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from typing import Callable, Iterator

from simulators.vm.failure import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
PARTIAL = ".partial"
# What decides about the files inside, next to everything in this folder but its drivers.
SOURCES = (
    "names node_files node_pki engine_entities engine_files engine_pki engine_releases "
    "engine_setup/questions engine_setup/dialogue engine_setup/renewal pki keys place stories "
    "vm/image vm/furnish vm/packages"
)


def home() -> str:
    """The folder of all images: of the user's cache, unless REHEARSAL_CACHE names another."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.environ.get("REHEARSAL_CACHE") or os.path.join(base, "ovirt-cert-recovery", "vm")


def digest() -> str:
    """A name for the image that these sources give."""
    paths = [os.path.join(HERE, "..", name + ".py") for name in SOURCES.split()]
    for folder, _, names in os.walk(os.path.join(HERE, "tree")):
        paths += [os.path.join(folder, name) for name in names]
    made = hashlib.sha256()
    for path in sorted(paths):
        with open(path, "rb") as file:
            content = file.read()
        made.update(os.path.relpath(path, HERE).encode() + b"\0" + content + b"\0")
    return made.hexdigest()[:16]


def entry(name: str, make: Callable[[str], None]) -> str:
    """The finished folder of this name; `make` fills it first where there is none.

    It appears under its name only when it is complete. Whoever comes second waits.
    """
    final = os.path.join(home(), name)
    if os.path.isdir(final):
        return final
    os.makedirs(home(), mode=0o700, exist_ok=True)
    with _locked(final + ".lock"):
        if not os.path.isdir(final):
            _fill(final, make)
    return final


def _fill(final: str, make: Callable[[str], None]) -> None:
    partial = final + PARTIAL
    remove(partial)  # of a build that was killed
    os.mkdir(partial, 0o700)
    try:
        make(partial)
        os.rename(partial, final)
    except Failed:
        leave_logs(partial)  # the next attempt removes them
        raise
    except BaseException:
        remove(partial)
        raise


def leave_logs(folder: str) -> None:
    """Remove all but the logs, whose paths the error names."""
    kept = [name for name in os.listdir(folder) if name.endswith(".log")]
    aside = folder + ".logs"
    os.mkdir(aside, 0o700)
    for name in kept:
        os.rename(os.path.join(folder, name), os.path.join(aside, name))
    remove(folder)
    if kept:
        os.rename(aside, folder)
    else:
        os.rmdir(aside)


def remove(folder: str) -> None:
    """Remove a folder, unless something is mounted inside: that would reach other files."""
    with open("/proc/self/mounts") as file:
        mounted = [line.split()[1] for line in file]
    inside = [place for place in mounted if place.startswith(folder + "/")]
    if inside:
        raise Failed("remove %s" % folder, "%s is mounted" % inside[0], then="umount it")
    if os.path.isdir(folder):
        shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
