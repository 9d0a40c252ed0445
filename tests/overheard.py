# SPDX-License-Identifier: Apache-2.0
"""The adapter itself, with somebody who hears every command line and may put another in place."""

from typing import Any, Callable, NamedTuple, Optional, Sequence, Tuple

from recovery import dialogue, host, local_host


class Call(NamedTuple):
    """A program that is run, or (argv empty) a file that is replaced."""

    argv: Tuple[str, ...]
    data: Optional[bytes] = None
    env: Tuple[Tuple[str, str], ...] = ()
    typed: Tuple[str, ...] = ()  # what a dialogue sends
    terminal: bool = False
    path: str = ""


class OverheardHost(local_host.LocalHost):
    """hear: told of a call before it happens; returns the argv to run."""

    def __init__(self, root: str, programs: str, hear: Callable[[Call], Sequence[str]]) -> None:
        super().__init__(root, programs)
        self.hear = hear

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        chosen = self.hear(Call(tuple(argv), input, tuple(env)))
        return super().run(chosen, input, timeout, ok, env)

    def interact(
        self,
        argv: Sequence[str],
        dialogue: dialogue.Dialogue,
        timeout: float = 60,
        progress: Optional[host.Progress] = None,
    ) -> str:
        typed = tuple(_revealed(exchange.send) for exchange in dialogue.exchanges)
        chosen = self.hear(Call(tuple(argv), None, (), typed, True))
        return super().interact(chosen, dialogue, timeout, progress)

    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        self.hear(Call((), data, path=path))
        super().replace(path, data, like, mode)


def _revealed(send: Any) -> str:
    reveal = getattr(send, "reveal", None)
    return str(reveal() if reveal else send or "")
