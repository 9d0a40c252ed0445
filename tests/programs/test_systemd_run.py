# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors
from recovery.programs import systemd_run
from tests.unit import nodes


def test_after_counts_uptime_to_the_second(tmp_path: Path) -> None:
    node = nodes.Node(tmp_path)
    systemd_run.after(node.host, "guard-1", 900, ["/usr/bin/python3", "/x.pyz", "restore-time"])
    timer = "systemd-run --unit=guard-1 --on-active=900s --timer-property=AccuracySec=1s "
    assert node.calls() == [timer + "/usr/bin/python3 /x.pyz restore-time"]


def test_after_refused_is_program_failed(tmp_path: Path) -> None:
    node = nodes.Node(tmp_path)
    text = "Failed to start transient timer unit: Unit guard-1.timer already exists.\n"
    node.refuse("systemd-run", text)
    with pytest.raises(errors.ProgramFailed, match="already exists"):
        systemd_run.after(node.host, "guard-1", 900, ["true"])
