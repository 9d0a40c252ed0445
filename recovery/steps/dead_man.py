# SPDX-License-Identifier: Apache-2.0
"""Arm the timer that restores the true time should this tool be gone."""

from recovery import context as contexts
from recovery import deadman, errors, plan
from recovery import journal as journals
from recovery import moment as moments
from recovery.step import Before, Step, Words


class DeadMan(Step):
    """A monotonic transient timer, pushed forward while the tool lives."""

    id = "dead-man"
    until = "restore-time"
    guards = journals.CLOCK_BACK

    def words(self, parameters: plan.Parameters) -> Words:
        after = moments.span(parameters.guard_seconds)
        return Words(
            "arm a timer that restores the true time in %s" % after,
            "if this tool is killed, the clock must come back by itself; the time only",
            (
                "systemd-run --unit=ovirt-cert-recovery-RUN-N --on-active=%ds "
                "--timer-property=AccuracySec=1s ovirt-cert-recovery restore-time --run RUN"
                % parameters.guard_seconds,
            ),
            2,
            "the timer is stopped",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        deadman.arm(context)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if not deadman.is_armed(context):
            raise errors.Error("arm the dead-man timer", "systemd does not see it waiting")

    def holds(self, context: contexts.Context, before: Before) -> bool:
        return deadman.is_armed(context)

    def undo(self, context: contexts.Context, before: Before) -> None:
        deadman.disarm(context)
