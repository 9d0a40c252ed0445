# SPDX-License-Identifier: Apache-2.0
"""What a person reads at the end of a run, good or bad. Imports context, certificates, moment."""

from typing import List

from recovery import certificates, errors, inventory, restoring
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments


def lines(context: contexts.Context) -> List[str]:
    """Return the last words of a run that came to its end."""
    path = inventory.NODE_CERTIFICATE
    _, end = certificates.dates(path, context.node.read(path))
    shown = ["", "Recovered."]
    shown.append("  new expiry date: %s UTC (%s)" % (moments.utc(end), path))
    restored = context.journal.of(journals.RESTORED)
    if restored:
        now = context.node.now()
        shown.append(
            "  true time restored: %s UTC, deviation %+.2f s"
            % (moments.utc(now.wall), context.deviation(now))
        )
    if context.journal.last("start-engine-vm", journals.VERIFIED):
        shown.append("  HostedEngine: running")
    return shown + _remaining(context)


def _remaining(context: contexts.Context) -> List[str]:
    return [
        "What remains, when you have slept:",
        "  1. engine: `engine-setup --offline` in global maintenance, if the web certificate",
        "     has expired as well",
        "  2. each node: Maintenance, Installation > Enroll Certificate, Activate; that also",
        "     renews the migration, OVN and console certificates",
        "  before-images and journal: %s" % context.directory,
    ]


def explained(context: contexts.Context, error: errors.Error) -> errors.Error:
    """Add to an error where the run stands and what the person does now."""
    if not error.next_step:
        error.next_step = "%s   (or: undo)" % context.order("resume")
    if restoring.clock_is_back(context.journal):
        minutes = context.parameters.guard_seconds // 60
        error.unchanged = (
            "the clock is in the past; without resume or undo the true time comes back by "
            "itself within %d min" % minutes
        )
    return error
