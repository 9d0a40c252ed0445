# SPDX-License-Identifier: Apache-2.0
"""The code compiled from the archive's sources, kept in one file from start to start.

To compile the sources takes longer than all the rest of a start. One file with a checksum: a power
cut may leave it empty or half, then it is made anew; no sync is waited for.
"""

import atexit
import marshal
import os
import sys
import zlib

from _archive import private

MYPY = False  # loading `typing` would cost more than all of this
if MYPY:
    from types import CodeType
    from typing import Dict, Optional

HEAD = b"ovirt-cert-recovery code 1\n"


class Codes:
    """Maps paths in the archive to marshalled code; what is added is written at the exit."""

    def __init__(self, archive: str) -> None:
        # Code differs by the interpreter's magic number and by -O.
        magic = "%s-%08x" % (sys.implementation.cache_tag, zlib.crc32(_magic()))
        self._name = "code-%s-%s-%d" % (archive, magic, sys.flags.optimize)
        self._folder = private.existing(self._name)
        self._kept: "Dict[str, bytes]" = self._read()
        self._new: "Dict[str, CodeType]" = {}

    def get(self, path: str) -> "Optional[bytes]":
        return self._kept.get(path)

    def add(self, path: str, code: "CodeType") -> None:
        if not self._new:
            atexit.register(self._write)
        self._new[path] = code

    def _read(self) -> "Dict[str, bytes]":
        if not self._folder:
            return {}
        try:
            with open(self._folder + "/" + self._name, "rb") as source:
                data = source.read()
        except OSError:
            return {}
        body = data[len(HEAD) + 8 :]
        if data[: len(HEAD) + 8] != HEAD + b"%08x" % zlib.crc32(body):
            return {}  # half written, or meddled with
        return marshal.loads(body)  # type: ignore[no-any-return]

    def _write(self) -> None:
        folder = private.chosen()  # none without compiled parts: then nothing is left anywhere
        if not folder:
            return
        codes = dict(self._kept)
        codes.update((path, marshal.dumps(code)) for path, code in self._new.items())
        body = marshal.dumps(codes)
        partial = "%s/.new-%d-code" % (folder, os.getpid())
        try:
            with open(partial, "wb") as target:
                target.write(HEAD + b"%08x" % zlib.crc32(body) + body)
            os.rename(partial, folder + "/" + self._name)
            self._forget_others(folder)
        except OSError:
            private.remove(partial)

    def _forget_others(self, folder: str) -> None:
        """Remove what other archives have left for this Python: each is a megabyte."""
        kind = self._name.split("-", 2)[2]
        for name in os.listdir(folder):
            if name != self._name and name.startswith("code-") and name.endswith("-" + kind):
                private.remove(folder + "/" + name)


def _magic() -> bytes:
    from importlib.util import MAGIC_NUMBER

    return MAGIC_NUMBER
