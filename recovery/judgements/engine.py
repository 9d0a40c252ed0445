# SPDX-License-Identifier: Apache-2.0
"""The engine VM and its HA services: what would keep it from starting, whom it would fence."""

from typing import Dict, List, Optional, Tuple

from recovery import diagnosis, window
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import facts, reach
from recovery.observation import Certificate, Observation

NO_MAINTENANCE = "hosted-engine --set-maintenance --mode=none"
# On its own console; stopped for the step, it does not fence other nodes at once.
SET_CLOCK = (
    "systemctl stop ovirt-engine; date -u -s '%s'; hwclock --systohc; systemctl start ovirt-engine"
)
# The engine validates every login by calling its own web address (engine: SsoOAuthServiceUtils).
API: Dict[str, Tuple[str, Tuple[str, ...]]] = {
    "expired": (
        "the engine's own web certificate is expired: its API refuses everybody",
        (
            "renew it first: hosted-engine --set-maintenance --mode=global here, then",
            "`engine-setup --offline` on the engine VM, Renew certificates: Yes; then this again",
        ),
    ),
    "untrusted": (
        "the engine's web certificate is not from the CA that this node knows",
        ("a certificate of another CA is in use there? recover --api-ca FILE",),
    ),
    "unreachable": (
        "the engine does not answer, and an ordinary renewal goes through it",
        (
            "start the engine VM, or wait until it is up: hosted-engine --vm-status",
            "is it up, see that this node reaches its port 443",
            "where only ssh to it works: recover --route sign",
        ),
    ),
}
FOREIGN = "engine-setup does not renew it: install a new one by the way it came"
RENEWED_ALONG = (
    "it is renewed along with what a recovery does, by engine-setup in global maintenance",
    "by itself: recover --route renew",
)

# With the engine VM down these start it here.
STARTS = (diagnosis.REWIND, diagnosis.INTERIM, diagnosis.OFFLINE_CA)


def judge(seen: Observation, route: str, chosen: str = "") -> List[Finding]:
    """Return the findings about the engine as far as this node knows it.

    route: the one that would be taken; chosen: the same, where it is the operator's choice.
    """
    if not seen.ovirt_node:
        return []
    if not seen.engine.deployed:
        named = reach.unresolved(seen, route, chosen)
        return _not_here(seen, route) + named + _web(seen) + _own(seen)
    return (
        _global(seen)
        + _local(seen, route)
        + _other_nodes(seen)
        + reach.judge(seen, route, chosen)
        + _web(seen)
        + _own(seen)
        + _api(seen, route)
    )


def _not_here(seen: Observation, route: str) -> List[Finding]:
    """Without an engine that answers there is nothing that could be done from here."""
    severity = WARNING if facts.blocking_leaves(seen) else NOTE
    advice: Tuple[str, ...] = ("a recovery of the engine VM belongs on a node that can carry it",)
    if severity == WARNING and seen.running and route == diagnosis.NONE:
        severity = INHIBITOR
        advice += (
            "the engine runs already? recover --engine ADDRESS",
            "with the engine's CA at hand: recover --engine-backup FILE",
        )
    return [
        Finding(
            "no-hosted-engine",
            severity,
            "no engine VM is deployed on this node",
            ("/etc/ovirt-hosted-engine/hosted-engine.conf: no vmid",),
            advice,
        )
    ]


def _global(seen: Observation) -> List[Finding]:
    if seen.engine.global_maintenance is None and facts.node_expired(seen):
        return _maintenance_unknown() if seen.running else []
    if not seen.engine.global_maintenance:
        return []
    return [
        Finding(
            "global-maintenance",
            WARNING,
            "global maintenance is on: the HA agent will not start the engine VM",
            ("%s: global maintenance" % seen.engine.global_maintenance_source,),
            (
                "the recovery starts it itself: hosted-engine --vm-start",
                "when all is done: " + NO_MAINTENANCE,
            ),
        )
    ]


def _maintenance_unknown() -> List[Finding]:
    return [
        Finding(
            "global-maintenance-unknown",
            NOTE,
            "whether global maintenance is on is not known while the HA services are down",
            ("hosted-engine --vm-status: no answer",),
            ("the recovery does not depend on it: it starts the engine VM itself if need be",),
        )
    ]


def _local(seen: Observation, route: str) -> List[Finding]:
    if not seen.engine.local_maintenance:
        return []
    starts = route in STARTS and seen.running and not seen.engine.needs_no_start
    return [
        Finding(
            "local-maintenance",
            INHIBITOR if starts and _agent_waits(seen) else WARNING,
            "this node is in local maintenance: it will not carry the engine VM",
            ("%s: local_maintenance=True" % seen.engine.local_maintenance_source,),
            (
                NO_MAINTENANCE + ", or without a running HA broker:",
                "set local_maintenance and local_maintenance_manual to False in "
                + seen.engine.local_maintenance_source,
                "systemctl restart ovirt-ha-agent",
            )
            + (() if starts or not _agent_waits(seen) else _until_then(seen)),
        )
    ]


