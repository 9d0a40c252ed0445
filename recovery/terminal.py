# SPDX-License-Identifier: Apache-2.0
"""Dialogues with programs on a terminal, through pexpect. Imports errors and dialogue only.

pexpect's own time-outs use the wall clock and break when it is stepped (pexpect/expect.py), so
it starts, answers and ends the program; the deadline is kept in uptime by the caller's clock.
"""

import codecs
import contextlib
import os
import re
import select
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from recovery import dialogue as dialogues
from recovery import errors, secret

SLICE = 0.2  # real seconds that one read may wait
LONGEST_NAP = 2.0
DIES_WITHIN = 5.0  # real seconds from SIGKILL on


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
        shown = _Talk(child, argv, dialogue, clock).play(timeout)
    finally:
        _end(child)
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
        dimensions=(24, 250),  # readline mangles the echo of lines wider than the terminal
    )
    child.delaybeforesend = None
    child.delayafterclose = child.ptyproc.delayafterclose = 0.01
    return child


def _end(child: Any) -> None:
    """Close the terminal and end the program that still runs.

    pexpect gives up a tenth of a second after SIGKILL; a busy node needs longer, and a program in
    an uninterruptible wait for its disk is left to its fate: what it said is what counts.
    """
    import pexpect

    with contextlib.suppress(pexpect.ExceptionPexpect):
        child.close(force=True)
    for _ in range(int(DIES_WITHIN / SLICE)):
        if not child.isalive():
            return
        select.select([], [], [], SLICE)


class _Talk:
    """One dialogue under way."""

    def __init__(
        self,
        child: Any,
        argv: Sequence[str],
        dialogue: dialogues.Dialogue,
        clock: Clock,
    ) -> None:
        self.child = child
        self.argv = argv
        self.dialogue = dialogue
        self.clock = clock
        self.shown = ""

    def play(self, timeout: float) -> str:
        """Play the exchanges until the program has ended; return what it showed."""
        deadline = self.clock.uptime() + timeout
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest, seen, nap = self.dialogue.exchanges, 0, 0.1
        while True:
            piece = _read_some(self.child, decoder)
            self.shown = dialogues.plain(self.shown + (piece or ""))
            self._refuse(self.shown[seen:])
            step = _next(rest, self.shown[seen:])
            if step is not None:
                exchange, end = step
                rest, seen = rest[rest.index(exchange) + 1 :], seen + end
                _send(self.child, exchange)
                continue
            # A program can close its terminal and live, or end and leave it open to another.
            if not piece and _is_gone(self.child, piece is None):
                return self._without_secrets()
            if self.clock.uptime() > deadline:
                raise errors.ProgramTimeout(self.argv, "it did not end within %d s" % timeout)
            if not piece:
                self.clock.sleep(nap)
                nap = min(LONGEST_NAP, nap * 2)

    def _refuse(self, text: str) -> None:
        for question in self.dialogue.fatal:
            if re.search(question, text):
                shown = self._without_secrets()
                raise errors.UnexpectedOutput(self.argv, shown, "no question nobody planned for")

    def _without_secrets(self) -> str:
        """Return what was shown; a terminal that echoes a password must not pass it on."""
        text = self.shown
        for exchange in self.dialogue.exchanges:
            if isinstance(exchange.send, secret.Secret):
                text = text.replace(exchange.send.reveal(), str(exchange.send))
        return text


def _read_some(child: Any, decoder: Any) -> Optional[str]:
    """Return what the program showed within a slice, "" for nothing, None at its end.

    Not by pexpect's own read: at the end it waits without limit for the program to be gone.
    """
    if not select.select([child.child_fd], [], [], SLICE)[0]:
        return ""
    try:
        data = os.read(child.child_fd, 4096)
    except OSError:  # how Linux tells that nobody holds the other side
        return None
    return str(decoder.decode(data)) if data else None


def _is_gone(child: Any, closed: bool) -> bool:
    """Tell whether the program has ended; one that closed its terminal gets a slice to do so."""
    for _ in range(20 if closed else 1):
        if not child.isalive():
            return True
        select.select([], [], [], SLICE / 20 if closed else 0)
    return False


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
    word = exchange.send
    with contextlib.suppress(OSError):  # it ended before it could be answered
        child.sendline(word.reveal() if isinstance(word, secret.Secret) else word)
