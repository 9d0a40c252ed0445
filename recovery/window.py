# SPDX-License-Identifier: Apache-2.0
"""The window of moments in which every certificate needed is valid: pure arithmetic.

Imports inventory and observation.
"""

from typing import NamedTuple, Optional, Sequence, Tuple

from recovery import inventory
from recovery.observation import Certificate, Observation

HOUR = 3600
DAY = 24 * HOUR

# Time for the whole stay in the past, with a tired person's pauses, before anything expires.
MARGIN = DAY
# The engine's tools offer renewal from here on (engine: pki_utils.py).
SOON = 60 * DAY
# A window this short is no place to work in.
SHORTEST = 2 * HOUR


class Window(NamedTuple):
    """A span of moments (seconds since the epoch), margins already taken off.

    `moment` is the latest of them and so the smallest jump; None when the window is empty:
    then `begins_last` and `ends_first` exclude each other.
    """

    start: int = 0
    end: int = 0
    moment: Optional[int] = None
    needed: Tuple[str, ...] = ()  # paths of the certificates that must be valid in it
    begins_last: Tuple[str, ...] = ()  # paths that bound it at the start
    ends_first: Tuple[str, ...] = ()  # paths that bound it at the end


def needed(observation: Observation) -> Tuple[Certificate, ...]:
    """Return the certificates that must be valid for libvirtd, vdsm and the engine VM to start.

    libvirtd and every TLS peer of vdsm read the node certificate and its CA; qemu reads the
    VNC pair, if vnc_tls is on. Migration, OVN, SPICE and the consoles do not stop a VM's start.
    """
    paths = {inventory.NODE_CERTIFICATE, inventory.NODE_CA}
    for entry in inventory.INVENTORY:
        if observation.vnc_tls and entry.kind == inventory.VNC:
            paths.update((entry.path, entry.ca_path))
    return tuple(one for one in observation.certificates if one.path in paths and one.state == "ok")


def solve(certificates: Sequence[Certificate], now: float, margin: int = MARGIN) -> Window:
    """Return the window of the certificates, ending at `now` at the latest.

    The margin shrinks for short validities: a quarter of what all of them share at most.
    """
    if not certificates:
        return Window()
    first = max(one.not_before for one in certificates)
    last = min(one.not_after for one in certificates)
    margin = max(0, min(margin, (last - first) // 4))
    start, end = first + margin, min(last - margin, int(now))
    usable = last - first >= SHORTEST and start <= end
    return Window(
        start=start,
        end=end,
        moment=end if usable else None,
        needed=tuple(one.path for one in certificates),
        begins_last=tuple(one.path for one in certificates if one.not_before == first),
        ends_first=tuple(one.path for one in certificates if one.not_after == last),
    )


def of(observation: Observation, now: float) -> Window:
    """Return the window of an observed node."""
    return solve(needed(observation), now)
