# SPDX-License-Identifier: Apache-2.0
import os
import stat
import threading
from pathlib import Path
from typing import Any, List

import pytest

from recovery import errors, files
from tests.unit import limits

ROOT = os.geteuid() == 0
TEMPORARY = ".{}.ovirt-cert-recovery"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def node(root: Path) -> files.Files:
    return files.Files(str(root))


def entries(folder: Path) -> List[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_replace_of_a_new_file_makes_directories_and_mode(node: files.Files, root: Path) -> None:
    node.replace("/etc/pki/x.pem", b"new", None, 0o640)
    assert (root / "etc/pki/x.pem").read_bytes() == b"new"
    assert mode(root / "etc/pki/x.pem") == 0o640
    assert mode(root / "etc") == 0o700
    assert entries(root / "etc/pki") == ["x.pem"]


@pytest.mark.parametrize("old", [0o600, 0o644, 0o440, 0o4755])
def test_replace_of_a_present_file_keeps_its_mode(node: files.Files, root: Path, old: int) -> None:
    (root / "x").write_bytes(b"old")
    (root / "x").chmod(old)
    node.replace("/x", b"new", None, 0o600)
    assert ((root / "x").read_bytes(), mode(root / "x")) == (b"new", old)


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_replace_of_a_present_file_keeps_its_owner(node: files.Files, root: Path) -> None:
    (root / "x").write_bytes(b"old")
    os.chown(str(root / "x"), 36, 107)
    node.replace("/x", b"new", None, 0o600)
    seen = (root / "x").stat()
    assert (seen.st_uid, seen.st_gid) == (36, 107)


def test_replace_like_another_file_takes_its_mode(node: files.Files, root: Path) -> None:
    (root / "model").write_bytes(b"")
    (root / "model").chmod(0o444)
    node.replace("/x", b"new", "/model", 0o600)
    assert mode(root / "x") == 0o444


def test_replace_overwrites_what_a_power_cut_left(node: files.Files, root: Path) -> None:
    left = root / TEMPORARY.format("x")
    left.write_bytes(b"half of an earlier write, longer than the new one")
    left.chmod(0o444)
    node.replace("/x", b"new", None, 0o600)
    assert (root / "x").read_bytes() == b"new"
    assert entries(root) == ["x"]


def test_replace_through_a_link_keeps_the_link(node: files.Files, root: Path) -> None:
    (root / "real").write_bytes(b"old")
    (root / "link").symlink_to("/real")
    node.replace("/link", b"new", None, 0o600)
    assert (root / "link").is_symlink()
    assert (root / "real").read_bytes() == b"new"


def test_replace_of_a_directory_is_a_file_error_and_leaves_nothing(
    node: files.Files, root: Path
) -> None:
    (root / "x").mkdir()
    with pytest.raises(errors.FileError):
        node.replace("/x", b"new", None, 0o600)
    assert entries(root) == ["x"]


def test_replace_on_a_full_disk_keeps_the_old_file(node: files.Files, root: Path) -> None:
    (root / "x").write_bytes(b"old")
    said = limits.with_file_size(10, lambda: node.replace("/x", b"n" * 100, None, 0o600))
    assert said == ("FileError", "cannot write /x: File too large")
    assert (root / "x").read_bytes() == b"old"
    assert entries(root) == ["x"]


def test_replace_without_rights_is_a_file_error(node: files.Files, root: Path) -> None:
    (root / "closed").mkdir(mode=0o555)
    said = limits.without_rights(lambda: node.replace("/closed/x", b"new", None, 0o600))
    assert said == ("FileError", "cannot write /closed/x: Permission denied")
    assert entries(root / "closed") == []


def test_read_without_rights_is_a_file_error(node: files.Files, root: Path) -> None:
    (root / "x").write_bytes(b"key")
    (root / "x").chmod(0)
    said = limits.without_rights(lambda: node.read("/x"))
    assert said == ("FileError", "cannot read /x: Permission denied")


def test_replace_readers_see_old_or_new_and_nothing_else(node: files.Files, root: Path) -> None:
    versions = [bytes([65 + number]) * 20000 for number in range(20)]
    node.replace("/x", versions[0], None, 0o600)
    seen, over = set(), threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add((root / "x").read_bytes())

    reader = threading.Thread(target=look)
    reader.start()
    for version in versions:
        node.replace("/x", version, None, 0o600)
    over.set()
    reader.join()
    assert seen <= set(versions)


@pytest.mark.parametrize("path", ["/no", "/no/such/file", "/file/below"])
def test_read_of_a_missing_file_is_file_missing(node: files.Files, root: Path, path: str) -> None:
    (root / "file").write_bytes(b"")
    with pytest.raises(errors.FileMissing) as caught:
        node.read(path)
    assert caught.value.path == path


def test_read_of_a_directory_is_a_file_error(node: files.Files) -> None:
    with pytest.raises(errors.FileError, match="cannot read /: Is a directory"):
        node.read("/")


def test_append_to_a_new_file_is_private(node: files.Files, root: Path) -> None:
    node.append("/var/lib/journal", b"one\n")
    node.append("/var/lib/journal", b"two\n")
    assert (root / "var/lib/journal").read_bytes() == b"one\ntwo\n"
    assert mode(root / "var/lib/journal") == 0o600


def test_append_on_a_full_disk_writes_nothing(node: files.Files, root: Path) -> None:
    (root / "x").write_bytes(b"12345678")
    said = limits.with_file_size(10, lambda: node.append("/x", b"half of it would fit"))
    assert said == ("FileError", "cannot append to /x: File too large")
    assert (root / "x").read_bytes() == b"12345678"


def test_remove_of_a_missing_file_is_no_error(node: files.Files, root: Path) -> None:
    (root / "x").write_bytes(b"")
    node.remove("/x")
    node.remove("/x")
    node.remove("/no/such/directory")
    assert entries(root) == []


def test_remove_takes_along_what_a_power_cut_left(node: files.Files, root: Path) -> None:
    for name in ("x", TEMPORARY.format("x"), TEMPORARY.format("y")):
        (root / name).write_bytes(b"")
    node.remove("/x")
    (root / TEMPORARY.format("z")).write_bytes(b"the file itself was never there")
    node.remove("/z")
    assert entries(root) == [TEMPORARY.format("y")]


def test_exists_tells_files_and_directories(node: files.Files, root: Path) -> None:
    (root / "dangling").symlink_to("nowhere")
    assert node.exists("/") and not node.exists("/x") and not node.exists("/dangling")


def test_read_of_a_pipe_by_descriptor_returns_its_content() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"rehearsal\n")
    os.close(writing)
    try:
        assert files.Files("/").read("/dev/fd/%d" % reading) == b"rehearsal\n"
    finally:
        os.close(reading)


@pytest.mark.parametrize("like", [None, "/model"])
def test_replace_keeps_the_selinux_label(node: files.Files, root: Path, like: Any) -> None:
    label = b"system_u:object_r:cert_t:s0\0"
    for name in ("x", "model"):
        (root / name).write_bytes(b"old")
    try:
        os.setxattr(str(root / (like or "/x").strip("/")), files.LABEL, label)
    except OSError:
        pytest.skip("labels cannot be set here: no privilege, or no such file system")
    node.replace("/x", b"new", like, 0o600)
    assert os.getxattr(str(root / "x"), files.LABEL) == label
