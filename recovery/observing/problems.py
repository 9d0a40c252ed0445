# SPDX-License-Identifier: Apache-2.0
"""Collects what could not be observed, so that no single refusal ends the whole look."""

from typing import Callable, List, TypeVar

from recovery import errors

Value = TypeVar("Value")


class Problems:
    """The list of what could not be observed, and why."""

    def __init__(self) -> None:
        self.lines: List[str] = []

    def attempt(self, what: str, probe: Callable[[], Value], otherwise: Value) -> Value:
        """Return what the probe finds, or `otherwise` and a note why it found nothing."""
        try:
            return probe()
        except errors.Error as error:
            self.add(what, error)
        return otherwise

    def add(self, what: str, error: errors.Error) -> None:
        """Note an error in one line: the cause and the last words that were seen."""
        tried = error.what
        if isinstance(error, errors.ProgramError):
            tried = "run `%s`" % errors.paste(error.argv[:2])  # the whole argv may be a screen long
        seen = " (%s)" % error.seen[-1].strip() if error.seen else ""
        self.lines.append("%s: cannot %s: %s%s" % (what, tried, error.cause, seen))
