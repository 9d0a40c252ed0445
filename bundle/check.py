# SPDX-License-Identifier: Apache-2.0
"""Looks into an archive, or a stick with one, and starts it once. Imports bundle modules only."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Optional

from bundle import paths, program, seal, usb


def check(what: Path, public_key: Optional[Path] = None) -> List[str]:
    """What is inside, in lines; program.Failed where it is damaged or does not start.

    what: an archive, the directory of a stick, or its image.
    """
    if not what.exists():
        raise program.Failed("cannot check {}: build it first".format(what))
    if what.suffix == ".img":
        with tempfile.TemporaryDirectory() as folder:
            return _stick(usb.unpacked(what, Path(folder)), public_key)
    if what.is_dir():
        return _stick(what, public_key)
    lines = []
    if public_key is not None:
        seal.verify(what, public_key)  # before anything of it runs
        lines.append("signature: good")
    return lines + _archive(what)


def _stick(folder: Path, public_key: Optional[Path]) -> List[str]:
    archive = folder / paths.ARCHIVE.name
    if not archive.exists():
        raise program.Failed("cannot check {}: there is no {}".format(folder, archive.name))
    wrong = list(_sums(folder))
    if wrong:
        raise program.Failed("cannot trust {}: {}".format(folder, "; ".join(wrong)))
    lines = ["SHA256SUMS: every file is as it was made"]
    if public_key is not None:
        seal.verify(archive, public_key)
        lines.append("signature: good")
    elif (folder / seal.SIGNATURE).exists():
        lines.append("signature: NOT verified, --public-key FILE does")
    else:
        lines.append("signature: none")
    return lines + _archive(archive)


def _sums(folder: Path) -> Iterator[str]:
    """What SHA256SUMS says of the files, and which files it says nothing of."""
    try:
        listed = [line.split("  ", 1) for line in (folder / seal.SUMS).read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as caught:
        yield "cannot read {}: {}".format(seal.SUMS, caught)
        return
    for digest, name in (pair for pair in listed if len(pair) == 2):
        path = folder / name
        if not path.is_file():
            yield "{} is missing".format(name)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield "{} is damaged".format(name)
    known = {pair[-1] for pair in listed} | {seal.SUMS, seal.SIGNATURE}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in known:
            yield "{} is not in {}".format(name, seal.SUMS)


def _archive(archive: Path) -> List[str]:
    """The archive's own account of itself."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    lines = ["{}  {}".format(digest, archive.name)]
    with tempfile.TemporaryDirectory() as root:
        # Not the directories of the person who checks: a bad archive would leave its files there.
        env = dict(os.environ, SHIV_ROOT=root)
        for words in (["selfcheck"], ["version", "--verbose"]):
            argv = [sys.executable, "-E", "-s", str(archive)] + words
            lines += program.run(argv, env=env).splitlines()
    return lines
