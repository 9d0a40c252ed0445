# SPDX-License-Identifier: Apache-2.0
"""The command line of journalctl."""

FORMS = (
    "short",
    "short-precise",
    "short-iso",
    "short-iso-precise",
    "short-full",
    "short-unix",
    "short-monotonic",
    "cat",
    "export",
    "verbose",
    "json",
    "json-pretty",
    "json-sse",
)
VALUED = {
    "-u": "unit",
    "--unit": "unit",
    "-t": "identifier",
    "--identifier": "identifier",
    "-p": "priority",
    "--priority": "priority",
    "-o": "output",
    "--output": "output",
    "-S": "since",
    "--since": "since",
    "-U": "until",
    "--until": "until",
    "-c": "cursor",
    "--cursor": "cursor",
    "--after-cursor": "after-cursor",
    "--output-fields": "output-fields",
    "-g": "grep",
    "--grep": "grep",
    "--cursor-file": "cursor-file",
    "-D": "directory",
    "--directory": "directory",
    "--root": "root",
    "--case-sensitive": "case",
}
FLAGS = {
    "-r": "reverse",
    "--reverse": "reverse",
    "-k": "kernel",
    "--dmesg": "kernel",
    "-a": "all",
    "--all": "all",
    "-q": "quiet",
    "--quiet": "quiet",
    "--show-cursor": "show_cursor",
}
IGNORED = (
    "--no-pager",
    "-l",
    "--full",
    "--no-full",
    "-x",
    "--catalog",
    "-m",
    "--merge",
    "--no-hostname",
    "--utc",
    "--system",
    "--no-tail",
    "-e",
    "--pager-end",
)
ACTIONS = {
    "--list-boots": "list-boots",
    "--disk-usage": "disk-usage",
    "--sync": "sync",
    "--flush": "flush",
    "--rotate": "rotate",
    "--version": "version",
    "--verify": "verify",
}
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
NEWER = {"--grep": 237, "-g": 237, "--output-fields": 236, "--cursor-file": 242}


class BadOption(Exception):
    """The command line is wrong; the text for standard error."""


def parse(given: list, systemd: int) -> tuple:
    """Return (what is asked, the words that are matches)."""
    asked = {  # type: dict
        "reverse": False,
        "kernel": False,
        "all": False,
        "quiet": False,
        "show_cursor": False,
        "boot": None,
        "units": [],
        "identifiers": [],
        "priorities": [],
        "output": "short",
        "since": None,
        "until": None,
        "lines": None,
        "cursor": "",
        "after_cursor": "",
        "fields": (),
        "pattern": None,
        "action": "",
    }
    words, given = [], _separate(list(given))
    while given:
        word = given.pop(0)
        key, mark, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if systemd < NEWER.get(key, 0):
            raise BadOption(_unrecognized(key))
        if key in VALUED:
            if not mark and not given:
                raise BadOption("journalctl: option '%s' requires an argument" % key)
            _assign(asked, VALUED[key], value if mark else given.pop(0))
        elif key in FLAGS:
            asked[FLAGS[key]] = True
        elif key in ("-b", "--boot", "-n", "--lines"):
            _optional(asked, key.strip("-")[0], value, mark, given)
        elif key in ACTIONS or key.startswith("--vacuum"):
            asked["action"] = ACTIONS.get(key, "vacuum")
        elif word.startswith("-") and key not in IGNORED:
            raise BadOption(_unrecognized(key))
        elif not word.startswith("-"):
            words.append(word)
    if len([k for k in ("cursor", "after_cursor", "since") if asked[k]]) > 1:
        raise BadOption("Please specify only one of --since=, --cursor=, and --after-cursor=.")
    if asked["kernel"] and asked["boot"] is None:
        asked["boot"] = "0"
    return asked, words


def _unrecognized(key: str) -> str:
    if key.startswith("--"):
        return "journalctl: unrecognized option '%s'" % key
    return "journalctl: invalid option -- '%s'" % key[1:2]


def _separate(given: list) -> list:
    """Split `-n5` and `-ojson` into option and value, `-kb` into its letters."""
    found = []
    for word in given:
        if word.startswith("-") and not word.startswith("--") and len(word) > 2:
            if word[:2] in VALUED or word[:2] in ("-n", "-b"):
                found += [word[:2], word[2:]]
            else:
                found += ["-" + letter for letter in word[1:]]
        else:
            found.append(word)
    return found


def _optional(asked: dict, letter: str, value: str, mark: str, given: list) -> None:
    """Options whose value may be absent: -n [N|all], -b [ID|number]."""
    if not mark and given and _is_value(letter, given[0]):
        value = given.pop(0)
    if letter == "b":
        asked["boot"] = value or "0"
    elif value == "all":
        asked["lines"] = None
    elif value and not value.isdigit():
        raise BadOption("Failed to parse lines '%s'" % value)
    else:
        asked["lines"] = int(value or 10)


def _is_value(letter: str, word: str) -> bool:
    if letter == "n":
        return word.isdigit() or word == "all"
    plain = word.replace("-", "")
    return word.lstrip("+-").isdigit() or len(plain) == 32 and "=" not in word


def _assign(asked: dict, key: str, value: str) -> None:
    if key == "unit":
        asked["units"].append(value)
    elif key == "identifier":
        asked["identifiers"].append(value)
    elif key == "priority":
        asked["priorities"] = _priorities(value)
    elif key == "output":
        if value not in FORMS:
            raise BadOption("Unknown output format '%s'." % value)
        asked["output"] = value
    elif key == "grep":
        asked["pattern"] = value
    elif key == "output-fields":
        asked["fields"] = tuple(value.split(","))
    elif key in ("since", "until", "cursor"):
        asked[key] = value
    elif key == "after-cursor":
        asked["after_cursor"] = value


def _priorities(value: str) -> list:
    low, mark, high = value.partition("..")
    numbers = []
    for part in (low, high) if mark else ("0", low):
        if part in LEVELS:
            numbers.append(LEVELS.index(part))
        elif part.isdigit() and int(part) < 8:
            numbers.append(int(part))
        else:
            raise BadOption("Unknown log level " + part)
    return [str(n) for n in range(min(numbers), max(numbers) + 1)]
