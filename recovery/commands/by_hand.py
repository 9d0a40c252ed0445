# SPDX-License-Identifier: Apache-2.0
"""resume --sign-by-hand: a run that cannot reach the engine over ssh goes on without it."""

from recovery import context as contexts
from recovery import errors, planner
from recovery import journal as journals
from recovery import plan as plans


def go_on(context: contexts.Context) -> None:
    """Have the rest of a run done by the plan without ssh. Raises: errors.UsageError."""
    journal = context.journal
    if context.parameters.by_hand:
        return
    if journal.last("sign", journals.VERIFIED):
        raise errors.UsageError(
            "sign by hand",
            "%s has its certificate already, signed over ssh" % journal.run,
            unchanged="everything",
            next_step="resume when the engine answers ssh again   (or: undo)",
        )
    changed = planner.by_hand(journal.plan)
    journal.write(journals.REPLANNED, data={"plan": plans.to_json(changed)})
    context.parameters = journal.plan.parameters
