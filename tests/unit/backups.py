# SPDX-License-Identifier: Apache-2.0
"""Archives for tests, good and bad, by the standard library: tar in tar, as engine-backup."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

PACKED: Dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": lambda data: gzip.compress(data, 1),
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
}
PKI = "etc/pki/ovirt-engine/"
CONF = b"[v3_ca]\nauthorityInfoAccess = caIssuers;URI:http://virt-he.example.test:80/ca\n"
FILES = {
    PKI + "ca.pem": b"the certificate",
    PKI + "private/ca.pem": b"the key",
    PKI + "cert.conf": CONF,
    PKI + "serial.txt": b"1010\n",
}

Entry = Tuple[str, Any]  # a name and its bytes, or a TarInfo of its own


def tar(entries: Sequence[Entry], form: int = tarfile.GNU_FORMAT) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=form) as archive:
        for name, content in entries:
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            made = tarfile.TarInfo(name)
            made.size = len(content)
            archive.addfile(made, io.BytesIO(content))
    return raw.getvalue()


def special(name: str, kind: bytes, target: str = "") -> Entry:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return name, made


def backup(
    files: Optional[bytes] = None,
    outer: str = "gzip",
    inner: str = "xz",
    sums: Optional[bytes] = None,
    last: Sequence[Entry] = (),
) -> bytes:
    """A whole backup; `files` is the inner tar, packed by `inner` here."""
    packed = PACKED[inner](tar(list(FILES.items())) if files is None else files)
    stated = "%s  files\n" % hashlib.sha256(packed).hexdigest()
    entries: List[Entry] = [special(".", tarfile.DIRTYPE), ("./version", b"4.4.10.7\n")]
    entries += [("./files", packed), ("./db/engine_backup.db", b"PGDMP" * 4000)]
    entries.append(("./sha256sum", stated.encode() if sums is None else sums))
    return PACKED[outer](tar(entries + list(last)))
