# SPDX-License-Identifier: Apache-2.0
"""env: runs another simulated program with changed variables."""

import os

from simulators.entry import Call

COST = 0.005
INTERACTIVE = True


def main(call: Call) -> int:
    words = list(call.argv[1:])
    environment = dict(os.environ)
    while words and (words[0] in ("-i", "-u") or "=" in words[0]):
        word = words.pop(0)
        if word == "-i":
            environment = {}
        elif word == "-u":
            environment.pop(words.pop(0), None)
        else:
            key, _, value = word.partition("=")
            environment[key] = value
    if not words:
        call.out("".join("%s=%s\n" % pair for pair in environment.items()))
        return 0
    program = call.world.directory + "/bin/" + os.path.basename(words[0])
    if not os.path.exists(program):
        call.err("env: '%s': No such file or directory\n" % words[0])
        return 127
    from simulators import transcript

    with call.world as world:
        transcript.record(world, call.argv, "exec", world.uptime, world.wall())
    os.execve(program, [program] + words[1:], environment)
