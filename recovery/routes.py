# SPDX-License-Identifier: Apache-2.0
"""Which route leads out, and why: the decision tree. Pure; clock work is its last branch."""

from typing import NamedTuple, Optional, Tuple

from recovery import inventory, moment
from recovery.diagnosis import INTERIM, NONE, OFFLINE_CA, RENEW, REWIND, SIGN
from recovery.judgements import clock, engine, expiry, facts, services
from recovery.observation import Observation
from recovery.window import Window

WITH_CA = "; with the engine's CA at hand: --engine-backup FILE"
ALONE = (
    "the engine VM runs here and no other node can carry it: this node cannot go into the "
    "maintenance that an enrollment needs, so the engine signs instead"
)


class Choice(NamedTuple):
    """A route, the reason in one sentence, and the routes that may be chosen by name."""

    route: str
    reason: str
    allowed: Tuple[str, ...] = ()


def choose(
    seen: Observation,
    found: Window,
    chosen: str = "",
    ca_given: bool = False,
    by_hand: bool = False,
) -> Choice:
    """Return the route for this node; the first rule that speaks decides."""
    settled = _hopeless(seen, chosen) or _valid(seen)
    if settled:
        return settled
    choice = _expired(seen, found)
    if by_hand and seen.running and SIGN not in choice.allowed:
        # An engine that nobody reaches may live all the same: whoever sits at its console knows.
        choice = choice._replace(allowed=choice.allowed + (SIGN,))
    return _with_ca(seen, choice) if ca_given else choice


def _with_ca(seen: Observation, choice: Choice) -> Choice:
    """The engine's CA is here: nothing is easier than to sign with it, the clock untouched."""
    reason = "the engine's CA is at hand: it signs here, at the true time"
    if services.still_running(seen):
        reason = choice.reason
    return Choice(OFFLINE_CA, reason, tuple(dict.fromkeys((OFFLINE_CA,) + choice.allowed)))


def _hopeless(seen: Observation, chosen: str) -> Optional[Choice]:
    if not seen.ovirt_node:
        return Choice(NONE, "this is no oVirt node")
    for path in (inventory.NODE_CERTIFICATE, inventory.NODE_CA):
        if not facts.readable_at(seen, path):
            return Choice(NONE, "%s cannot be read" % path)
    if seen.running and clock.doubtful(seen, chosen):
        return Choice(NONE, "the system clock is in doubt: it has to be right before anything else")
    if expiry.authority_expired(seen):
        return Choice(NONE, "the CA itself is expired: no certificate that it signs is trusted")
    if expiry.stale_authorities(seen):
        return Choice(NONE, "an expired CA stands beside the node's own: take it out of its file")
    return None


def _valid(seen: Observation) -> Optional[Choice]:
    """Nothing that is needed is expired: an ordinary renewal at most."""
    certificate = facts.node_certificate(seen)
    if facts.blocking(seen) or certificate is None:
        return None
    if seen.moment.wall < certificate.not_before:
        return Choice(NONE, "the node certificate is not yet valid: the clock is behind")
    if services.other_failure(seen):
        return Choice(NONE, "the certificates are valid; libvirtd fails for another reason")
    late = [one for one in seen.certificates if facts.expired(seen, one)]
    near = late or expiry.soon(seen)
    if near and _alone(seen) and certificate in expiry.soon(seen):
        return Choice(SIGN, ALONE, (SIGN, RENEW))
    enrolled = "the engine can enroll what is %s" % ("expired" if late else "near expiry")
    if engine.setup_due(seen):
        reason = "the node works; the engine's own certificates are renewed by engine-setup"
        then = "; then " + enrolled if near else ""
        return Choice(RENEW, reason + then, (RENEW, SIGN) if near else (RENEW,))
    if near:
        return Choice(RENEW, "the node works and " + enrolled, (RENEW, SIGN))
    # Other nodes may be in need; they too are enrolled from here.
    return Choice(NONE, "every certificate is valid: there is nothing to do", (RENEW,))


def _alone(seen: Observation) -> bool:
    """Tell whether the engine VM runs here and nobody else could take it over."""
    known = seen.engine.global_maintenance is not None  # the HA broker was asked
    return known and seen.engine.domain_state == "running" and not seen.engine.other_nodes


def _expired(seen: Observation, found: Window) -> Choice:
    by_hand = (OFFLINE_CA, INTERIM)
    if not seen.running:
        reason = (
            "the node on this disk is not running; only --engine-backup FILE signs here, all else "
            "runs on the booted node"
        )
        return Choice(NONE, reason, (OFFLINE_CA,))
    if services.still_running(seen):
        return _running(seen, found)
    if seen.engine.answers_ssh:
        # An engine from 4.5.0.7 on enrolls a node that does not answer; its own step judges.
        reason = "the engine answers ssh and can sign at the true time"
        return Choice(SIGN, reason, (SIGN, OFFLINE_CA, RENEW))
    if seen.engine.alive:
        # Only somebody who knows better than the HA broker may have the clock set back.
        reason = "the engine is up, but not reached by ssh: give its address, --engine ADDRESS"
        by_name = (REWIND,) if found.moment is not None and not _broken(seen) else ()
        return Choice(SIGN, reason, (SIGN, OFFLINE_CA, RENEW) + by_name)
    if not seen.engine.deployed:
        reason = "no engine VM is deployed here: run the recovery on a node that can carry it"
        return Choice(NONE, reason, (SIGN, OFFLINE_CA))
    if _broken(seen):
        return Choice(NONE, "the node certificate fits neither key nor CA" + WITH_CA, by_hand)
    if found.moment is None:
        return Choice(NONE, "no moment suits all needed certificates" + WITH_CA, by_hand)
    return Choice(REWIND, _why_rewind(seen, found.moment), (REWIND,) + by_hand)


def _running(seen: Observation, found: Window) -> Choice:
    """Only the operator may touch a node whose VMs run; the rewind only if no engine lives."""
    reason = "expired but still running: nothing is done unless a route is chosen by name"
    if seen.engine.alive and not facts.node_expired(seen):
        # The engine reaches this node and can enroll it.
        unreached = not seen.engine.answers_ssh and not _alone(seen)
        return Choice(RENEW if unreached else SIGN, reason, (SIGN, OFFLINE_CA, RENEW))
    if seen.engine.alive or not seen.engine.deployed:
        return Choice(SIGN, reason, (SIGN, OFFLINE_CA))
    if found.moment is None:
        return Choice(SIGN, reason, (SIGN, OFFLINE_CA) + _where_libvirtd_is_dead(seen))
    return Choice(SIGN, reason, (SIGN, OFFLINE_CA, REWIND) + _where_libvirtd_is_dead(seen))


def _where_libvirtd_is_dead(seen: Observation) -> Tuple[str, ...]:
    """Its restart is what running VMs are spared; theirs has failed already."""
    return () if facts.is_active(seen, services.LIBVIRTD) else (INTERIM,)


def _broken(seen: Observation) -> bool:
    certificate = facts.node_certificate(seen)
    return certificate is not None and False in (certificate.key_match, certificate.chain)


def _why_rewind(seen: Observation, latest: int) -> str:
    back = moment.span(seen.moment.wall - latest)
    which = "the node certificate" if facts.node_expired(seen) else "the copy of it for VNC"
    return (
        "the engine VM is down and cannot start while %s is expired; at %s (%s back) all needed "
        "certificates are valid%s" % (which, facts.utc(latest), back, WITH_CA)
    )
