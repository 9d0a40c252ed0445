# SPDX-License-Identifier: Apache-2.0
"""The archive of engine-backup: the engine's CA is in it (engine: engine-backup.sh.in).

A tar of ./files (itself a tar of the engine's files below /), ./db/..., ./config and ./sha256sum,
each layer compressed as its maker liked. Imports archives and errors.
"""

import hashlib
import re
from typing import Any, Dict, NamedTuple, Optional

from recovery import archives, errors

FILES = "files"
SUMS = "sha256sum"
PKI = "etc/pki/ovirt-engine/"
CA, KEY = PKI + "ca.pem", PKI + "private/ca.pem"
# cert.conf is a copy of cert.template; an older backup may have one of them only.
CONFIGURATIONS = (PKI + "cert.conf", PKI + "cert.template")
URL = re.compile(rb"^\s*authorityInfoAccess\s*=\s*caIssuers;URI:(\S+)", re.MULTILINE)
MIB = 1 << 20
LARGEST = MIB  # of the files that are wanted: certificates, keys, configuration
# A data warehouse may be large, what lies beside the PKI is not.
OUTER = archives.Limits(64 * 1024 * MIB, 10000)
INNER = archives.Limits(4 * 1024 * MIB, 500000)


class Contents(NamedTuple):
    """What a node certificate is signed with. The key is a secret: it goes nowhere but memory."""

    ca: bytes
    key: bytes
    url: str  # where the engine says its CA certificate can be had, "" where it does not

    def __repr__(self) -> str:
        return "Contents(********)"


class _Read:
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = bytes(self._stream.read(size))
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Read what is left and return the hash of all."""
        while self.read(archives.PIECE):
            pass
        return self._hash.hexdigest()


def read(
    path: str,
    stream: Any,
    outer: archives.Limits = OUTER,
    inner: archives.Limits = INNER,
) -> Contents:
    """Return the CA, read to the archive's very end. Raises: errors.UsageError.

    path: only for the errors; stream: an object with read(size).
    """
    found: Optional[Dict[str, bytes]] = None
    digest, sums = "", b""
    try:
        for member in archives.members(stream, outer):
            if member.name == SUMS:
                sums = archives.read(member, LARGEST)
            elif member.name == FILES and member.content and member.size:
                hashed = _Read(member.content)
                found = _chosen(hashed, inner)
                digest = hashed.digest()
    except archives.Broken as caught:
        raise _unusable(path, str(caught)) from caught
    if found is None:
        raise _without_files(path)
    if digest != _stated(sums, digest):
        raise _unusable(path, "its checksum does not fit: it was damaged on its way")
    return _contents(path, found)


def _chosen(stream: Any, limits: archives.Limits) -> Dict[str, bytes]:
    try:
        return archives.chosen(stream, limits, (CA, KEY) + CONFIGURATIONS, LARGEST)
    except archives.Broken as caught:
        raise archives.Broken("the files in it: %s" % caught) from caught


def _stated(sums: bytes, otherwise: str) -> str:
    """Return the hash of ./files that the archive states; its makers before 4.2 stated none."""
    for line in sums.decode("ascii", "replace").splitlines():
        digest, _, name = line.partition(" ")
        if name.strip().lstrip("*") in (FILES, "./" + FILES):
            return digest.lower()
    return otherwise


def _contents(path: str, found: Dict[str, bytes]) -> Contents:
    missing = ["/" + name for name in (CA, KEY) if not found.get(name)]
    if missing:
        raise _unusable(path, "it does not hold %s" % " and ".join(missing))
    for name in CONFIGURATIONS:
        stated = URL.search(found.get(name, b""))
        if stated and b"@" not in stated.group(1):
            return Contents(found[CA], found[KEY], stated.group(1).decode("ascii", "replace"))
    return Contents(found[CA], found[KEY], "")


def _without_files(path: str) -> errors.Error:
    return errors.UsageError(
        "use the engine-backup %s" % path,
        "it holds no files of the engine, so no CA",
        unchanged="everything",
        next_step="one that was made with --scope=all or --scope=files is needed",
    )


def _unusable(path: str, cause: str) -> errors.Error:
    return errors.UsageError("use the engine-backup %s" % path, cause, unchanged="everything")
