# SPDX-License-Identifier: Apache-2.0
"""The build: twice the same bytes, offline too, and what is in the archive and what is not."""

import ast
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict

import pytest

from bundle import build as building
from bundle import contents, interpreter, paths, sbom
from tests import needs
from tests.bundle import conftest

MEGA = 1000000


@pytest.mark.slow
def test_build_offline_elsewhere_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    """What varies: clone, directory, days of the sources, time zone, umask, where there is a 3.13
    the Python; the network is cut off, and the builder itself is made of the folder's wheels.
    """
    clone = tmp_path / "clone"
    for name in ("bundle", "recovery", "simulators", "pyproject.toml", "LICENSE", "README.md"):
        source = paths.ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(str(source), str(clone / name), ignore=ignored)
        else:
            shutil.copyfile(str(source), str(clone / name))
    for path in clone.rglob("*"):
        os.utime(str(path), (1500000000, 1500000000))
    target = tmp_path / "made" / archive.name
    cut = [needs.program("unshare"), "--net"]
    tried = conftest.run(cut + ["/bin/true"])
    if tried.status != 0:
        cut = []
    python = (interpreter.find("3.13") or interpreter.running()).path
    words = ["build", str(target), "--wheels", str(paths.WHEELS)]
    env = dict(os.environ, PATH=conftest.SYSTEM, TZ="Asia/Tokyo", PYTHONPATH=str(clone))
    before = os.umask(0o077)
    try:
        done = conftest.run(cut + [python, "-m", "bundle"] + words, env, cwd=str(tmp_path))
    finally:
        os.umask(before)
    assert done.status == 0, done.err
    assert "making .venvs/build-3.1" in done.err and "downloading" not in done.err
    assert target.read_bytes() == archive.read_bytes()
    if not cut:
        needs.refused("a build with the network cut off: " + tried.err.strip())


def test_build_without_a_wheel_says_which(archive: Path, tmp_path: Path) -> None:
    done = conftest.build(["build", str(tmp_path / "a.pyz"), "--wheels", str(tmp_path / "none")])
    assert done.status == 1
    assert "cannot build from" in done.err and "cryptography 40.0.2" in done.err
    assert not (tmp_path / "a.pyz").exists()


@pytest.mark.parametrize(
    "words, task",
    [
        (["build", "/proc/nope/a.pyz"], "build the archive"),
        (["usb", "/proc/nope"], "fill the stick"),
    ],
)
def test_build_where_nobody_may_write_is_one_error(archive: Path, words: Any, task: str) -> None:
    done = conftest.build(words)
    assert done.status == 1
    (line,) = done.err.splitlines()
    assert line.startswith("cannot %s: " % task) and "/proc/nope" in line


