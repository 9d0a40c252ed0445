# SPDX-License-Identifier: Apache-2.0
"""A step: one reversible unit of work. Imports context, observation and plan."""

from abc import ABC, abstractmethod
from typing import Any, Dict, NamedTuple, Tuple

from recovery import context as contexts
from recovery import observation as observations
from recovery import plan

NEEDED = "needed"
SATISFIED = "satisfied"
DECLINED = "declined"  # by the operator, so never what a check answers

Before = Dict[str, Any]  # a before-image: JSON values only


class Words(NamedTuple):
    """What a person reads about a step."""

    title: str
    reason: str
    commands: Tuple[str, ...]
    seconds: int
    undo: str


class Step(ABC):
    """apply and undo mirror each other; both may be called again from any half-done state.

    id: stable, for the journal. until: the id of the step before whose beginning the effect
    must still hold; when a cut run goes on and the effect is gone, it is applied anew. "" for
    an effect that lasts by itself. follows: the id of the earlier step that spoils the
    effect whenever it is applied anew, perhaps later than one can see. guards: the id of the later
    step that it stands behind; while that one's effect could not be taken back, this one's stays.
    fleeting: whether its effect is taken away when the run fails and waits for somebody; a resume
    finds it gone.
    """

    id = ""
    until = ""
    follows = ""
    guards = ""
    fleeting = False

    @abstractmethod
    def words(self, parameters: plan.Parameters) -> Words:
        """Say what will be done, why, and how it is undone."""

    def check(self, observation: observations.Observation) -> str:
        """Judge from what was observed: NEEDED or SATISFIED. Pure."""
        return NEEDED

    def capture(self, context: contexts.Context) -> Before:
        """Return the before-image that undo needs; whatever lies in files is durable by then."""
        return {}

    @abstractmethod
    def apply(self, context: contexts.Context, before: Before) -> None:
        """Bring about the effect. Raises: errors.Error."""

    @abstractmethod
    def verify(self, context: contexts.Context, before: Before) -> None:
        """See the effect by other means than those that made it. Raises: errors.Error."""

    def holds(self, context: contexts.Context, before: Before) -> bool:
        """Tell whether the effect is still there. Only asked while `until` is ahead.

        A step with an `until` says so itself.
        """
        return True

    @abstractmethod
    def undo(self, context: contexts.Context, before: Before) -> None:
        """Take the effect back. Raises: errors.Error."""
