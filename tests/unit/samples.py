# SPDX-License-Identifier: Apache-2.0
"""Recorded outputs of real programs: the files below simulators/samples."""

import re
from typing import NamedTuple

from bundle import paths

SAMPLES = paths.ROOT / "simulators" / "samples"


class Sample(NamedTuple):
    """What one program said once."""

    stdout: str
    stderr: str
    status: int


def read(program: str, case: str, release: str = "debian12") -> Sample:
    """Return one recorded call: `$ command`, its output, `--stderr--`, `[exit N ...]`."""
    text = (SAMPLES / release / program / (case + ".txt")).read_text()
    body = text.split("\n", 1)[1]
    found = re.search(r"^\[exit (\d+).*\]\n?\Z", body, re.MULTILINE)
    assert found is not None
    stdout, _, stderr = body[: found.start()].partition("--stderr--\n")
    return Sample(stdout, stderr, int(found.group(1)))
