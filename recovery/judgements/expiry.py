# SPDX-License-Identifier: Apache-2.0
"""What is expired, what will be soon, and whether one moment suits all certificates."""

from typing import List, Sequence, Tuple

from recovery import diagnosis, inventory, moment, window
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import authority, facts, services
from recovery.observation import Certificate, Observation
from recovery.window import Window

CA_SOON = 365 * window.DAY
AUTHORITIES = (inventory.CA, inventory.QEMU_CA)
# These routes ask the engine at the true time.
BY_THE_ENGINE = (diagnosis.SIGN, diagnosis.RENEW)


def judge(seen: Observation, found: Window, chosen: str = "") -> List[Finding]:
    """Return the findings about validity at the node's own clock.

    chosen: the route that is meant; one that leaves the clock alone needs no window.
    """
    return (
        _authority(seen)
        + _stale_authority(seen)
        + _node(seen)
        + _others(seen)
        + _not_yet(seen)
        + _soon(seen)
        + _mixed_ages(seen)
        + _empty_window(seen, found, chosen)
    )


def authority_expired(seen: Observation) -> List[Certificate]:
    """Return the CA that signed the node certificate, if it is expired and not renewed."""
    certificate = facts.node_certificate(seen)
    signers = [
        one
        for one in facts.readable_at(seen, inventory.NODE_CA)
        if not certificate or one.subject == certificate.issuer
    ]
    late = [one for one in signers if facts.expired(seen, one)]
    return late if len(late) == len(signers) else []


def stale_authorities(seen: Observation) -> List[Certificate]:
    """Return expired CAs beside the node's own: libvirtd and qemu refuse a file with one.

    No route helps: each ends with a start under the true time.
    """
    if authority_expired(seen):
        return []
    return [one for one in facts.blocking(seen) if one.kind == inventory.CA]


def _lines(seen: Observation, found: Sequence[Certificate]) -> Tuple[str, ...]:
    return tuple(facts.dated(one, seen.moment.wall) for one in found)


def _authority(seen: Observation) -> List[Finding]:
    found = authority_expired(seen)
    if not found:
        return []
    return [
        Finding(
            "ca-expired",
            INHIBITOR,
            "the CA itself is expired: no certificate that it signs is trusted",
            _lines(seen, found),
            (
                "the CA must be renewed first, with the same key, then given to every node",
                "on the engine VM, if it runs: `engine-setup --offline` offers that",
                "is it down too, no route leads out: keep the running VMs running, change nothing",
                "save /etc/pki and the engine-backup archives, and ask those who know oVirt",
                "check `date` first: a clock that is years ahead looks the same",
            ),
        )
    ]


def _stale_authority(seen: Observation) -> List[Finding]:
    found = stale_authorities(seen)
    if not found:
        return []
    return [
        Finding(
            "stale-ca",
            INHIBITOR,
            "an expired CA stands in a CA file: libvirtd or qemu refuse the file when they start",
            tuple(
                "%s: subject %s" % (facts.dated(one, seen.moment.wall), one.subject)
                for one in found
            ),
            (
                "until it is out, restart neither libvirtd nor the node",
                "make a copy, then take this CA's block out of the file; the signer of %s stays"
                % inventory.NODE_CERTIFICATE,
                "a file with no other CA in it: put the content of %s there" % inventory.NODE_CA,
                "then diagnose again; nothing valid is lost, for what it signed is not trusted now",
            ),
        )
    ]


def _node(seen: Observation) -> List[Finding]:
    certificate = facts.node_certificate(seen)
    if certificate is None or not facts.expired(seen, certificate):
        return []
    ago = moment.span(seen.moment.wall - certificate.not_after)
    journal = facts.failures(seen, ("expired",), facts.LIBVIRT_UNITS)
    return [
        Finding(
            "node-certificate-expired",
            WARNING,
            "the node certificate expired %s ago" % ago,
            _lines(seen, [certificate]) + tuple(facts.told(one) for one in journal),
            ("`ovirt-cert-recovery plan` shows every step of the route",),
        )
    ]


def _others(seen: Observation) -> List[Finding]:
    found = [
        one
        for one in seen.certificates
        if facts.expired(seen, one) and one.path != inventory.NODE_CERTIFICATE
    ]
    told = authority_expired(seen) + stale_authorities(seen)
    found = [one for one in found if one not in told]
    if not found:
        return []
    return [
        Finding(
            "other-certificates-expired",
            WARNING,
            "other certificates of the node are expired",
            _lines(seen, found),
            (
                "copies of the node certificate are renewed with it",
                "migration, OVN and console certificates: Enroll Certificate in the web UI",
            ),
        )
    ]


