# SPDX-License-Identifier: Apache-2.0
"""The engine VM's disk when it is full, and what `df` says of it.

openssl does not notice (3.0.19, measured on a full tmpfs): it ends with 0, and what it has
written is empty; after `openssl ca` that goes for the certificate, its copy by serial number,
serial.txt and database.txt, whose former content is left in the .old files only.
Imports `engine_vm`.
"""

import os
from typing import List

from simulators import engine_vm
from simulators.engine_programs import Done, Session

SIZE = 52403200  # KiB of the appliance's root
USED = 6291456


def df(session: Session) -> Done:
    """`df -P`: one line a path; a path that is not there is an error."""
    lines, errors = ["Filesystem     1024-blocks    Used Available Capacity Mounted on"], ""
    _, operands = session.split()
    full = engine_vm.disk_full(session.shell.world)
    used = SIZE if full else USED
    for path in operands or ["/"]:
        if not os.path.exists(session.shell.path(path)):
            errors += "df: %s: No such file or directory\n" % path
            continue
        shown = ("/dev/vda4", SIZE, used, SIZE - used, used * 100 // SIZE)
        lines.append("%s         %d %d %d %d%% /" % shown)
    output = "\n".join(lines) + "\n" if len(lines) > 1 else ""
    return int(bool(errors)), output.encode(), errors.encode()


def empty(session: Session, words: List[str]) -> None:
    """What a full disk has left of openssl's output."""
    shell = session.shell
    if "-out" in words:
        _cut(shell.path(words[words.index("-out") + 1]))
    if words[0] == "ca":
        for name in ("serial.txt", "database.txt", "database.txt.attr"):
            _cut(shell.path(name))
        copies = shell.path("certs")
        newest = [name for name in os.listdir(copies) if name.endswith(".pem")]
        if newest:
            _cut(copies + "/" + max(newest, key=lambda name: int(name[:-4], 16)))


def _cut(path: str) -> None:
    if os.path.isfile(path):
        os.truncate(path, 0)
