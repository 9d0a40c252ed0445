# SPDX-License-Identifier: Apache-2.0
"""Other nodes as they are found from here, and what may be done with them."""

import argparse
import sys
from typing import List, NamedTuple

from recovery import console as consoles
from recovery import diagnose as diagnosing
from recovery import diagnosis, display, errors, host, observation, planner, report, ssh_host
from recovery import moment as moments
from recovery import observe as observing
from recovery import plan as plans
from recovery.commands import looking, options
from recovery.programs import hosted_engine

APART = 60.0  # seconds by which the clocks of two nodes may differ before anything is signed
STILL_RUNNING = "expired-still-running"
KEEPS_RUNNING = "expired but still running: VMs go on while libvirtd and vdsm are restarted"


class Looked(NamedTuple):
    """One node as it was found."""

    name: str
    node: ssh_host.SshHost
    seen: observation.Observation
    judged: diagnosis.Diagnosis
    wishes: plans.Wishes


def look(
    arguments: argparse.Namespace, here: host.Host, name: str, node: ssh_host.SshHost
) -> Looked:
    """Observe and judge a node; the engine is looked for from here."""
    address = getattr(arguments, "engine", "") or _engine(node) or _engine(here)
    seen = looking.vouched(arguments, observing.observe(node, address=address, gateway=here))
    judged = diagnosing.diagnose(seen, getattr(arguments, "route", ""))
    if [one.id for one in judged.inhibitors] == [STILL_RUNNING]:
        # Its name was given: that is the care the inhibitor asks for. Its VMs keep running.
        judged = diagnosing.diagnose(seen, diagnosis.SIGN)._replace(reason=KEEPS_RUNNING)
    wishes = options.wishes(arguments) if hasattr(arguments, "days") else plans.Wishes()
    # The engine's own certificates are renewed from the node that can see its maintenance mode.
    wishes = wishes._replace(engine=address, route=diagnosis.SIGN, engine_setup="no")
    return Looked(name, node, seen, judged, wishes)


def _engine(node: host.Host) -> str:
    """Return where a node's own configuration says that the engine is."""
    try:
        return hosted_engine.configuration(node).get("fqdn", "")
    except errors.FileError:
        return ""


def clocks_agree(here: host.Host, name: str, node: host.Host) -> None:
    """See that the dates of a new certificate mean the same on both nodes. Raises: Inhibited."""
    off = node.now().wall - here.now().wall
    if abs(off) > APART:
        word = "ahead of" if off > 0 else "behind"
        raise errors.Inhibited(
            "trust the clock of %s" % name,
            "it is %s %s the one here" % (moments.span(abs(off)), word),
            unchanged="everything",
            next_step="set the wrong one of the two first (chronyc tracking)",
        )


def shown(one: Looked) -> Looked:
    """Show what must be read before anything is done."""
    display.show(["", "%s:" % one.name] + report.summary(one.judged), sys.stdout)
    return one


def to_do(console: consoles.Console, found: List[Looked]) -> List[Looked]:
    """Return the nodes to recover; one that cannot be is a reason to begin with none.

    Raises: errors.Inhibited.
    """
    chosen = [one for one in found if one.judged.route == diagnosis.SIGN]
    for one in found:
        valid = one.judged.route in (diagnosis.NONE, diagnosis.RENEW) and not _expired(one)
        if one.judged.inhibitors or not (valid or one in chosen):
            raise errors.Inhibited(
                "recover %s from here" % one.name,
                one.judged.inhibitors[0].title if one.judged.inhibitors else one.judged.reason,
                unchanged="everything, on every node",
                next_step="see to it, or leave it out: give only the other nodes with --node",
            )
        if valid:
            console.say("%s: nothing to do (%s)" % (one.name, one.judged.reason))
    return chosen


def _expired(one: Looked) -> bool:
    certificate = observing.node_certificate(one.seen)
    return certificate is None or one.seen.moment.wall > certificate.not_after


def planned(one: Looked) -> plans.Plan:
    """Return the plan for a node, an empty one where nothing can be done from here."""
    if one.judged.route != diagnosis.SIGN or one.judged.inhibitors:
        return plans.Plan(diagnosis.NONE, one.judged.reason, plans.Parameters(), ())
    return planner.make(one.seen, one.judged, one.wishes)