def _until_then(seen: Observation) -> Tuple[str, ...]:
    """Engine-setup wants global maintenance, and there is no agent that could set it."""
    if not setup_due(seen):
        return ()
    return ("or leave the engine's own certificates for later: --no-engine-setup",)


def _agent_waits(seen: Observation) -> bool:
    """From 2.5.0 on the agent in local maintenance does not even connect the storage."""
    version = dict(seen.versions).get("ovirt-hosted-engine-ha", "")
    return not version or _numbers(version) >= (2, 5)


def _numbers(version: str) -> Tuple[int, ...]:
    words = version.split("-")[0].split(".")
    return tuple(int(word) for word in words[:2] if word.isdigit())


def _other_nodes(seen: Observation) -> List[Finding]:
    others = seen.engine.other_nodes
    advice = (
        "an engine that starts fences nodes that do not answer it, 5 minutes later: VMs die",
        "switch off nodes that run no VMs; keep the engine from the power management of others",
        "there also stop ovirt-ha-agent and ovirt-ha-broker (alone that prevents no fencing)",
    )
    if others:
        title = "the engine would fence other nodes, and their VMs with them"
        return [Finding("other-nodes", WARNING, title, others, advice)]
    if facts.node_expired(seen) and seen.engine.global_maintenance is None:
        title = "whether there are other nodes is not known here"
        evidence = ("host_id %s; the HA broker was not asked" % (seen.engine.host_id or "unknown"),)
        return [Finding("other-nodes-unknown", NOTE, title, evidence, advice)]
    return []


def setup_due(seen: Observation) -> bool:
    """Tell whether engine-setup would renew one of the engine's certificates that we know of."""
    return _due(seen, seen.engine.web) or _due(seen, seen.engine.own)


def _due(seen: Observation, one: Optional[Certificate]) -> bool:
    if one is None or one.chain is False:
        return False
    return one.not_after - seen.moment.wall < window.SOON


def _own(seen: Observation) -> List[Finding]:
    """The engine shows it to every vdsm: expired, no node lets the engine in."""
    own = seen.engine.own
    if own is None or own.not_after - seen.moment.wall >= window.SOON:
        return []
    evidence = (facts.dated(own, seen.moment.wall),)
    if facts.expired(seen, own):
        title = "the certificate by which nodes know the engine has expired: none lets it in"
        return [Finding("engine-certificate-expired", WARNING, title, evidence, RENEWED_ALONG)]
    title = "the certificate by which nodes know the engine expires within 60 days"
    return [Finding("engine-certificate-expires-soon", WARNING, title, evidence, RENEWED_ALONG)]


def _web(seen: Observation) -> List[Finding]:
    """The engine checks a login by a call to itself: expired, it takes neither UI nor API users."""
    web = seen.engine.web
    if web is None or web.not_after - seen.moment.wall >= window.SOON:
        return []
    if web.chain is False:
        title = "the engine's web server shows a certificate of another CA, which ends soon or has"
        return [Finding("web-certificate-foreign", WARNING, title, _web_seen(seen), (FOREIGN,))]
    evidence = _web_seen(seen)
    if facts.expired(seen, web):
        title = "the engine's web certificate has expired: nobody can log in"
        return [Finding("web-certificate-expired", WARNING, title, evidence, RENEWED_ALONG)]
    title = "the engine's web certificate expires within 60 days"
    return [Finding("web-certificate-expires-soon", WARNING, title, evidence, RENEWED_ALONG)]


def _web_seen(seen: Observation) -> Tuple[str, ...]:
    web = seen.engine.web
    return (facts.dated(web, seen.moment.wall), "issuer: %s" % web.issuer) if web else ()


def _api(seen: Observation, route: str) -> List[Finding]:
    """Looked at only where the engine has to enroll: that goes through its web side alone."""
    title, advice = API.get(seen.engine.api, ("", ()))
    if not title or (seen.engine.api == "expired" and _due(seen, seen.engine.web)):
        return []  # engine-setup comes first
    if seen.engine.api == "expired" and seen.engine.web and seen.engine.web.chain is False:
        advice = (FOREIGN,)
    identity = "engine-web-%s" % seen.engine.api
    severity = INHIBITOR if route == diagnosis.RENEW else WARNING
    return [Finding(identity, severity, title, (seen.engine.api_problem,), advice)]
