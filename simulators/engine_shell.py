# SPDX-License-Identifier: Apache-2.0
"""The shell of the engine VM that ssh talks to, working in the engine's root directory.

Imports `shell_syntax` and the tables of `engine_programs` and `engine_services`.
"""

import os
from typing import Any, Dict, List, NamedTuple, Optional

from simulators import (
    engine_programs,
    engine_services,
    engine_vm,
    shell_programs,
    shell_syntax,
)
from simulators.world import World

# Large programs, each a module of its own that is imported when it is called.
LATER = {
    "df": ("engine_disk", "df"),
    "engine-backup": ("engine_backup", "main"),
    "tar": ("engine_tar", "main"),
    "engine-setup": ("engine_setup.program", "main"),
    "pki-enroll-request.sh": ("engine_scripts", "request"),
    "pki-enroll-pkcs12.sh": ("engine_scripts", "pkcs12"),
    "pki-pkcs12-extract.sh": ("engine_scripts", "extract"),
}
TALKING = "engine-setup"  # asks while it runs


class Result(NamedTuple):
    status: int
    output: bytes
    errors: bytes


class Shell:
    """One login: its directory, variables and umask last for the session."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cwd = "/root"
        self.umask = 0o022
        self.env: Dict[str, str] = {
            "HOME": "/root",
            "USER": "root",
            "LANG": self.language(),
            "PATH": "/usr/sbin:/usr/bin",
            "?": "0",
        }
        self.left: Optional[int] = None  # status of `exit`
        self.terminal: Any = None  # of the session, for what talks while it runs
        self.ends_at_failure = False  # set -e
        self.substituted = (0, b"")  # status and errors of the last $( )

    def language(self) -> str:
        """What the machine's locale is."""
        return str(self.world.state["vm"]["language"])

    def path(self, text: str) -> str:
        """The real path of a path over there."""
        return self.place(text if text.startswith("/") else self.cwd + "/" + text)

    def place(self, path: str) -> str:
        """The real path of an absolute path of the engine."""
        return self.world.engine(path)

    def run(self, text: str, data: bytes = b"") -> Result:
        try:
            steps = shell_syntax.parse(text)
        except shell_syntax.SyntaxTrouble as trouble:
            return Result(1, b"", ("bash: -c: line 0: %s\n" % trouble).encode())
        output, errors, status = b"", b"", 0
        for number, step in enumerate(steps):
            if (step.joint == "&&" and status) or (step.joint == "||" and not status):
                continue
            if self.terminal is not None and _talks(step.commands) and output:
                self.terminal.write(output.decode("utf-8", "replace"))
                output = b""
            result = self._piped(step.commands, data)
            output, errors, status = output + result.output, errors + result.errors, result.status
            self.env["?"] = str(status)
            if self.left is not None:
                return Result(self.left, output, errors)
            joined = number + 1 < len(steps) and steps[number + 1].joint != ";"
            if status and self.ends_at_failure and not joined:
                break
        return Result(status, output, errors)

    def _piped(self, commands: List[shell_syntax.Command], data: bytes) -> Result:
        errors, result = b"", Result(0, data, b"")
        terminal = self.terminal
        if len(commands) > 1 or commands[0].redirections:
            self.terminal = None
        try:
            for command in commands:
                result = self._command(command, result.output)
                errors += result.errors
        finally:
            self.terminal = terminal
        return Result(result.status, result.output, errors)

    def _command(self, raw: shell_syntax.Command, data: bytes) -> Result:
        self.substituted = (0, b"")
        command = shell_syntax.Command(
            [word._replace(text=self._filled(word.text)) for word in raw.words],
            [(name, self._filled(value)) for name, value in raw.variables],
            [(kind, self._filled(path)) for kind, path in raw.redirections],
        )
        words = [piece for word in command.words for piece in self._expanded(word)]
        if not words:
            self.env.update(command.variables)
            return self._redirected(command, Result(self.substituted[0], b"", self.substituted[1]))
        for kind, path in command.redirections:
            if kind == "<" and path == "/dev/null":
                data = b""
            elif kind == "<<":
                data = path.encode()
            elif kind == "<":
                try:
                    with open(self.path(path), "rb") as file:
                        data = file.read()
                except OSError as error:
                    return _trouble(path, error)
        return self._redirected(command, self.call(words, data, dict(command.variables)))

    def _filled(self, text: str) -> str:
        return shell_syntax.expand(text, self.env, self._substitute)

    def _substitute(self, text: str) -> str:
        result = self.run(text)
        self.substituted = (result.status, result.errors)
        return result.output.decode("utf-8", "surrogateescape").rstrip("\n")

    def _expanded(self, word: shell_syntax.Word) -> List[str]:
        if not word.plain or not any(mark in word.text for mark in "*?["):
            return [word.text]
        import glob

        root = self.place("/").rstrip("/")
        found = sorted(glob.glob(self.path(word.text)))
        if not word.text.startswith("/"):
            root = self.path("")
            return [name[len(root) :].lstrip("/") for name in found] or [word.text]
        return [name[len(root) :] for name in found] or [word.text]

    def call(self, words: List[str], data: bytes, extra: Dict[str, str]) -> Result:
        """Run one program by its words; also used by programs that run another one."""
        program = words[0].rpartition("/")[2]
        for table in (engine_programs.PROGRAMS, engine_services.PROGRAMS, shell_programs.PROGRAMS):
            if program in table:
                session = engine_programs.Session(self, words[1:], data, dict(self.env, **extra))
                return Result(*table[program](session))
        if program in LATER:
            place, function = LATER[program]
            module = __import__("simulators." + place, None, None, [function])
            session = engine_programs.Session(self, words[1:], data, dict(self.env, **extra))
            return Result(*getattr(module, function)(session))
        return Result(127, b"", ("bash: %s: command not found\n" % words[0]).encode())

    def _redirected(self, command: shell_syntax.Command, result: Result) -> Result:
        targets = {1: ("", False), 2: ("/dev/stderr", False)}
        for kind, path in command.redirections:
            if kind == "2>&1":
                targets[2] = targets[1]
            elif kind == "&>":
                targets = {1: (path, False), 2: (path, True)}
            elif kind in ("2>", "2>>"):
                targets[2] = (path, kind == "2>>")
            elif kind not in ("<", "<<"):
                targets[1] = (path, kind == ">>")
        kept = {"": b"", "/dev/stderr": b""}
        try:
            for number, data in ((1, result.output), (2, result.errors)):
                path, more = targets[number]
                if path in kept:
                    kept[path] += data
                else:
                    self._write(path, data, more or (number == 2 and path == targets[1][0]))
        except OSError as error:
            return _trouble(path, error)
        return Result(result.status, kept[""], kept["/dev/stderr"])

    def _write(self, path: str, data: bytes, more: bool) -> None:
        if path == "/dev/null":
            return
        if engine_vm.disk_full(self.world) and data:
            raise OSError(28, "No space left on device")
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if more else os.O_TRUNC)
        before = os.umask(self.umask)
        try:
            with os.fdopen(os.open(self.path(path), flags, 0o666), "wb") as file:
                file.write(data)
        finally:
            os.umask(before)


def _trouble(path: str, error: OSError) -> Result:
    return Result(1, b"", ("bash: %s: %s\n" % (path, error.strerror)).encode())


def _talks(commands: List[shell_syntax.Command]) -> bool:
    return any(word.text.rpartition("/")[2] == TALKING for word in commands[0].words)


def wants_input(text: str) -> bool:
    """Would this command read standard input? Asked before the world is locked."""
    try:
        steps = shell_syntax.parse(text)
    except shell_syntax.SyntaxTrouble:
        return False
    return any(_reads(step.commands[0]) for step in steps)


def _reads(command: shell_syntax.Command) -> bool:
    words = [word.text for word in command.words]
    if any(kind in ("<", "<<") for kind, _ in command.redirections) or not words:
        return False
    if words[0] in ("cat", "tee", "sh", "bash", "dd"):
        return len(words) == 1 or words[0] in ("tee", "dd") or "-" in words
    return "openssl" in words and "-in" not in words
