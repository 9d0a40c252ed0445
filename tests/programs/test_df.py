# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Callable

import pytest

from recovery import errors, local_host
from recovery.programs import df
from tests.programs import recorded

HEADER = "Filesystem 1024-blocks Used Available Capacity Mounted on\n"


def test_free_of_the_real_df(tmp_path: Path, real_programs: Callable[..., Path]) -> None:
    node = local_host.LocalHost("/", str(real_programs("df")))
    found = df.free(node, ["/", "/tmp"])
    assert [path for path, _ in found] == ["/", "/tmp"]
    assert all(free >= 0 for _, free in found)


def test_free_with_blanks_in_names(tmp_path: Path) -> None:
    line = "//nas/my share 100 40 60 40% /mnt/my disk\n"
    node = recorded.Recorded(tmp_path).prints("df", HEADER + line)
    assert df.free(node, ["/mnt/my disk"]) == [("/mnt/my disk", 60 * 1024)]


def test_free_after_a_greeting_of_the_login_script(tmp_path: Path) -> None:
    line = "/dev/sda1 100 40 60 40% /var\n"
    node = recorded.Recorded(tmp_path).prints("df", "Welcome!\nBe careful.\n" + HEADER + line)
    assert df.free(node, ["/var"]) == [("/var", 60 * 1024)]


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "x\n", HEADER + "a b c d e f\n"])
def test_free_unknown_shape_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(errors.UnexpectedOutput):
        df.free(recorded.Recorded(tmp_path).prints("df", text), ["/var"])
