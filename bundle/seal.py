# SPDX-License-Identifier: Apache-2.0
"""What lies beside an archive: its bill of materials, SHA256SUMS, a signature.

Imports bundle modules only. The key is the builder's own and is never copied; the signature is
openssl's, since each node has that: ssh-keygen -Y is not on Enterprise Linux 8.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import List, Optional, Sequence

from bundle import program, sbom

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"


def beside(archive: Path, key: Optional[Path]) -> List[Path]:
    """Write the bill, the sums, and with a key the signature; return their paths."""
    with zipfile.ZipFile(str(archive)) as opened:
        (archive.parent / sbom.NAME).write_bytes(opened.read(sbom.NAME))
    made = [archive.parent / sbom.NAME, sums(archive.parent, [archive.name, sbom.NAME])]
    old = archive.parent / SIGNATURE
    if old.exists():
        old.unlink()  # of another archive
    return made + ([sign(archive.parent, key)] if key else [])


def sums(folder: Path, names: Sequence[str]) -> Path:
    """Write SHA256SUMS for these files, for `sha256sum -c`."""
    lines = []
    for name in names:
        lines.append("%s  %s\n" % (hashlib.sha256((folder / name).read_bytes()).hexdigest(), name))
    (folder / SUMS).write_text("".join(lines))
    return folder / SUMS


def sign(folder: Path, key: Path) -> Path:
    """Sign SHA256SUMS, and through it every file that it names."""
    target = folder / SIGNATURE
    argv = ["openssl", "dgst", "-sha256", "-sign", str(key), "-out", str(target)]
    program.run(argv + [str(folder / SUMS)])
    return target


def verify(archive: Path, public_key: Path) -> None:
    """See that the archive is in a SHA256SUMS beside it that was signed with that key.

    Raises: program.Failed.
    """
    folder = archive.parent
    signature = folder / SIGNATURE
    if not signature.exists():
        raise program.Failed("cannot verify {}: it is not there".format(signature))
    argv = ["openssl", "dgst", "-sha256", "-verify", str(public_key)]
    program.run(argv + ["-signature", str(signature), str(folder / SUMS)])
    line = "%s  %s" % (hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name)
    if line not in (folder / SUMS).read_text().splitlines():
        raise program.Failed("cannot trust {}: what was signed is another one".format(archive))
