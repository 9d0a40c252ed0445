# SPDX-License-Identifier: Apache-2.0
"""The person at the terminal: lines out, answers in. Imports errors, invocation and secret."""

import contextlib
import getpass
import select
import signal
import sys
from typing import Sequence

from recovery import errors, invocation
from recovery import secret as secrets


class Console:
    """Shows lines at once, asks with the whole word yes, never shows a secret."""

    def __init__(self, assume_yes: bool = False) -> None:
        self.assume_yes = assume_yes

    @property
    def interactive(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty()

    def survive_hangup(self) -> None:
        """Go on when the terminal is lost: the clock must not stay in the past for that."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # Ctrl-Z: nobody would go on with it
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # what `pasted` meets in the background

    def say(self, line: str) -> None:
        line = invocation.spelt(line)
        with contextlib.suppress(OSError):  # the terminal may be gone
            try:
                print(line, flush=True)
            except UnicodeEncodeError:  # a bare console of the C locale
                print(line.encode("ascii", "backslashreplace").decode("ascii"), flush=True)

    def show(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.say(line)

    def complain(self, error: errors.Error) -> None:
        for line in error.lines():
            print(invocation.spelt(line), file=sys.stderr, flush=True)

    def consent(self, question: str) -> bool:
        """Ask before a change; --yes answers beforehand, silence is no."""
        if self.assume_yes:
            return True
        return self.ask(question)

    def ask(self, question: str) -> bool:
        """Ask what --yes cannot answer, such as whether a fingerprint is right."""
        if not self.interactive:
            return False
        try:
            return input("%s Type yes to go on: " % question).strip().lower() == "yes"
        except EOFError:
            return False

    def pasted(self) -> bytes:
        """Return the lines that were typed or pasted since, without waiting for more."""
        found = b""
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            while self.interactive and select.select([sys.stdin], [], [], 0)[0]:
                # A terminal gives a line a read; what Python buffers, select would not see.
                line = sys.stdin.buffer.raw.read(4096)  # type: ignore[union-attr]
                if not line:
                    break
                found += line
        return found

    def password(self, prompt: str) -> secrets.Secret:
        """Return what is typed unseen, "" at the terminal's end. Raises: errors.UsageError."""
        try:
            return secrets.Secret(getpass.getpass(prompt))
        except EOFError:
            return secrets.Secret("")
        except UnicodeDecodeError:  # a bare console of the C locale, before Python 3.7
            raise errors.UsageError(
                "read what was typed",
                "this terminal's locale has ASCII letters only",
                next_step="give it in a file: see --help for its option",
            ) from None
