# SPDX-License-Identifier: Apache-2.0
"""The dead-man timer: while the clock is back, a tool that is gone must not keep it there.

A transient systemd timer counts uptime and runs `restore-time`; the tool pushes it forward.
Imports context, journal, programs.
"""

from typing import List

from recovery import context as contexts
from recovery import errors
from recovery import journal as journals
from recovery.programs import systemctl, systemd_run

NOT_LOADED = 5  # systemctl's exit status for a unit that is not there
BEAT_SHARE = 3  # a third of the time passed: push it forward


def arm(context: contexts.Context) -> None:
    """Arm a fresh timer, then stop the former ones. The intent is journaled first."""
    former = _armed(context)
    unit = _name(context)
    context.journal.write(journals.ARMED, data={"unit": unit})
    _start(context, unit)
    for old in former:
        _stop(context, old)


def postpone(context: contexts.Context) -> None:
    """Arm a further timer beside a living recovery, whose journal is not ours to write.

    Nobody stops it later; it finds nothing to restore then, and ends.
    """
    _start(context, _name(context))


def _name(context: contexts.Context) -> str:
    """Return a new unit name: they can be used once only, and uptime in 1/100 s is unique."""
    uptime = context.node.uptime()
    return "ovirt-cert-recovery-%s-%d" % (context.journal.run, round(uptime * 100))


def _start(context: contexts.Context, unit: str) -> None:
    argv = context.itself + ["restore-time", "--run", context.journal.run]
    systemd_run.after(context.node, unit, context.parameters.guard_seconds, argv)


def beat(context: contexts.Context) -> None:
    """Push the timer forward when it is armed and a third of its time has passed."""
    armed = context.journal.of(journals.ARMED)
    if not armed or armed[-1].data.get("unit") is None:
        return
    if armed[-1].moment.boot_id != context.node.boot_id():
        return
    since = context.node.uptime() - armed[-1].moment.boottime
    if since > context.parameters.guard_seconds / BEAT_SHARE:
        arm(context)


def is_armed(context: contexts.Context) -> bool:
    units = _armed(context)
    if not units:
        return False
    return systemctl.show(context.node, [units[-1] + ".timer"])[0].active == "active"


def disarm(context: contexts.Context) -> None:
    """Stop every timer of this boot."""
    for unit in _armed(context):
        _stop(context, unit)
    if context.journal.of(journals.ARMED):
        context.journal.write(journals.ARMED, data={"unit": None})


def _armed(context: contexts.Context) -> List[str]:
    """Return the timers armed in this boot and not yet known to be stopped."""
    boot_id = context.node.boot_id()
    units: List[str] = []
    for record in context.journal.of(journals.ARMED):
        if record.data["unit"] is None:
            units = []
        elif record.moment.boot_id == boot_id:
            units = units[-1:] + [record.data["unit"]]
    return units


def _stop(context: contexts.Context, unit: str) -> None:
    """Stop a timer; one that has fired or was never made is not loaded any more (status 5)."""
    try:
        systemctl.stop(context.node, unit + ".timer")
    except errors.ProgramFailed as caught:
        if caught.exit_status != NOT_LOADED:
            raise
