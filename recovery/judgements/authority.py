# SPDX-License-Identifier: Apache-2.0
"""Ways that need no clock change: a CA that was brought along, a temporary certificate."""

from typing import List

from recovery import diagnosis
from recovery.finding import NOTE, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Observation

# With these the node certificate is replaced at the true time, whatever its own dates and key.
CLOCK_UNTOUCHED = (diagnosis.OFFLINE_CA, diagnosis.INTERIM)


def judge(seen: Observation, chosen: str) -> List[Finding]:
    """Return what a person should know about the route that was chosen, or may choose."""
    if not seen.ovirt_node or not facts.node_expired(seen):
        return []
    return _at_hand(seen, chosen) + _interim(chosen) + _rescue_clock(seen, chosen)


def _at_hand(seen: Observation, chosen: str) -> List[Finding]:
    if chosen == diagnosis.OFFLINE_CA or seen.engine.answers_ssh:
        return []
    word = "" if seen.running else "--root %s " % seen.root
    return [
        Finding(
            "backup-would-do",
            NOTE,
            "with an engine-backup archive at hand the clock need not be changed",
            ("its scope has to be all or files; the CA's certificate and key will do as well",),
            (word + "recover --engine-backup FILE", word + "recover --ca-cert FILE --ca-key FILE"),
        )
    ]


def _interim(chosen: str) -> List[Finding]:
    if chosen != diagnosis.INTERIM:
        return []
    return [
        Finding(
            "interim-not-proved",
            WARNING,
            "the route interim has not been tried on a real oVirt node yet",
            (
                "tried: libvirtd, gnutls, openssl, and Python's ssl set up as vdsm sets it up",
                "not tried: vdsm, the HA agent and the engine themselves",
            ),
            (
                "until the new certificate is installed the engine does not accept this node",
                "undo puts every file back; the route rewind is the other way",
            ),
        )
    ]


def _rescue_clock(seen: Observation, chosen: str) -> List[Finding]:
    if seen.running or chosen != diagnosis.OFFLINE_CA:
        return []
    return [
        Finding(
            "rescue-clock",
            WARNING,
            "the dates of the new certificate come from the clock of this rescue system",
            ("it shows %s" % facts.utc(seen.moment.wall),),
            ("compare it with a watch before you go on: date -u",),
        )
    ]
