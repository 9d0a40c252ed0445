# SPDX-License-Identifier: Apache-2.0
"""One archive for all tests here, built once; and places as bad as those on nodes."""

import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest

from bundle import build as building
from bundle import interpreter, paths
from tests import matrix, needs

PYTHONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
NOBODY = 65534


class Done(NamedTuple):
    """What a program that was run left."""

    status: int
    out: str
    err: str


def run(argv: List[str], env: Optional[Dict[str, str]] = None, **more: Any) -> Done:
    """Run a program without input; `env` replaces the environment."""
    ran = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ) if env is None else env,
        timeout=600,
        **more,
    )
    texts = [text.decode("utf-8", "replace") for text in (ran.stdout, ran.stderr)]
    return Done(ran.returncode, texts[0], texts[1])


def build(words: List[str], by: str = sys.executable) -> Done:
    """`python -m bundle` as a person runs it, with the programs of this system."""
    env = dict(os.environ, PATH=SYSTEM)
    return run([by, "-m", "bundle"] + words, env, cwd=str(paths.ROOT))


def pytest_collection_modifyitems(items: List[Any]) -> None:
    """The archive is the same on every Python: it is built and tried from one of them."""
    if "%d.%d" % sys.version_info[:2] == matrix.BUILD:
        return
    reason = pytest.mark.skip(reason="builds on Python " + matrix.BUILD)
    for item in items:
        if "archive" in getattr(item, "fixturenames", ()):
            item.add_marker(reason)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, built by the first of pytest-xdist's workers that needs it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "archive"
    folder.mkdir(exist_ok=True)
    built = folder / paths.ARCHIVE.name
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            done = build(["build", str(built)])
            assert done.status == 0, done.err
            assert done.out.splitlines()[0] == str(built)
    return built


def site(archive: Path) -> zipfile.ZipFile:
    """The many files of an archive, which lie in it as one."""
    with zipfile.ZipFile(str(archive)) as opened:
        return zipfile.ZipFile(BytesIO(opened.read(building.SITE)))


def newest_glibc(part: bytes) -> Tuple[int, ...]:
    """The newest release of glibc that a compiled part asks for."""
    found = re.findall(rb"GLIBC_(\d+)\.(\d+)", part)
    return max((int(one), int(two)) for one, two in found)


def python(minor: str) -> str:
    """A Python of that minor version outside of any environment; skipped where there is none."""
    found = _found(minor)
    if not found:
        text = "this machine has no Python " + minor
        if minor in matrix.NEEDED:
            needs.absent(text)
        needs.refused(text)
    return found


@functools.lru_cache(maxsize=None)
def _found(minor: str) -> str:
    """Looked for once: to probe a Python takes as long as many a start of the archive."""
    if minor == "2.7":  # too old for the probe
        return next(filter(os.path.exists, interpreter.candidates(minor)), "")
    found = interpreter.find(minor)
    return found.path if found else ""


@pytest.fixture
def start(archive: Path, tmp_path: Path) -> Callable[..., Done]:
    """start("--version", python="3.6", HOME="/x"): run the archive, unpacking into tmp_path."""

    def call(*words: str, **given: str) -> Done:
        path = python(given.pop("python", matrix.BUILD))
        file = given.pop("file", str(archive))
        before = given.pop("before", "").split()
        env = {"PATH": SYSTEM, "SHIV_ROOT": str(tmp_path / "unpacked")}
        env.update(given)
        chosen = {name: value for name, value in env.items() if value}
        return run(before + [path, file] + list(words), chosen)

    return call


@pytest.fixture
def node(tmp_path: Path) -> Iterator[List[str]]:
    """A broken simulated node: the words that tell the tool of it, then `recover` and its own."""
    from simulators import rehearse

    prepared = rehearse.prepare("node-expired", "el8", str(tmp_path / "world"))
    yield prepared.arguments
    shutil.rmtree(str(tmp_path / "world"))


def namespace(script: str) -> List[str]:
    """Words to be put before others: they run where the script's mounts are, and nobody else.

    Skipped, loudly, where the kernel refuses such a place: many a container does.
    """
    begin = [needs.program("unshare")] + "--mount --propagation private /bin/sh -c".split()
    tried = run(begin + ["/bin/mount -t tmpfs none /mnt"])
    if tried.status != 0:
        needs.refused("no mounts here: " + tried.err.strip())
    return begin + ['set -e; %s; exec "$@"' % script, "sh"]
