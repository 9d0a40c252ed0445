# SPDX-License-Identifier: Apache-2.0
"""The shell of a further node that ssh talks to: its files, and its own simulated programs.

The small programs on files are those of the engine's shell; whatever else the node has is the
same module that its `bin` would start, run with that world. Imports `engine_shell`, its tables
and `entry`.
"""

import os
from typing import Dict, List

from simulators import (
    engine_programs,
    engine_services,
    engine_shell,
    entry,
    settings,
    shell_programs,
)
from simulators import world as world_module

# Of the engine's own programs those that are the shell's, or the same everywhere.
BUILTINS = ("cd", "umask", "exit", "echo", "sh", "bash", "flock", "pwd", "whoami")


class Call(entry.Call):
    """A program of the node whose input came over the network."""

    def __init__(
        self, world: world_module.World, argv: List[str], data: bytes, env: Dict[str, str]
    ) -> None:
        entry.Call.__init__(self, world, argv)
        self.data = data
        self.env = env  # type: ignore[assignment]

    def stdin(self) -> bytes:
        return self.data


class Shell(engine_shell.Shell):
    """One login on a further node; its world is closed between the programs."""

    def language(self) -> str:
        present = settings.read(self.world.node("/etc/locale.conf"))
        return str(present.get("LANG", "C"))

    def place(self, path: str) -> str:
        return self.world.node(path)

    def call(self, words: List[str], data: bytes, extra: Dict[str, str]) -> engine_shell.Result:
        program = words[0].rpartition("/")[2]
        session = engine_programs.Session(self, words[1:], data, dict(self.env, **extra))
        for table in (engine_programs.PROGRAMS, shell_programs.PROGRAMS):
            if program in table:
                return engine_shell.Result(*table[program](session))
        if program in BUILTINS:
            return engine_shell.Result(*engine_services.PROGRAMS[program](session))
        if not os.path.exists(self.world.directory + "/bin/" + program):
            text = "bash: %s: command not found\n" % words[0]
            return engine_shell.Result(127, b"", text.encode())
        return self._own(program, words, session)

    def _own(
        self, program: str, words: List[str], session: engine_programs.Session
    ) -> engine_shell.Result:
        env = {name: value for name, value in session.env.items() if name != "?"}
        call = Call(self.world, [program] + words[1:], session.data, env)
        status = entry.run(call, program)
        said = {1: b"", 2: b""}
        for where, text in call.output:
            said[where] += text
        return engine_shell.Result(status, said[1], said[2])
