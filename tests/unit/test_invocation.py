# SPDX-License-Identifier: Apache-2.0
"""What texts call by the tool's name is shown as what can be typed."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundle import paths
from recovery import invocation, report
from recovery.commands.options import node

TEXT = "next: ovirt-cert-recovery resume   (or: undo)"


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive on a stick, started from where the person stands."""
    archive = tmp_path / "ovirt-cert-recovery.pyz"
    archive.write_text("")
    monkeypatch.setattr(invocation, "STARTED", str(archive))
    monkeypatch.setattr(invocation, "_here", True)
    monkeypatch.setattr(invocation, "RUNS", str(tmp_path / "runs"))
    return archive


def test_installed_its_name_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocation, "STARTED", "/usr/bin/ovirt-cert-recovery")
    assert invocation.spelt(TEXT) == TEXT


def test_on_a_stick_it_is_the_file(stick: Path) -> None:
    assert invocation.spelt(TEXT) == "next: sh %s resume   (or: undo)" % stick
    quoted = "`ovirt-cert-recovery status`, or `ovirt-cert-recovery undo --node x`"
    assert invocation.spelt(quoted) == "`sh {0} status`, or `sh {0} undo --node x`".format(stick)


@pytest.mark.parametrize(
    "text",
    [
        "ovirt-cert-recovery, after a run",
        "systemctl stop ovirt-cert-recovery-run-1.timer",
        "/var/lib/ovirt-cert-recovery status",
        "ovirt-cert-recovery.pyz resume",
        "systemd-run ovirt-cert-recovery restore-time --run run-1",
    ],
)
def test_what_is_no_command_stays(stick: Path, text: str) -> None:
    assert invocation.spelt(text) == text


def test_a_path_with_blanks_can_be_pasted(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "my stick" / stick.name
    there.parent.mkdir()
    there.write_text("")
    monkeypatch.setattr(invocation, "STARTED", str(there))
    assert "sh '%s' resume" % there in invocation.spelt(TEXT)


def test_of_a_rehearsal_or_a_disk_at_rest_the_name_stays(stick: Path, tmp_path: Path) -> None:
    node(cli_words("/"))
    assert invocation.spelt(TEXT) != TEXT
    node(cli_words(str(tmp_path)))
    assert invocation.spelt(TEXT) == TEXT


def cli_words(root: str) -> argparse.Namespace:
    return argparse.Namespace(root=root, programs="")


def test_whose_directory_is_gone_is_told_by_its_name(tmp_path: Path) -> None:
    """As after `umount -l` of the stick: the tool is started by a relative path."""
    code = "import os, sys; sys.argv = ['./ovirt-cert-recovery.pyz']; "
    code += "sys.path.insert(0, %r); os.rmdir(os.getcwd()); from recovery import invocation; "
    code += "print(invocation.spelt('ovirt-cert-recovery resume'))"
    gone = tmp_path / "gone"
    gone.mkdir()
    words = [sys.executable, "-c", code % str(paths.ROOT)]
    told = subprocess.check_output(words, cwd=str(gone), stdin=subprocess.DEVNULL)
    assert told == b"sh ./ovirt-cert-recovery.pyz resume\n"


def test_once_the_stick_is_pulled_it_is_the_latest_copy(stick: Path, tmp_path: Path) -> None:
    copies = []
    for number in (9, 10, 2):
        copy = tmp_path / "runs" / ("run-%d" % number) / stick.name
        copy.parent.mkdir(parents=True)
        copy.write_text("")
        os.utime(str(copy), (1600000000 + number, 1600000000 + number))
        copies.append(copy)
    (tmp_path / "runs" / "lock").write_text("")
    stick.unlink()
    assert "sh %s resume" % copies[1] in invocation.spelt(TEXT)


def test_no_line_ends_within_a_command(stick: Path) -> None:
    words = "word " * 12
    lines = report.wrapped(words + "then ovirt-cert-recovery undo, at last", "", "  ")
    assert len(lines) == 2 and "ovirt-cert-recovery undo" in lines[1]
