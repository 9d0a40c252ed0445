# SPDX-License-Identifier: Apache-2.0
"""Judge an observation: findings, inhibitors first, and the route. Pure: data in, data out."""

from recovery import routes, window
from recovery.diagnosis import OFFLINE_CA, Diagnosis
from recovery.finding import INHIBITOR, NOTE, WARNING
from recovery.judgements import (
    authority,
    clock,
    engine,
    expiry,
    fallback,
    files,
    hazards,
    node,
    services,
)
from recovery.observation import Observation

ORDER = (INHIBITOR, WARNING, NOTE)


def diagnose(
    seen: Observation, chosen: str = "", ca_given: bool = False, by_hand: bool = False
) -> Diagnosis:
    """Return the diagnosis; `chosen` is a route that the operator gave by name.

    A name is a confirmation: it turns inhibitors that only ask for care into warnings.
    ca_given: the operator brought the engine's CA along, which recommends one route. by_hand: the
    engine is not to be reached over ssh.
    """
    meant = chosen or (OFFLINE_CA if ca_given else "")
    found = window.of(seen, seen.moment.wall)
    choice = routes.choose(seen, found, chosen, ca_given, by_hand)
    findings = (
        node.judge(seen)
        + files.judge(seen, meant)
        + clock.judge(seen, chosen)
        + expiry.judge(seen, found, meant)
        + services.judge(seen, chosen)
        + engine.judge(seen, meant or choice.route, meant or (choice.route if by_hand else ""))
        + authority.judge(seen, meant)
        + fallback.judge(seen, found, by_hand)
        + hazards.judge(seen, meant or choice.route, meant)
    )
    findings.sort(key=lambda one: ORDER.index(one.severity))  # stable: themes stay together
    return Diagnosis(tuple(findings), choice.route, choice.reason, found, choice.allowed)
