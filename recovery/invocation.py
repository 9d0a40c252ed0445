# SPDX-License-Identifier: Apache-2.0
"""What to type to start this very tool again: texts call it by its name alone.

`ovirt-cert-recovery resume` is a command where the tool is installed; a file on a stick is started
by its path. Imports nothing of ours.
"""

import os
import re
import sys
from typing import List, Sequence

NAME = "ovirt-cert-recovery"
# Nobody types restore-time, and a rehearsal's commands are told by itself.
COMMANDS = "diagnose|plan|recover|status|resume|undo|selfcheck|clean|version"
ORDERS = re.compile(r"(?<![-/\w.])%s(?= (?:%s)\b)" % (NAME, COMMANDS))
SUFFIX = ".pyz"
RUNS = "/var/lib/ovirt-cert-recovery"


def spelt(text: str) -> str:
    """Return text in which every command of ours is one that can be pasted here."""
    if NAME not in text:
        return text
    started = _started(sys.argv)
    return ORDERS.sub(lambda found: started, text)


def _started(words: Sequence[str]) -> str:
    """Return how the file that runs now was started, or its copy where that is gone.

    For a node somewhere else (--root: a rehearsal, a disk at rest) the name says enough.
    """
    path = os.path.abspath(words[0])
    if not path.endswith(SUFFIX) or "--root" in words:
        return NAME
    if not os.path.exists(path):  # the stick was pulled
        path = (_copies() or [path])[-1]
    return "sh %s" % _quoted(path)


def _copies() -> List[str]:
    """Return the copies that runs on this node have made of the tool, the latest last."""
    names = os.listdir(RUNS) if os.path.isdir(RUNS) else []
    found = [os.path.join(RUNS, name, NAME + SUFFIX) for name in names]
    return sorted((path for path in found if os.path.exists(path)), key=os.path.getmtime)


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
