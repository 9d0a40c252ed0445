# SPDX-License-Identifier: Apache-2.0
"""Dialogues with programs on a terminal, through pexpect. Imports errors and dialogue only.

pexpect's own time-outs use the wall clock and break when it is stepped (pexpect/expect.py), so
only its non-blocking read is used, and the deadline is kept in uptime by the caller's clock.
"""

import contextlib
import re
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from recovery import dialogue as dialogues
from recovery import errors, secret

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
        shown = _Talk(child, argv, dialogue, clock).play(timeout)
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
        rest, seen, nap = self.dialogue.exchanges, 0, 0.1
        while True:
            piece = _read_some(self.child)
            self.shown = dialogues.plain(self.shown + (piece or ""))
            self._refuse(self.shown[seen:])
            step = _next(rest, self.shown[seen:])
            if step is not None:
                exchange, end = step
                rest, seen = rest[rest.index(exchange) + 1 :], seen + end
                _send(self.child, exchange)
                continue
            # A program can close its terminal and live, or end and leave it open to another.
            if not piece and not self.child.isalive():
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


def _read_some(child: Any) -> Optional[str]:
    """Return what the program showed in one slice, "" for nothing, None at its end."""
    import pexpect

    try:
        return str(child.read_nonblocking(size=4096, timeout=SLICE))
    except pexpect.TIMEOUT:
        return ""
    except pexpect.EOF:
        child.flag_eof = False  # else pexpect's isalive would block until the program has ended
        return None


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
