# SPDX-License-Identifier: Apache-2.0
"""Give the engine VM the true time: it booted with the clock that the node had then."""

from recovery import context as contexts
from recovery import errors, plan, remote
from recovery import moment as moments
from recovery import observation as observations
from recovery.step import NEEDED, Before, Step, Words

TOLERANCE = 2.0


class EngineClock(Step):
    """Its own chronyd may have done it already; else the clock is set over ssh."""

    id = "engine-clock"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "set the engine VM's clock",
            "the VM booted in the past and would go on living there",
            ("ssh root@%s date -u -s @TRUE_TIME" % parameters.engine, "ssh ... hwclock --systohc"),
            5,
            "",
        )

    def check(self, observation: observations.Observation) -> str:
        return NEEDED

    def capture(self, context: contexts.Context) -> Before:
        return {}

    def apply(self, context: contexts.Context, before: Before) -> None:
        engine = _engine(context)
        off = _off(context, engine)
        if abs(off) <= TOLERANCE:
            return
        word = "ahead" if off > 0 else "behind"
        context.say("the engine's clock is %s %s, setting it" % (moments.span(abs(off)), word))
        engine.run("date -u -s @%.2f" % context.true_at(context.node.now()))
        # libvirt remembers the RTC's offset for the VM's next boot (clock offset='variable').
        engine.run("hwclock --systohc")

    def verify(self, context: contexts.Context, before: Before) -> None:
        engine = _engine(context)
        off = _off(context, engine)
        if abs(off) > TOLERANCE:
            raise errors.Error("set the engine's clock", "it is still %.1f s off" % off)

    def holds(self, context: contexts.Context, before: Before) -> bool:
        return True

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The true time stays."""


def _engine(context: contexts.Context) -> remote.Remote:
    return remote.of(context.node, context.parameters.engine, context.directory)


def _off(context: contexts.Context, engine: remote.Remote) -> float:
    return engine.now().wall - context.true_at(context.node.now())
