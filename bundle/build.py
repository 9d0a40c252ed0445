# SPDX-License-Identifier: Apache-2.0
"""Builds the archive, byte for byte the same from the same sources. Imports bundle modules only."""

import contextlib
import hashlib
import os
import re
import sys
import tempfile
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from bundle import contents, licences, paths, program, sbom, stage
from bundle import wheels as chosen
from bundle.wheels import Wheel

ENTRY_POINT = "recovery.__main__:main"
# The oldest moment a zip file can name. Every file in the archive carries it.
EPOCH = "315532800"
INSIDE = "_archive/"
SITE = "site-packages.zip"
DIGEST = "0" * 64
LOCAL = 30  # bytes before the name in a member's own header (APPNOTE.TXT, 4.3.7)


def build(target: Path, machines: List[str], wheels: Path, offline: bool) -> Path:
    """Build the archive for these machines from wheels of that folder, and return its path."""
    taken = chosen.gather(wheels, machines, offline)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _umask(0o022), tempfile.TemporaryDirectory(dir=str(target.parent)) as work:
        folder = Path(work)
        stage.fill(folder / "site", taken)
        site = _read(_shiv(folder))
        whole = folder / "whole.pyz"
        whole.write_bytes(sealed(_assembled(site, taken, machines)))
        whole.chmod(0o755)
        whole.replace(target)
    return target


def sealed(data: bytes) -> bytes:
    """Put the digest of all bytes, its own digits taken as zeros, into the head."""
    digest = hashlib.sha256(data).hexdigest()
    return data.replace(DIGEST.encode(), digest.encode(), 1)


def _shiv(folder: Path) -> Path:
    """shiv lays the archive out, stamps it and refuses nonsense; see bundle/README.md."""
    plain = folder / "plain.pyz"
    argv = [str(Path(sys.executable).with_name("shiv")), "--reproducible", "--uncompressed"]
    argv += ["--entry-point", ENTRY_POINT, "--site-packages", str(folder / "site")]
    argv += ["--output-file", str(plain)]
    program.run(argv, env=dict(os.environ, SOURCE_DATE_EPOCH=EPOCH))
    return plain


def _read(plain: Path) -> Dict[str, bytes]:
    """Everything but shiv's own bootstrap, which unpacks all, for one ABI."""
    with zipfile.ZipFile(str(plain)) as opened:
        names = [name for name in opened.namelist() if not name.startswith("_bootstrap/")]
        return {name: opened.read(name) for name in names if name != "__main__.py"}


def _assembled(site: Dict[str, bytes], taken: List[Wheel], machines: List[str]) -> bytes:
    """The head, then a small zip archive: an interpreter reads its directory at every start.

    The many files of site-packages lie in it as one archive, not compressed again. It comes
    first, so that the index can say where in the whole file each of them is.
    """
    outer = {"environment.json": site.pop("environment.json")}
    site.update(licences.texts(taken))
    packed = pack(BytesIO(), site, zipfile.ZIP_DEFLATED)
    buffer = BytesIO(_head())
    buffer.seek(0, os.SEEK_END)
    begin = buffer.tell() + LOCAL + len(SITE)
    for path in sorted((paths.ROOT / "bundle" / "inside").glob("*.py")):
        if path.name != "entry.py":
            outer[INSIDE + path.name] = path.read_bytes()
    outer[INSIDE + "usage"] = _usage().encode("ascii")
    outer[INSIDE + "contents.json"] = contents.listed(site, taken, machines)
    outer[INSIDE + "index"] = contents.index(places(packed, begin), site, taken)
    outer[sbom.NAME] = sbom.document(site, taken)
    outer["__main__.py"] = _main(outer, _head())
    outer[INSIDE + "SHA256SUMS"] = contents.hashes(dict(outer, **site))
    with zipfile.ZipFile(buffer, "w") as made:
        _put(made, SITE, packed, zipfile.ZIP_STORED)
        for name in sorted(outer):
            _put(made, name, outer[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def pack(buffer: BytesIO, names: Dict[str, bytes], method: int) -> bytes:
    """A zip archive of these files in the order of their names, all of the same date and mode."""
    with zipfile.ZipFile(buffer, "w") as made:
        for name in sorted(names):
            _put(made, name, names[name], method)
    return buffer.getvalue()


def places(packed: bytes, begin: int) -> Dict[str, Tuple[int, int, int]]:
    """The sum of each member's deflated bytes, and where a file has them with `packed` at `begin`.

    Of what lies there, not of what it becomes: damage is found without inflating anything.
    """
    with zipfile.ZipFile(BytesIO(packed)) as opened:
        found = {}
        for member in opened.infolist():
            data, size = member.header_offset + LOCAL + len(member.filename), member.compress_size
            total = zlib.crc32(packed[data : data + size])
            found[member.filename] = (total, begin + data, size)
        return found


def _put(made: zipfile.ZipFile, name: str, data: bytes, method: int) -> None:
    member = zipfile.ZipInfo(name)  # 1980-01-01
    member.create_system = 3
    member.external_attr = 0o100644 << 16
    made.writestr(member, data, method, 9)


def _main(outer: Dict[str, bytes], head: bytes) -> bytes:
    """__main__ with the sums of what it starts, of what that imports, and of what starts it."""
    sums = {
        name: zlib.crc32(data)
        for name, data in outer.items()
        if name.startswith(INSIDE) and name.endswith((".py", "/index", "/usage"))
    }
    text = (paths.ROOT / "bundle" / "inside" / "entry.py").read_text()
    lines = ["    %r: 0x%08x,\n" % item for item in sorted(sums.items())]
    filled = text.replace("CHECKS = {}", "CHECKS = {\n%s}" % "".join(lines))
    before, after = head.split(DIGEST.encode())
    place = "HEAD = (%d, %d, 0x%08x)" % (len(before), len(after), zlib.crc32(before + after))
    return filled.replace("HEAD = (0, 0, 0)", place).encode("ascii")


def _usage() -> str:
    """The first help page: the head shows it too, without any Python."""
    text = (paths.ROOT / "recovery" / "usage.py").read_text()
    return text.split('TEXT = """\\\n')[1].split('"""')[0]


def _head() -> bytes:
    text = (paths.ROOT / "bundle" / "head.sh").read_text()
    assert re.search("^# sha256 .*: " + DIGEST + "$", text, re.MULTILINE)
    return text.replace("@USAGE@\n", _usage()).encode("ascii")


@contextlib.contextmanager
def _umask(wanted: int) -> Iterator[None]:
    before = os.umask(wanted)
    try:
        yield
    finally:
        os.umask(before)