def test_builder_without_its_wheels_asks_no_index(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    shutil.copytree(str(paths.ROOT / "bundle"), str(tmp_path / "bundle"))
    env = dict(os.environ, PATH=conftest.SYSTEM)
    words = ["build", str(tmp_path / "a.pyz"), "--wheels", str(tmp_path / "none")]
    done = conftest.run([sys.executable, "-m", "bundle"] + words, env, cwd=str(tmp_path))
    assert done.status != 0 and "--no-index" in done.err and "No matching distribution" in done.err


def test_archive_holds_the_tool_the_simulators_and_no_machine_path(archive: Path) -> None:
    with conftest.site(archive) as opened:
        names = opened.namelist()
        for name in names:
            assert str(paths.ROOT).encode() not in opened.read(name), name
    for package in ("recovery", "simulators"):
        for path in (paths.ROOT / package).rglob("*"):
            parts = set(path.relative_to(paths.ROOT).parts)
            if path.is_file() and not parts & {"__pycache__", "vm", "samples"}:
                assert "site-packages/" + path.relative_to(paths.ROOT).as_posix() in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_archive_has_one_date_for_all_files(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened, conftest.site(archive) as inner:
        members = opened.infolist() + inner.infolist()
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}


def test_archive_is_as_small_as_promised(archive: Path) -> None:
    assert archive.stat().st_size < 12 * MEGA


def test_archive_is_stamped_by_shiv(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened:
        stamp = json.loads(opened.read("environment.json").decode())
    assert stamp["shiv_version"] == "1.0.8" and stamp["entry_point"] == building.ENTRY_POINT


def test_entry_can_be_parsed_by_python_2() -> None:
    """No annotations, no f-strings, no keyword-only arguments in what Python 2.7 must read."""
    text = (paths.ROOT / "bundle" / "inside" / "entry.py").read_text()
    kinds = {type(node).__name__ for node in ast.walk(ast.parse(text))}
    assert not kinds & {"AnnAssign", "JoinedStr", "Nonlocal", "Starred", "AsyncFunctionDef"}


def test_compiled_parts_need_no_newer_glibc_than_promised(archive: Path) -> None:
    with conftest.site(archive) as opened:
        parts = [name for name in opened.namelist() if name.endswith(".so")]
        assert len(parts) == 10
        for name in parts:
            assert conftest.newest_glibc(opened.read(name)) <= (2, 17), name


def test_bill_of_materials_names_all_that_is_inside(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened:
        bill: Dict[str, Any] = json.loads(opened.read(sbom.NAME).decode())
        table = json.loads(opened.read("_archive/contents.json").decode())
    assert (archive.parent / sbom.NAME).read_text() == json.dumps(
        bill, indent=1, sort_keys=True
    ) + "\n"
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"]["version"] == contents.version()
    listed = {(one["name"], one["version"]) for one in bill["components"]}
    for package in table["packages"]:
        assert (package["name"], package["version"]) in listed
        if package["openssl"]:
            assert ("openssl", package["openssl"]) in listed
    assert len({one["bom-ref"] for one in bill["components"]}) == len(bill["components"])
    for one in bill["components"]:
        assert one["licenses"] and (one["purl"].startswith("pkg:pypi/") == ("hashes" in one))


def test_archive_holds_a_licence_for_each_package(archive: Path) -> None:
    with zipfile.ZipFile(str(archive)) as opened:
        table = json.loads(opened.read("_archive/contents.json").decode())
    with conftest.site(archive) as inner:
        names = inner.namelist()
    for package in table["packages"]:
        begin = "licences/%s-%s/" % (package["name"], package["version"])
        assert [name for name in names if name.startswith(begin)], begin


def test_head_finds_the_python_it_is_told(archive: Path, tmp_path: Path) -> None:
    env = {"PATH": "/nowhere", "OVIRT_CERT_RECOVERY_PYTHON": conftest.python("3.6")}
    for argv in (["/bin/sh", str(archive)], [str(archive)]):
        done = conftest.run(argv + ["--version"], env)
        assert done.out == "ovirt-cert-recovery %s\n" % contents.version(), done.err


def without_platform_python(archive: Path, environ: Dict[str, str]) -> conftest.Done:
    """Start the archive by its head, as on a machine that has only what PATH names."""
    if os.path.exists("/usr/libexec/platform-python"):
        pytest.skip("this machine has a platform-python")
    return conftest.run(["/bin/sh", str(archive), "diagnose"], environ)


def test_head_without_a_python_says_what_to_do_and_still_helps(archive: Path) -> None:
    done = without_platform_python(archive, {"PATH": "/nowhere"})
    assert done.status == 4
    assert "cannot start ovirt-cert-recovery: it needs Python 3.6 or newer" in done.err
    assert "seen: no python at all" in done.err and "OVIRT_CERT_RECOVERY_PYTHON" in done.err
    helped = conftest.run(["/bin/sh", str(archive), "--help"], {"PATH": "/usr/bin:/bin"})
    assert helped.status == 0 and helped.out.startswith("usage: ovirt-cert-recovery")


def test_head_passes_over_pythons_that_do_not_do(archive: Path, tmp_path: Path) -> None:
    """A python3.13 that is broken, a python3 that is too old: what EL7 with extras looks like."""
    for name, text in (
        ("python3.13", "exit 1"),
        ("python3", "exit 2"),
        ("python3.6", "exec '%s' \"$@\""),
    ):
        file = tmp_path / name
        file.write_text(
            "#!/bin/sh\n" + (text % conftest.python("3.6") if "%" in text else text) + "\n"
        )
        file.chmod(0o755)
    done = conftest.run(["/bin/sh", str(archive), "version"], {"PATH": str(tmp_path)})
    assert (done.status, done.err) == (0, "")


def fake(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n" + text + "\n")
    path.chmod(0o755)


def test_head_prefers_a_newer_python_to_python3(archive: Path, tmp_path: Path) -> None:
    """EL8: python3 is 3.6, and a 3.13 was installed beside it."""
    for name, minor in (("python3.13", "3.12"), ("python3", "3.6")):
        told = "echo %s >> %s; exec '%s' \"$@\"" % (name, tmp_path / "used", conftest.python(minor))
        fake(tmp_path / "bin" / name, told)
    done = conftest.run(["/bin/sh", str(archive), "version"], {"PATH": str(tmp_path / "bin")})
    assert (done.status, done.err) == (0, "")
    assert set((tmp_path / "used").read_text().split()) == {"python3.13"}


def test_head_with_python_2_alone_says_which(archive: Path, tmp_path: Path) -> None:
    """EL7: `python` is 2.7, which tells its version on standard error."""
    fake(tmp_path / "python", "[ $1 = --version ] && echo Python 2.7.5 >&2 || exit 2")
    done = without_platform_python(archive, {"PATH": str(tmp_path)})
    assert done.status == 4 and "cannot start ovirt-cert-recovery: it needs Python 3.6" in done.err
    assert "seen: Python 2.7.5\n" in done.err


def test_head_finds_the_platform_python_when_nothing_else_is_there(
    archive: Path, tmp_path: Path
) -> None:
    """EL8 without any python in PATH."""
    fake(tmp_path / "libexec" / "platform-python", "exec '%s' \"$@\"" % conftest.python("3.6"))
    argv = conftest.namespace("/bin/mount --bind %s /usr/libexec" % (tmp_path / "libexec"))
    done = conftest.run(argv + ["/bin/sh", str(archive), "--version"], {"PATH": "/nowhere"})
    assert (done.status, done.err) == (0, "")
    assert done.out == "ovirt-cert-recovery %s\n" % contents.version()


def test_help_is_the_same_by_the_head_and_by_python(archive: Path, start: Any) -> None:
    from recovery import usage

    head = conftest.run(["/bin/sh", str(archive), "-h"], {"PATH": conftest.SYSTEM})
    assert head.out == start("--help").out == usage.TEXT
