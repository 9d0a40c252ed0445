# SPDX-License-Identifier: Apache-2.0
"""Dialogues with programs on a terminal, through pexpect. Imports errors, dialogue, host's types.

pexpect's own time-outs use the wall clock and break when it is stepped (pexpect/expect.py), so
it starts, answers and ends the program; the deadline is kept in uptime by the caller's clock.
"""

import codecs
import contextlib
import os
import re
import select
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

from recovery import dialogue as dialogues
from recovery import errors, host, secret

SLICE = 0.2  # real seconds that one read may wait
LONGEST_NAP = 2.0
DIES_WITHIN = 5.0  # real seconds from SIGKILL on
ECHO_ENDS_WITHIN = 2.0  # real seconds from a question for a secret on
AGAIN = 3  # a program that asks once more does not take our answer


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
    progress: Optional[host.Progress] = None,
) -> str:
    """Hold the dialogue to the program's end and return what was shown, without codes.

    Raises: ProgramTimeout, ProgramFailed, UnexpectedOutput (a question nobody may answer).
    """
    child = _spawn(executable, argv, environment)
    try:
        shown = _Talk(child, argv, dialogue, clock, progress).play(timeout)
    finally:
        _end(child)
    if child.exitstatus != 0:
        raise errors.ProgramFailed(argv, child.exitstatus or child.signalstatus or 1, shown, "")
    return shown


def _spawn(executable: str, argv: Sequence[str], environment: Dict[str, str]) -> Any:
    import pexpect  # costs 40 ms: only where a dialogue is held

    # pexpect encodes as UTF-8 what Python 3.6 in the C locale may not have decoded as that.
    words = [one.encode("utf-8", "surrogateescape") for one in argv[1:]]
    child = pexpect.spawn(
        executable,
        [one.decode("utf-8", "surrogateescape") for one in words],
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

    if not child.isalive():
        child.ptyproc.delayafterclose = 0  # nobody is left who would need the moment
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
        progress: Optional[host.Progress],
    ) -> None:
        self.child = child
        self.argv = argv
        self.dialogue = dialogue
        self.clock = clock
        self.progress = progress or _nobody
        self.shown = ""
        self.seen = 0  # up to here it was answered
        self.told = 0  # up to here it was passed on
        self.rest = dialogue.exchanges
        self.answered: Dict[str, int] = {}

    def play(self, timeout: float) -> str:
        """Play the exchanges until the program has ended; return what it showed."""
        deadline = self.clock.uptime() + timeout
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        nap, silent = 0.1, self.clock.uptime()
        while True:
            piece = _read_some(self.child, decoder)
            self.shown = dialogues.plain(self.shown + (piece or ""))
            self._tell()
            self._refuse(self.shown[self.seen :])
            if self._exchange() or self._answer():
                silent = self.clock.uptime()
                continue
            # A program can close its terminal and live, or end and leave it open to another.
            if not piece and _is_gone(self.child, piece is None):
                self._last_words(decoder)
                return self._without_secrets()
            now = self.clock.uptime()
            if now > deadline:
                raise errors.ProgramTimeout(self.argv, "it did not end within %d s" % timeout)
            if piece:
                nap, silent = 0.1, now
                continue
            self._give_up_on_silence(now - silent)
            self.progress("")
            self.clock.sleep(nap)
            nap = min(LONGEST_NAP, nap * 2)

    def _last_words(self, decoder: Any) -> None:
        """Take what it said between our last look and its end."""
        piece = _read_some(self.child, decoder, 0)
        while piece:
            self.shown = dialogues.plain(self.shown + piece)
            piece = _read_some(self.child, decoder, 0)
        self._tell()

    def _tell(self) -> None:
        """Pass on the lines that are complete."""
        end = self.shown.rfind("\n") + 1
        if end > self.told:
            lines = self._without_secrets(self.shown[self.told : end]).splitlines()
            self.told = end
            for line in lines:
                self.progress(line)

    def _exchange(self) -> bool:
        step = _next(self.rest, self.shown[self.seen :])
        if step is None:
            return False
        exchange, end = step
        self.rest = self.rest[self.rest.index(exchange) + 1 :]
        self.seen += end
        _send(self.child, exchange.send)
        return True

    def _answer(self) -> bool:
        """Answer a question that may come at any time."""
        question = dialogues.asked(self.dialogue.questions, self.shown[self.seen :])
        if question is None:
            return False
        times = self.answered.get(question.name, 0) + 1
        if times > AGAIN:
            wanted = "the answer to '%s' to be taken" % question.name
            raise errors.UnexpectedOutput(self.argv, self._without_secrets(), wanted)
        self.answered[question.name] = times
        met = not question.needs or question.needs in self.answered
        self.seen = len(self.shown)
        _send(self.child, question.answer if met else question.otherwise)
        return True

    def _refuse(self, text: str) -> None:
        for question in self.dialogue.fatal:
            if re.search(question, text):
                raise self._unplanned()

    def _give_up_on_silence(self, seconds: float) -> None:
        patience = self.dialogue.patience
        if patience and seconds > patience and dialogues.unfinished(self.shown[self.seen :]):
            raise self._unplanned()

    def _unplanned(self) -> errors.UnexpectedOutput:
        shown = self._without_secrets()
        return errors.UnexpectedOutput(self.argv, shown, "no question nobody planned for")

    def _without_secrets(self, part: Optional[str] = None) -> str:
        """Return what was shown; a terminal that echoes a password must not pass it on."""
        text = self.shown if part is None else part
        for exchange in self.dialogue.exchanges:
            if isinstance(exchange.send, secret.Secret):
                text = text.replace(exchange.send.reveal(), str(exchange.send))
        return text


def _read_some(child: Any, decoder: Any, within: float = SLICE) -> Optional[str]:
    """Return what the program showed within so many seconds, "" for nothing, None at its end.

    Not by pexpect's own read: at the end it waits without limit for the program to be gone.
    """
    if not select.select([child.child_fd], [], [], within)[0]:
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


def _send(child: Any, word: Optional[Union[str, secret.Secret]]) -> None:
    if word is None:
        return
    with contextlib.suppress(OSError):  # it ended before it could be answered
        if isinstance(word, secret.Secret):
            _await_no_echo(child)
            child.sendline(word.reveal())
        else:
            child.sendline(word)


def _await_no_echo(child: Any) -> None:
    """Wait until the terminal shows no more what is typed, as a question for a secret has it.

    virsh asks first and calls getpass then, which throws away what was typed before it switched
    the echo off (libvirt: src/libvirt.c, virConnectAuthCallbackDefault; glibc: misc/getpass.c).
    """
    for _ in range(int(ECHO_ENDS_WITHIN / SLICE * 20)):
        if not child.getecho():
            return
        select.select([], [], [], SLICE / 20)


def _nobody(line: str) -> None:
    """Hear progress where nobody asked for it."""
