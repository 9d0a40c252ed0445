# SPDX-License-Identifier: Apache-2.0
"""A run of the tool in this process, with every program and every file it writes on record."""

import contextlib
import io
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from recovery import cli, dialogue, errors, host, local_host

OWN_FILES = ("/var/lib/ovirt-cert-recovery", "/run/")


class Call(NamedTuple):
    """A program that was run, or (argv empty) a file that was replaced."""

    argv: Tuple[str, ...]
    data: Optional[bytes] = None
    env: Tuple[Tuple[str, str], ...] = ()
    typed: Tuple[str, ...] = ()  # what a dialogue sent
    terminal: bool = False
    path: str = ""


class RecordingHost(local_host.LocalHost):
    """The adapter itself, taking notes."""

    def __init__(self, root: str, programs: str, calls: List[Call]) -> None:
        super().__init__(root, programs)
        self._calls = calls

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        self._calls.append(Call(tuple(argv), input, tuple(env)))
        return super().run(argv, input, timeout, ok, env)

    def interact(
        self, argv: Sequence[str], dialogue: dialogue.Dialogue, timeout: float = 60
    ) -> str:
        typed = tuple(_revealed(exchange.send) for exchange in dialogue.exchanges)
        self._calls.append(Call(tuple(argv), None, (), typed, True))
        return super().interact(argv, dialogue, timeout)

    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        if not path.startswith(OWN_FILES):
            self._calls.append(Call((), data, path=path))
        super().replace(path, data, like, mode)


def _revealed(send: Any) -> str:
    reveal = getattr(send, "reveal", None)
    return str(reveal() if reveal else send or "")


def record(words: Sequence[str]) -> Tuple[int, List[Call]]:
    """Run the command line; return its exit status and what it did, in order."""
    calls: List[Call] = []

    def make(root: str, programs: str) -> RecordingHost:
        return RecordingHost(root, programs, calls)

    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return cli.run(list(words), make), calls
        except errors.Error as caught:
            return caught.status, calls
