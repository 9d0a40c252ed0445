# SPDX-License-Identifier: Apache-2.0
"""Recorded real outputs: command, standard output, standard error and exit status."""

import os
from typing import NamedTuple

import simulators

FOLDER = os.path.join(os.path.dirname(simulators.__file__), "samples")


class Sample(NamedTuple):
    command: str
    out: str
    err: str
    status: int


def read(program: str, case: str, release: str = "debian12") -> Sample:
    with open(os.path.join(FOLDER, release, program, case + ".txt")) as file:
        text = file.read()
    body, _, status = text.rpartition("[exit ")
    command, _, rest = body.partition("\n")
    out, _, err = rest.partition("--stderr--\n")
    return Sample(command[2:], out, err, int(status.rstrip("]\n")))


def text(program: str, case: str) -> str:
    """A screen of the engine VM as somebody has recorded it; its first lines name the source."""
    with open(os.path.join(FOLDER, "engine", program, case + ".txt"), encoding="utf-8") as file:
        lines = file.read().splitlines(True)
    return "".join(line for line in lines if not line.startswith("#"))
