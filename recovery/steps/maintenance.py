# SPDX-License-Identifier: Apache-2.0
"""Global maintenance: keep the HA agent from killing an engine that is being repaired."""

from typing import Optional

from recovery import context as contexts
from recovery import engine_certificates, engine_start, errors, plan, waiting
from recovery import journal as journals
from recovery import observation as observations
from recovery.judgements import engine as engine_judgements
from recovery.programs import hosted_engine
from recovery.step import NEEDED, SATISFIED, Before, Step, Words

BROKER_LIMIT = 420  # the agent may take 240 s to get the storage domain
HEALTH_LIMIT = 900
SETTLED_LIMIT = 180  # in an undo: the services may just have been restarted


class GlobalMaintenance(Step):
    """Outside of it the agent gives the engine 600 s to be healthy, then shuts the VM down.

    when_due: only for engine-setup, so not where the engine's certificates are fine or left.
    """

    id = "global-maintenance"

    def __init__(self, when_due: bool = False, until: str = "leave-maintenance") -> None:
        self.when_due = when_due
        self.until = until

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "set global maintenance" + (" if engine-setup is to be run" if self.when_due else ""),
            "else the HA agent shuts the engine VM down when it is not healthy in 600 s",
            ("hosted-engine --set-maintenance --mode=global",),
            15,
            "the mode is set back to what it was",
        )

    def check(self, observation: observations.Observation) -> str:
        return _checked(observation, self.when_due)

    def capture(self, context: contexts.Context) -> Before:
        due = engine_certificates.found_due(context.journal)
        if self.when_due and (not due or context.journal.of(journals.LEFT)):
            return {"global": True, "needless": True}
        self._broker(context)
        return {
            "global": hosted_engine.vm_status(context.node).global_maintenance,
            "local": hosted_engine.local_maintenance(context.node),
        }

    def apply(self, context: contexts.Context, before: Before) -> None:
        if self._needless(context, before):
            context.say("not needed: engine-setup will not be run")
            return
        # Again, for `capture` is not called when the step is redone after a boot.
        self._broker(context)
        if not hosted_engine.vm_status(context.node).global_maintenance:
            hosted_engine.set_maintenance(context.node, "global")

    def verify(self, context: contexts.Context, before: Before) -> None:
        if not self._needless(context, before):
            waiting.wait(context, "global maintenance", lambda: _effective(context), 60, pause=5)

    def holds(self, context: contexts.Context, before: Before) -> bool:
        return self._needless(context, before) or _global(context) is True

    def undo(self, context: contexts.Context, before: Before) -> None:
        if before["global"] or _left(context):
            return
        found = _settled(context)
        if found is None:
            raise errors.ByHand(
                "end global maintenance",
                "the HA broker does not answer, so whether it is on is not known",
                seen=[_answers(context).text],
                unchanged="the maintenance alone: the undo goes on",
                next_step="see it once the broker answers (hosted-engine --vm-status); to end it: "
                + engine_judgements.NO_MAINTENANCE,
            )
        if found:
            _end(context, before)

    def _needless(self, context: contexts.Context, before: Before) -> bool:
        # `resume` may have left engine-setup out since the before-image was made.
        left = self.when_due and context.journal.of(journals.LEFT)
        return bool(before.get("needless") or left)

    def _broker(self, context: contexts.Context) -> None:
        """Wait for its answer; engine-setup alone needs it: the node has its certificate."""
        try:
            waiting.wait(context, "the HA broker", lambda: _answers(context), BROKER_LIMIT)
        except waiting.TooLong as caught:
            if self.when_due:
                caught.next_step = (
                    "see what keeps ovirt-ha-broker from answering (journalctl -u "
                    "ovirt-ha-broker), then ovirt-cert-recovery resume; to go on without "
                    "engine-setup: resume --no-engine-setup"
                )
            raise


