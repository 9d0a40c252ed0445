# SPDX-License-Identifier: Apache-2.0
"""What a program does on a terminal: prompts, hidden answers, readline's paste brackets."""

import os
import sys
from typing import Optional

from simulators.entry import Call

_pending = [b""]


def brackets(call: Call) -> bool:
    """Does this release's readline bracket pastes here? (8.1 and later, never for TERM=dumb)"""
    modern = call.world.state["release"] not in ("el7", "el8")
    return modern and os.isatty(0) and call.env.get("TERM", "dumb") != "dumb"


def read_line() -> Optional[str]:
    """The next line of standard input without its end; None at the end of input."""
    while b"\n" not in _pending[0]:
        try:
            piece = os.read(0, 4096)
        except OSError:
            piece = b""
        if not piece:
            rest, _pending[0] = _pending[0], b""
            return rest.decode("utf-8", "replace") if rest else None
        _pending[0] += piece
    line, _, _pending[0] = _pending[0].partition(b"\n")
    return line.decode("utf-8", "replace")


def line(call: Call, prompt: str, bracketed: bool, mortal: bool = False) -> Optional[str]:
    """One edited line; Ctrl-C ends a mortal program, and others drop what was typed."""
    call.out(("\x1b[?2004h" if bracketed else "") + prompt)
    call.flush()
    try:
        text = read_line()
    except KeyboardInterrupt:
        if mortal:
            _interrupted()
        text = ""
        call.out("\n")
    if text is not None and not os.isatty(0):
        call.out(text + "\n")  # readline echoes what no terminal has echoed
    if bracketed:
        call.out("\x1b[?2004l\r")
    return text


def _interrupted() -> None:
    """End by the signal, as a program does that has no handler for it."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def answer(hidden: bool) -> Optional[str]:
    """An answer from standard input; a hidden one with the terminal's echo off."""
    if not (hidden and os.isatty(0)):
        return read_line()
    import termios

    before = termios.tcgetattr(0)
    silent = list(before)
    silent[3] = int(before[3]) & ~termios.ECHO
    termios.tcsetattr(0, termios.TCSAFLUSH, silent)  # getpass drops what was typed before
    try:
        return read_line()
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)
        os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, b"\n")
