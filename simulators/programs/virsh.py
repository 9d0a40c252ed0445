# SPDX-License-Identifier: Apache-2.0
"""virsh: one command, several, or a session on a terminal.

Imports `virsh_session`, `virsh_syntax`, `virsh_tables` and, for a terminal, `terminal`.
"""

import os
from typing import List, Optional, Tuple

from simulators import virsh_session, virsh_syntax, virsh_tables
from simulators.entry import Call

INTERACTIVE = True
COST = 0.3


def main(call: Call) -> int:
    uri, readonly, quiet, words = _options(call.argv[1:])
    release = call.world.state["release"]
    if words and words[0] in ("--version", "-v"):
        call.out(virsh_tables.LIBVIRT[release] + "\n")
        return 0
    session = virsh_session.Session(call, uri, readonly, _asker(call))
    commands = _commands(words)
    if not _understood(call, commands):
        return 1
    if uri and (not words or words[0] not in virsh_session.LOCAL) and not _connected(call, session):
        return 1
    if words:
        return _run(call, session, commands)[0]
    return _interactive(call, session, quiet)


def _options(words: List[str]) -> Tuple[str, bool, bool, List[str]]:
    uri, readonly, quiet = "", False, False
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] not in ("--version", "-v"):
        word = rest.pop(0)
        if word in ("-c", "--connect"):
            uri = rest.pop(0)
        elif word.startswith("--connect="):
            uri = word[len("--connect=") :]
        elif word in ("-k", "-K", "-d", "--debug", "-l", "--log", "-e"):
            rest.pop(0)
        readonly = readonly or word in ("-r", "--readonly", "-rq", "-qr")
        quiet = quiet or word in ("-q", "--quiet", "-rq", "-qr")
    return uri, readonly, quiet, rest


def _complain(call: Call, text: str) -> None:
    for line in text.split("\n"):
        call.err("error: %s\n" % line)


def _connected(call: Call, session: virsh_session.Session) -> bool:
    try:
        session.connect()
    except virsh_session.Failed as failed:
        _complain(call, str(failed))
        return False
    return True


def _understood(call: Call, commands: List[List[str]]) -> bool:
    """All commands of a line are parsed before the first one runs."""
    for words in commands:
        wrong = virsh_syntax.wrong(words)
        if wrong:
            _complain(call, wrong)
            return False
    return True


def _one(call: Call, session: virsh_session.Session, words: List[str]) -> int:
    try:
        call.out(session.run(words))
    except virsh_session.Failed as failed:
        _complain(call, str(failed))
        call.out("\n")  # as the real one, which ends a failed command with an empty line
        return 1
    return 0


def _run(call: Call, session: virsh_session.Session, commands: List[List[str]]) -> Tuple[int, bool]:
    """Run the commands up to a quit; the status of the last one, and whether it was a quit."""
    status = 0
    for words in commands:
        if words[0] in ("quit", "exit"):
            return 0, True
        status = _one(call, session, words)
    return status, False


def _commands(words: List[str]) -> List[List[str]]:
    if len(words) == 1:
        return virsh_syntax.commands(words[0])
    return [words] if words else []


def _asker(call: Call) -> virsh_session.Asked:
    def ask(prompt: str, hidden: bool) -> Optional[str]:
        from simulators import terminal

        call.out(prompt)
        call.flush()
        try:
            return terminal.answer(hidden)
        except KeyboardInterrupt:
            os._exit(255)

    return ask


def _interactive(call: Call, session: virsh_session.Session, quiet: bool) -> int:
    from simulators import terminal

    brackets = terminal.brackets(call)
    prompt = "virsh > " if session.readonly else "virsh # "
    if not quiet:
        call.out(virsh_tables.BANNER)
    while True:
        line = terminal.line(call, prompt, brackets, mortal=True)
        if line is None:
            call.out("\n\n" if brackets else "\n")
            return 0
        commands = virsh_syntax.commands(line)
        if commands and _understood(call, commands):
            _again(call, session)
            if _run(call, session, commands)[1]:
                call.out("\n")
                return 0


def _again(call: Call, session: virsh_session.Session) -> None:
    """A session whose daemon has gone says so and connects anew."""
    if not session.invocation or not session.lost():
        return
    call.err("error: Disconnected from qemu:///system due to end of file\n")
    try:
        session.connect()
        call.err("error: Reconnected to the hypervisor\n")
    except virsh_session.Failed:
        session.invocation = ""
