# SPDX-License-Identifier: Apache-2.0
"""Bring the true time back."""

from recovery import clock, errors, plan, restoring
from recovery import context as contexts
from recovery import journal as journals
from recovery.step import Before, Step, Words


class RestoreTime(Step):
    """Wall clock and RTC show the true time, computed from the anchor and uptime."""

    id = journals.RESTORE_TIME

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "restore the true time",
            "the new certificate is in place; nothing needs the past any more",
            ("timedatectl set-time @TRUE_TIME",),
            5,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        if _restored_already(context):
            deviation = context.deviation(context.node.now())
            clock.keep_rtc(context.node, context.true_at)
        else:
            deviation = clock.restore(context.node, context.true_at)
        context.journal.write(journals.RESTORED, data={"by": "recover", "deviation": deviation})

    def verify(self, context: contexts.Context, before: Before) -> None:
        deviation = context.deviation(context.node.now())
        if abs(deviation) > clock.TOLERANCE and not _restored_already(context):
            raise errors.Error("restore the true time", "the clock is %.1f s off" % deviation)
        context.say("the true time is back (deviation %+.2f s)" % deviation)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The true time stays."""


def _restored_already(context: contexts.Context) -> bool:
    """Tell whether a boot or the timer has done it: synchronisation may have bettered it since."""
    return context.stated_true is None and not restoring.clock_is_back(context.journal)
