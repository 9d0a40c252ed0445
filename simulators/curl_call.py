# SPDX-License-Identifier: Apache-2.0
"""The words of a curl command line and of its --config file (man curl). Imports nothing of ours."""

from typing import Dict, List, NamedTuple, Tuple

WITH_VALUE = {
    "K": "config",
    "H": "header",
    "X": "request",
    "d": "data",
    "m": "max-time",
    "o": "output",
    "w": "write-out",
}
FLAGS = {"q": "disable", "s": "silent", "S": "show-error", "f": "fail", "k": "insecure"}
LONG_VALUES = tuple(WITH_VALUE.values()) + ("cacert", "connect-timeout", "proto", "url")
MANY = ("header", "data")
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "v": "\v"}


class Unknown(Exception):
    """An option that this curl does not know, or one without its value; the text says which."""


class Options(NamedTuple):
    """Values by long name; `header` and `data` may be given many times."""

    values: Dict[str, str]
    many: Dict[str, List[str]]

    def add(self, name: str, value: str) -> None:
        if name in MANY:
            self.many.setdefault(name, []).append(value)
        else:
            self.values[name] = value


def parse(words: List[str]) -> Options:
    """Read a command line; `--config` is left to the caller, who has the standard input."""
    options = Options({}, {})
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            _long(options, word[2:], rest, word)
        elif word.startswith("-") and len(word) > 1:
            _short(options, word, rest)
        else:
            options.add("url", word)
    return options


def _long(options: Options, name: str, rest: List[str], shown: str) -> None:
    if name in FLAGS.values():
        options.add(name, "")
    elif name not in LONG_VALUES:
        raise Unknown("option %s: is unknown" % shown)
    elif not rest:
        raise Unknown("option %s: requires parameter" % shown)
    else:
        options.add(name, rest.pop(0))


def _short(options: Options, word: str, rest: List[str]) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in FLAGS:
            options.add(FLAGS[letter], "")
            continue
        if letter not in WITH_VALUE:
            raise Unknown("option %s: is unknown" % word)
        if not letters and not rest:
            raise Unknown("option %s: requires parameter" % word)
        options.add(WITH_VALUE[letter], letters or rest.pop(0))
        return


def configured(options: Options, text: str) -> None:
    """Add what a --config file says: one option a line, its value after = or : or blanks."""
    for line in text.split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, value = _pair(line)
        if name in FLAGS.values():
            options.add(name, "")
        elif name in LONG_VALUES:
            options.add(name, value)
        else:
            raise Unknown("option %s: is unknown" % name)


def _pair(line: str) -> Tuple[str, str]:
    name = line.lstrip("-")
    at = 0
    while at < len(name) and name[at] not in " \t=:":
        at += 1
    value = name[at:].lstrip(" \t=:")
    name = name[:at]
    if not value.startswith('"'):
        return name, value.partition(" ")[0]
    shown, at = "", 1
    while at < len(value) and value[at] != '"':
        if value[at] == "\\" and at + 1 < len(value):
            at += 1
            shown += ESCAPES.get(value[at], value[at])
        else:
            shown += value[at]
        at += 1
    return name, shown
