# SPDX-License-Identifier: Apache-2.0
"""Whether the engine can be spoken with over ssh: its name, its port, its host key."""

from typing import List

from recovery import diagnosis
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Observation


def judge(seen: Observation, route: str, chosen: str) -> List[Finding]:
    """Return the findings about the way to the engine; a chosen route is a confirmation."""
    return (
        _alive(seen)
        + _not_reached(seen, route, chosen)
        + unresolved(seen, route, chosen)
        + _host_key(seen)
    )


def _alive(seen: Observation) -> List[Finding]:
    if not facts.node_expired(seen) or not seen.engine.answers_ssh:
        return []
    return [
        Finding(
            "engine-answers",
            NOTE,
            "the engine is alive: it can sign a new certificate at the true time",
            ("%s answers ssh" % (seen.engine.ssh_address or seen.engine.fqdn),),
            ("no clock needs to be changed",),
        )
    ]


def _not_reached(seen: Observation, route: str, chosen: str) -> List[Finding]:
    """The engine may run on another node, its ssh on another port or behind a filter."""
    known = seen.engine
    up = known.vm_health == "good" or (known.serves and known.domain_state != "running")
    if not facts.blocking_leaves(seen) or not up or known.answers_ssh:
        return []
    address = known.ssh_address or known.fqdn or "the engine"
    return [
        Finding(
            "engine-not-reached",
            WARNING if chosen or route == diagnosis.RENEW else INHIBITOR,
            "the engine is up, but its ssh does not answer here",
            (_up(seen), "%s: no ssh on port 22" % address),
            (
                "give the address at which it answers: recover --engine ADDRESS",
                "or see to what lies between: ssh root@%s" % address,
                "or sign on its console: recover --sign-by-hand",
                "the clock is not set back while an engine lives, unless --route rewind says so",
            ),
        )
    ]


def _up(seen: Observation) -> str:
    if seen.engine.vm_health == "good":
        return "hosted-engine --vm-status: health good"
    where = seen.engine.web.path if seen.engine.web else "443"
    return "%s: its web server shows a certificate" % where


def unresolved(seen: Observation, route: str, chosen: str) -> List[Finding]:
    """Told before the clock is back: the resolver may be a VM of this very cluster."""
    if not seen.engine.unresolved:
        return []
    return [
        Finding(
            "engine-name-unknown",
            INHIBITOR if route in (diagnosis.REWIND, diagnosis.INTERIM) and not chosen else WARNING,
            "nobody here knows the address of the engine's name: it would not be reached",
            (seen.engine.unresolved,),
            (
                "add it to /etc/hosts of this node, or give it: recover --engine ADDRESS",
                "where nobody knows it: recover --sign-by-hand, on the engine's console",
            ),
        )
    ]


def _host_key(seen: Observation) -> List[Finding]:
    """Told before anything begins: a down engine shows its key only when the clock is back."""
    address = seen.engine.ssh_address
    if seen.engine.host_key_known is not False:
        return []
    return [
        Finding(
            "engine-host-key-unknown",
            WARNING,
            "the engine's host key is not known here: somebody has to confirm it",
            ("ssh-keygen -F %s: not found" % address,),
            (
                "give it: recover --engine-fingerprint SHA256:...; where somebody logged in "
                "before: ssh-keygen -lF %s" % address,
                "or compare it with the engine's console when you are asked, with the clock back",
            ),
        )
    ]
