# SPDX-License-Identifier: Apache-2.0
"""Virtual environments with exactly the locked packages. Imports bundle modules only."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from bundle import paths, program
from bundle.interpreter import Interpreter

# What the lock says or nothing: no build, no other version, no other bytes.
LOCKED = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
# Packages of a lock that exist as source only. They are built with what `source` locks, in the
# environment itself: an isolated build would fetch what no lock names.
FROM_SOURCE = {"sdk": ["ovirt-engine-sdk-python"]}
# The lock whose wheels stay beside those of the archive, for a build without a network. It has pip.
KEPT = "build"
# A person's settings that would change what is installed, or where.
REFUSED = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_NO_BINARY", "PIP_CONSTRAINT")
QUIET = ["--quiet", "--disable-pip-version-check", "--no-input"]


def ensure(interpreter: Interpreter, lock: str, wheels: Optional[Path] = None) -> Path:
    """The Python of an environment with the packages of bundle/locks/LOCK.txt; made when needed.

    wheels: a directory that has them; no index is asked then.
    """
    folder = paths.VENVS / "{}-{}".format(lock, interpreter.minor)
    python = folder / "bin" / "python"
    stamp = folder / "stamp"
    wanted = _stamp(interpreter, lock)
    paths.VENVS.mkdir(exist_ok=True)
    with _locked(folder.with_suffix(folder.suffix + ".lock")):
        if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
            _make(interpreter, lock, folder, wheels)
            stamp.write_text(wanted)
    return python


def pip(python: Path, *words: str) -> None:
    """Run pip of that environment."""
    argv = [str(python), "-I", "-m", "pip"] + list(words)
    program.run(argv, env=_pip_environment())


def _make(interpreter: Interpreter, lock: str, folder: Path, wheels: Optional[Path]) -> None:
    program.say(
        "making {} with Python {}".format(folder.relative_to(paths.ROOT), interpreter.release)
    )
    if folder.exists():
        shutil.rmtree(str(folder))
    _venv(interpreter, folder)
    python = folder / "bin" / "python"
    if lock == KEPT and wheels is None:
        wheels = paths.WHEELS
        listed = ["-r", str(paths.LOCKS / (lock + ".txt"))]
        pip(python, "download", *(QUIET + LOCKED + ["--dest", str(wheels)] + listed))
    alone = ["--no-index", "--find-links", str(wheels)] if wheels else []
    for name in _locks(lock):
        words = QUIET + LOCKED + _built(name) + ["-r", str(paths.LOCKS / (name + ".txt"))]
        pip(python, "install", *(alone + words))


def _locks(lock: str) -> List[str]:
    """What is installed, in this order."""
    return ["pip"] + (["source"] if lock in FROM_SOURCE else []) + [lock]


def _built(lock: str) -> List[str]:
    words = [word for name in FROM_SOURCE.get(lock, []) for word in ("--no-binary", name)]
    return words + ["--no-build-isolation"] if words else []


def _venv(interpreter: Interpreter, folder: Path) -> None:
    try:
        program.run([interpreter.path, "-I", "-m", "venv", str(folder)])
    except program.Failed as failure:
        hint = "on Debian the package python{}-venv is needed".format(interpreter.minor)
        raise program.Failed("{}\n{}".format(failure, hint)) from None


def _stamp(interpreter: Interpreter, lock: str) -> str:
    digest = hashlib.sha256()
    for name in _locks(lock):
        digest.update((paths.LOCKS / (name + ".txt")).read_bytes())
    return "{} {}\n".format(interpreter.release, digest.hexdigest())


def _pip_environment() -> Dict[str, str]:
    """A person's settings for indexes and proxies stay; those that change what is installed go."""
    return {name: value for name, value in os.environ.items() if name not in REFUSED}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two test workers, or two terminals, make one environment one after the other."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
