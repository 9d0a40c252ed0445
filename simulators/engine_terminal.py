# SPDX-License-Identifier: Apache-2.0
"""The far end of an ssh session, for a program of the engine VM that talks while it runs.

With `-t` it is a terminal, and what the person types comes back as its echo. Imports `terminal`
late; the world is given away while something is written or waited for.
"""

import os
from typing import Any, List, Optional, Tuple

from simulators.entry import Call


class Gone(Exception):
    """The other side is no longer there: the program gets SIGHUP."""


class Dead(Gone):
    """The engine VM itself is no longer there: nothing happens in it any more."""


class Interrupted(Exception):
    """Ctrl-C at the terminal: the program gets SIGINT."""


class Terminal:
    """What a program of the engine VM writes to and reads from."""

    def __init__(self, call: Call, tty: bool, closed: bool = False) -> None:
        self.call = call
        self.tty = tty
        self.closed = closed  # there is no input at all
        self.interrupted = False
        self.waiting = False
        self._before: Any = None
        # The local terminal echoes and turns line ends; without one, the far end's shows through.
        self.local = tty and os.isatty(0)
        self.columns = _columns() if tty else None  # type: Optional[int]

    def attend(self) -> None:
        """From now on Ctrl-C strikes between two effects, never within one."""
        import signal

        def struck(number: int, frame: object) -> None:
            self.interrupted = True
            if self.waiting:
                raise KeyboardInterrupt

        self._before = signal.signal(signal.SIGINT, struck)

    def leave(self) -> None:
        """The program is over."""
        import signal

        signal.signal(signal.SIGINT, self._before)

    def _check(self) -> None:
        if self.interrupted:
            self.interrupted = False
            raise Interrupted

    def write(self, text: str) -> None:
        """Print it now, as the world is at this moment."""
        self._check()
        with self.call.world.released():
            self._print(text)

    def _print(self, text: str) -> None:
        if self.tty and not self.local:
            text = text.replace("\n", "\r\n")
        self.call.out(text)
        try:
            self.call.flush()
        except OSError as error:
            raise Gone from error

    def line(self) -> Optional[str]:
        """The next line that comes, None at the end of input."""
        from simulators import terminal

        if self.closed:
            return None
        text = None
        with self.call.world.released():
            try:
                self.waiting = True
                text = None if self.interrupted else terminal.read_line()
            except KeyboardInterrupt:
                pass
            finally:
                self.waiting = False
            if text is not None and self.tty and not self.local:
                self._print(text + "\n")
        self._check()
        return text


class Transcript:
    """Pipes at both ends, as in a pipeline: input is what there is, output is kept."""

    tty = False
    columns: Optional[int] = None

    def __init__(self, data: bytes) -> None:
        self.lines: List[str] = data.decode("utf-8", "replace").splitlines()
        self.output = b""

    def attend(self) -> None:
        """Nobody can press a key."""

    def leave(self) -> None:
        """Nor could anybody before."""

    def write(self, text: str) -> None:
        self.output += text.encode()

    def line(self) -> Optional[str]:
        return self.lines.pop(0) if self.lines else None


def _columns() -> int:
    """ssh tells the far end how wide the near one is; nothing where that is no terminal."""
    try:
        return os.get_terminal_size(0).columns
    except OSError:
        return 0


def opened(shell: Any, data: bytes) -> Tuple[Any, bool]:
    """The terminal of a shell, or pipes; and whether it is the terminal."""
    present = shell.terminal
    return (present, True) if present is not None else (Transcript(data), False)
