# SPDX-License-Identifier: Apache-2.0
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import recovery
from recovery import executable
from recovery.local_host import LocalHost
from tests.unit import nodes

KEPT = "/var/lib/ovirt-cert-recovery/run-1/ovirt-cert-recovery.pyz"
DIRECTORY = "/var/lib/ovirt-cert-recovery/run-1"


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: Any) -> Path:
    path = tmp_path / "stick" / "tool.pyz"
    path.parent.mkdir()
    with zipfile.ZipFile(str(path), "w") as opened:
        opened.writestr("__main__.py", "print('tool')")
    monkeypatch.setattr(sys, "argv", [str(path), "recover"])
    return path


def test_argv_of_an_archive_is_its_copy_on_the_node(node: nodes.Node, archive: Path) -> None:
    argv = executable.argv(node.host, DIRECTORY)
    assert argv[:2] == [sys.executable, KEPT]
    assert argv[2:] == ["--root", str(node.root), "--programs", str(node.programs)]
    assert node.host.read(KEPT) == archive.read_bytes()
    assert node.place(KEPT).stat().st_mode & 0o777 == 0o700


def test_argv_again_does_not_copy_again(node: nodes.Node, archive: Path) -> None:
    executable.argv(node.host, DIRECTORY)
    before = node.place(KEPT).stat().st_ino
    executable.argv(node.host, DIRECTORY)
    assert node.place(KEPT).stat().st_ino == before


def test_argv_after_a_cut_in_the_copy_copies_again(node: nodes.Node, archive: Path) -> None:
    node.write(KEPT, "half")
    executable.argv(node.host, DIRECTORY)
    assert node.host.read(KEPT) == archive.read_bytes()


def test_argv_started_relative_to_a_directory_finds_the_archive(
    node: nodes.Node, archive: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(archive.parent)
    monkeypatch.setattr(sys, "argv", ["tool.pyz", "recover"])
    assert executable.argv(node.host, DIRECTORY)[1] == KEPT


def test_argv_of_an_installed_tool_is_its_own_module(node: nodes.Node, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ovirt-cert-recovery"])
    program = executable.argv(node.host, DIRECTORY)[1]
    assert Path(program) == Path(str(recovery.__file__)).parent / "__main__.py"
    assert not node.host.exists(KEPT)


def test_argv_on_the_real_node_names_no_root(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["ovirt-cert-recovery"])
    assert len(executable.argv(LocalHost(), DIRECTORY)) == 2
