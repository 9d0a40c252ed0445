# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from recovery.programs import rpm
from tests.programs import recorded


def test_versions_leaves_out_what_is_not_installed(tmp_path: Path) -> None:
    text = "vdsm 4.40.100.2-1.el8\npackage sanlock is not installed\n"
    node = recorded.Recorded(tmp_path).prints("rpm", text, 1)
    assert rpm.versions(node, ["vdsm", "sanlock"]) == [("vdsm", "4.40.100.2-1.el8")]
