# SPDX-License-Identifier: Apache-2.0
"""The archive: it builds, twice the same, starts, and finds its Python or says that it cannot."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict, List

import pytest

from bundle import paths


def run(argv: List[str], **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        cwd=str(paths.ROOT),
        env=dict(os.environ, **environ),
        timeout=300,
    )


def build(target: Path, umask: int = 0o022) -> Path:
    before = os.umask(umask)
    try:
        done = run([sys.executable, "-m", "bundle", "build", str(target)])
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{}\n".format(target)
    return target


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist") / "ovirt-cert-recovery.pyz")


@pytest.fixture
def start(archive: Path, tmp_path: Path) -> Dict[str, str]:
    """Where the archive unpacks itself: never into the home of the person who runs the tests."""
    return {"SHIV_ROOT": str(tmp_path / "shiv")}


def test_build_twice_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "elsewhere" / "again.pyz", umask=0o077)
    assert again.read_bytes() == archive.read_bytes()


def test_archive_holds_the_tool_the_simulators_and_no_machine_path(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened:
        names = opened.namelist()
        for name in names:
            assert str(paths.ROOT).encode() not in opened.read(name), name
    for expected in ("recovery/__main__.py", "simulators/__init__.py", "pexpect/__init__.py"):
        assert "site-packages/" + expected in names
    assert not [name for name in names if "__pycache__" in name]


def test_archive_holds_every_file_of_our_packages(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened:
        names = set(opened.namelist())
    for package in ("recovery", "simulators"):
        for path in (paths.ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert "site-packages/" + path.relative_to(paths.ROOT).as_posix() in names


def test_version_is_that_of_the_project(archive: Path, start: Dict[str, str]) -> None:
    done = run([sys.executable, str(archive), "--version"], **start)
    assert done.returncode == 0, done.stderr
    version = [line for line in _pyproject() if line.startswith("version = ")][0].split('"')[1]
    assert version in done.stdout


def test_unpacking_that_was_cut_off_is_done_anew(archive: Path, start: Dict[str, str]) -> None:
    """A name without .tmp promises that all of it is on the disk."""
    assert run([sys.executable, str(archive), "--version"], **start).returncode == 0
    (whole,) = [path for path in Path(start["SHIV_ROOT"]).iterdir() if path.is_dir()]
    cut = whole.with_name(whole.name + ".tmp")
    whole.rename(cut)
    (cut / "site-packages" / "recovery" / "__main__.py").write_text("")
    (cut / "site-packages" / "recovery" / "leftover.py").write_text("")
    assert run([sys.executable, str(archive), "--version"], **start).returncode == 0
    assert whole.is_dir() and not cut.exists()
    assert not (whole / "site-packages" / "recovery" / "leftover.py").exists()
    assert (whole / "site-packages" / "recovery" / "__main__.py").read_text() != ""


def test_help_names_the_commands(archive: Path, start: Dict[str, str]) -> None:
    done = run([sys.executable, str(archive), "--help"], **start)
    assert done.returncode == 0, done.stderr
    for command in ("diagnose", "plan", "recover", "status", "resume", "undo", "rehearse"):
        assert command in done.stdout


def test_head_finds_the_python_it_is_told(archive: Path, start: Dict[str, str]) -> None:
    done = run(
        ["/bin/sh", str(archive), "--version"], OVIRT_CERT_RECOVERY_PYTHON=sys.executable, **start
    )
    assert done.returncode == 0, done.stderr


def test_head_without_a_python_says_what_to_do(archive: Path, tmp_path: Path) -> None:
    # An empty PATH; a machine whose platform-python has our version would find that.
    if os.path.exists("/usr/libexec/platform-python"):
        pytest.skip("this machine has a platform-python")
    done = run(["/bin/sh", str(archive), "--version"], PATH=str(tmp_path))
    assert done.returncode == 4
    assert "cannot start ovirt-cert-recovery: this archive needs Python" in done.stderr
    assert "to do: set OVIRT_CERT_RECOVERY_PYTHON" in done.stderr


def test_check_lists_what_is_inside(archive: Path) -> None:
    done = run([sys.executable, "-m", "bundle", "check", str(archive)])
    assert done.returncode == 0, done.stderr
    assert "contains: pexpect 4.9.0" in done.stdout


def test_check_of_a_truncated_archive_fails(archive: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.pyz"
    data = archive.read_bytes()
    half.write_bytes(data[: len(data) // 2])
    done = run([sys.executable, "-m", "bundle", "check", str(half)])
    assert done.returncode == 1
    assert "cannot read" in done.stderr


def _pyproject() -> List[str]:
    return (paths.ROOT / "pyproject.toml").read_text().splitlines()
