# SPDX-License-Identifier: Apache-2.0
"""Runs inside the machine, by the standard library alone: a program on a terminal of its own.

Told on standard input what to wait for and to type (JSON); says what was shown and how it ended.
"""

import base64
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from typing import Any, Dict, List, Optional, Tuple

SIZE = struct.pack("HHHH", 24, 250, 0, 0)  # rows and columns, as the tool has it
ECHO_ENDS_WITHIN = 20  # seconds from a question for a secret on; an emulated machine is slow


def converse(asked: Dict[str, Any]) -> Dict[str, Any]:
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, SIZE)
        os.chdir("/")
        os.execvpe(asked["argv"][0], asked["argv"], asked["environment"])
    rest, shown, seen, fatal = list(asked["exchanges"]), b"", 0, False
    status: Optional[int] = None
    deadline = time.monotonic() + asked["timeout"]
    while status is None and not fatal and time.monotonic() < deadline:
        piece = read(terminal)
        shown += piece
        text = re.sub(asked["control"], "", shown.decode("utf-8", "replace"))
        fatal = any(re.search(one, text[seen:]) for one in asked["fatal"])
        step = following(rest, text[seen:])
        if step:
            answer(terminal, *rest[step[0]][1:3])
            rest, seen = rest[step[0] + 1 :], seen + step[1]
        if not piece:
            status = ended(pid)
    if status is None:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    else:
        shown += read(terminal)
    return {"shown": base64.b64encode(shown).decode(), "status": status, "fatal": fatal}


def following(rest: List[Any], text: str) -> Optional[Tuple[int, int]]:
    """Which exchange comes next, the optional ones may be passed over; where its question ends."""
    for number, (expect, _, _, optional) in enumerate(rest):
        found = re.search(expect, text)
        if found:
            return number, found.end()
        if not optional:
            return None
    return None


def answer(terminal: int, word: Optional[str], secret: bool) -> None:
    if word is None:
        return
    if secret:
        await_no_echo(terminal)
    os.write(terminal, word.encode() + b"\n")


def await_no_echo(terminal: int) -> None:
    """As the tool does (recovery/terminal.py): virsh asks, and drops what came before getpass."""
    deadline = time.monotonic() + ECHO_ENDS_WITHIN
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline:
        time.sleep(0.01)


def read(terminal: int) -> bytes:
    """What came within a moment; nothing at the end too."""
    if not select.select([terminal], [], [], 0.1)[0]:
        return b""
    try:
        return os.read(terminal, 4096)
    except OSError:
        time.sleep(0.1)
        return b""


def ended(pid: int) -> Optional[int]:
    """The exit status, or minus the signal's number; None while it runs."""
    gone, status = os.waitpid(pid, os.WNOHANG)
    if not gone:
        return None
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


if __name__ == "__main__":
    json.dump(converse(json.load(sys.stdin)), sys.stdout)
