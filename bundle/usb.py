# SPDX-License-Identifier: Apache-2.0
"""The USB stick: the archive and all that goes with it, in a directory or a vfat image.

Imports bundle modules only. An image is made by mkfs.fat and mtools, without root's rights.
"""

import os
import re
import shutil
import tempfile
import textwrap
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Iterator, List, Optional

from bundle import build, contents, licences, paths, program, sbom, seal

README = "README.txt"
RUNBOOK = "RUNBOOK.txt"
LABEL = "OVIRTCERT"
SPARE = 4 << 20  # bytes of the image for the stick's own tables, and for a report
TEXT = """\
ovirt-cert-recovery {version}: brings an oVirt node back whose certificates have expired.

As root on the node (no install, no network, any Python 3.6-3.13); lsblk shows the stick's name:

    mount -o ro /dev/sdX1 /mnt      (/dev/sdX where an image was written)
    cd /mnt && sha256sum -c SHA256SUMS
    sh /mnt/ovirt-cert-recovery.pyz selfcheck
    sh /mnt/ovirt-cert-recovery.pyz diagnose

`sh FILE`, because a stick is mounted noexec more often than not. diagnose changes nothing.
RUNBOOK.txt says what comes then: print it, the node's screen may be all you have.
Who built it? With the builder's public key, which came to you another way than on this stick:

    openssl dgst -sha256 -verify KEY.pem -signature SHA256SUMS.sig SHA256SUMS

    ovirt-cert-recovery.pyz  the tool           sbom.cdx.json  what is in it, for scanners
    README.md                the whole manual   licences/      licences of all that is in it
"""


def fill(
    stick: Path, machines: List[str], wheels: Path, offline: bool, key: Optional[Path]
) -> List[str]:
    """Build into a directory, or into an image where the name ends in .img; say what was made."""
    if stick.suffix != ".img":
        return _fill(stick, machines, wheels, offline, key)
    stick.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(stick.parent)) as work:
        _fill(Path(work) / "stick", machines, wheels, offline, key)
        image(Path(work) / "stick", Path(work) / "image")
        (Path(work) / "image").replace(stick)
    return [str(stick)]


def _fill(
    folder: Path, machines: List[str], wheels: Path, offline: bool, key: Optional[Path]
) -> List[str]:
    folder.mkdir(parents=True, exist_ok=True)
    # Elsewhere first: thousands of small files are no work for a stick.
    with tempfile.TemporaryDirectory() as work:
        archive = build.build(Path(work) / paths.ARCHIVE.name, machines, wheels, offline)
        shutil.copyfile(str(archive), str(folder / archive.name))
        ours = [archive.name, README, RUNBOOK, "README.md"] + _unpack(archive, folder)
    (folder / README).write_text(TEXT.format(version=contents.version()))
    (folder / RUNBOOK).write_text(runbook())
    shutil.copyfile(str(paths.ROOT / "README.md"), str(folder / "README.md"))
    made = [folder / archive.name, seal.sums(folder, sorted(ours))]
    _tell_others(folder, ours)
    signature = folder / seal.SIGNATURE
    if signature.exists():
        signature.unlink()  # of what was on the stick before
    made += [seal.sign(folder, key)] if key else []
    os.sync()  # people pull sticks at once
    return [str(path) for path in made]


def _unpack(archive: Path, folder: Path) -> List[str]:
    """Lay the bill and the licences beside the archive, and nothing of an earlier one's."""
    if (folder / licences.FOLDER).exists():
        shutil.rmtree(str(folder / licences.FOLDER))
    with zipfile.ZipFile(str(archive)) as opened:
        (folder / sbom.NAME).write_bytes(opened.read(sbom.NAME))
        site = zipfile.ZipFile(BytesIO(opened.read(build.SITE)))
    with site:
        wanted = [name for name in site.namelist() if name.startswith(licences.FOLDER)]
        site.extractall(str(folder), wanted)
    return [sbom.NAME] + wanted


def _tell_others(folder: Path, ours: List[str]) -> None:
    """Nobody signs for what was there before."""
    names = [path.relative_to(folder).as_posix() for path in _files(folder)]
    others = sorted(set(names) - set(ours) - {seal.SUMS, seal.SIGNATURE})
    if others:
        text = "also there, not in {}, and not trusted by `check`: {}"
        program.say(text.format(seal.SUMS, ", ".join(others)))


def runbook() -> str:
    """The README's routes and its chapter on the real thing, to be printed: no Markdown."""
    text = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("\n|---|---|---|\n")[1].split("\n\n")[0]
    routes = "".join("\n%s" % _row(line) for line in table.splitlines())
    chapter = text.split("\n## The real thing\n")[1].split("\n## Developing")[0]
    chapter = "\nRoutes, when, and the clock:\n%s\n%s" % (routes, chapter)
    plain = re.sub(r"^```\w*\n", "", chapter, flags=re.MULTILINE)
    plain = re.sub(r"^([#$]) ", r"    \1 ", plain, flags=re.MULTILINE)
    plain = re.sub(r"^#+ (.*)$", r"\n\1:", plain, flags=re.MULTILINE)
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", plain.replace("**", ""))
    title = "ovirt-cert-recovery {}: runbook".format(contents.version())
    return "{}\n{}\n{}".format(title, "=" * len(title), plain)


def _row(line: str) -> str:
    """A route of the README's table, as a paragraph."""
    route, when, clock = (cell.strip().replace("`", "") for cell in line.strip("|").split("|"))
    return textwrap.fill(
        "%s: %s. The clock: %s." % (route, when, clock), 100, subsequent_indent="  "
    )


def image(folder: Path, target: Path) -> None:
    """Make a vfat image of a directory. Raises: program.Failed."""
    for name, package in (("mkfs.fat", "dosfstools"), ("mcopy", "mtools")):
        if shutil.which(name, path=_path()) is None:
            text = "cannot make {}: there is no {} here (package {})"
            raise program.Failed(text.format(target, name, package))
    size = sum(path.stat().st_size for path in _files(folder)) + SPARE
    with target.open("wb") as made:
        made.truncate(-(-size // (1 << 20)) << 20)
    environ = dict(os.environ, PATH=_path(), MTOOLS_SKIP_CHECK="1", TZ="UTC")
    # --invariant: no time, no random number.
    program.run(["mkfs.fat", "--invariant", "-n", LABEL, str(target)], env=environ)
    for path in _files(folder):
        os.utime(str(path), (315532800, 315532800))
    inside = sorted(str(path) for path in folder.iterdir())
    program.run(["mcopy", "-s", "-m", "-Q", "-i", str(target)] + inside + ["::/"], env=environ)


def unpacked(stick: Path, folder: Path) -> Path:
    """The files of an image, in a directory. Raises: program.Failed."""
    environ = dict(os.environ, PATH=_path(), MTOOLS_SKIP_CHECK="1")
    program.run(["mcopy", "-s", "-n", "-Q", "-i", str(stick), "::/*", str(folder)], env=environ)
    return folder


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
