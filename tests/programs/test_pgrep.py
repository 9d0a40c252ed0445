# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

from recovery import errors
from recovery.programs import pgrep
from tests.programs import recorded

EL = "/usr/libexec/qemu-kvm -name guest=HostedEngine,debug-threads=on -S"
DEBIAN = "/usr/bin/qemu-system-x86_64 -name guest=HostedEngine,debug-threads=on -S"


@pytest.mark.parametrize(
    "out, status, number", [("0\n", 1, 0), ("3\n", 0, 3), ("Welcome to node 2\n3\n", 0, 3)]
)
def test_count_is_the_last_number(out: str, status: int, number: int, tmp_path: Path) -> None:
    node = recorded.Recorded(tmp_path).prints("pgrep", out, status)
    assert pgrep.count(node, "/[s]pmprotect") == number
    assert node.calls("pgrep") == ["-c -f /[s]pmprotect"]


def test_answer_that_is_no_number_is_unexpected(tmp_path: Path) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        pgrep.count(recorded.Recorded(tmp_path).prints("pgrep", "", 1), "x")


def test_error_of_pgrep_is_one(tmp_path: Path) -> None:
    node = recorded.Recorded(tmp_path).prints("pgrep", "", 2, "pgrep: invalid option")
    with pytest.raises(errors.ProgramFailed, match="status 2"):
        pgrep.count(node, "x")


@pytest.mark.parametrize("line", [EL, DEBIAN])
def test_virtual_machines_are_known_on_each_system(line: str) -> None:
    assert re.search(pgrep.QEMU, line)


@pytest.mark.parametrize(
    "pattern, line",
    [
        (pgrep.QEMU, "sh -c pgrep -c -f '%s'" % pgrep.QEMU),
        (pgrep.QEMU, "/usr/libexec/qemu-kvm -S -no-user-config -machine none"),  # a probe
        (pgrep.SPM_PROTECT, "sh -c pgrep -c -f %s" % pgrep.SPM_PROTECT),
    ],
)
def test_shell_that_asks_and_qemu_that_is_asked_are_none(pattern: str, line: str) -> None:
    assert not re.search(pattern, line)


def test_guard_of_an_old_storage_domain_is_known() -> None:
    line = "/bin/bash /usr/libexec/vdsm/spmprotect.sh start 5 6 uuid"
    assert re.search(pgrep.SPM_PROTECT, line)
