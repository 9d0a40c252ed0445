# SPDX-License-Identifier: Apache-2.0
"""libvirtd, vdsm and what they stand on: running though expired, failing, out of starts."""

from typing import List, Optional, Tuple

from recovery import inventory
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Failure, Observation

LIBVIRTD = "libvirtd.service"
SERVED_BY_VDSM = 54321
RESET = (
    "systemctl reset-failed libvirtd.service libvirtd.socket libvirtd-ro.socket "
    "libvirtd-admin.socket libvirtd-tls.socket supervdsmd.service vdsmd.service"
)


def judge(seen: Observation, chosen: str = "") -> List[Finding]:
    """Return the findings about services; a route chosen by name lifts the care for running VMs."""
    return (
        _still_running(seen, chosen)
        + _other_failure(seen)
        + _start_limit(seen)
        + _modular(seen)
        + _sanlock(seen)
        + _served(seen)
    )


def still_running(seen: Observation) -> bool:
    """Tell whether VMs run under an expired certificate: expiry bites at the next restart."""
    if not facts.blocking_leaves(seen):
        return False
    if not facts.is_active(seen, LIBVIRTD):
        return bool(seen.running_vms)  # they outlive a libvirtd that has failed
    return seen.engine.domain_state == "running" or seen.running_vms != 0


def _still_running(seen: Observation, chosen: str) -> List[Finding]:
    if not still_running(seen):
        return []
    vms = "not known" if seen.running_vms is None else "%d" % seen.running_vms
    return [
        Finding(
            "expired-still-running",
            WARNING if chosen else INHIBITOR,
            "expired but still running: do not restart or reboot",
            (
                "%s: %s, running VMs: %s" % (LIBVIRTD, _state(seen), vms),
                "HostedEngine: %s" % (seen.engine.domain_state or "not known"),
                *(facts.dated(one, seen.moment.wall) for one in facts.blocking_leaves(seen)),
            ),
            (_loss(seen),) + _ways(seen),
        )
    ]


def _ways(seen: Observation) -> Tuple[str, ...]:
    """Return what may be chosen by name; see routes for what is allowed then."""
    living = ("where the engine lives, let it sign: recover --route sign",)
    if seen.engine.alive:
        return living
    return living + (
        "where it is down: recover --route offline-ca --engine-backup FILE",
        "without its CA: recover --route rewind, where `plan` offers it: under running VMs",
    )


def _state(seen: Observation) -> str:
    unit = facts.unit(seen, LIBVIRTD)
    return unit.active if unit else "not known"


def _loss(seen: Observation) -> str:
    if not facts.is_active(seen, LIBVIRTD):
        return "do not reboot: the VMs run on without libvirtd, but none would come back"
    if facts.node_expired(seen):
        return "do not restart libvirtd or vdsmd and do not reboot: they would not come back"
    return "VMs run on, but none starts or comes here: qemu refuses this copy (vnc_tls=1)"


def other_failure(seen: Observation) -> Optional[Failure]:
    """Return what keeps libvirtd from starting, if it is not a certificate's date."""
    if seen.running and facts.is_active(seen, LIBVIRTD):
        return None
    kinds = ("expired", "not-yet-valid", "unrelated")
    told = facts.failures(seen, kinds, facts.LIBVIRT_UNITS)
    return told[-1] if told and told[-1].kind == "unrelated" else None


def _other_failure(seen: Observation) -> List[Finding]:
    failure = other_failure(seen)
    if failure is None:
        return []
    return [
        Finding(
            "libvirtd-other-failure",
            WARNING if facts.blocking(seen) else INHIBITOR,
            "libvirtd fails for another reason than a certificate's date",
            (facts.told(failure),),
            (
                "look at it: journalctl -u libvirtd -n 50",
                "a new certificate does not cure this; mend it first",
            ),
        )
    ]


def _start_limit(seen: Observation) -> List[Finding]:
    hit = [one for one in seen.units if "start-limit" in one.result]
    lines = tuple("%s: %s (%s)" % (one.name, one.active, one.result) for one in hit)
    if not facts.is_active(seen, LIBVIRTD):
        told = facts.failures(seen, ("start-limit",), facts.LIBVIRT_UNITS)
        lines += tuple(facts.told(one) for one in told[-1:])
    if not lines:
        return []
    return [
        Finding(
            "start-limit-hit",
            NOTE,
            "systemd has given up starting some units",
            lines,
            ("the recovery clears that; by hand: " + RESET,),
        )
    ]


def _modular(seen: Observation) -> List[Finding]:
    active = [
        one for one in ("virtqemud.service", "virtproxyd.service") if facts.is_active(seen, one)
    ]
    if not active:
        return []
    return [
        Finding(
            "modular-libvirt",
            WARNING,
            "modular libvirt daemons run; oVirt uses the monolithic libvirtd",
            tuple("%s: active" % one for one in active),
            ("find out who started them before anything is changed",),
        )
    ]


def _sanlock(seen: Observation) -> List[Finding]:
    sanlock = facts.unit(seen, "sanlock.service")
    if sanlock is None or sanlock.active == "active":
        return []
    return [
        Finding(
            "sanlock-not-active",
            WARNING,
            "sanlock does not run: without leases the engine VM cannot start",
            ("sanlock.service: %s (%s)" % (sanlock.active, sanlock.result),),
            ("look at it: systemctl status sanlock wdmd; never restart a running sanlock",),
        )
    ]


def _served(seen: Observation) -> List[Finding]:
    certificate = facts.node_certificate(seen)
    for one in seen.served:
        if one.port != SERVED_BY_VDSM or certificate is None:
            continue
        if one.fingerprint and one.fingerprint != certificate.fingerprint:
            return [
                Finding(
                    "served-certificate-differs",
                    WARNING,
                    "vdsm still serves another certificate than the one in its file",
                    (
                        "port %d: notAfter %s" % (one.port, facts.utc(one.not_after)),
                        facts.dated(certificate, seen.moment.wall),
                    ),
                    ("once the file is valid: systemctl restart vdsmd",),
                )
            ]
        if one.verified is False and facts.valid(certificate, seen.moment.wall):
            return [
                Finding(
                    "handshake-fails",
                    WARNING,
                    "vdsm's certificate is valid, but a TLS handshake with it fails",
                    ("port %d: %s" % (one.port, one.problem),),
                    ("compare it with its CA: openssl verify -CAfile %s" % _verify(),),
                )
            ]
    return []


def _verify() -> str:
    return "%s %s" % (inventory.NODE_CA, inventory.NODE_CERTIFICATE)
