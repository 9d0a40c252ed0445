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


class Question(NamedTuple):
    """A question that may be asked at any time, or never, and its answer.

    `expect` is a regular expression; it must match up to the very end of what was shown since
    the last answer, broken lines joined by single blanks. needs: the question that must have
    been asked before; if it was not, `otherwise` is the answer.
    """

    name: str
    expect: str
    answer: str
    needs: str = ""
    otherwise: str = ""


class Dialogue(NamedTuple):
    """Exchanges in order and questions in any order.

    fatal: questions that nobody may answer: the dialogue stops. patience: seconds without a
    word after which a line that was begun and not ended is a question nobody planned for, and
    the dialogue stops too; 0 where such lines are no questions.
    """

    exchanges: Tuple[Exchange, ...] = ()
    fatal: Tuple[str, ...] = ()
    questions: Tuple[Question, ...] = ()
    patience: float = 0


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


def asked(questions: Tuple[Question, ...], text: str) -> Optional[Question]:
    """Return the question that stands at the end of the text; its line is not ended yet."""
    if not unfinished(text):
        return None
    flat = " ".join(text.split())
    for question in questions:
        if re.search("(?:%s)$" % question.expect, flat):
            return question
    return None


def unfinished(text: str) -> str:
    """Return the line at the end of the text that nobody has ended, "" when there is none."""
    return text.rsplit("\n", 1)[-1].strip()
