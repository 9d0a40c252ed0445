# SPDX-License-Identifier: Apache-2.0
"""What tests need of this machine: a failure in CI where it can be installed, or a loud skip."""

import os
from typing import Iterable, List, NoReturn

import pytest

from tests.guard import programs

LOUD = "not proved here: "


def program(name: str) -> str:
    """The path of a real program; where it is missing: skipped, but a failure in CI."""
    found = programs.find(name)
    if found is None:
        absent("the program {} is not installed".format(name))
    return str(found)


def absent(text: str) -> NoReturn:
    """Something that can be installed is not there."""
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def refused(text: str) -> NoReturn:
    """The kernel, or whoever runs this container, does not allow it: told at the end of the run."""
    pytest.skip(LOUD + text)


def told(reasons: Iterable[str]) -> List[str]:
    """The lines for the end of a run, from the reasons of all that was skipped."""
    loud = [reason.split(LOUD, 1)[1] for reason in reasons if LOUD in reason]
    return [
        "{}{} ({} tests)".format(LOUD.upper(), text, loud.count(text)) for text in sorted(set(loud))
    ]
