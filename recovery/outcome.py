# SPDX-License-Identifier: Apache-2.0
"""What a person reads at the end of a run, good or bad. Imports context, certificates, moment
and names."""

from typing import List

from recovery import (
    certificates,
    diagnosis,
    engine_certificates,
    errors,
    inventory,
    restoring,
    run_files,
)
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments
from recovery.judgements import engine as engine_judgements
from recovery.programs import engine_setup

IN_THE_PAST = (
    "; THE CLOCK IS IN THE PAST: without resume or undo the true time comes back by itself "
    "within %d min"
)


def lines(context: contexts.Context) -> List[str]:
    """Return the last words of a run that came to its end."""
    if context.parameters.hosts:
        return _enrolled(context)
    at_rest = context.parameters.at_rest
    shown = ["", "Signed and installed on the disk." if at_rest else "Recovered."]
    if context.journal.plan.route != diagnosis.RENEW:
        shown.append(_expiry(context))
    shown += _engine(context)
    restored = context.journal.of(journals.RESTORED)
    if restored:
        now = context.node.now()
        shown.append(
            "  true time restored: %s UTC, deviation %+.2f s"
            % (moments.utc(now.wall), context.deviation(now))
        )
    if context.journal.last("start-engine-vm", journals.VERIFIED):
        shown.append("  HostedEngine: running")
    shown += _signed_here(context) + (_after_boot() if at_rest else [])
    return shown + _remaining(context)


def _expiry(context: contexts.Context) -> str:
    path = inventory.NODE_CERTIFICATE
    _, end = certificates.dates(path, context.node.read(path))
    return "  new expiry date: %s UTC (%s)" % (moments.utc(end), path)


def _enrolled(context: contexts.Context) -> List[str]:
    """Return the last words where the engine has enrolled the certificates."""
    hosts = context.parameters.hosts
    shown = ["", "Renewed: %s." % ", ".join(hosts)]
    if context.parameters.this_host:
        shown.append(_expiry(context))
    others = [host for host in hosts if host != context.parameters.this_host]
    if others:
        shown += [
            "On %s, with an engine before 4.5.0.7, while no VM runs there:" % ", ".join(others),
            "  systemctl restart libvirtd vdsmd   (else they go on with the old certificate)",
        ]
    tasks = _still_on(context) + _engine_tasks(context)
    tasks += [["every other node: ovirt-cert-recovery recover --route renew", "--all-nodes"]]
    return shown + _engine(context) + _told("What remains:", tasks, context)


def _signed_here(context: contexts.Context) -> List[str]:
    """What the engine cannot know: it did not sign."""
    if context.journal.plan.route != diagnosis.OFFLINE_CA:
        return []
    return [
        "  signed here: the engine has no record of it; it works without one. For the record:",
        "    line 1 of %s belongs at the end of" % run_files.issued(context.directory),
        "    /etc/pki/ovirt-engine/database.txt, the rest into certs/SERIAL.pem beside it",
        "  what you brought along holds the CA's key: guard it as you guard the engine",
    ]


def _after_boot() -> List[str]:
    return [
        "Now boot the node from this disk; then, on it:",
        "  libvirtd and vdsm take the new certificate, the HA agent starts the engine VM within",
        "  10 minutes; in global maintenance it does not: hosted-engine --vm-start",
        "  look with: ovirt-cert-recovery diagnose",
    ]


def _engine(context: contexts.Context) -> List[str]:
    """Return what became of the engine's own certificates."""
    renewed = context.journal.of(journals.RENEWED)
    if not renewed:
        return []
    known = renewed[-1].data["known"]
    ends = ["%s until %s" % (name, moments.utc(known[name]["not_after"])) for name in sorted(known)]
    return ["  engine: %s UTC" % ends[0]] + ["          %s UTC" % end for end in ends[1:]]


def _remaining(context: contexts.Context) -> List[str]:
    by_hand = context.parameters.by_hand
    tasks = _by_hand(context) if by_hand else _still_on(context) + _engine_tasks(context)
    tasks += [
        [
            "each node: recover --route renew (or in the web UI Maintenance, Enroll",
            "Certificate, Activate); it renews migration, OVN, console certificates too",
        ]
    ]
    title = "By hand now, in this order:" if by_hand else "What remains, when you have slept:"
    return _told(title, tasks, context)


def _by_hand(context: contexts.Context) -> List[List[str]]:
    """Return what is done over ssh otherwise, as commands to be typed."""
    now = moments.utc(context.node.now().wall)
    found = context.journal.before("global-maintenance") or {}
    tasks = [
        [
            "the engine's clock (it may live in the past): `date -u` on its console; where that",
            "is off, with the true time of then (`date -u` here):",
            "  " + engine_judgements.SET_CLOCK % now,
        ],
        [
            "the engine's own certificates, which mostly expired on the same day:",
            "  here, if it is not on already: hosted-engine --set-maintenance --mode=global",
            "  on its console: engine-setup --offline   (Renew certificates: Yes)",
            "  (should it not see the global maintenance: the same with",
            "  --otopi-environment=%s)" % engine_setup.BYPASS,
        ],
    ]
    if not found.get("global"):
        tasks.append(["once the engine is healthy, here:", "  " + engine_judgements.NO_MAINTENANCE])
    return tasks


def _still_on(context: contexts.Context) -> List[List[str]]:
    """Return the end of global maintenance as a task, where the engine was not healthy for it."""
    if not context.journal.stays_in_maintenance():
        return []
    first = "global maintenance is still on, the engine was not healthy; once it is:"
    return [[first, engine_judgements.NO_MAINTENANCE]]


def _engine_tasks(context: contexts.Context) -> List[List[str]]:
    """Return engine-setup as a task, where it was left out or nobody looked whether it is due."""
    looked = context.journal.last(engine_certificates.LOOK, journals.VERIFIED) is not None
    left = context.journal.of(journals.LEFT)
    if looked and not left:
        return []
    why = "left out: %s" % left[-1].data["why"] if left else "if the web certificate has expired"
    return [["engine: `engine-setup --offline` in global maintenance,", why]]


def _told(title: str, tasks: List[List[str]], context: contexts.Context) -> List[str]:
    shown = [title]
    for number, lines_ in enumerate(tasks, 1):
        shown.append("  %d. %s" % (number, lines_[0]))
        shown += ["     %s" % line for line in lines_[1:]]
    return shown + ["  before-images and journal: %s" % context.directory]


def still_guarded(context: contexts.Context) -> str:
    """Return what stays as it is while the clock could not be set right."""
    if not restoring.clock_is_back(context.journal):
        return ""
    return "the clock may be in the past; what guards it stays: dead-man timer, boot-time unit"


def but_for(lasting: List[journals.Record]) -> str:
    """Return what an undo has kept, and why, as the end of its last words."""
    whys = {one.step: one.data.get("why", errors.PointOfNoReturn.why) for one in lasting}
    named = ", ".join("%s (%s)" % pair for pair in whys.items())
    return " except " + named if named else ""


def explained(context: contexts.Context, error: errors.Error) -> errors.Error:
    """Add to an error where the run stands and what the person does now."""
    if not error.next_step:
        error.next_step = "%s   (or: undo)" % context.order("resume")
    if restoring.clock_is_back(context.journal):
        minutes = context.parameters.guard_seconds // 60
        error.next_step += IN_THE_PAST % minutes
    return error
