# SPDX-License-Identifier: Apache-2.0
"""Ways that need no clock change: a CA that was brought along, a temporary certificate."""

from typing import List

from recovery import diagnosis
from recovery.finding import INHIBITOR, NOTE, WARNING, Finding
from recovery.judgements import facts, services
from recovery.observation import Observation

# With these the node certificate is replaced at the true time, whatever its own dates and key.
CLOCK_UNTOUCHED = (diagnosis.OFFLINE_CA, diagnosis.INTERIM)


def judge(seen: Observation, chosen: str) -> List[Finding]:
    """Return what a person should know about the route that was chosen, or may choose."""
    if not seen.ovirt_node or not facts.node_expired(seen):
        return _unsigned(seen, chosen)
    told = _at_hand(seen, chosen) + _interim(chosen) + _rescue_clock(seen, chosen)
    return _unsigned(seen, chosen) + told


def _unsigned(seen: Observation, chosen: str) -> List[Finding]:
    """Where we sign ourselves, plain Python will not do, and nobody else does it."""
    if not seen.plain_python or chosen not in CLOCK_UNTOUCHED:
        return []
    return [
        Finding(
            "signing-needs-compiled-parts",
            INHIBITOR,
            "the route %s signs on this node, and what signs cannot be loaded" % chosen,
            tuple(seen.plain_python.split("; ")),
            (
                "give a directory of root's where programs may be run: SHIV_ROOT=DIR",
                "or take the route that was recommended without --route and --engine-backup",
            ),
        )
    ]


def _at_hand(seen: Observation, chosen: str) -> List[Finding]:
    if chosen == diagnosis.OFFLINE_CA or seen.engine.answers_ssh:
        return []
    word = "" if seen.running else "--root %s " % seen.root
    by_name = "recover --route offline-ca" if services.still_running(seen) else "recover"
    return [
        Finding(
            "backup-would-do",
            NOTE,
            "with an engine-backup archive at hand the clock need not be changed",
            ("its scope has to be all or files; the CA's certificate and key will do as well",),
            tuple(
                "%s%s %s" % (word, by_name, ca)
                for ca in ("--engine-backup FILE", "--ca-cert FILE --ca-key FILE")
            ),
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
