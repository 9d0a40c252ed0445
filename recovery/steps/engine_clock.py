# SPDX-License-Identifier: Apache-2.0
"""Give the engine VM the true time: it booted with the clock that the node had then."""

from typing import Optional

from recovery import context as contexts
from recovery import errors, plan, remote, restoring
from recovery import journal as journals
from recovery import moment as moments
from recovery.step import Before, Step, Words

TOLERANCE = 2.0
# For 300 s after its start the engine fences nobody (DisableFenceAtStartupInSec), but it counts
# them on the wall clock (engine: FenceValidator.java): a long step forward ends them at once.
QUIET = 30.0
# What a rewind that was undone leaves is more. Less makes certificates shorter by hours, and a node
# whose hardware clock runs in local time is itself up to 14 hours off.
LEFT_BEHIND = 86400.0
LEFT = "set the engine VM's clock if it was left in the past"
RUNS = ("active", "activating", "reloading")
SERVICE = "ovirt-engine"
SERVICE_LIMIT = 300


class EngineClock(Step):
    """Its own chronyd may have done it already; else the clock is set over ssh.

    An engine that runs is stopped for the step: started anew it gives the other nodes the time
    without fencing once more, under the true time.
    left: only a clock that an earlier run left in the past is set, in a run that moves none itself.
    """

    id = journals.ENGINE_CLOCK

    def __init__(self, left: bool = False) -> None:
        self.left = left

    def words(self, parameters: plan.Parameters) -> Words:
        since = (
            "a VM that was started in the past goes on living there, and what it issues ends early"
        )
        return Words(
            LEFT if self.left else "see that the engine VM has the true time",
            (since if self.left else "the VM booted in the past and would go on living there")
            + "; %s, if it runs, is started anew, for it must not fence other nodes at once"
            % SERVICE,
            (
                "ssh root@%s systemctl stop %s" % (parameters.engine, SERVICE),
                "ssh ... date -u -s @TRUE_TIME",
                "ssh ... hwclock --systohc",
                "ssh ... systemctl start %s" % SERVICE,
            ),
            20,
            "%s is started, should it have been left stopped" % SERVICE,
        )

    def capture(self, context: contexts.Context) -> Before:
        # One that has not come up yet will do so under the true time.
        return {"runs": _runs(remote.engine(context))}

    def apply(self, context: contexts.Context, before: Before) -> None:
        self._set(context)
        self._start(context, before)

    def _set(self, context: contexts.Context) -> None:
        engine = remote.engine(context)
        off = _off(context, engine)
        if self._wrong(off):
            word = "ahead" if off > 0 else "behind"
            context.say("the engine's clock is %s %s, setting it" % (moments.span(abs(off)), word))
            if off < -QUIET and _runs(engine):
                # It may have come up since the before-image was made.
                context.journal.write(journals.ENGINE_STOPPED, self.id)
                _order(engine, "stop")
            engine.run("date -u -s @%.2f" % restoring.true_now(context))
            # libvirt remembers the RTC's offset for the VM's next boot (clock offset='variable').
            engine.run("hwclock --systohc")

    def _start(self, context: contexts.Context, before: Before) -> None:
        engine = remote.engine(context)
        if _wanted(context, before) and not _runs(engine):
            _order(engine, "start")

    def verify(self, context: contexts.Context, before: Before) -> None:
        problem = self._problem(context, before)
        if problem is not None:
            raise problem
        context.journal.write(journals.ENGINE_CLOCK_SET, self.id)

    def _problem(self, context: contexts.Context, before: Before) -> Optional[errors.Error]:
        engine = remote.engine(context)
        off = _off(context, engine)
        if self._wrong(off):
            return errors.Error("set the engine's clock", "it is still %.1f s off" % off)
        if _wanted(context, before) and not _runs(engine):
            return errors.Error("start %s again" % SERVICE, "it does not run on the engine")
        return None

    def _wrong(self, off: float) -> bool:
        return off < -LEFT_BEHIND if self.left else abs(off) > TOLERANCE

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The true time stays; the engine must not stay stopped half-way."""
        seen = context.journal.last(journals.ENGINE_CLOCK, journals.VERIFIED)
        if not _wanted(context, before) or (seen is not None and not _stopped(context)):
            return
        try:
            _order(remote.engine(context), "start")
        except errors.ProgramError:
            order = "systemctl start %s" % SERVICE
            context.say("the engine cannot be reached; should it be stopped there: %s" % order)


class EngineClockAtOnce(EngineClock):
    """The same in the first moment of the true time, if the engine answers in it.

    Nobody waits here for one that a power cut has ended: it is started later, and then seen to.
    """

    id = "engine-clock-at-once"

    def words(self, parameters: plan.Parameters) -> Words:
        return super().words(parameters)._replace(title="set the engine VM's clock")

    def capture(self, context: contexts.Context) -> Before:
        try:
            return super().capture(context)
        except errors.ProgramError as caught:
            _not_yet(context, caught)
            return {}

    def apply(self, context: contexts.Context, before: Before) -> None:
        try:
            self._set(context)
            self._start(context, before)
        except errors.ProgramError as caught:
            _not_yet(context, caught)

    def verify(self, context: contexts.Context, before: Before) -> None:
        try:
            problem = self._problem(context, before)
        except errors.ProgramError as caught:
            problem = caught
        if problem is not None:
            _not_yet(context, problem)
            return
        context.journal.write(journals.ENGINE_CLOCK_SET, self.id)

    def undo(self, context: contexts.Context, before: Before) -> None:
        later = context.journal.before(journals.ENGINE_CLOCK) is not None
        if _stopped(context) or not (later or context.journal.of(journals.ENGINE_CLOCK_SET)):
            super().undo(context, before)


def _wanted(context: contexts.Context, before: Before) -> bool:
    """Tell whether the engine is to run: it did, or was stopped for the clock's sake."""
    return bool(before.get("runs")) or _stopped(context)


def _stopped(context: contexts.Context) -> bool:
    """Tell whether this run stopped it and has not seen it run again since."""
    told = context.journal.of(journals.ENGINE_STOPPED, journals.ENGINE_CLOCK_SET)
    return bool(told) and told[-1].event == journals.ENGINE_STOPPED


def _not_yet(context: contexts.Context, problem: errors.Error) -> None:
    """The node's own services come before the engine's clock; it is seen to again after them."""
    context.say("not yet: %s" % problem.lines()[0])


def _runs(engine: remote.Remote) -> bool:
    # Its status is 3 for a unit that does not run, which is an answer too.
    return engine.word("systemctl is-active %s || true" % SERVICE) in RUNS


def _order(engine: remote.Remote, verb: str) -> None:
    engine.run("systemctl %s %s" % (verb, SERVICE), timeout=SERVICE_LIMIT)


def _off(context: contexts.Context, engine: remote.Remote) -> float:
    return engine.now().wall - restoring.true_now(context)
