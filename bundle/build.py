# SPDX-License-Identifier: Apache-2.0
"""Builds the archive, byte for byte the same from the same sources. Imports bundle modules only."""

import contextlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator

from bundle import environment, interpreter, paths, program, stage
from bundle.interpreter import Interpreter

ENTRY_POINT = "recovery.__main__:main"
# The oldest moment a zip file can name. Every file in the archive carries it.
EPOCH = "315532800"
DEFLATED = zipfile.ZIP_DEFLATED
START = b"import _durable\n\n_durable.start()\n"


def build(target: Path) -> Path:
    """Build the archive for the Python that runs this, and return its path."""
    python = interpreter.running()
    builder = environment.ensure(python, "build")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _umask(0o022), tempfile.TemporaryDirectory(dir=str(target.parent)) as work:
        folder = Path(work)
        stage.fill(folder / "site", python, builder)
        plain = _shiv(builder, folder)
        whole = folder / "whole.pyz"
        _with_durable_start(plain, folder / "durable.pyz")
        whole.write_bytes(_head(python) + (folder / "durable.pyz").read_bytes())
        whole.chmod(0o755)
        whole.replace(target)
    return target


def _shiv(builder: Path, folder: Path) -> Path:
    plain = folder / "plain.pyz"
    argv = [str(builder.with_name("shiv")), "--reproducible", "--entry-point", ENTRY_POINT]
    argv += ["--site-packages", str(folder / "site"), "--output-file", str(plain)]
    program.run(argv, env=dict(os.environ, SOURCE_DATE_EPOCH=EPOCH))
    return plain


def _head(python: Interpreter) -> bytes:
    text = (paths.ROOT / "bundle" / "head.sh").read_text()
    return text.replace("@MINOR@", python.minor).encode()


def _with_durable_start(plain: Path, target: Path) -> None:
    """Copy shiv's archive, member by member, with our own start in place of shiv's."""
    own = (paths.ROOT / "bundle" / "durable.py").read_bytes()
    with zipfile.ZipFile(str(plain)) as source, zipfile.ZipFile(str(target), "w") as copy:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "__main__.py":
                extra = zipfile.ZipInfo("_durable.py", member.date_time)
                extra.external_attr, extra.compress_type = member.external_attr, DEFLATED
                copy.writestr(extra, own)
                content = START
            copy.writestr(member, content)


@contextlib.contextmanager
def _umask(wanted: int) -> Iterator[None]:
    before = os.umask(wanted)
    try:
        yield
    finally:
        os.umask(before)
