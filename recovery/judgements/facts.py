# SPDX-License-Identifier: Apache-2.0
"""Questions that several judgements ask of one observation. Imports data types only."""

from typing import List, Optional, Sequence

from recovery import inventory, moment, window
from recovery.observation import Certificate, Failure, Observation, Unit

LIBVIRT_UNITS = ("libvirtd.service", "virtqemud.service", "virtproxyd.service")


def utc(epoch: float) -> str:
    """Return a time as findings show it."""
    return moment.utc(epoch) + " UTC"


def node_certificate(seen: Observation) -> Optional[Certificate]:
    """Return the node certificate, when it can be read."""
    readable = readable_at(seen, inventory.NODE_CERTIFICATE)
    return readable[0] if readable else None


def readable_at(seen: Observation, path: str) -> List[Certificate]:
    """Return the readable certificates of a file."""
    return [one for one in seen.certificates if one.path == path and one.state == "ok"]


def expired(seen: Observation, one: Certificate) -> bool:
    """Tell whether a certificate is past its notAfter."""
    return one.state == "ok" and one.not_after < seen.moment.wall


def valid(one: Certificate, wall: float) -> bool:
    """Tell whether a certificate is valid at a wall time."""
    return one.state == "ok" and one.not_before <= wall <= one.not_after


def node_expired(seen: Observation) -> bool:
    """Tell whether the node certificate is expired."""
    certificate = node_certificate(seen)
    return certificate is not None and expired(seen, certificate)


def blocking(seen: Observation) -> List[Certificate]:
    """Return the expired certificates that keep libvirtd, vdsm or the engine VM from starting."""
    return [one for one in window.needed(seen) if expired(seen, one)]


def blocking_leaves(seen: Observation) -> List[Certificate]:
    """Return those of them that a new certificate for the node replaces."""
    return [one for one in blocking(seen) if one.kind != inventory.CA]


def unit(seen: Observation, name: str) -> Optional[Unit]:
    """Return a unit's state, None when the node has no such unit."""
    for one in seen.units + seen.sync.units:
        if one.name == name:
            return one
    return None


def is_active(seen: Observation, name: str) -> bool:
    """Tell whether a unit runs."""
    one = unit(seen, name)
    return one is not None and one.active in ("active", "reloading")


def failures(seen: Observation, kinds: Sequence[str], units: Sequence[str]) -> List[Failure]:
    """Return failures of some kinds and units, the newest last."""
    return [one for one in seen.failures if one.kind in kinds and one.unit in units]


def dated(one: Certificate, wall: float) -> str:
    """Return one line about a certificate's dates."""
    distance = one.not_after - wall
    when = "%s left" if distance >= 0 else "%s ago"
    return "%s: notAfter %s (%s)" % (
        one.path,
        utc(one.not_after),
        when % moment.span(abs(distance)),
    )


def told(failure: Failure) -> str:
    """Return one line about a kind of failure in systemd's journal."""
    line = "%s: %s" % (failure.unit, failure.line.strip())
    if failure.times == 1:
        return "%s (once, %s)" % (line, utc(failure.last))
    return "%s (%d times, %s to %s)" % (line, failure.times, utc(failure.first), utc(failure.last))
