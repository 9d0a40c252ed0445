# SPDX-License-Identifier: Apache-2.0
"""Wait for something to become true, by uptime, telling the person what and how long.

Imports context, deadman, errors, journal, moment.
"""

from typing import Callable, NamedTuple, Optional

from recovery import context as contexts
from recovery import deadman, errors
from recovery import journal as journals
from recovery import moment as moments

STARTED = (journals.APPLYING, journals.APPLIED, journals.VERIFIED)
REPEAT = 30.0  # seconds after which a line is said again although nothing changed
STRAY = 30.0  # seconds by which nobody's clock drifts during one run


class Disturbed(errors.Error):
    """Somebody undid an effect that must hold: it has to be applied again."""


class Seen(NamedTuple):
    """Outcome of one look: whether it is done, and what a person should read."""

    done: bool
    text: str


class TooLong(errors.Error):
    """What was waited for did not come in time."""


def wait(
    context: contexts.Context,
    what: str,
    look: Callable[[], Seen],
    limit: float,
    pause: float = 10,
    repeat: float = REPEAT,
) -> None:
    """Look again and again until it is done.

    limit, pause and repeat in seconds of uptime. Raises: TooLong after the limit, Disturbed when
    the clock was moved meanwhile, and what `look` raises.
    """
    begin = context.node.instant()
    told, told_at = "", 0.0
    while True:
        seen = look()
        watch(context)  # what is done under a clock that somebody moved is not what was meant
        spent = moments.elapsed(begin, context.node.instant())
        if seen.done:
            context.say("%s: %s (%s)" % (what, seen.text, moments.span(spent)))
            return
        if spent > limit:
            raise TooLong(
                "wait any longer for %s" % what,
                "nothing changed for the better within %s" % moments.span(limit),
                seen=[seen.text],
            )
        if seen.text != told or spent - told_at >= repeat:
            context.say("waiting for %s: %s (%s)" % (what, seen.text, moments.span(spent)))
            told, told_at = seen.text, spent
        deadman.beat(context)
        context.node.sleep(pause)


def watch(context: contexts.Context) -> None:
    """See that nobody moved the clock while it is back. Raises: Disturbed."""
    if context.journal.state(journals.CLOCK_BACK) != journals.VERIFIED:
        return  # it is being set back right now
    if context.journal.state(journals.RESTORE_TIME) in STARTED:
        return
    moved = moved_since_back(context)
    if moved is not None and abs(moved) > STRAY:
        raise Disturbed("keep the clock back", "something moved it by %s" % moments.span(moved))


def moved_since_back(context: contexts.Context) -> Optional[float]:
    """Return by how much somebody moved the clock since it was seen to be back.

    None when it was never seen so in this boot.
    """
    back = context.journal.last(journals.CLOCK_BACK, journals.VERIFIED)
    if back is None or not isinstance(back.moment, moments.Moment):
        return None
    if back.moment.boot_id != context.node.boot_id():
        return None
    return moments.wall_step(back.moment, context.node.now())
