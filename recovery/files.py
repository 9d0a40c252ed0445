# SPDX-License-Identifier: Apache-2.0
"""Durable files below a root directory. Imports `errors` only.

Every path is a path of the node: links are followed inside the root, so that nothing below
another root can reach a file of the machine we run on.
"""

import contextlib
import errno
import fcntl
import os
import stat
from typing import IO, Iterator, List, NamedTuple, Optional, Tuple

from recovery import errors

LABEL = "security.selinux"


class Files:
    """Read and change files durably: a power cut finds the old content or the new one."""

    def __init__(self, root: str) -> None:
        self.root = root

    def locate(self, path: str) -> str:
        """Return the real place of a node's path, every link resolved inside the root."""
        if self.root == "/":
            return os.path.realpath(path)
        parts = _parts(path)
        place: List[str] = []
        for _ in range(1000):
            if not parts:
                return os.path.join(self.root, *place)
            part = parts.pop()
            if part == "..":
                place = place[:-1]
                continue
            target = _link(os.path.join(self.root, *(place + [part])))
            if target is None:
                place.append(part)
            else:
                parts += _parts(target)
                place = [] if target.startswith("/") else place
        raise errors.FileError("follow", path, os.strerror(errno.ELOOP))

    def read(self, path: str) -> bytes:
        # A pipe, such as /dev/fd/3, has no other name than the one given.
        place = path if self.root == "/" else self.locate(path)
        with reported("read", path), open(place, "rb") as stream:
            return stream.read()

    @contextlib.contextmanager
    def stream(self, path: str) -> "Iterator[IO[bytes]]":
        """Open a file to be read piece by piece: one that may be larger than the memory."""
        place = path if self.root == "/" else self.locate(path)
        with reported("read", path), open(place, "rb") as stream:
            yield stream

    def exists(self, path: str) -> bool:
        try:
            return os.path.exists(self.locate(path))
        except errors.FileError:
            return False

    def replace(self, path: str, data: bytes, like: Optional[str], mode: int) -> None:
        with reported("write", path):
            place = self.locate(path)
            attributes = _attributes(self.locate(like) if like else place, mode)
            _make_directories(os.path.dirname(place))
            fresh = _half(place)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh)
            try:
                _write_new(fresh, data, attributes)
                os.rename(fresh, place)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(fresh)
                raise
            _sync_directory(place)

    def append(self, path: str, data: bytes) -> None:
        with reported("append to", path):
            place = self.locate(path)
            _make_directories(os.path.dirname(place))
            fresh = not os.path.exists(place)
            handle = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _append_whole(handle, data)
            finally:
                os.close(handle)
            if fresh:
                _sync_directory(place)

    def remove(self, path: str) -> None:
        with reported("remove", path), contextlib.suppress(FileNotFoundError):
            folder, name = os.path.split(path)
            place = os.path.join(self.locate(folder), name)  # a link itself, not its target
            with contextlib.suppress(FileNotFoundError):
                os.unlink(_half(place))
            os.unlink(place)
            _sync_directory(place)

    @contextlib.contextmanager
    def lock(self, path: str) -> Iterator[bool]:
        """Yield whether the exclusive lock could be had; the kernel drops it with the process."""
        with reported("lock", path):
            place = self.locate(path)
            _make_directories(os.path.dirname(place))
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _taken(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def reported(verb: str, path: str) -> Iterator[None]:
    """Turn an OSError into the error that a person understands."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as caught:
        raise errors.FileMissing(verb, path, caught.strerror or str(caught)) from caught
    except OSError as caught:
        raise errors.FileError(verb, path, caught.strerror or str(caught)) from caught


def _half(place: str) -> str:
    """Return the one name for what is being written: what a power cut left is found by the next."""
    folder, name = os.path.split(place)
    return os.path.join(folder, ".%s.ovirt-cert-recovery" % name)


def _parts(path: str) -> List[str]:
    return [part for part in path.split("/") if part not in ("", ".")][::-1]


def _link(path: str) -> Optional[str]:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class _Attributes(NamedTuple):
    owner: Optional[Tuple[int, int]]
    mode: int
    label: bytes


def _attributes(model: str, mode: int) -> _Attributes:
    try:
        seen = os.stat(model)
    except FileNotFoundError:
        return _Attributes(None, mode, b"")
    label = b""
    with contextlib.suppress(OSError):  # a file system without SELinux labels
        label = os.getxattr(model, LABEL)
    return _Attributes((seen.st_uid, seen.st_gid), stat.S_IMODE(seen.st_mode), label)


def _write_new(path: str, data: bytes, attributes: _Attributes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        present = os.fstat(handle)
        if attributes.owner and attributes.owner != (present.st_uid, present.st_gid):
            os.fchown(handle, *attributes.owner)
        os.fchmod(handle, attributes.mode)
        if attributes.label:
            with contextlib.suppress(OSError):
                os.setxattr(path, LABEL, attributes.label)
        _write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _append_whole(handle: int, data: bytes) -> None:
    size = os.fstat(handle).st_size
    try:
        _write_all(handle, data)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)  # a full disk must not leave a record, nor half of one
        with contextlib.suppress(OSError):
            os.fsync(handle)
        raise


def _make_directories(path: str) -> None:
    if os.path.isdir(path):
        return
    _make_directories(os.path.dirname(path))
    os.mkdir(path, 0o700)
    _sync_directory(path)


def _sync_directory(path: str) -> None:
    handle = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
