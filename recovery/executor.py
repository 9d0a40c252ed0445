# SPDX-License-Identifier: Apache-2.0
"""Carry out a journaled plan, forward or backward. Sees `Step`, not the steps.

For each step: journal(applying, before-image), apply, journal(applied), verify,
journal(verified). A step that is not verified is in doubt: it is applied again, with the
before-image of the first time.
"""

from typing import Dict, List, Sequence

from recovery import context as contexts
from recovery import deadman, errors, waiting
from recovery import journal as journals
from recovery import step as steps_

DISTURBANCES = 3
Steps = Sequence[steps_.Step]


def run(context: contexts.Context, steps: Steps) -> None:
    """Bring every step to `verified`, beginning where the journal ends.

    Raises: errors.Error; the journal then tells where `resume` and `undo` begin.
    """
    needed, position = _needed(context, steps), _positions(steps)
    for index in range(_frontier(context, needed), len(needed)):
        try:
            _undisturbed(context, needed, index, position)
        except (errors.Error, KeyboardInterrupt):
            _clear(context, needed, index, position)
            raise
    context.journal.write(journals.FINISHED)


def _clear(context: contexts.Context, steps: Steps, index: int, position: Dict[str, int]) -> None:
    """Take away what must not stay while nobody works here; a resume finds it gone."""
    here = position[steps[index].id]
    for step in steps[: index + 1]:
        begun = context.journal.state(step.id) in waiting.STARTED
        if step.fleeting and begun and position.get(step.until, -1) > here:
            context.say("taken away meanwhile: %s" % step.words(context.parameters).title)
            try:
                step.undo(context, _image(context, step))
            except errors.Error as caught:
                context.say(caught.lines()[0])


def _needed(context: contexts.Context, steps: Steps) -> Steps:
    """Return the steps that the plan found to be needed."""
    chosen = {one.step for one in context.journal.plan.steps if one.need == steps_.NEEDED}
    return [step for step in steps if step.id in chosen]


def _frontier(context: contexts.Context, steps: Steps) -> int:
    """Return the index of the first step that was never verified, or was taken back since."""
    for index, step in enumerate(steps):
        verified = context.journal.last(step.id, journals.VERIFIED)
        if verified is None or context.journal.state(step.id) in journals.UNDO_EVENTS:
            return index
    return len(steps)


def _positions(steps: Steps) -> Dict[str, int]:
    """Return the place of each step in the whole procedure: `until` may name one not needed."""
    return {step.id: number for number, step in enumerate(steps)}


def _undisturbed(
    context: contexts.Context, steps: Steps, index: int, position: Dict[str, int]
) -> None:
    """Perform a step; when somebody undoes what it stands on, mend that and perform it again."""
    unsure = context.journal.resumed
    cause = ""
    for _ in range(DISTURBANCES):
        try:
            if unsure:
                hold(context, steps, index, position)
                context.journal.resumed = False
            perform(context, steps[index])
            return
        except waiting.Disturbed as caught:
            context.say(caught.lines()[0])
            unsure, cause = True, "%s: %s" % (caught.what, caught.cause)
    raise errors.Error(
        "finish the step %s" % steps[index].id,
        "disturbed %d times, at last: cannot %s" % (DISTURBANCES, cause),
        next_step="find what does it (sets the clock: chronyd, ntpd, VM tools, cron; ends a "
        "service: see journalctl -u NAME), stop it, then ovirt-cert-recovery resume",
    )


def perform(context: contexts.Context, step: steps_.Step) -> None:
    """Apply and verify one step, whatever was done of it before."""
    journal = context.journal
    deadman.beat(context)
    context.say("%s %s" % (_count(context, step), step.words(context.parameters).title))
    before = journal.before(step.id)
    if before is None:
        before = step.capture(context)
    journal.write(journals.APPLYING, step.id, before)
    step.apply(context, before)
    journal.write(journals.APPLIED, step.id)
    step.verify(context, before)
    journal.write(journals.VERIFIED, step.id)


def _count(context: contexts.Context, step: steps_.Step) -> str:
    names = [one.step for one in context.journal.plan.steps if one.need == steps_.NEEDED]
    return "[%d/%d]" % (names.index(step.id) + 1, len(names))


def hold(context: contexts.Context, steps: Steps, frontier: int, position: Dict[str, int]) -> None:
    """See that what the frontier stands on is still there; apply again what is not.

    After a power cut, a fired dead-man timer or a chronyd that somebody started, the clock is
    in the present again: the past has to be made anew before the run can go on.
    """
    here = position[steps[frontier].id]
    vital = [step for step in steps[:frontier] if position.get(step.until, -1) > here]
    gone: List[str] = []
    for step in vital:
        verified = context.journal.state(step.id) == journals.VERIFIED
        if verified and step.follows not in gone and step.holds(context, _image(context, step)):
            continue
        gone.append(step.id)
        # Journaled for all before the first is mended: none is taken for verified meanwhile.
        context.journal.write(journals.APPLYING, step.id, _image(context, step))
        context.say("gone again, to be redone: %s" % step.words(context.parameters).title)
    for step in vital:
        # Mending an earlier one may have spoilt what held a moment ago.
        if {step.id, step.follows} & set(gone) or not step.holds(context, _image(context, step)):
            gone.append(step.id)
            perform(context, step)


def _image(context: contexts.Context, step: steps_.Step) -> steps_.Before:
    return context.journal.before(step.id) or {}


def undo(context: contexts.Context, steps: Steps) -> List[str]:
    """Take back every step that was begun, newest first; return what could not be undone.

    One failure does not stop the rest: above all the true time must come back. What lies behind
    a point of no return is kept, which is no failure: the run is over all the same.
    """
    failed: List[str] = []
    stuck: List[str] = []
    for step in reversed(steps):
        if context.journal.state(step.id) in ("", journals.UNDONE, journals.KEPT):
            continue
        if step.guards in stuck:
            # Not journaled: it goes on guarding, for the timer, a boot and a resume.
            failed.append("%s: left in place, it guards %s" % (step.id, step.guards))
            continue
        context.say("undo: %s" % step.words(context.parameters).title)
        failed += _note(context, journals.UNDOING, step.id)
        try:
            step.undo(context, _image(context, step))
        except errors.PointOfNoReturn as caught:
            for line in caught.lines():
                context.say(line)
            failed += _note(context, journals.KEPT, step.id, caught.cause, caught.why)
            continue
        except Exception as caught:  # recorded; the other steps are undone all the same
            stuck.append(step.id)
            failed.append("%s: %s" % (step.id, caught))
            failed += _note(context, journals.UNDO_FAILED, step.id, str(caught))
            continue
        failed += _note(context, journals.UNDONE, step.id)
    return failed or _note(context, journals.ABANDONED)


def _note(
    context: contexts.Context, event: str, step: str = "", cause: str = "", why: str = ""
) -> List[str]:
    """Journal an undo; that the disk is full must not keep the clock in the past."""
    told = {"cause": cause, "why": why}
    try:
        context.journal.write(event, step, {key: words for key, words in told.items() if words})
    except errors.Error as caught:
        return [caught.lines()[0]]
    return []
