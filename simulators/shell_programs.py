# SPDX-License-Identifier: Apache-2.0
"""More of coreutils, and two builtins, for whoever works on another machine's files over ssh.

Imports `engine_programs`, and what it needs of the standard library late.
"""

import os
from typing import Callable, Dict

from simulators.engine_programs import OK, Done, Session, fail


def _say(text: str, status: int = 0) -> Done:
    return status, text.encode("utf-8", "surrogateescape"), b""


def _base64(session: Session) -> Done:
    import base64

    options, operands = session.split(("-w",))
    try:
        data = _content(session, operands)
    except OSError as error:
        return fail("base64", operands[0], error)
    return 0, base64.b64encode(data) + (b"" if "-w0" in session.words else b"\n"), b""


def _content(session: Session, operands: list) -> bytes:
    """What the operands hold, or standard input."""
    found = b""
    for path in operands:
        with open(session.shell.path(path), "rb") as file:
            found += file.read()
    return found if operands else session.data


def _sha256sum(session: Session) -> Done:
    import hashlib

    _, operands = session.split()
    try:
        data = _content(session, operands)
    except OSError as error:
        return fail("sha256sum", operands[0], error)
    return _say("%s  %s\n" % (hashlib.sha256(data).hexdigest(), (operands or ["-"])[0]))


def _tail(session: Session) -> Done:
    options, operands = session.split(("-c", "-n"))
    data = _content(session, operands)
    if "-c" in options:
        return 0, data[max(0, len(data) - int(options["-c"])) :], b""
    return 0, b"".join(data.splitlines(True)[-int(options.get("-n", "10")) :]), b""


def _readlink(session: Session) -> Done:
    _, operands = session.split()
    root = session.shell.place("/").rstrip("/")
    return _say((session.shell.path(operands[0])[len(root) :] or "/") + "\n")


def _dirname(session: Session) -> Done:
    return _say((os.path.dirname(session.words[0].rstrip("/")) or "/") + "\n")


def _basename(session: Session) -> Done:
    return _say(os.path.basename(session.words[0].rstrip("/")) + "\n")


def _chcon(session: Session) -> Done:
    return 1, b"", b"chcon: can't apply partial context to unlabeled file\n"


def _timeout(session: Session) -> Done:
    """Nothing hangs here: the program is run and its status returned."""
    words = list(session.words)
    while words and words[0].startswith("-"):
        if words.pop(0) in ("-k", "-s"):
            words.pop(0)
    result = session.shell.call(words[1:], session.data, session.env)
    if result.status == 127 and b"command not found" in result.errors:
        text = "timeout: failed to run command '%s': No such file or directory\n" % words[1]
        return 127, b"", text.encode()
    return result.status, result.output, result.errors


def _export(session: Session) -> Done:
    for word in session.words:
        name, mark, value = word.partition("=")
        if mark:
            session.shell.env[name] = value
    return OK


def _set(session: Session) -> Done:
    session.shell.ends_at_failure = "-e" in session.words
    return OK


PROGRAMS: Dict[str, Callable[[Session], Done]] = {
    "base64": _base64,
    "sha256sum": _sha256sum,
    "tail": _tail,
    "readlink": _readlink,
    "dirname": _dirname,
    "basename": _basename,
    "chcon": _chcon,
    "timeout": _timeout,
    "export": _export,
    "set": _set,
}
