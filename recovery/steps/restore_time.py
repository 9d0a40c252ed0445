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
        kept = restoring.done_already(context)
        if kept:
            deviation = context.deviation(context.node.now())
            clock.keep_rtc(context.node, context.true_at)
        else:
            deviation = clock.restore(context.node, context.true_at)
        told = {"by": "recover", "deviation": deviation, "kept": kept}
        context.journal.write(journals.RESTORED, data=told)

    def verify(self, context: contexts.Context, before: Before) -> None:
        deviation = context.deviation(context.node.now())
        kept = context.journal.of(journals.RESTORED)[-1].data.get("kept")
        if abs(deviation) > clock.TOLERANCE and not kept:
            raise errors.Error("restore the true time", "the clock is %.1f s off" % deviation)
        context.say("the true time is back (deviation %+.2f s)" % deviation)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The true time stays."""
