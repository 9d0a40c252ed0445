# SPDX-License-Identifier: Apache-2.0
"""Dialogues with programs on a terminal, through pexpect. Imports errors and dialogue only.

pexpect's own time-outs use the wall clock and break when it is stepped (pexpect/expect.py), so
only its non-blocking read is used, and the deadline is kept in uptime by the caller's clock.
"""

import re
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from recovery import dialogue as dialogues
from recovery import errors

SLICE = 0.2  # real seconds that one read may wait
LONGEST_NAP = 2.0


class Clock:
    """The two calls a dialogue needs from its host."""

    def __init__(self, uptime: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.uptime = uptime
        self.sleep = sleep


def converse(
    executable: str,
    argv: Sequence[str],
    environment: Dict[str, str],
    dialogue: dialogues.Dialogue,
    timeout: float,
    clock: Clock,
) -> str:
    """Hold the dialogue to the program's end and return what was shown, without codes.

    Raises: ProgramTimeout, ProgramFailed, UnexpectedOutput (a fatal question).
    """
    child = _spawn(executable, argv, environment)
    try:
        shown = _play(child, argv, dialogue, timeout, clock)
        child.wait()
    finally:
        child.close(force=True)
    if child.exitstatus != 0:
        raise errors.ProgramFailed(argv, child.exitstatus or child.signalstatus or 1, shown, "")
    return shown


def _spawn(executable: str, argv: Sequence[str], environment: Dict[str, str]) -> Any:
    import pexpect  # costs 40 ms: only where a dialogue is held

    child = pexpect.spawn(
        executable,
        list(argv[1:]),
        env=environment,
        cwd="/",
        encoding="utf-8",
        codec_errors="replace",
        dimensions=(24, 250),  # readline mangles the echo of lines wider than the terminal
    )
    child.delaybeforesend = None
    child.delayafterclose = child.ptyproc.delayafterclose = 0.01
    return child


def _play(
    child: Any,
    argv: Sequence[str],
    dialogue: dialogues.Dialogue,
    timeout: float,
    clock: Clock,
) -> str:
    deadline = clock.uptime() + timeout
    rest = dialogue.exchanges
    shown, seen, nap = "", 0, 0.1
    while True:
        piece = _read_some(child)
        if piece is None:
            return shown
        shown = dialogues.plain(shown + piece)
        _refuse(argv, dialogue.fatal, shown[seen:])
        step = _next(rest, shown[seen:])
        if step is not None:
            exchange, end = step
            rest, seen = rest[rest.index(exchange) + 1 :], seen + end
            _send(child, exchange)
        elif not piece:
            if not child.isalive():
                return shown  # something it left in the background keeps the terminal open
            if clock.uptime() > deadline:
                raise errors.ProgramTimeout(argv, "it did not go on within %d s" % timeout)
            clock.sleep(nap)
            nap = min(LONGEST_NAP, nap * 2)


def _read_some(child: Any) -> Optional[str]:
    """Return what the program showed in one slice, "" for nothing, None at its end."""
    import pexpect

    try:
        return str(child.read_nonblocking(size=4096, timeout=SLICE))
    except pexpect.TIMEOUT:
        return ""
    except pexpect.EOF:
        return None


def _refuse(argv: Sequence[str], questions: Sequence[str], text: str) -> None:
    for question in questions:
        if re.search(question, text):
            raise errors.UnexpectedOutput(argv, text, "no question that nobody planned for")


def _next(
    rest: Tuple[dialogues.Exchange, ...], text: str
) -> Optional[Tuple[dialogues.Exchange, int]]:
    for exchange in dialogues.candidates(rest):
        found = re.search(exchange.expect, text)
        if found:
            return exchange, found.end()
    return None


def _send(child: Any, exchange: dialogues.Exchange) -> None:
    if exchange.send is None:
        return
    reveal: Optional[Callable[[], str]] = getattr(exchange.send, "reveal", None)
    child.sendline(reveal() if reveal else exchange.send)
