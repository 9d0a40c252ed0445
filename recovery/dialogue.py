# SPDX-License-Identifier: Apache-2.0
"""A console dialogue as data: what to wait for and what to send. Imports `secret` only."""

import re
from typing import NamedTuple, Optional, Tuple, Union

from recovery import secret

# Terminal control sequences: colours, bracketed paste, titles (seen: samples of virsh and ssh).
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]|\r")


class Exchange(NamedTuple):
    """Wait for `expect` (a regular expression), then send `send` and a newline.

    send None: wait only. optional: the exchange is skipped when a later one, or the end of the
    program, comes first.
    """

    expect: str
    send: Optional[Union[str, secret.Secret]] = None
    optional: bool = False


class Dialogue(NamedTuple):
    """Exchanges in order; `fatal` are questions that nobody may answer: the dialogue stops."""

    exchanges: Tuple[Exchange, ...]
    fatal: Tuple[str, ...] = ()


def plain(text: str) -> str:
    """Return the text of a terminal without its control sequences."""
    return CONTROL.sub("", text)


def candidates(exchanges: Tuple[Exchange, ...]) -> Tuple[Exchange, ...]:
    """Return the exchanges that may come next: the optional ones up to the first that must."""
    chosen = []
    for exchange in exchanges:
        chosen.append(exchange)
        if not exchange.optional:
            break
    return tuple(chosen)
