# SPDX-License-Identifier: Apache-2.0
"""The recorder of samples: what it writes is what their readers read, and its table is recorded."""

from pathlib import Path
from typing import Tuple

import pytest

from simulators.vm.agent import Done
from tests.contract.machine import record
from tests.simulators import samples

CASES = [case for cases in record.GROUPS.values() for case in cases]


@pytest.mark.parametrize(
    "done, read",
    [
        (Done(0, "out\n", ""), ("out\n", "", 0)),
        (Done(3, "", "err\n"), ("", "err\n", 3)),
        (Done(1, "without an end", "nor this"), ("without an end\n", "nor this\n", 1)),
    ],
)
def test_shape_is_read_back(
    done: Done, read: Tuple[str, str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "FOLDER", str(tmp_path))
    place = tmp_path / "debian12" / "program" / "case.txt"
    place.parent.mkdir(parents=True)
    place.write_text(record.shape("program --option", done))
    assert samples.read("program", "case") == ("program --option",) + read


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sample_is_of_the_command_in_the_table(case: record.Case) -> None:
    found = samples.read(*case.name.split("/"))
    assert found.command == case.command
