# SPDX-License-Identifier: Apache-2.0
"""The record of all calls of simulated programs: W/transcript, one line a call."""

import os

from simulators.world import World

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_"


class Call:
    """One recorded call. `status` is the exit status, or a word: "killed", "hang"."""

    def __init__(self, uptime: float, wall: float, status: str, argv: list) -> None:
        self.uptime = uptime
        self.wall = wall
        self.status = status
        self.argv = argv

    def __repr__(self) -> str:
        return "<%.2f %s -> %s>" % (self.uptime, " ".join(self.argv), self.status)


def record(world: World, argv: list, status: object, uptime: float, wall: float) -> None:
    """Append a call that began at `uptime` and `wall`; one write, so lines never mix."""
    words = " ".join(quote(word) for word in argv)
    line = "%.3f %.6f %s %s\n" % (uptime, wall, status, words)
    target = os.open(world.directory + "/transcript", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(target, line.encode("utf-8", "surrogateescape"))
    os.close(target)


def quote(word: str) -> str:
    """Quote a word as for a shell, newlines as $'...'-free single quotes with \\n."""
    if word and not word.strip(PLAIN):
        return word
    return "'" + word.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "'\\''") + "'"


def read(directory: str) -> list:
    """Return the recorded calls."""
    try:
        with open(directory + "/transcript", encoding="utf-8", errors="surrogateescape") as source:
            return [_parse(line) for line in source]
    except FileNotFoundError:
        return []


def _parse(line: str) -> Call:
    import shlex

    uptime, wall, status, words = line.rstrip("\n").split(" ", 3)
    argv = [word.replace("\\n", "\n").replace("\\\\", "\\") for word in shlex.split(words)]
    return Call(float(uptime), float(wall), status, argv)
