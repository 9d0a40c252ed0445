# SPDX-License-Identifier: Apache-2.0
"""Set the clock back, and keep the true time in the hardware clock."""

from recovery import clock, errors, plan, restoring, waiting
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments
from recovery import observation as observations
from recovery.programs import hwclock
from recovery.step import NEEDED, SATISFIED, Before, Step, Words


class ClockBack(Step):
    """The wall clock goes to the moment that the window solver found."""

    id = journals.CLOCK_BACK
    until = "install"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "set the clock back to %s UTC" % moments.utc(parameters.past),
            "the latest moment at which every certificate needed is valid",
            ("timedatectl set-time @%d" % parameters.past,),
            2,
            "the true time is restored",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        clock.step_to(context.node, context.parameters.past)

    def verify(self, context: contexts.Context, before: Before) -> None:
        shown = context.node.now().wall
        if not -1 <= shown - context.parameters.past <= 60:
            raise errors.Error("set the clock back", "it shows %s UTC" % moments.utc(shown))

    def holds(self, context: contexts.Context, before: Before) -> bool:
        moved = waiting.moved_since_back(context)
        return moved is not None and abs(moved) <= waiting.STRAY

    def undo(self, context: contexts.Context, before: Before) -> None:
        if restoring.done_already(context):
            return
        clock.restore(context.node, context.true_at)


class KeepRtc(Step):
    """set-time dragged the RTC along: give it the true time back at once.

    A power cut then boots into the present by itself, and the restore has a second witness.
    """

    id = "keep-rtc"
    until = "install"
    # On EL8 the RTC is dragged along seconds later: asked at once, it still shows the true time.
    follows = ClockBack.id

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "write the true time back into the hardware clock",
            "set-time dragged it along; with the true time in it a power cut is harmless",
            ("TZ=UTC hwclock --set --utc --date='TRUE TIME'",),
            8,
            "",
        )

    def check(self, observation: observations.Observation) -> str:
        return NEEDED if observation.rtc is not None else SATISFIED

    def apply(self, context: contexts.Context, before: Before) -> None:
        # On EL8 the RTC is dragged along by a program that may still be running.
        context.node.sleep(clock.RTC_SETTLES)
        try:
            clock.keep_rtc(context.node, context.true_at)
            context.journal.write(journals.RTC, data={"kept": True})
        except errors.Error as caught:
            context.journal.write(journals.RTC, data={"kept": False})
            context.say("%s; the boot-time unit guards a power cut" % caught.lines()[0])

    def verify(self, context: contexts.Context, before: Before) -> None:
        """An RTC that cannot be written is told, not fatal: the boot-time unit stands behind."""

    def holds(self, context: contexts.Context, before: Before) -> bool:
        rtc = hwclock.read(context.node)
        if rtc is None or hwclock.is_local(context.node):
            return True
        return abs(rtc - context.true_at(context.node.instant())) <= clock.RTC_TOLERANCE

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The RTC shows the true time: nothing to take back."""