class LeaveMaintenance(Step):
    """Back to the mode that was found, once the engine is healthy enough for the agent."""

    id = journals.LEAVING

    def __init__(self, when_due: bool = False) -> None:
        self.when_due = when_due

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "leave global maintenance if it was not on before",
            "the HA agent may take over again when the engine is healthy",
            (engine_judgements.NO_MAINTENANCE,),
            60,
            "",
        )

    def check(self, observation: observations.Observation) -> str:
        return _checked(observation, self.when_due)

    def capture(self, context: contexts.Context) -> Before:
        return context.journal.before(GlobalMaintenance.id) or {"global": True}

    def apply(self, context: contexts.Context, before: Before) -> None:
        if before.get("needless"):
            return
        if before["global"]:
            context.say("global maintenance was on before and stays on")
            return
        try:
            waiting.wait(
                context, "the engine's health", lambda: _healthy(context), HEALTH_LIMIT, pause=20
            )
        except waiting.TooLong as caught:
            # The agent would shut down the VM that is being repaired; its own web certificate
            # may be what is missing, and engine-setup wants global maintenance anyway.
            context.say("%s; global maintenance stays on" % caught.lines()[0])
            context.journal.write(journals.STAYS, self.id)
            return
        _end(context, before)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if before["global"] or context.journal.stays_in_maintenance():
            return
        if _healthy(context).done:
            waiting.wait(
                context, "the end of global maintenance", lambda: _ended(context), 60, pause=5
            )

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The mode is what it was before the run."""


def _checked(observation: observations.Observation, when_due: bool) -> str:
    """Engine-setup wants the mode wherever the engine runs; a start wants it only here.

    A node that no engine VM can run on has no HA services to tell.
    """
    engine = observation.engine
    needless = not engine.deployed if when_due else engine.needs_no_start
    return SATISFIED if needless else NEEDED


def _end(context: contexts.Context, before: Before) -> None:
    """End global maintenance; the same word ends a local one, which cannot be put back here."""
    hosted_engine.set_maintenance(context.node, "none")
    if before.get("local"):
        # --mode=local is refused on the node that runs the engine VM; set in ha.conf by force
        # it would have the agent move the VM away.
        context.say("local maintenance was on before and has ended too; to have it again, once")
        context.say("the engine VM runs elsewhere: hosted-engine --set-maintenance --mode=local")


def _left(context: contexts.Context) -> bool:
    """Tell whether this run has ended the maintenance by itself."""
    journal = context.journal
    ended = journal.last(journals.LEAVING, journals.VERIFIED) is not None
    return ended and not journal.stays_in_maintenance()


def _settled(context: contexts.Context) -> Optional[bool]:
    """Return whether global maintenance is on, None where the broker goes on saying nothing."""
    try:
        waiting.wait(context, "the HA broker", lambda: _answers(context), SETTLED_LIMIT, pause=5)
    except errors.Error:  # a clock that somebody moved is no reason to end here either
        pass
    return _global(context)


def _global(context: contexts.Context) -> Optional[bool]:
    try:
        return hosted_engine.vm_status(context.node).global_maintenance
    except errors.Error:
        return None


def _answers(context: contexts.Context) -> waiting.Seen:
    try:
        hosted_engine.vm_status(context.node)
    except (errors.ProgramFailed, errors.ProgramTimeout, errors.UnexpectedOutput) as caught:
        return waiting.Seen(False, caught.seen[0] if caught.seen else caught.cause)
    return waiting.Seen(True, "answers")


def _effective(context: contexts.Context) -> waiting.Seen:
    answer = _global(context)
    return waiting.Seen(answer is True, "on" if answer else "not yet on")


def _ended(context: contexts.Context) -> waiting.Seen:
    answer = _global(context)
    return waiting.Seen(answer is False, "off" if answer is False else "still on")


def _healthy(context: contexts.Context) -> waiting.Seen:
    try:
        status = hosted_engine.vm_status(context.node)
    except errors.Error as caught:
        return waiting.Seen(False, caught.seen[0] if caught.seen else caught.cause)
    health = [host.health for host in status.up()]
    if not health:
        return waiting.Seen(False, "not known yet" + engine_start.revive(context))
    return waiting.Seen("good" in health, health[0])
