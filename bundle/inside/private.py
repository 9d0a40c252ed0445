# SPDX-License-Identifier: Apache-2.0
"""The private directories the archive may write to, in the order in which they are tried.

Documented in bundle/README.md: change both together.
"""

import os
import stat

MYPY = False  # loading `typing` would cost more than all of this
if MYPY:
    from typing import Iterator, List, Optional

NAME = "ovirt-cert-recovery"
SPARE = 4 << 20  # bytes that must remain free
STICKY = stat.S_ISVTX
OTHERS = stat.S_IWGRP | stat.S_IWOTH

_chosen = []  # type: List[str]


def candidates() -> "List[str]":
    """Return the directories in order; SHIV_ROOT, where it is set, alone."""
    asked = os.environ.get("SHIV_ROOT")
    if asked:
        return [os.path.join(os.path.abspath(asked), NAME)]
    uid = os.geteuid()
    found = ["/run/" + NAME] if uid == 0 else []  # in memory: nothing of it is left by a power cut
    found += [os.path.join(base, NAME, "unpacked") for base in _homes()]
    found += ["/run/user/%d/%s" % (uid, NAME)]
    found += ["%s/%s-%d" % (base, NAME, uid) for base in ("/var/tmp", "/tmp", "/dev/shm")]
    return found + (["/var/lib/%s/unpacked" % NAME] if uid == 0 else [])


def existing(name: str) -> str:
    """Return the first sound directory that holds `name`; empty when none does."""
    for path in _chosen + candidates():
        if os.path.exists(path + "/" + name) and not flaw(path):
            return path
    return ""


def choose(path: str) -> None:
    """Remember where compiled parts were loaded from."""
    _chosen[:] = [path] if path else []


def chosen() -> str:
    return _chosen[0] if _chosen else ""


def prepare(path: str, size: int) -> str:
    """Make the directory fit for compiled parts of that size; why not, or nothing."""
    try:
        if not os.path.lexists(path):
            _make(path)
        return flaw(path) or _room(path, size)
    except OSError as caught:
        return "%s: %s" % (path, caught.strerror or caught)


def flaw(path: str) -> str:
    """Why code must not be run from there, or nothing: others could have put it there."""
    try:
        here, above = os.lstat(path), os.stat(os.path.dirname(path))
        flags = os.statvfs(path).f_flag
    except OSError as caught:
        return "%s: %s" % (path, caught.strerror or caught)
    uid = os.geteuid()
    if not stat.S_ISDIR(here.st_mode):
        return "%s: a symbolic link or no directory" % path
    if here.st_uid != uid:
        return "%s: it belongs to uid %d" % (path, here.st_uid)
    if here.st_mode & 0o077:
        return "%s: others may enter it (mode %o)" % (path, stat.S_IMODE(here.st_mode))
    if above.st_uid not in (0, uid) or (above.st_mode & OTHERS and not above.st_mode & STICKY):
        return "%s: others may put their own in its place" % path
    if flags & os.ST_NOEXEC:
        return "%s: mounted noexec" % path
    return ""


def _room(path: str, size: int) -> str:
    there = os.statvfs(path)
    if there.f_flag & os.ST_RDONLY:
        return "%s: mounted read-only" % path
    if not os.access(path, os.W_OK | os.X_OK):
        return "%s: not writable" % path
    free = there.f_bavail * there.f_frsize
    if free < size + SPARE:
        return "%s: %d MiB free, %d needed" % (path, free >> 20, (size + SPARE) >> 20)
    return ""


def _make(path: str) -> None:
    parent = os.path.dirname(path)
    if os.path.basename(parent) in (".cache", NAME) or os.environ.get("SHIV_ROOT"):
        os.makedirs(parent, 0o700, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass  # another start was quicker; `flaw` judges it


def _homes() -> "Iterator[str]":
    cache = os.environ.get("XDG_CACHE_HOME")
    if cache and os.path.isabs(cache):
        yield cache
    home = os.environ.get("HOME") or _home_of_account()
    if home and os.path.isdir(home) and home != "/":
        yield os.path.join(home, ".cache")


def _home_of_account() -> "Optional[str]":
    try:
        import pwd

        return pwd.getpwuid(os.geteuid()).pw_dir
    except (ImportError, KeyError):
        return None


def remove(path: str) -> None:
    """Remove a file or directory, as far as that goes."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            for name in os.listdir(path):
                remove(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)
    except OSError:
        pass
