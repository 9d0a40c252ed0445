# SPDX-License-Identifier: Apache-2.0
"""The way that is left where nobody can reach the engine over ssh: renewal by hand in the past."""

from typing import List, Tuple

from recovery import hops
from recovery.finding import NOTE, Finding
from recovery.judgements import facts
from recovery.observation import Observation
from recovery.window import Window

TITLE = "without ssh to the engine its own renewal in the past is left, by hand: "
BY_HAND = (
    "this tool does not do that: it takes the VM's console (hosted-engine --console) or the web UI",
)


def judge(seen: Observation, found: Window) -> List[Finding]:
    """Say beforehand whether what is issued in the past would survive the true time's return."""
    down = seen.running and seen.engine.deployed and not seen.engine.alive
    if not (facts.node_expired(seen) and down and found.moment is not None):
        return []
    stages = hops.stages(found.moment, seen.moment.wall)
    end = facts.utc(found.moment + hops.WEB_DAYS * hops.DAY)
    issued = "issued at %s for %d days: until %s" % (facts.utc(found.moment), hops.WEB_DAYS, end)
    return [Finding("without-ssh", NOTE, TITLE + _verdict(stages), (issued,), _advice(stages))]


def _verdict(stages: Tuple[int, ...]) -> str:
    if not stages:
        return "it leads nowhere, the past is too far away"
    if len(stages) == 1:
        return "it would last"
    return "it would be dead on arrival but in %d stages" % len(stages)


def _advice(stages: Tuple[int, ...]) -> Tuple[str, ...]:
    if len(stages) < 2:
        return BY_HAND
    moments = ", ".join(facts.utc(one) for one in stages)
    return BY_HAND + ("renew everything at each of these, in order: " + moments,)
