# SPDX-License-Identifier: Apache-2.0
"""Finding Pythons: our own, pyenv's newest, and none."""

import os
import sys
from pathlib import Path

import pytest

from bundle import interpreter, paths


def fake_python(path: Path, release: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    minor = release.rsplit(".", 1)[0]
    path.write_text("#!/bin/sh\necho '{} {}'\n".format(minor, release))
    path.chmod(0o755)
    return path


def test_find_running_version_gives_the_python_outside_of_our_environment() -> None:
    found = interpreter.find("%d.%d" % sys.version_info[:2])
    assert found is not None and found.release == sys.version.split()[0]
    assert os.path.realpath(found.path) == os.path.realpath(sys.executable)
    assert not found.path.startswith(str(paths.VENVS))


def test_find_takes_the_newest_of_pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for release in ("2.9.2", "2.9.18"):
        fake_python(tmp_path / "versions" / release / "bin" / "python", release)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    found = interpreter.find("2.9")
    assert found is not None and found.release == "2.9.18"


def test_find_passes_over_a_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = fake_python(tmp_path / "versions" / "2.9.18" / "bin" / "python", "2.9.18")
    broken.write_text("#!/bin/sh\nexit 1\n")
    named = fake_python(tmp_path / "bin" / "python2.9", "2.9.3")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(named.parent) + os.pathsep + os.environ["PATH"])
    assert interpreter.find("2.9") == interpreter.Interpreter("2.9", "2.9.3", str(named))


def test_find_unknown_version_gives_nothing() -> None:
    assert interpreter.find("2.4") is None
