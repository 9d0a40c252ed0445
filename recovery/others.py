# SPDX-License-Identifier: Apache-2.0
"""The other nodes of the cluster and what remains to be done on each, at the end of a run.

Their names come from the HA broker and from the engine's CA; asking changes nothing. Imports
context, errors, observing, register, remote, waiting, programs.
"""

from typing import Dict, List, NamedTuple, Optional, Tuple

from recovery import context as contexts
from recovery import errors, register, remote, waiting, window
from recovery import moment as moments
from recovery.observing import platform
from recovery.programs import hosted_engine

BROKER_LIMIT = 120
UI = "web UI: Maintenance, Installation > Enroll Certificate, Activate"


class Other(NamedTuple):
    """Another node; when its certificate ends, as far as the engine's CA knows."""

    name: str
    end: Optional[int]


def lines(context: contexts.Context, connected: bool = True) -> List[str]:
    """Return what a person reads about the other nodes; nothing where there are none.

    connected: to the engine, by ssh; else the HA broker alone is asked.
    """
    known, problem = _asked_engine(context) if connected else ({}, [])
    asked = connected and not problem
    found = [Other(name, end) for name, end in sorted(known.items())]
    found += [
        Other(name, None)
        for name in _asked_broker(context, not connected)
        if not any(_same(name, one) for one in known)
    ]
    now = context.node.now().wall
    shown: List[str] = []
    for one in found:
        if not _same(one.name, _repaired(context)):
            shown += _about(context, one, now, asked)
    if not (shown or problem):
        return []
    who = " that the engine's CA knows (removed ones too)" if asked else " that HA knows"
    return ["Other nodes%s:" % (who if shown else "")] + shown + problem


def _asked_engine(context: contexts.Context) -> Tuple[Dict[str, int], List[str]]:
    engine = remote.engine(context)
    try:
        listing = engine.run("ls %s/certs" % register.PKI).stdout
        database = engine.read(register.PKI + "/database.txt").decode("utf-8", "replace")
    except errors.Error as caught:
        return {}, ["  the engine could not be asked: %s" % caught.cause]
    return register.nodes(database, listing), []


def _asked_broker(context: contexts.Context, patient: bool) -> List[str]:
    """Return the nodes that can carry the engine VM; one without a broker knows none.

    patient: give it the time to start, where no step has waited for it since its restart.
    """
    names: List[str] = []

    def look() -> waiting.Seen:
        try:
            names.extend(one.hostname for one in hosted_engine.vm_status(context.node).hosts)
        except errors.ProgramMissing:
            return waiting.Seen(True, "there is none")
        except errors.Error as caught:
            return waiting.Seen(False, caught.seen[0] if caught.seen else caught.cause)
        return waiting.Seen(True, "answers")

    try:
        if patient and context.node.exists(hosted_engine.CONF):
            waiting.wait(context, "the HA broker", look, BROKER_LIMIT)
        elif not patient:
            look()
    except errors.Error:  # the run is over and well all the same
        return []
    return names


def _repaired(context: contexts.Context) -> str:
    return context.parameters.subject.rsplit("/CN=", 1)[-1]


def _same(one: str, other: str) -> bool:
    """Tell whether two names are of the same node: one of them may be short."""
    return one == other or one.partition(".")[0] == other or other.partition(".")[0] == one


def _about(context: contexts.Context, one: Other, now: float, asked: bool) -> List[str]:
    here = platform.hostname(context.here)
    option = "" if _same(one.name, here) else " --node %s" % one.name
    if one.end is None:
        told = "not known to the engine's CA" if asked else "its certificate is not known here"
        return ["  %s: %s" % (one.name, told), _order("diagnose" + option)]
    if one.end < now:
        told = "  %s: expired %s ago" % (one.name, moments.span(now - one.end))
        return [told, _order("recover" + option)]
    told = "  %s: valid until %s UTC" % (one.name, moments.utc(one.end))
    return [told, "    " + UI] if one.end - now < window.SOON else [told]


def _order(words: str) -> str:
    return "    ovirt-cert-recovery %s" % words
