# SPDX-License-Identifier: Apache-2.0
"""Runs a child program of the build; a failure becomes one exception. Imports no project code."""

import subprocess
import sys
from typing import Dict, Optional, Sequence


class Failed(Exception):
    """A child program ended with an exit status other than 0; its output is the text."""


def run(argv: Sequence[str], env: Optional[Dict[str, str]] = None) -> str:
    """Run argv without input and return what it printed."""
    done = subprocess.run(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        env=env,
    )
    if done.returncode != 0:
        words = " ".join(argv)
        raise Failed(
            "cannot run {}: exit status {}\n{}".format(words, done.returncode, done.stdout)
        )
    return done.stdout


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is left to results."""
    print(text, file=sys.stderr, flush=True)
