# SPDX-License-Identifier: Apache-2.0
"""ls: names, or with -l mode, owner, size and time, of the node's files."""

import os
import stat
import time

from simulators import files_of_call
from simulators.entry import Call

COST = 0.01


def main(call: Call) -> int:
    options, operands = files_of_call.split(call)
    letters = "".join(options)
    status = 0
    for path in operands or ["/"]:
        real = files_of_call.real(call, path)
        if not os.path.lexists(real):
            call.err("ls: cannot access '%s': No such file or directory\n" % path)
            status = 2
            continue
        if os.path.isdir(real) and "d" not in letters:
            names = sorted(n for n in os.listdir(real) if "a" in letters or n[0] != ".")
            rows = [(name, real + "/" + name) for name in names]
        else:
            rows = [(path, real)]
        for name, where in rows:
            call.out((_long(name, where) if "l" in letters else name) + "\n")
    return status


def _long(name: str, path: str) -> str:
    found = os.lstat(path)
    target = " -> " + os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
    when = time.strftime("%b %d %H:%M", time.gmtime(found.st_mtime))
    return "%s. %d %d %d %7d %s %s%s" % (
        stat.filemode(found.st_mode),
        found.st_nlink,
        found.st_uid,
        found.st_gid,
        found.st_size,
        when,
        name,
        target,
    )
