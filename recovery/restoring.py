# SPDX-License-Identifier: Apache-2.0
"""What the dead-man timer and the boot-time unit do: bring the true time back, and only that.

Never services, never under a running recovery. Imports clock, context, deadman, journal, truth.
"""

from typing import Optional

from recovery import clock, deadman, host, truth
from recovery import context as contexts
from recovery import journal as journals


def restore(context: contexts.Context, at_boot: bool) -> str:
    """Restore the true time of an interrupted run; return what was done, for the journal.

    A recovery that is alive holds the lock: then the timer is only pushed forward.
    """
    try:
        with context.node.lock(journals.LOCK):
            return _restore(context, "boot" if at_boot else "dead-man")
    except host.Busy:
        deadman.postpone(context)
        return "a recovery is alive: the dead-man timer was pushed forward"


def _restore(context: contexts.Context, by: str) -> str:
    # Read again under the lock: the run may have gone on since.
    context.journal = journals.reopen(context.node, context.journal.run)
    if not clock_is_back(context.journal):
        return "nothing to restore: the run did not leave the clock back"
    true = _anchor(context)
    if true is None:
        return "the true time is not known; run ovirt-cert-recovery resume"
    deviation = clock.restore(context.node, context.true_at)
    context.journal.write(journals.RESTORED, data={"by": by, "deviation": deviation})
    return "the true time is back (deviation %+.2f s)" % deviation


def clock_is_back(journal: journals.Journal) -> bool:
    """Tell whether the run may have left the clock in the past, from the journal alone."""
    if journal.closed():
        return False
    back = journal.last(journals.CLOCK_BACK, journals.APPLYING)
    if back is None or journal.state(journals.CLOCK_BACK) == journals.UNDONE:
        return False
    restored = journal.of(journals.RESTORED)  # by the run, the dead-man timer or the boot unit
    verified = journal.last(journals.RESTORE_TIME, journals.VERIFIED)
    return not any(one.seq > back.seq for one in restored[-1:] + ([verified] if verified else []))


def _anchor(context: contexts.Context) -> Optional[float]:
    """Return the true time now; after a boot it is judged, and anchored when it is plausible."""
    now = context.node.now()
    anchor = context.journal.anchor()
    known = anchor.true_at(now) if anchor else None
    if known is not None:
        return known
    judged = truth.after_boot(context.journal, now)
    if judged.true is not None and judged.plausible:
        context.journal.anchor_at(now, judged.true, word="boot")
        return judged.true
    return None
