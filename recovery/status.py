# SPDX-License-Identifier: Apache-2.0
"""How far a run came, from its journal alone. Imports diagnosis, host, journal, moment."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from recovery import diagnosis, errors, host, restoring
from recovery import journal as journals
from recovery import moment as moments
from recovery.judgements.engine import NO_MAINTENANCE as END


class Status(NamedTuple):
    """The state of the last run of this node; run "" when there was none."""

    run: str = ""
    route: str = ""
    outcome: str = ""  # "finished", "undone", "cut off"
    steps: Tuple[Tuple[str, str, str], ...] = ()  # id, title, state ("" never begun)
    clock_back: bool = False
    true: Optional[float] = None  # the true time now, None when only a person can tell
    problem: str = ""  # what went wrong in undo
    begun: Optional[float] = None  # wall times of the run's two ends
    ended: Optional[float] = None
    by_hand: bool = False  # signed at the engine's console: its own part is left to a person


def of_last_run(node: host.Host) -> Status:
    """Read the newest journal. Raises: errors.Error when it is damaged."""
    names = journals.runs(node)
    if not names:
        return Status()
    journal = journals.load(node, names[-1])
    planned = journal.plan.steps
    return Status(
        run=names[-1],
        route=journal.plan.route,
        outcome=_outcome(journal),
        steps=tuple(
            (one.step, one.title, journal.state(one.step) if one.need == "needed" else one.need)
            for one in planned
        ),
        clock_back=restoring.clock_is_back(journal),
        true=_true(node, journal),
        problem="; ".join(_not_undone(journal)),
        begun=_wall(journal.records[:1]),
        ended=_wall(journal.of(journals.FINISHED, journals.ABANDONED))
        if journal.closed()
        else None,
        by_hand=journal.plan.parameters.by_hand,
    )


def _wall(records: List[journals.Record]) -> Optional[float]:
    moment = records[-1].moment
    return moment.wall if isinstance(moment, moments.Moment) else None


def _true(node: host.Host, journal: journals.Journal) -> Optional[float]:
    anchor = journal.anchor()
    try:
        return anchor.true_at(node.instant()) if anchor else None
    except errors.Error:  # a disk at rest has no clock
        return None


def _not_undone(journal: journals.Journal) -> List[str]:
    failed = [journal.last(one.step) for one in journal.plan.steps]
    last = [record for record in failed if record is not None]
    return [one.data.get("cause", "") for one in last if one.event == journals.UNDO_FAILED]


def _outcome(journal: journals.Journal) -> str:
    if not journal.closed():
        return "cut off"
    return "undone" if journal.of(journals.ABANDONED) else "finished"


def next_order(status: Status, node: str = "") -> str:
    """Return what the person does now; node: the other node whose status it is."""
    option = " --node %s" % node if node else ""
    if status.run == "" or status.outcome == "undone":
        return "ovirt-cert-recovery diagnose%s" % option
    if status.outcome == "finished" and status.route == diagnosis.RENEW:
        return "nothing; what the engine has enrolled stays"
    if status.outcome == "finished" and status.by_hand:
        return "by hand on the engine: its clock, engine-setup --offline; then here: " + END
    if status.outcome == "finished":
        undo = "`ovirt-cert-recovery undo%s`" % option
        return "nothing; %s would put the old certificate back" % undo
    return "ovirt-cert-recovery resume%s   (or: undo)" % option


def lines(status: Status, node: str = "") -> List[str]:
    """Return the status as a person reads it."""
    if not status.run:
        return ["no run on this node yet", "next: %s" % next_order(status, node)]
    shown = ["%s, route %s: %s" % (status.run, status.route, status.outcome)]
    if status.begun is not None:
        ended = ", ended %s" % moments.utc(status.ended) if status.ended is not None else ""
        shown.append("begun %s%s UTC" % (moments.utc(status.begun), ended))
    for number, (_, title, state) in enumerate(status.steps, 1):
        doubt = "  IN DOUBT" if state in (journals.APPLYING, journals.UNDOING) else ""
        shown.append("%2d. %-9s %s%s" % (number, state or "-", title, doubt))
    if status.clock_back:
        shown.append("THE CLOCK MAY BE IN THE PAST.")
    if status.true is not None:
        shown.append("true time now: %s UTC" % moments.utc(status.true))
    if status.problem:
        shown.append("not undone: %s" % status.problem)
    return shown + ["next: %s" % next_order(status, node)]


def to_json(status: Status) -> Dict[str, Any]:
    """Return the status as plain JSON values."""
    values = dict(status._asdict())
    values["steps"] = [{"id": one[0], "title": one[1], "state": one[2]} for one in status.steps]
    values["next"] = next_order(status)
    return values
