# SPDX-License-Identifier: Apache-2.0
"""What the dead-man timer and the boot-time unit do: bring the true time back, and only that.

Never services, never under a running recovery. Imports clock, context, deadman, journal, truth.
"""

from typing import Tuple

from recovery import clock, deadman, errors, host, truth
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments


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
    context.journal = journals.load(context.node, context.journal.run)
    if not clock_is_back(context.journal):
        return "nothing to restore: the run did not leave the clock back"
    anchor, judged = _anchor(context)
    deviation = clock.restore(context.node, lambda now: _true(anchor, now))
    said = "the true time is back (deviation %+.2f s)" % deviation
    try:  # Only now: a disk that is full or cannot be written must not keep the node in the past.
        context.journal = journals.reopen(context.node, context.journal.run)
        if judged:
            context.journal.anchor_at(anchor.moment, anchor.true, word=journals.BY_BOOT)
        context.journal.write(journals.RESTORED, data={"by": by, "deviation": deviation})
    except errors.FileError as caught:
        return "%s; not in the journal: %s" % (said, caught.lines()[0])
    return said


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


def done_already(context: contexts.Context) -> bool:
    """Tell whether a boot or the timer has done it: synchronisation may have bettered it since.

    Not where the clock shows what is past for certain: somebody, or a dead RTC, has set it back.
    """
    if context.stated_true is not None or clock_is_back(context.journal):
        return False
    return truth.may_be_right(context.journal, context.node.now().wall)


def true_now(context: contexts.Context) -> float:
    """Return the true time now: by the clock once synchronisation runs again, for it is steered.

    The anchor is only as good as the clock was then, which nobody may have steered for long.
    """
    journal = context.journal
    back = journal.last(journals.CLOCK_BACK, journals.APPLYING)
    steered = journal.last(journals.START_TIME_SYNC, journals.VERIFIED)
    if steered and back and steered.seq > back.seq and not clock_is_back(journal):
        return context.node.now().wall
    return context.true_at(context.node.instant())


def _anchor(context: contexts.Context) -> Tuple[journals.Anchor, bool]:
    """Return the anchor of this boot, and whether it is a plausible judgement only.

    Raises: errors.Attention when only a person can tell the true time.
    """
    now = context.node.now()
    anchor = context.journal.anchor()
    if anchor is not None and anchor.true_at(now) is not None:
        return anchor, False
    judged = truth.after_boot(context.journal, now)
    if judged.true is None or not judged.plausible:
        raise errors.Attention(
            "restore the true time",
            "it is not known: %s" % judged.reason,
            unchanged="the clock",
            next_step="ovirt-cert-recovery resume --true-time 'YYYY-MM-DD HH:MM' (in UTC)",
        )
    return journals.Anchor(now, judged.true), True


def _true(anchor: journals.Anchor, now: moments.AnyMoment) -> float:
    true = anchor.true_at(now)
    if true is None:
        raise errors.Error("compute the true time", "the node was booted meanwhile")
    return true
