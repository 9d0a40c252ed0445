# SPDX-License-Identifier: Apache-2.0
"""Anchor the true time anew when the node was booted in the middle of a run.

Imports clock, context, journal, restoring, truth.
"""

from recovery import clock, errors, restoring, truth
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments


def renew(context: contexts.Context, verb: str) -> None:
    """Write an anchor for this boot, if there was one for an earlier boot, or if a time is stated.

    verb: the command that needs it, for who has to give it once more with the time.
    Raises: errors.Attention when only a person can tell the true time.
    """
    anchor = context.journal.anchor()
    now = context.node.now()
    if context.stated_true is not None:
        _take(context, now, _checked(context, context.stated_true))
    elif anchor is not None and anchor.true_at(now) is None:
        context.journal.anchor_at(now, _judged(context, now, verb))
    elif anchor is not None and _bettered(context, anchor, now):
        context.journal.anchor_at(now, now.wall, word="clock")
        context.say(
            "the clock was set right since the boot, to %s UTC: that is taken for the true time"
            % moments.utc(now.wall)
        )


def _bettered(context: contexts.Context, anchor: journals.Anchor, now: moments.Moment) -> bool:
    """Tell whether somebody, such as time synchronisation, has corrected what the boot guessed."""
    if not context.journal.guessed() or restoring.clock_is_back(context.journal):
        return False
    true = anchor.true_at(now)
    moved = true is not None and abs(now.wall - true) > clock.TOLERANCE
    return moved and truth.may_be_right(context.journal, now.wall)


def _take(context: contexts.Context, now: moments.Moment, stated: float) -> None:
    """Believe a person rather than what was anchored before: the boot-time unit only guesses."""
    context.journal.anchor_at(now, stated, word="operator")
    context.say(
        "the true time is taken to be %s UTC, as stated; the clock shows %s UTC"
        % (moments.utc(stated), moments.utc(now.wall))
    )


def _judged(context: contexts.Context, now: moments.Moment, verb: str) -> float:
    judged = truth.after_boot(context.journal, now)
    if judged.true is not None:
        question = "Is the true time now %s UTC (%s)?" % (moments.utc(judged.true), judged.reason)
        if judged.confirmed or context.ask(question):
            return judged.true
    raise errors.Attention(
        "know the true time after the reboot",
        judged.reason,
        next_step=context.order(verb) + " --true-time 'YYYY-MM-DD HH:MM:SS' (in UTC)",
    )


def _checked(context: contexts.Context, stated: float) -> float:
    """Return a stated time unless the journal knows better. Raises: errors.UsageError."""
    known = truth.last_known(context.journal, certain=True)
    if known is not None and stated < known[0] - truth.SLACK:
        raise errors.UsageError(
            "take %s UTC for the true time" % moments.utc(stated),
            "the journal ends at %s UTC" % moments.utc(known[0]),
            unchanged="everything",
        )
    return stated
