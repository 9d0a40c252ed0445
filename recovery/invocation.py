# SPDX-License-Identifier: Apache-2.0
"""What to type to start this very tool again: texts call it by its name alone.

`ovirt-cert-recovery resume` is a command where the tool is installed; a file on a stick is started
by its path. Imports errors.
"""

import os
import re
import sys
from typing import List

from recovery import errors

NAME = "ovirt-cert-recovery"
# Nobody types restore-time, and a rehearsal's commands are told by itself.
COMMANDS = "diagnose|plan|recover|status|resume|undo|selfcheck|clean|version"
ORDERS = re.compile(r"(?<![-/\w.])%s(?= (?:%s)\b)" % (NAME, COMMANDS))
SUFFIX = ".pyz"
RUNS = "/var/lib/ovirt-cert-recovery"


def absolute(path: str) -> str:
    """Return the path from the root on; as it is, where the directory that we stand in is gone."""
    try:
        return os.path.abspath(path)
    except OSError:
        return path


STARTED = absolute(sys.argv[0])  # at once: `umount -l` may take our directory away
_here = True


def spelt(text: str) -> str:
    """Return text in which every command of ours is one that can be pasted here."""
    if NAME not in text:
        return text
    try:
        started = _started()
    except OSError:  # what is told matters more than how it is spelt
        return text
    return ORDERS.sub(lambda found: started, text)


def of_another_root() -> None:
    """From here on the name alone is told: the node is a rehearsal's, or a disk at rest.

    Pasted as they are, commands would be about the node that we sit at.
    """
    global _here
    _here = False


def _started() -> str:
    """Return how the file that runs now was started, or its copy where that is gone."""
    path = STARTED
    if not path.endswith(SUFFIX) or not _here:
        return NAME
    if not os.path.exists(path):  # the stick was pulled
        path = (_copies() or [path])[-1]
    return errors.paste(["sh", path])


def _copies() -> List[str]:
    """Return the copies that runs on this node have made of the tool, the latest last."""
    names = os.listdir(RUNS) if os.path.isdir(RUNS) else []
    found = [os.path.join(RUNS, name, NAME + SUFFIX) for name in names]
    return sorted((path for path in found if os.path.exists(path)), key=os.path.getmtime)
