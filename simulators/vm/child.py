# SPDX-License-Identifier: Apache-2.0
"""Child processes that do not outlive this one, whatever ends it."""

import ctypes
import os
import signal
import subprocess
from typing import IO, Dict, List

from simulators.vm import packages

PR_SET_PDEATHSIG = 1  # man prctl
_libc = ctypes.CDLL(None)


def start(words: List[str], said: IO[bytes], farewell: signal.Signals) -> subprocess.Popen:
    """Start in a session of its own; `farewell` reaches it when this process is gone."""
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        start_new_session=True,
        env=environment(),
        preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, farewell, 0, 0, 0),
    )


def environment() -> Dict[str, str]:
    """The bare one, and the way out to the packages where that is by a proxy."""
    made = {"PATH": packages.PLACES, "LC_ALL": "C", "HOME": "/root"}
    made.update((name, text) for name, text in os.environ.items() if name.endswith("_proxy"))
    return made
