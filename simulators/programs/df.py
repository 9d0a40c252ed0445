# SPDX-License-Identifier: Apache-2.0
"""df: sizes of the node's file systems from state["filesystems"]: (device, mount, KiB, used)."""

import os

from simulators import files_of_call
from simulators.entry import Call

COST = 0.02


def main(call: Call) -> int:
    options, paths = files_of_call.split(call)
    letters = "".join(options).replace("-", "")
    table = call.world.state["filesystems"]
    chosen, status = [], 0
    for path in paths or [row[1] for row in table]:
        if paths and not os.path.lexists(files_of_call.real(call, path)):
            call.err("df: %s: No such file or directory\n" % path)
            status = 1
            continue
        chosen.append(max((row for row in table if _below(path, row[1])), key=_depth))
    if not chosen:
        call.err("df: no file systems processed\n" if not status else "")
        return 1
    _print(call, chosen, "P" in letters)
    return status


def _below(path: str, mount: str) -> bool:
    return mount == "/" or path == mount or path.startswith(mount + "/")


def _depth(row: tuple) -> int:
    return len(row[1])


def _print(call: Call, rows: list, posix: bool) -> None:
    cells = [
        (
            "Filesystem",
            "1024-blocks" if posix else "1K-blocks",
            "Used",
            "Available",
            "Capacity" if posix else "Use%",
            "Mounted on",
        )
    ]
    for device, mount, size, used in rows:
        free = size - used
        percent = "%d%%" % ((used * 100 + size - 1) // size)
        cells.append((device, str(size), str(used), str(free), percent, mount))
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    widths[0] = max(widths[0], 14)
    for row in cells:
        middle = " ".join(row[i].rjust(widths[i]) for i in range(1, 5))
        call.out("%s %s %s\n" % (row[0].ljust(widths[0]), middle, row[5]))