def _not_yet(seen: Observation) -> List[Finding]:
    wall = seen.moment.wall
    found = [one for one in seen.certificates if one.state == "ok" and wall < one.not_before]
    if not found:
        return []
    vital = {inventory.NODE_CERTIFICATE, inventory.NODE_CA}
    return [
        Finding(
            "not-yet-valid",
            INHIBITOR if any(one.path in vital for one in found) else WARNING,
            "certificates that are not yet valid: is the clock behind?",
            tuple("%s: notBefore %s" % (one.path, facts.utc(one.not_before)) for one in found),
            ("compare `date -u` with a clock that is right, and set it if it is wrong",),
        )
    ]


def soon(seen: Observation) -> List[Certificate]:
    """Return the node's certificates that end within 60 days and are not expired yet."""
    wall = seen.moment.wall
    return [
        one
        for one in seen.certificates
        if one.kind not in AUTHORITIES
        and facts.valid(one, wall)
        and one.not_after - wall < window.SOON
    ]


def _soon(seen: Observation) -> List[Finding]:
    wall = seen.moment.wall
    findings = []
    near = soon(seen)
    if near:
        title = "certificates that expire within 60 days"
        enroll = (
            "renew them now: `ovirt-cert-recovery recover`, or in the web UI Maintenance,",
            "Installation > Enroll Certificate, Activate",
        )
        findings.append(Finding("expires-soon", WARNING, title, _lines(seen, near), enroll))
    found = [
        one
        for one in seen.certificates
        if one.kind in AUTHORITIES and facts.valid(one, wall) and one.not_after - wall < CA_SOON
    ]
    if found:
        title = "a CA expires within a year: then everything that it signed is worthless"
        setup = ("`engine-setup --offline` on the engine VM renews it",)
        findings.append(Finding("ca-expires-soon", WARNING, title, _lines(seen, found), setup))
    return findings


def _mixed_ages(seen: Observation) -> List[Finding]:
    leaves = [one for one in seen.certificates if one.state == "ok" and one.kind not in AUTHORITIES]
    ends = [one.not_after for one in leaves]
    if not ends or max(ends) - min(ends) < window.DAY:
        return []
    return [
        Finding(
            "mixed-ages",
            NOTE,
            "the certificates of this node are of mixed ages",
            _lines(seen, leaves),
            (
                "each is judged by its own dates; one renewed file does not mean all are",
                "never copy vdsmcert.pem over libvirt-migrate: own key, own CA",
            ),
        )
    ]


def _empty_window(seen: Observation, found: Window, chosen: str) -> List[Finding]:
    if found.moment is not None or not found.needed or not facts.blocking(seen):
        return []
    untouched = seen.engine.answers_ssh or chosen in authority.CLOCK_UNTOUCHED + BY_THE_ENGINE
    return [
        Finding(
            "empty-window",
            NOTE if untouched else INHIBITOR,
            "there is no moment at which all needed certificates are valid",
            _excluding(seen, found),
            (
                "setting the clock back cannot help here",
                "with an engine-backup archive: recover --route offline-ca --engine-backup FILE",
                *_without_ca(seen),
                "a VNC certificate alone is in the way? vnc_tls=0 in /etc/libvirt/qemu.conf",
            ),
        )
    ]


def _without_ca(seen: Observation) -> Tuple[str, ...]:
    """Return the last way, where it may be chosen; see routes."""
    if not seen.engine.deployed or not seen.running:
        return ()
    if services.still_running(seen) and facts.is_active(seen, services.LIBVIRTD):
        return ()
    if seen.engine.answers_ssh or seen.engine.alive:
        return ()
    return ("without one: recover --route interim (not tried on a real oVirt node yet)",)


def _excluding(seen: Observation, found: Window) -> Tuple[str, ...]:
    ends = {one.path: one.not_after for one in seen.certificates}
    begins = {one.path: one.not_before for one in seen.certificates}
    return tuple(
        "%s begins at %s" % (path, facts.utc(begins[path])) for path in found.begins_last
    ) + tuple("%s ended at %s" % (path, facts.utc(ends[path])) for path in found.ends_first)
