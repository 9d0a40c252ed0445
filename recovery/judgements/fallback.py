# SPDX-License-Identifier: Apache-2.0
"""The way that is left where nobody can reach the engine over ssh: it signs by hand."""

from typing import List

from recovery.finding import NOTE, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Observation
from recovery.window import Window

OPTION = "--sign-by-hand"


def judge(seen: Observation, found: Window, by_hand: bool) -> List[Finding]:
    """Say beforehand what to do where the engine turns out to let nobody in."""
    down = seen.running and seen.engine.deployed and not seen.engine.alive
    if not (facts.node_expired(seen) and down and found.moment is not None):
        return []
    return [_taken_for_down() if by_hand else _nobody_let_in()]


def _taken_for_down() -> Finding:
    title = "the engine VM is taken to be down, for nobody could ask it over ssh"
    advice = "does it run, here or on another node? then no clock is moved with: --route sign"
    return Finding("engine-taken-for-down", WARNING, title, (), (advice,))


def _nobody_let_in() -> Finding:
    return Finding(
        "without-ssh",
        NOTE,
        "once the engine VM runs, somebody has to log in there as root over ssh",
        ("no ssh to a VM that is down: nobody could try it yet",),
        (
            "no password, or no ssh? recover %s: signed on its console" % OPTION,
            "what is signed there has given dates too, so it outlives the true time's return",
        ),
    )
