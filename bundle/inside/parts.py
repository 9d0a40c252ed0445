# SPDX-License-Identifier: Apache-2.0
"""Compiled parts: unpacked into a private directory, checked, loaded.

A directory has its name when all in it is on the disk: a power cut right after leaves all or
nothing. Found again, its files must be the very ones that were written, or are hashed anew.
"""

import os
from importlib.machinery import ExtensionFileLoader, ModuleSpec

from _archive import importer, private

MYPY = False  # loading `typing` would cost more than all of this
if MYPY:
    from types import ModuleType
    from typing import Iterator, List

STAMP = "stamp"
TRIES = 3  # others may unpack, or clean, at the same moment
# What dlopen says where a file may be read but not run: another directory may do.
FORBIDDEN = ("failed to map segment", "ermission denied", "not permitted")


class NotSound(Exception):
    """A directory does not hold what it should."""


def load(archive: importer.Archive, part: importer.Compiled, spec: ModuleSpec) -> "ModuleType":
    """Load one compiled module from the first directory that allows it.

    Raises: ImportError with all reasons.
    """
    if archive.why:
        raise ImportError("; ".join(archive.why))
    reasons: "List[str]" = []
    for folder in _folders(archive, reasons):
        loader = ExtensionFileLoader(part.module, folder + "/" + _file(part))
        spec.origin = loader.path
        try:
            return loader.create_module(spec)
        except ImportError as caught:
            reasons.append("%s: %s" % (private.chosen(), caught))
            private.remove(folder)
            private.choose("")
            if not any(words in str(caught) for words in FORBIDDEN):
                break
    archive.why[:] = reasons
    raise ImportError("; ".join(reasons))


def _folders(archive: importer.Archive, reasons: "List[str]") -> "Iterator[str]":
    """Yield directories that hold the parts, unpacked where needed; note those that cannot."""
    name = "parts-" + _name(archive)
    here = private.chosen()
    for root in [here] if here else private.candidates():
        try:
            folder = _present(archive, root, name)
        except (OSError, NotSound) as caught:
            reasons.append(str(caught))
        else:
            private.choose(root)
            yield folder


def _present(archive: importer.Archive, root: str, name: str) -> str:
    folder = root + "/" + name
    if not private.flaw(root) and _sound(archive, folder):
        return folder
    flaw = private.prepare(root, sum(part.size for part in archive.compiled.values()))
    if flaw:
        raise NotSound(flaw)
    for _ in range(TRIES):
        _unpack(archive, root, folder)
        if _sound(archive, folder):
            return folder
    raise NotSound("%s: what is unpacked there does not stay as it is" % root)


def _unpack(archive: importer.Archive, root: str, folder: str) -> None:
    _sweep(root)
    partial = "%s/.new-%d-%s" % (root, os.getpid(), os.urandom(6).hex())
    os.mkdir(partial, 0o700)
    try:
        for part in archive.compiled.values():
            data = archive.read(part.path)
            if _digest(data) != part.digest:
                raise importer.Damaged(archive.path, part.path)
            _write(partial + "/" + _file(part), data)
        _write(partial + "/" + STAMP, _stamp(archive, partial))
        _flush(partial)
        try:
            os.rename(partial, folder)
        except OSError:
            # There is one: of another start at this moment, which is as good, or a bad one.
            if not _sound(archive, folder):
                os.rename(folder, partial + "-bad")
                os.rename(partial, folder)
        _flush(root)
    except FileNotFoundError:
        pass  # another start put the bad one away first: look again
    finally:
        private.remove(partial)
        private.remove(partial + "-bad")


def _sound(archive: importer.Archive, folder: str) -> bool:
    """Tell whether all parts are there and are what the build made."""
    try:
        stamp = _stamp(archive, folder)
        with open(folder + "/" + STAMP, "rb") as source:
            if source.read() == stamp:
                return True
        # Not the files that were written: moved here, restored, touched or meddled with.
        for part in archive.compiled.values():
            with open(folder + "/" + _file(part), "rb") as source:
                if _digest(source.read()) != part.digest:
                    return False
        _write(folder + "/" + STAMP, stamp)
    except OSError:
        return False
    return True


def _stamp(archive: importer.Archive, folder: str) -> bytes:
    """Return what changes when a file is changed: nobody can set a ctime."""
    lines = []
    for part in archive.compiled.values():
        seen = os.lstat(folder + "/" + _file(part))
        times = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
        lines.append("%s %d %o %d %d %d" % ((part.digest, seen.st_size, seen.st_mode) + times))
    return "\n".join(lines).encode("ascii")


def _name(archive: importer.Archive) -> str:
    digests = sorted(part.digest for part in archive.compiled.values())
    name: str = _digest("".join(digests).encode("ascii"))[:16]
    return name


def _file(part: importer.Compiled) -> str:
    return str(part.path.rpartition("/")[2])


def _digest(data: bytes) -> str:
    import hashlib

    digest: str = hashlib.sha256(data).hexdigest()
    return digest


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())


def _flush(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(root: str) -> None:
    """Remove what a start that was killed has left; by process, since clocks jump here."""
    names: "List[str]" = os.listdir(root)
    for name in names:
        pid = name.split("-")[1] if name.startswith(".new-") else ""
        if pid.isdigit() and not os.path.exists("/proc/" + pid):
            private.remove(root + "/" + name)
