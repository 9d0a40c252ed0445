# SPDX-License-Identifier: Apache-2.0
"""Stop whatever sets the clock so that it stays stopped, and start it again."""

from typing import List, Tuple

from recovery import context as contexts
from recovery import errors, plan, waiting
from recovery import journal as journals
from recovery.programs import systemctl, timedatectl
from recovery.step import Before, Step, Words

STOPPED = ("inactive", "failed")
# They ask a server at the boot and end: an air-gapped node has none, and they would fail.
ONCE = ("chrony-wait.service", "ntpdate.service")


class StopTimeSync(Step):
    """EL7: set-time looks at enablement, so the unit is disabled; newer: stopped and masked.

    The mask is of this boot only (--runtime): after a power cut nothing stays masked.
    """

    id = "stop-time-sync"
    until = "restore-time"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "stop time synchronisation so that it stays stopped",
            "it would bring the clock forward again, and set-time refuses while it runs",
            _commands(parameters),
            3,
            "the units are started again as they were",
        )

    def capture(self, context: contexts.Context) -> Before:
        parameters = context.parameters
        names = _units(parameters)
        units = systemctl.show(context.node, names) if names else []
        return {
            "active": [unit.name for unit in units if unit.active not in STOPPED],
            "enabled": [unit.name for unit in units if unit.enabled == "enabled"],
        }

    def apply(self, context: contexts.Context, before: Before) -> None:
        parameters = context.parameters
        if parameters.sync_by_enablement and before["enabled"]:
            try:
                timedatectl.set_ntp(context.node, False)
            except errors.ProgramError as caught:
                # Then set-time will not work either, and the clock is set by date, which does
                # not care what is enabled.
                context.say(caught.lines()[0])
        if parameters.sync_masked and not parameters.sync_by_enablement:
            systemctl.mask(context.node, *parameters.sync_masked)
        names = _units(parameters)
        if names:
            systemctl.stop(context.node, *names)

    def verify(self, context: contexts.Context, before: Before) -> None:
        waiting.wait(
            context,
            "time synchronisation to end",
            lambda: _look(context),
            60,
            pause=1,
        )

    def holds(self, context: contexts.Context, before: Before) -> bool:
        return _look(context).done

    def undo(self, context: contexts.Context, before: Before) -> None:
        start_again(context, before)


def _units(parameters: plan.Parameters) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(parameters.sync_running + parameters.sync_masked))


def _commands(parameters: plan.Parameters) -> Tuple[str, ...]:
    names, masked = _units(parameters), parameters.sync_masked
    orders = ["systemctl mask --runtime %s" % " ".join(masked)] if masked else []
    if parameters.sync_by_enablement:
        orders = ["timedatectl set-ntp no"]
    return tuple(orders + (["systemctl stop %s" % " ".join(names)] if names else []))


def _commands_back(parameters: plan.Parameters) -> Tuple[str, ...]:
    """Only what was found running or enabled is known when the plan is made."""
    masked = parameters.sync_masked
    verb = "enable" if parameters.sync_by_enablement else "unmask --runtime"
    orders = ["systemctl %s %s" % (verb, " ".join(masked))] if masked else []
    running = [name for name in parameters.sync_running if name not in ONCE]
    return tuple(orders + (["systemctl start %s" % " ".join(running)] if running else []))


def _look(context: contexts.Context) -> waiting.Seen:
    names = _units(context.parameters)
    units = systemctl.show(context.node, names) if names else []
    alive = ["%s is %s" % (unit.name, unit.active) for unit in units if unit.active not in STOPPED]
    return waiting.Seen(not alive, ", ".join(alive) or "stopped")


def start_again(context: contexts.Context, before: Before) -> None:
    """Make the units what they were: unmasked, enabled, running. Idempotent."""
    parameters = context.parameters
    if parameters.sync_masked and not parameters.sync_by_enablement:
        systemctl.unmask(context.node, *parameters.sync_masked)
    if parameters.sync_by_enablement and before["enabled"]:
        systemctl.enable(context.node, *before["enabled"])
    wanted = _wanted(before)
    if wanted:
        systemctl.start(context.node, *wanted)


def _wanted(before: Before) -> List[str]:
    return [name for name in before["active"] if name not in ONCE]


class StartTimeSync(Step):
    """Time synchronisation as it was found."""

    id = journals.START_TIME_SYNC

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "start time synchronisation again",
            "the node is left as it was found",
            _commands_back(parameters),
            3,
            "",
        )

    def capture(self, context: contexts.Context) -> Before:
        found = context.journal.before(StopTimeSync.id)
        return found or {"active": [], "enabled": []}

    def apply(self, context: contexts.Context, before: Before) -> None:
        start_again(context, before)

    def verify(self, context: contexts.Context, before: Before) -> None:
        wanted = _wanted(before)
        for unit in systemctl.show(context.node, wanted) if wanted else []:
            if unit.active not in ("active", "activating"):
                raise errors.Error("start %s" % unit.name, "it is %s" % unit.active)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """It runs as it did before: nothing to take back."""
