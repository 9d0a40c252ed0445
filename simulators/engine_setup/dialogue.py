# SPDX-License-Identifier: Apache-2.0
"""otopi's `human` dialogue: log lines, wrapped notes, questions and their answers.

otopi: src/plugins/otopi/dialog/human.py, src/otopi/dialog.py; ovirt-setup-lib: dialog.py.
Imports `engine_releases` and `engine_vm`; the terminal is one of `engine_terminal`.
"""

import os
import textwrap
import time
from typing import Any, Dict, List, NamedTuple, Optional

from simulators import engine_releases, engine_vm
from simulators.world import World

COLOURS = {"INFO": "\033[92m", "WARNING": "\033[93m", "ERROR": "\033[0;31m"}
PLAIN = "\033[0m"
INDENT = " " * 9
LOGGED = "%s,%03d+0000 %s otopi.%s %s\n"


class StageFailed(Exception):
    """A method of the present stage raised; the text is what setup says of it."""


class Question(NamedTuple):
    """A yes or no. `key` of the environment answers it beforehand ("" where there is none)."""

    name: str
    text: str
    key: str = ""
    default: bool = False
    yes: str = "Yes"
    no: str = "No"


class Dialogue:
    """One run's conversation, and its record in the log file."""

    def __init__(self, world: World, terminal: Any, environment: Dict[str, Any], log: str) -> None:
        self.world = world
        self.terminal = terminal
        self.environment = environment
        self.log = log
        self.asked: Dict[str, int] = {}

    # Lines

    def info(self, text: str) -> None:
        self._line("INFO", text)

    def warning(self, text: str) -> None:
        self._line("WARNING", text)

    def error(self, text: str) -> None:
        self._line("ERROR", text)

    def _line(self, level: str, text: str) -> None:
        self.record(level, "context context.runSequence:614", text)
        mark = "[{:^7}]".format(level)
        if self.terminal.tty:
            mark = COLOURS[level] + mark + PLAIN
        self.terminal.write(mark + " " + text.replace("\n", "\n" + INDENT) + "\n")

    def record(self, level: str, where: str, text: str) -> None:
        """One line of the log file; none where the file cannot be written."""
        now = engine_vm.wall(self.world)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        line = LOGGED % (stamp, int(now % 1 * 1000), level, where, text)
        if engine_vm.disk_full(self.world):
            return
        try:
            with open(self.world.engine(self.log), "a") as file:
                file.write(line)
        except OSError:
            pass

    def note(self, text: str, prompt: bool = False) -> None:
        lines = self._wrapped(text)
        shown = [INDENT + (" " + line if line else "") for line in lines]
        for line in lines:
            where = "plugins.otopi.dialog.human dialog.__logString:204"
            self.record("DEBUG", where, "DIALOG:SEND                 " + line)
        self.terminal.write("\n".join(shown) + ("" if prompt else "\n"))

    def _wrapped(self, text: str) -> List[str]:
        """Since otopi 1.10 as wide as the terminal, and without the space at a prompt's end."""
        if not engine_releases.of(self.world).wraps:
            return text.splitlines()
        found: List[str] = []
        for line in text.splitlines():
            wrapped = textwrap.wrap(
                line, self.width(), break_long_words=False, break_on_hyphens=False
            )
            found += wrapped or [""]
        return found

    def width(self) -> int:
        """Of a note: what the terminal says less 16; 80 where there is none."""
        columns = self.terminal.columns
        return max((80 if columns is None else int(columns)) - 16, 1)

    def title(self, text: str) -> None:
        self.note("\n--== %s ==--\n\n" % text)

    # Questions

    def decided(self, question: Question) -> bool:
        """What the environment says already, else the answer to the question."""
        known = self.environment.get(question.key) if question.key else None
        if known is None:
            known = self.ask(question)
            if question.key:
                self.environment[question.key] = known
        return bool(known)

    def ask(self, question: Question) -> bool:
        values = [question.yes, question.no]
        default = question.yes if question.default else question.no
        text = question.text + "(%s) [%s]: " % (", ".join(values), default)
        answer = self.answer(question.name, text, [one.lower() for one in values], default.lower())
        return answer == question.yes.lower()

    def answer(self, name: str, text: str, values: List[str], default: str) -> str:
        """An answer from the configuration, from --accept-defaults or from the person."""
        number = self.asked.get(name, 0) + 1
        self.asked[name] = number
        key = "QUESTION/%d/%s" % (number, name)
        value: Optional[str] = None
        if self.environment.get("DIALOG/autoAcceptDefault") and default:
            self.note(text)
            value = default
        if key in self.environment:
            self.note(text)
            self.note("provided answer: %s" % self.environment[key])
            value = str(self.environment[key])
        while value is None:
            value = self._once(text, values, default)
        self.environment[key] = value
        return value.lower()

    def _once(self, text: str, values: List[str], default: str) -> Optional[str]:
        """One try: None when the answer is refused."""
        self.note(text, prompt=True)
        given = self.terminal.line()
        if given is None:
            raise StageFailed("End of file")
        where = "plugins.otopi.dialog.human dialog.__logString:204"
        self.record("DEBUG", where, "DIALOG:RECEIVE    " + given)
        value = str(given.rstrip("\n") or default).lower()
        if values and value not in values:
            self.error("Invalid value")
        elif not value:
            self.error("Please specify value")
        else:
            return value
        return None


def log_name(world: World, now: float) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    tail = "".join(letters[world.random() % len(letters)] for _ in range(6))
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(now))
    return "/var/log/ovirt-engine/setup/ovirt-engine-setup-%s-%s.log" % (stamp, tail)


def keep(world: World, path: str, text: str, mode: int) -> None:
    """Write a small file of the engine, with its directory."""
    real = world.engine(path)
    os.makedirs(os.path.dirname(real), exist_ok=True)
    with open(real, "w") as file:
        file.write(text)
    os.chmod(real, mode)
