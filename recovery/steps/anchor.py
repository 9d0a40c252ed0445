# SPDX-License-Identifier: Apache-2.0
"""Anchor the true time before anything can lose it."""

from recovery import context as contexts
from recovery import errors, plan, restoring
from recovery import journal as journals
from recovery.step import Before, Step, Words


class Anchor(Step):
    """A moment (wall clock, uptime, boot id) in the journal; the rest is arithmetic."""

    id = "anchor"
    guards = journals.CLOCK_BACK

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "anchor the true time",
            "uptime counts on through every clock step, so the true time can be computed",
            ("date +%s.%N", "cat /proc/uptime /proc/sys/kernel/random/boot_id"),
            1,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        if context.stated_true is not None:
            return  # anchored already, and better than by a clock that a person corrects
        if restoring.clock_is_back(context.journal):
            return  # after an undo that could not set the clock right: what it shows is wrong
        # The clock has not been touched yet: applied again after a kill it is as true as before.
        now = context.node.now()
        context.journal.anchor_at(now, now.wall)

    def verify(self, context: contexts.Context, before: Before) -> None:
        anchor = context.journal.anchor()
        if anchor is None or anchor.true_at(context.node.instant()) is None:
            raise errors.Error("anchor the true time", "the journal does not hold the anchor")

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""
