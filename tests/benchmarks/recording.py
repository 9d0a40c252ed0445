# SPDX-License-Identifier: Apache-2.0
"""A run of the tool in this process, with every program and every file it writes on record."""

import contextlib
import io
from typing import List, Sequence, Tuple

from recovery import cli, errors
from tests import overheard

OWN_FILES = ("/var/lib/ovirt-cert-recovery", "/run/")


def record(words: Sequence[str]) -> Tuple[int, List[overheard.Call]]:
    """Run the command line; return its exit status and what it did, in order."""
    calls: List[overheard.Call] = []

    def note(call: overheard.Call) -> Sequence[str]:
        if not call.path.startswith(OWN_FILES):
            calls.append(call)
        return call.argv

    def make(root: str, programs: str) -> overheard.OverheardHost:
        return overheard.OverheardHost(root, programs, note)

    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return cli.run(list(words), make), calls
        except errors.Error as caught:
            return caught.status, calls
