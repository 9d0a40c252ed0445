# SPDX-License-Identifier: Apache-2.0
"""Watchers of a run: something happens at its first effect of a certain kind."""

import os
import signal
from typing import Callable, List

from tests.procedures import watched

Act = Callable[[], object]


def once(side: str, words: str, act: Act) -> watched.Point:
    """Act at the first effect whose description holds the words; side: before or after."""
    done: List[int] = []

    def point(number: int, seen_side: str, what: str) -> None:
        if not done and seen_side == side and words in what:
            done.append(number)
            act()

    return point


def kill() -> None:
    """End the tool itself as a power cut or the kernel's memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_once(side: str, words: str) -> watched.Point:
    return once(side, words, kill)


def both(*chosen: watched.Point) -> watched.Point:
    """Several watchers, asked in this order."""

    def point(number: int, side: str, what: str) -> None:
        for one in chosen:
            one(number, side, what)

    return point
