# SPDX-License-Identifier: Apache-2.0
"""selfcheck, clean and version --verbose: what an archive can say and do about itself."""

import hashlib
import io
import json
import os
import re
import sys
import zipfile
import zlib
from typing import Any, Dict, Iterator, List

from _archive import importer, private

ZEROS = b"0" * 64
LOCAL = 30  # bytes before the name in a member's own header (APPNOTE.TXT, 4.3.7)
DIGEST = re.compile(rb"^(# sha256 .*: )([0-9a-f]{64})$", re.MULTILINE)
SITE = "site-packages.zip"
SUMS = "_archive/SHA256SUMS"


def selfcheck(archive: Any) -> "tuple[List[str], List[str]]":
    """Return what was found good and what was found bad, in lines.

    The whole file against the digest in its head, so that no byte is left out; then each file in
    it, so that the damaged one has a name; then SHA256SUMS, if it lies beside the archive.
    """
    good: List[str] = []
    bad: List[str] = []
    with open(archive.path, "rb") as source:
        data = source.read()
    sealed = _sealed(data)
    (good if sealed else bad).append("the whole file against the digest in its head")
    # By the sums of the index most damage is found, and sooner: nothing need be inflated.
    wrong = [] if sealed else list(_displaced(archive.places, data))
    bad += wrong
    if not wrong:
        _each(archive.path, data, good, bad)
    _beside(archive.path, data, good, bad)
    return good, bad


def _sealed(data: bytes) -> bool:
    found = DIGEST.search(data[:8192])
    if found is None:
        return False
    digest = hashlib.sha256(data[: found.start(2)] + ZEROS)
    digest.update(memoryview(data)[found.end(2) :])
    return digest.hexdigest().encode() == found.group(2)


def _displaced(places: "Dict[str, str]", data: bytes) -> Iterator[str]:
    """Yield the files whose deflated bytes are not where the index has them."""
    for name in sorted(places):
        check, offset, size = places[name].split(" ")
        stored = memoryview(data)[int(offset) : int(offset) + int(size)]
        if zlib.crc32(stored) != int(check, 16):
            yield "%s in it" % name


def _each(path: str, data: bytes, good: List[str], bad: List[str]) -> None:
    try:
        with zipfile.ZipFile(path) as opened:
            wrong, number = _members(opened, data)
    except Exception as caught:  # whatever damage makes of it: zlib.error, BadZipFile, KeyError ...
        bad.append("its table of contents (%s)" % (caught or type(caught).__name__))
    else:
        bad += wrong
        if not wrong:
            good.append("%d files in it, each against its hash" % number)


def _members(opened: zipfile.ZipFile, data: bytes) -> "tuple[List[str], int]":
    lines = opened.read(SUMS).decode("ascii").splitlines()
    wanted = {line[66:]: line[:64] for line in lines}
    with zipfile.ZipFile(io.BytesIO(_stored(opened.getinfo(SITE), data))) as site:
        inner, outer = set(site.namelist()), set(opened.namelist()) - {SITE, SUMS}
        wrong = []
        for name in sorted(wanted):
            if not _is(site if name in inner else opened, name, wanted[name]):
                wrong.append("%s in it" % name)
    strange = sorted((inner | outer) - set(wanted))
    wrong += ["%s in it, which nobody put there" % name for name in strange]
    return wrong, len(wanted)


def _stored(member: zipfile.ZipInfo, data: bytes) -> bytes:
    """Return a stored member as it lies there: zipfile would refuse all of it for one byte."""
    begin = member.header_offset + LOCAL + len(member.filename)
    return data[begin : begin + member.compress_size]


def _is(holder: zipfile.ZipFile, name: str, digest: str) -> bool:
    try:
        return hashlib.sha256(holder.read(name)).hexdigest() == digest
    except Exception:  # whatever damage makes of it
        return False


def _beside(path: str, data: bytes, good: List[str], bad: List[str]) -> None:
    sums = os.path.join(os.path.dirname(os.path.abspath(path)), "SHA256SUMS")
    try:
        with open(sums, encoding="ascii") as source:
            lines = [line.rstrip("\n").split("  ", 1) for line in source]
    except (OSError, ValueError):
        good.append("no SHA256SUMS beside it to compare with")
        return
    found = [line[0] for line in lines if line[-1] == os.path.basename(path)]
    if found:
        digest = hashlib.sha256(data).hexdigest()
        (good if found == [digest] else bad).append("the whole file against " + sums)


def clean() -> "tuple[List[str], List[str]]":
    """Remove what archives have unpacked or kept for this user; return removed, and left.

    The records of recoveries, below /var/lib/ovirt-cert-recovery, are none of it.
    """
    removed: List[str] = []
    left: List[str] = []
    for folder in dict.fromkeys(private.candidates()):
        if not os.path.isdir(folder) or os.path.islink(folder):
            continue
        if os.lstat(folder).st_uid != os.geteuid():
            left.append("%s: it belongs to another user" % folder)
            continue
        private.remove(folder)
        (left if os.path.exists(folder) else removed).append(folder)
    private.choose("")
    return removed, left


def contents(archive: "Any") -> "Iterator[str]":
    """Yield what is inside, which of it is used here, and where it was unpacked."""
    with zipfile.ZipFile(archive.path) as opened:
        table: Dict[str, Any] = json.loads(opened.read("_archive/contents.json").decode("ascii"))
    yield "archive: %s (%s)" % (os.path.abspath(archive.path), archive.id)
    yield "Python: %s (%s)" % (sys.version.split()[0], sys.executable)
    machines = ["%s from Python %s on" % item for item in sorted(table["machines"].items())]
    yield "for Python %s; compiled parts for %s" % (
        " ".join(table["pythons"]),
        ", ".join(machines),
    )
    for one in table["packages"]:
        yield _package(archive, one)
        if one["note"]:
            yield "    " + one["note"]
    yield _loaded(archive)


def _package(archive: "Any", one: "Dict[str, Any]") -> str:
    used = "*" if importer.python() in one["pythons"] else " "
    text = "%s %s %s" % (used, one["name"], one["version"])
    if one["openssl"]:
        text += " with OpenSSL " + one["openssl"]
    pythons = [name for name in one["pythons"] if name != "3.9.1"]
    text += ", for Python %s" % " ".join(pythons)
    return text + (" on %s" % " ".join(one["machines"]) if one["machines"] else "")


def _loaded(archive: "Any") -> str:
    try:
        from cryptography import x509  # noqa: F401
    except ImportError as caught:
        return "compiled parts: cannot be loaded here (%s)" % caught
    return "compiled parts: unpacked in %s" % private.chosen()
