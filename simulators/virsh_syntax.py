# SPDX-License-Identifier: Apache-2.0
"""The command lines of virsh: which commands there are and what each of them takes, as data.

Imports nothing of ours.
"""

from typing import Dict, List, Tuple

# command: (options, names of the arguments it must have, names of those it may have)
Shape = Tuple[str, Tuple[str, ...], Tuple[str, ...]]
DOMAIN = ("domain",)
LIST = """--inactive --all --transient --persistent --with-snapshot --without-snapshot
--with-checkpoint --without-checkpoint --state-running --state-paused --state-shutoff --state-other
--autostart --no-autostart --with-managed-save --without-managed-save --uuid --name --id --table
--managed-save --title"""
START = """--domain --console --paused --autodestroy --bypass-cache --force-boot --pass-fds
--reset-nvram"""
COMMANDS: Dict[str, Shape] = {
    "list": (LIST, (), ()),
    "domstate": ("--domain --reason", DOMAIN, ()),
    "dominfo": ("--domain", DOMAIN, ()),
    "domid": ("--domain", DOMAIN, ()),
    "domuuid": ("--domain", DOMAIN, ()),
    "start": (START, DOMAIN, ("pass-fds",)),
    "destroy": ("--domain --graceful --remove-logs", DOMAIN, ()),
    "shutdown": ("--domain --mode", DOMAIN, ("mode",)),
    "suspend": ("--domain", DOMAIN, ()),
    "resume": ("--domain", DOMAIN, ()),
    "uri": ("", (), ()),
    "hostname": ("", (), ()),
    "version": ("--daemon", (), ()),
    "quit": ("", (), ()),
    "exit": ("", (), ()),
    "help": ("--command", (), ("command",)),
}
FREE = ("echo",)  # takes any number of words


def commands(line: str) -> List[List[str]]:
    """Split a line into commands and those into words; quotes keep together."""
    if "'" not in line and '"' not in line:
        return [part.split() for part in line.split(";") if part.strip()]
    import shlex

    lexer = shlex.shlex(line, posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: List[List[str]] = [[]]
    for word in lexer:
        if word.strip(";"):
            found[-1].append(word)
        else:
            found.append([])
    return [words for words in found if words]


def wrong(words: List[str]) -> str:
    """What virsh has against a command; "" for nothing."""
    name = words[0]
    if name in FREE:
        return ""
    if name not in COMMANDS:
        return "unknown command: '%s'" % name
    options, needed, possible = COMMANDS[name]
    plain = []
    for word in words[1:]:
        option, mark, value = word.partition("=")
        if not word.startswith("--"):
            plain.append(word)
        elif option not in options.split():
            return "command '%s' doesn't support option %s" % (name, option)
        elif mark:
            plain.append(value)
    if len(plain) > len(needed) + len(possible):
        return "unexpected data '%s'" % plain[len(needed) + len(possible)]
    if len(plain) < len(needed):
        return "command '%s' requires <%s> option" % (name, needed[len(plain)])
    return ""
